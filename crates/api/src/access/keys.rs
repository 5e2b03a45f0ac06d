//! API keys. A key is 256 random bits; what is kept is its hash, from which nobody finds the key.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_primitives::hex;
use causeway_engine::{Engine, EngineError, UnixMillis};
use rand::{TryRngCore as _, rngs::OsRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::{Refusal, model::Time};

/// Where keys are kept in the store.
const STREAM: &str = "api/keys";
/// How every key begins, so that people and scanners recognise one.
const PREFIX: &str = "cwk";
/// How soon a key that was made or revoked elsewhere is known here.
const FRESH: Duration = Duration::from_secs(1);

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Reading all that the API says.
    Read,
    /// Acting with the node's own keys.
    Operate,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Read, Self::Operate];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
        }
    }
}

/// What is kept of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Names the key; part of it, and no secret.
    pub id: String,
    /// Whose it is, or what for.
    pub name: String,
    /// What it allows.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created_at: Time,
    /// When it stops being valid; never, if nothing is said.
    pub expires_at: Option<Time>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Time>,
    /// The SHA-256 of the whole key, in hexadecimal.
    digest: String,
}

impl ApiKey {
    /// Whether it is valid at a moment.
    pub fn is_valid(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A key that was made just now. Its text is shown once and kept nowhere.
#[derive(Debug)]
pub struct NewKey {
    /// What is kept of it.
    pub key: ApiKey,
    /// The key itself.
    pub text: String,
}

/// Why keys cannot be made, listed or revoked.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] EngineError),
    /// What is kept is not what this version keeps.
    #[error("the keys in the store cannot be read")]
    Kept(#[from] serde_json::Error),
    /// The operating system gives no randomness.
    #[error("no random bytes: {0}")]
    Random(String),
    /// There is no key of this id.
    #[error("there is no key {0:?}")]
    Unknown(String),
}

/// What is known of a key that somebody sends.
pub(crate) enum Verdict {
    Valid(Arc<ApiKey>),
    Expired,
    Unknown,
}

/// The keys of a store. Replicas that share the store share them.
#[derive(Clone)]
pub struct KeyRing {
    engine: Engine,
    known: Arc<Mutex<Option<Known>>>,
}

struct Known {
    at: Instant,
    by_digest: HashMap<String, Arc<ApiKey>>,
}

impl KeyRing {
    /// The keys in this store.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            known: Arc::default(),
        }
    }

    /// All keys, those that are not valid any more among them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<ApiKey>, KeyError> {
        let kept = self.engine.cursor(STREAM).await?;
        parse(kept.as_deref())
    }

    /// Makes a key.
    ///
    /// # Errors
    /// When the store or the source of randomness fails.
    pub async fn create(
        &self,
        name: &str,
        scopes: BTreeSet<Scope>,
        expires_at: Option<Time>,
    ) -> Result<NewKey, KeyError> {
        let random = |bytes: &mut [u8]| {
            let filled = OsRng.try_fill_bytes(bytes);
            filled.map_err(|error| KeyError::Random(error.to_string()))
        };
        let (mut id, mut secret) = ([0; 6], [0; 32]);
        random(&mut id)?;
        random(&mut secret)?;
        let id = hex::encode(id);
        let text = format!("{PREFIX}_{id}_{}", hex::encode(secret));
        let key = ApiKey {
            id,
            name: name.to_owned(),
            scopes,
            created_at: Time::now(),
            expires_at,
            revoked_at: None,
            digest: digest(&text),
        };
        let new = key.clone();
        self.change(move |keys| {
            keys.push(new);
            Ok(())
        })
        .await?;
        Ok(NewKey { key, text })
    }

    /// Makes a key invalid from now on, in all processes that share the store.
    ///
    /// # Errors
    /// When there is no such key, or the store fails.
    pub async fn revoke(&self, id: &str) -> Result<ApiKey, KeyError> {
        self.change(|keys| {
            let found = keys.iter_mut().find(|key| key.id == id);
            let key = found.ok_or_else(|| KeyError::Unknown(id.to_owned()))?;
            key.revoked_at.get_or_insert_with(Time::now);
            Ok(key.clone())
        })
        .await
    }

    async fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<ApiKey>) -> Result<T, KeyError>,
    ) -> Result<T, KeyError> {
        let mut unit = self.engine.begin(UnixMillis::now()).await?;
        let mut keys = parse(unit.cursor(STREAM).await?.as_deref())?;
        let changed = change(&mut keys)?;
        unit.set_cursor(STREAM, &serde_json::to_string(&keys)?)
            .await?;
        unit.commit().await?;
        *self.known.lock().await = None;
        Ok(changed)
    }

    /// What is known of a key. It is looked up by its hash: how long that takes tells nothing of the keys
    /// that there are.
    pub(crate) async fn verify(&self, text: &str) -> Result<Verdict, Refusal> {
        let digest = digest(text);
        let mut known = self.known.lock().await;
        if known
            .as_ref()
            .is_none_or(|known| known.at.elapsed() > FRESH)
        {
            let keys = self
                .list()
                .await
                .map_err(|error| Refusal::internal(&error))?;
            let by_digest = keys
                .into_iter()
                .map(|key| (key.digest.clone(), Arc::new(key)));
            *known = Some(Known {
                at: Instant::now(),
                by_digest: by_digest.collect(),
            });
        }
        let found = known
            .as_ref()
            .and_then(|known| known.by_digest.get(&digest));
        Ok(match found {
            Some(key) if key.is_valid(Time::now()) => Verdict::Valid(key.clone()),
            Some(_) => Verdict::Expired,
            None => Verdict::Unknown,
        })
    }
}

fn parse(kept: Option<&str>) -> Result<Vec<ApiKey>, KeyError> {
    Ok(kept.map_or_else(|| Ok(Vec::new()), serde_json::from_str)?)
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_is_valid_until_it_is_revoked_and_is_kept_nowhere() {
        let engine = Engine::open("sqlite::memory:").await.unwrap();
        let ring = KeyRing::new(engine.clone());
        let scopes = BTreeSet::from([Scope::Read]);
        let new = ring.create("a page", scopes.clone(), None).await.unwrap();
        let valid =
            async |text: &str| matches!(ring.verify(text).await.unwrap(), Verdict::Valid(_));
        assert!(valid(&new.text).await);
        assert!(!valid(&new.text[..new.text.len() - 1]).await);
        assert!(!valid(&format!("{} ", new.text)).await);
        let kept = engine.cursor(STREAM).await.unwrap().unwrap();
        let (_, secret) = new.text.rsplit_once('_').unwrap();
        assert!(kept.contains(&new.key.id) && !kept.contains(secret));

        // Another takes its place while both are valid.
        let next = ring.create("a page", scopes.clone(), None).await.unwrap();
        assert!(valid(&new.text).await && valid(&next.text).await);
        ring.revoke(&new.key.id).await.unwrap();
        assert!(!valid(&new.text).await && valid(&next.text).await);
        assert!(ring.revoke("none").await.is_err());

        let past = Some(Time::from_millis(1));
        let old = ring.create("old", scopes, past).await.unwrap();
        assert!(matches!(
            ring.verify(&old.text).await.unwrap(),
            Verdict::Expired
        ));
        assert_eq!(ring.list().await.unwrap().len(), 3);
    }
}
