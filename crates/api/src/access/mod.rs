//! Who may ask, and how often.

mod address;
mod keys;
mod limits;

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use causeway_engine::Engine;

pub use self::{
    address::{ClientAddress, Network},
    keys::{ApiKey, KeyError, KeyRing, NewKey, Scope},
    limits::RateConfig,
};
use self::{keys::Verdict, limits::Limits};
use crate::{Kind, Refusal};

/// Who may ask, and how often.
#[derive(Clone, Debug, Default)]
pub struct AccessConfig {
    /// Whether reading needs no key.
    pub anonymous_read: bool,
    /// The proxies that are believed about whom they ask for.
    pub trusted_proxies: Vec<Network>,
    /// How often one may ask.
    pub rates: RateConfig,
}

/// Lets in who may ask.
pub(crate) struct Access {
    config: AccessConfig,
    keys: KeyRing,
    limits: Limits,
}

/// What a request may still ask for, for its headers.
pub(crate) type Budget = Vec<(HeaderName, HeaderValue)>;

impl Access {
    pub(crate) fn new(engine: Engine, config: AccessConfig) -> Self {
        Self {
            keys: KeyRing::new(engine),
            limits: Limits::new(config.rates.clone()),
            config,
        }
    }

    /// Whom a request comes from.
    pub(crate) fn address(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        Some(address::client(
            peer?,
            headers,
            &self.config.trusted_proxies,
        ))
    }

    /// Lets a request in that needs this scope, or says why not.
    pub(crate) async fn admit(
        &self,
        client: Option<IpAddr>,
        headers: &HeaderMap,
        scope: Scope,
    ) -> Result<Budget, Refusal> {
        let given = bearer(headers)?;
        let Some(given) = given else {
            let budget = self.limits.spend_of_address(client)?;
            return match scope {
                Scope::Read if self.config.anonymous_read => Ok(budget),
                _ => Err(unauthenticated("send `Authorization: Bearer KEY`")),
            };
        };
        match self.keys.verify(given).await? {
            Verdict::Valid(key) => {
                let budget = self.limits.spend_of_key(&key.id)?;
                if key.scopes.contains(&scope) {
                    return Ok(budget);
                }
                let detail = format!("the key {} has no scope `{}`", key.id, scope.name());
                Err(Refusal::new(Kind::Forbidden, detail))
            }
            // Whoever tries out keys pays from their address.
            Verdict::Expired => {
                self.limits.spend_of_address(client)?;
                Err(unauthenticated("the key has expired or was revoked"))
            }
            Verdict::Unknown => {
                self.limits.spend_of_address(client)?;
                Err(unauthenticated("there is no such key"))
            }
        }
    }
}

fn unauthenticated(detail: &str) -> Refusal {
    let scheme = HeaderValue::from_static("Bearer");
    Refusal::new(Kind::Unauthenticated, detail).header(header::WWW_AUTHENTICATE, scheme)
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let (scheme, key) = text.split_once(' ').unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer")
        && headers.get_all(header::AUTHORIZATION).iter().count() == 1
    {
        return Ok(Some(key.trim()));
    }
    Err(unauthenticated("send one `Authorization: Bearer KEY`"))
}
