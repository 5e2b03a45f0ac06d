use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use alloy_primitives::{Address, B256, Bytes};
use causeway_engine::{Engine, UnixMillis};
use causeway_ibc::{AttestationKind, ClientId, Domain, attestation_digest, recover};
use causeway_types::{BlockRef, ChainId};
use tracing::{Instrument, debug, error, info_span, warn};

use crate::{
    AttestError, AttestRequest, Attestation, Attested, AttestorStats, ClientInfo, ClientRef, Info,
    MAX_PATHS, ProblemKind, SetUpError, SignError, Signer, Source, SourceError,
    statement::Statement,
};

/// Long enough for a block or two of a fast chain, so that a caller can ask for a height just before
/// it is final and need not poll; short enough that a caller's own time-out does not strike first.
const PATIENCE: Duration = Duration::from_secs(2);

/// A light client that an attestor signs for.
#[derive(Clone)]
pub struct AttestedClient {
    /// The chain that the light client lives on.
    pub host_chain: ChainId,
    /// Its id there.
    pub client: ClientId,
    /// The chain that it follows.
    pub source: Arc<dyn Source>,
    /// What signatures for it are bound to.
    pub domain: Domain,
}

impl AttestedClient {
    /// How callers name it.
    pub fn reference(&self) -> ClientRef {
        ClientRef {
            chain: self.host_chain.clone(),
            id: self.client.clone(),
        }
    }
}

/// Signs finalized facts, and never two that contradict each other.
///
/// Each statement is durable before it is signed, and the same database refuses any other statement
/// about the same height, for as long as it is kept. In a copy of the database, or a new one, nothing
/// is signed about blocks that may have been signed about before. Give one key to two attestors with
/// different databases at the same time, and the promise is gone.
pub struct Attestor {
    signer: Arc<dyn Signer>,
    clients: BTreeMap<ClientRef, AttestedClient>,
    engine: Engine,
    patience: Duration,
    /// The domains about which the database is known to have forgotten no more than it says.
    without_gap: Mutex<HashSet<B256>>,
    stats: AttestorStats,
}

impl Attestor {
    /// An attestor with this key for these light clients, which remembers in this engine what it
    /// signed.
    pub fn new(
        signer: Arc<dyn Signer>,
        clients: Vec<AttestedClient>,
        engine: Engine,
    ) -> Result<Self, SetUpError> {
        let mut by_reference = BTreeMap::new();
        let mut by_domain: BTreeMap<B256, AttestedClient> = BTreeMap::new();
        for client in clients {
            let first = by_domain
                .entry(client.domain.0)
                .or_insert_with(|| client.clone());
            if first.source.chain() != client.source.chain() {
                let (first, second) = (first.reference(), client.reference());
                return Err(SetUpError::SharedDomain { first, second });
            }
            let reference = client.reference();
            if by_reference.insert(reference.clone(), client).is_some() {
                return Err(SetUpError::DuplicateClient { client: reference });
            }
        }
        let stats = AttestorStats::default();
        Ok(Self {
            signer,
            clients: by_reference,
            engine,
            patience: PATIENCE,
            without_gap: Mutex::default(),
            stats,
        })
    }

    /// The same attestor, which waits this long for a height to become final instead of two seconds.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// To be called before it serves: where the database is not the very one that it remembered in
    /// before, but a copy or a new one, what was signed up to now may be forgotten. Nothing was signed
    /// about blocks that do not exist yet, so it goes on with those.
    ///
    /// # Errors
    /// When the database or a chain cannot be asked; nothing is signed for that chain's clients until
    /// this succeeds, which each request tries again.
    pub async fn look_for_gaps(&self) -> Result<(), AttestError> {
        for client in self.clients.values() {
            self.look_for_gap(client).await?;
        }
        Ok(())
    }

    async fn look_for_gap(&self, client: &AttestedClient) -> Result<(), AttestError> {
        let domain = &client.domain;
        if self.without_gap().contains(&domain.0) {
            return Ok(());
        }
        let stream = format!("attestation/place/{}", domain.0);
        let place = self.engine.place().await?;
        if self.engine.cursor(&stream).await?.as_deref() != Some(place.as_str()) {
            let newest = client.source.newest_height().await?;
            let mut unit = self.engine.begin(UnixMillis::now()).await?;
            let key = Statement::forgotten_key(domain);
            let before = unit.cursor(&key).await?;
            let before = before.and_then(|json| json.parse().ok()).unwrap_or(0);
            let forgotten = newest.max(before).to_string();
            unit.set_cursor(&key, &forgotten).await?;
            unit.set_cursor(&stream, &place).await?;
            unit.commit().await?;
            warn!(client = %client.client, chain = %client.host_chain, forgotten,
                "the database is new here: nothing is signed about blocks that exist already");
        }
        self.without_gap().insert(domain.0);
        Ok(())
    }

    fn without_gap(&self) -> MutexGuard<'_, HashSet<B256>> {
        let known = self.without_gap.lock();
        known.unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs what the request asks for.
    ///
    /// The same request gets the same answer for ever; a request whose answer would contradict what
    /// was signed before is refused.
    pub fn attest(
        &self,
        request: AttestRequest,
    ) -> impl Future<Output = Result<Attested, AttestError>> + Send + '_ {
        let span = info_span!(
            "attest",
            client = %request.client.id,
            chain = %request.client.chain,
            height = request.height,
            paths = request.paths.len(),
        );
        async move {
            let outcome = self.try_attest(&request).await;
            match &outcome {
                Ok(_) => self.stats.count_signed(),
                Err(error) => {
                    self.stats.count_failed(error.kind());
                    report(error);
                }
            }
            outcome
        }
        .instrument(span)
    }

    /// Whom it serves, and how their chains look from here, with the endpoints' addresses in full.
    pub fn info(&self) -> Info {
        let clients = self.clients.iter().map(|(reference, client)| ClientInfo {
            client: reference.clone(),
            domain: client.domain,
            source_chain: client.source.chain().clone(),
            final_height: client.source.final_height(),
            endpoints: client.source.health(),
        });
        Info {
            attestor: self.signer.address(),
            clients: clients.collect(),
        }
    }

    /// How often it signed and how often it did not.
    pub fn stats(&self) -> &AttestorStats {
        &self.stats
    }

    async fn try_attest(&self, request: &AttestRequest) -> Result<Attested, AttestError> {
        check_paths(&request.paths)?;
        let client =
            self.clients
                .get(&request.client)
                .ok_or_else(|| AttestError::UnknownClient {
                    client: request.client.clone(),
                })?;
        self.look_for_gap(client).await?;
        let block = self.final_block(client, request.height).await?;
        let commitments = commitments(client, &block, &request.paths).await?;
        let statement = Statement::new(block, &request.paths, &commitments);
        // Durable first, signed second: a crash in between leaves a promise without a signature,
        // which does no harm. The other way round would leave a signature without a promise.
        statement.record(&self.engine, &client.domain).await?;
        let (state, packets) = futures::try_join!(
            self.sign(
                AttestationKind::State,
                &client.domain,
                statement.state_data()
            ),
            async {
                match statement.packet_data() {
                    Some(data) => self
                        .sign(AttestationKind::Packet, &client.domain, data)
                        .await
                        .map(Some),
                    None => Ok(None),
                }
            },
        )?;
        Ok(Attested {
            attestor: self.signer.address(),
            state,
            packets,
        })
    }

    async fn final_block(
        &self,
        client: &AttestedClient,
        height: u64,
    ) -> Result<BlockRef, SourceError> {
        let block = client.source.final_block(height, self.patience).await?;
        if block.height != height {
            return Err(SourceError::Misfit {
                expected: format!("block {height}"),
                actual: format!("block {}", block.height),
            });
        }
        Ok(block)
    }

    /// A signature that no light client would accept is worse than none: the caller would pay to
    /// find out.
    async fn sign(
        &self,
        kind: AttestationKind,
        domain: &Domain,
        data: Bytes,
    ) -> Result<Attestation, SignError> {
        let digest = attestation_digest(kind, domain, &data);
        let signature = self.signer.sign(digest).await?;
        let expected = self.signer.address();
        let actual = recover(digest, &signature).ok();
        if actual != Some(expected) {
            return Err(SignError::WrongKey { expected, actual });
        }
        Ok(Attestation { data, signature })
    }

    /// The address whose key signs.
    pub fn address(&self) -> Address {
        self.signer.address()
    }
}

fn check_paths(paths: &[B256]) -> Result<(), AttestError> {
    let count = paths.len();
    if count > MAX_PATHS {
        return Err(AttestError::TooManyPaths { count });
    }
    let mut seen = HashSet::with_capacity(count);
    match paths.iter().find(|path| !seen.insert(**path)) {
        Some(&path) => Err(AttestError::DuplicatePath { path }),
        None => Ok(()),
    }
}

async fn commitments(
    client: &AttestedClient,
    block: &BlockRef,
    paths: &[B256],
) -> Result<Vec<B256>, SourceError> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let commitments = client.source.commitments(block, paths).await?;
    if commitments.len() != paths.len() {
        return Err(SourceError::Misfit {
            expected: format!("{} commitments", paths.len()),
            actual: format!("{}", commitments.len()),
        });
    }
    Ok(commitments)
}

/// The level says who must wake up: a contradiction, a key or a disk that fails are somebody's night;
/// endpoints in trouble are a warning; callers who ask too early or too much are their own business.
fn report(error: &AttestError) {
    let (reason, problem) = (error as &dyn std::error::Error, error.kind().slug());
    match error.kind() {
        ProblemKind::RefusedConflict
        | ProblemKind::SourceDefect
        | ProblemKind::StorageFailure
        | ProblemKind::SignerFailure => error!(problem, reason, "nothing was signed"),
        ProblemKind::Disagreement | ProblemKind::Unreachable | ProblemKind::StatePruned => {
            warn!(problem, reason, "nothing was signed");
        }
        _ => debug!(problem, reason, "nothing was signed"),
    }
}
