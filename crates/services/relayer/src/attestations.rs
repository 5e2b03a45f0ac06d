//! Gathering a light client's quorum.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alloy_primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use causeway_attestor::{
    AnswerDefect, AttestError, AttestRequest, Attestation, Attested, Attestor, AttestorClient,
    AttestorClientError, ClientRef,
};
use causeway_ibc::{
    AttestationKind, PacketAttestation, Signature65, SignedAttestation, attestation_digest,
};
use futures::{StreamExt, stream::FuturesUnordered};
use thiserror::Error;

use crate::{
    contradictions::Contradictions,
    host::{ClientView, Proof},
    route::ClientEnd,
};

/// Somebody who can be asked to attest, near or far.
#[async_trait]
pub trait Witness: Send + Sync + 'static {
    /// Asks for signatures. The answer is not to be believed: [`Committees`] checks it.
    async fn attest(&self, request: &AttestRequest) -> Result<Attested, WitnessError>;
}

/// Why a witness gave no signatures.
#[derive(Debug, Error)]
pub enum WitnessError {
    /// An attestor asked over the network did not answer, or not usably.
    #[error(transparent)]
    Remote(#[from] AttestorClientError),
    /// An attestor in this process did not sign.
    #[error(transparent)]
    Local(#[from] AttestError),
}

#[async_trait]
impl Witness for AttestorClient {
    async fn attest(&self, request: &AttestRequest) -> Result<Attested, WitnessError> {
        Ok(Self::attest(self, request).await?)
    }
}

#[async_trait]
impl Witness for Attestor {
    async fn attest(&self, request: &AttestRequest) -> Result<Attested, WitnessError> {
        Ok(Self::attest(self, request.clone()).await?)
    }
}

#[async_trait]
impl<W: Witness + ?Sized> Witness for Arc<W> {
    async fn attest(&self, request: &AttestRequest) -> Result<Attested, WitnessError> {
        W::attest(self, request).await
    }
}

/// How long those asked first may take before everybody else is asked as well.
const SPARING: Duration = Duration::from_millis(100);

/// The attestors that a relayer may ask, whichever committees they belong to.
#[derive(Clone)]
pub struct Committees {
    witnesses: Arc<[Arc<dyn Witness>]>,
    contradictions: Contradictions,
    /// Who made the last quorum of each light client, if not everybody is always asked.
    favourites: Option<Favourites>,
}

/// Places in the list of witnesses, by light client.
type Favourites = Arc<Mutex<BTreeMap<ClientEnd, Vec<usize>>>>;

/// A proof, and what it says stood under the paths.
pub(crate) type Gathered = (Proof, PacketAttestation);

/// Why a proof could not be gathered. All of it passes when attestors return.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GatherError {
    /// Too few attestors signed the same thing.
    #[error(
        "{have} of the {need} attestations needed for {client} at height {height}: {}",
        reasons.join("; ")
    )]
    TooFew {
        /// The light client that wants the proof.
        client: ClientEnd,
        /// The height that was asked for.
        height: u64,
        /// Attestations that agree.
        have: usize,
        /// The client's threshold.
        need: usize,
        /// Why each attestor that did not help did not.
        reasons: Vec<String>,
    },
}

impl Committees {
    /// Committees made of these attestors.
    pub fn new<W: Witness>(witnesses: Vec<W>) -> Self {
        let witnesses = witnesses
            .into_iter()
            .map(|witness| Arc::new(witness) as Arc<dyn Witness>);
        Self {
            witnesses: witnesses.collect(),
            contradictions: Contradictions::default(),
            favourites: None,
        }
    }

    /// What the attestors said that cannot all be true.
    pub(crate) fn contradictions(&self) -> &Contradictions {
        &self.contradictions
    }

    /// Those who made a light client's last quorum are asked first, and the others only if these do
    /// not answer soon and alike: an attestor whose signature is not needed has better things to do.
    #[must_use]
    pub fn sparing(mut self) -> Self {
        self.favourites = Some(Arc::default());
        self
    }

    /// Asks attestors for the counterparty's state at a height and what stands under these paths, and
    /// returns as soon as the client's quorum agrees on both.
    ///
    /// Every answer is checked here, so that one attestor that lies or errs costs nothing.
    pub async fn gather(
        &self,
        end: &ClientEnd,
        client: &ClientView,
        height: u64,
        paths: &[B256],
    ) -> Result<Gathered, GatherError> {
        self.ask(end, client, height, paths, Tally::quorum).await
    }

    /// [`Committees::gather`] for the state alone, to update the client with.
    pub async fn gather_state(
        &self,
        end: &ClientEnd,
        client: &ClientView,
        height: u64,
    ) -> Result<SignedAttestation, GatherError> {
        let quorum = |tally: &Tally, client: &ClientView, _| tally.state_quorum(client);
        self.ask(end, client, height, &[], quorum).await
    }

    async fn ask<T>(
        &self,
        end: &ClientEnd,
        client: &ClientView,
        height: u64,
        paths: &[B256],
        quorum: impl Fn(&Tally, &ClientView, u64) -> Option<(T, Signers)>,
    ) -> Result<T, GatherError> {
        let request = AttestRequest {
            client: ClientRef {
                chain: end.chain.clone(),
                id: end.client.clone(),
            },
            height,
            paths: paths.to_vec(),
        };
        let need = usize::from(client.committee.threshold());
        let (first, mut others) = self.whom_first(end, need);
        let ask = |place: usize| {
            let answer = self.witnesses[place].attest(&request);
            async move { (place, answer.await) }
        };
        let mut answers: FuturesUnordered<_> = first.into_iter().map(ask).collect();
        let patience = tokio::time::sleep(SPARING);
        tokio::pin!(patience);
        let mut tally = Tally::default();
        let (mut helpful, mut reasons) = (Vec::new(), Vec::new());
        loop {
            let answer = tokio::select! {
                biased;
                answer = answers.next() => answer,
                () = &mut patience, if !others.is_empty() => {
                    answers.extend(others.drain(..).map(ask));
                    continue;
                }
            };
            let Some((place, answer)) = answer else {
                if others.is_empty() {
                    break;
                }
                answers.extend(others.drain(..).map(ask));
                continue;
            };
            let counted = match answer {
                Ok(attested) => tally.add(client, &request, &attested).map(|()| {
                    helpful.push((place, attested.attestor));
                    self.note(end, client, height, &attested);
                }),
                Err(error) => Err(error.into()),
            };
            match counted {
                Err(unhelpful) => {
                    reasons.push(unhelpful.to_string());
                    answers.extend(others.drain(..).map(ask));
                }
                Ok(()) => {
                    if let Some((gathered, signers)) = quorum(&tally, client, height) {
                        helpful.retain(|(_, attestor)| signers.contains(attestor));
                        self.remember(end, helpful);
                        return Ok(gathered);
                    }
                }
            }
        }
        if tally.statements.len() > 1 {
            reasons.push(format!(
                "the attestors say {} different things",
                tally.statements.len()
            ));
        }
        if self.witnesses.is_empty() {
            reasons.push("no attestor is known".to_owned());
        }
        // Answers come in any order; the same trouble reads the same each time.
        reasons.sort_unstable();
        Err(GatherError::TooFew {
            client: end.clone(),
            height,
            have: tally.most(),
            need,
            reasons,
        })
    }

    /// Whom to ask first, and whom else.
    fn whom_first(&self, end: &ClientEnd, need: usize) -> (Vec<usize>, Vec<usize>) {
        let all = 0..self.witnesses.len();
        let favourites = self.favourites.as_ref().and_then(|favourites| {
            let favourites = favourites.lock().unwrap_or_else(PoisonError::into_inner);
            favourites.get(end).cloned()
        });
        match favourites {
            Some(favourites) if favourites.len() >= need => {
                all.partition(|place| favourites.contains(place))
            }
            _ => (all.collect(), Vec::new()),
        }
    }

    fn remember(&self, end: &ClientEnd, helpful: Vec<(usize, Address)>) {
        if let Some(favourites) = &self.favourites {
            let places = helpful.into_iter().map(|(place, _)| place).collect();
            let mut favourites = favourites.lock().unwrap_or_else(PoisonError::into_inner);
            favourites.insert(end.clone(), places);
        }
    }
}

impl Committees {
    /// Remembers what a member signed, in case it says something else one day.
    fn note(&self, end: &ClientEnd, client: &ClientView, height: u64, attested: &Attested) {
        let state = (AttestationKind::State, Some(&attested.state));
        for (kind, said) in [state, (AttestationKind::Packet, attested.packets.as_ref())] {
            if let Some(said) = said {
                self.contradictions
                    .note(end, client, height, kind, attested.attestor, said);
            }
        }
    }
}

/// Why what an attestor did is of no use to a light client.
#[derive(Debug, Error)]
enum Unhelpful {
    #[error(transparent)]
    Silent(#[from] WitnessError),
    #[error("the answer of {attestor} is worth nothing: {defect}")]
    Defective {
        attestor: Address,
        defect: AnswerDefect,
    },
    #[error("{attestor} is not in the client's committee")]
    Stranger { attestor: Address },
}

/// Answers so far, by what they say (the state first, then the packets) and by who says it.
#[derive(Default)]
struct Tally {
    statements: BTreeMap<(Bytes, Bytes), Signatures>,
}

impl Tally {
    /// Counts an answer, or says why it is worth nothing to this client.
    fn add(
        &mut self,
        client: &ClientView,
        request: &AttestRequest,
        attested: &Attested,
    ) -> Result<(), Unhelpful> {
        let attestor = attested.attestor;
        attested
            .verify(request, &client.domain)
            .map_err(|defect| Unhelpful::Defective { attestor, defect })?;
        if !client.committee.members().contains(&attestor) {
            return Err(Unhelpful::Stranger { attestor });
        }
        let Attestation { data, signature } = attested.state.clone();
        let (packets, packets_signature) = attested
            .packets
            .clone()
            .map(|packets| (packets.data, packets.signature))
            .unwrap_or_default();
        let signatures = self.statements.entry((data, packets)).or_default();
        signatures.insert(attestor, [signature, packets_signature]);
        Ok(())
    }

    /// How many attestors say the same at best.
    fn most(&self) -> usize {
        self.statements
            .values()
            .map(BTreeMap::len)
            .max()
            .unwrap_or(0)
    }

    /// The statement that enough of them agree on, with everybody's signatures.
    fn agreed(&self, client: &ClientView) -> Option<Agreed<'_>> {
        let need = usize::from(client.committee.threshold());
        let mut statements = self.statements.iter();
        statements.find(|(_, by)| by.len() >= need)
    }

    /// The proof that the answers make, if enough of them agree, and who said so.
    fn quorum(&self, client: &ClientView, height: u64) -> Option<(Gathered, Signers)> {
        let ((state, packets), signatures) = self.agreed(client)?;
        let proof = Proof {
            height,
            state: assemble(client, AttestationKind::State, state, signatures, 0)?,
            packets: assemble(client, AttestationKind::Packet, packets, signatures, 1)?,
        };
        let attested = PacketAttestation::decode(&proof.packets.data).ok()?;
        Some(((proof, attested), signatures.keys().copied().collect()))
    }

    /// The state that the answers attest, if enough of them agree, and who said so.
    fn state_quorum(&self, client: &ClientView) -> Option<(SignedAttestation, Signers)> {
        let ((state, _), signatures) = self.agreed(client)?;
        let attested = assemble(client, AttestationKind::State, state, signatures, 0)?;
        Some((attested, signatures.keys().copied().collect()))
    }
}

type Signatures = BTreeMap<Address, [Signature65; 2]>;
type Signers = BTreeSet<Address>;
type Agreed<'a> = (&'a (Bytes, Bytes), &'a Signatures);

/// One of the two things that each of them signed, as the light client takes it.
fn assemble(
    client: &ClientView,
    kind: AttestationKind,
    data: &Bytes,
    signatures: &Signatures,
    which: usize,
) -> Option<SignedAttestation> {
    let digest = attestation_digest(kind, &client.domain, data);
    let signatures = signatures.values().map(|pair| pair[which]);
    client
        .committee
        .assemble(digest, data.clone(), signatures)
        .ok()
}

#[cfg(test)]
mod tests;
