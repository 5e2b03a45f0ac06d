//! Gathering a light client's quorum.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{B256, Bytes};
use causeway_attestor::{AttestRequest, Attestation, Attested, AttestorClient, ClientRef};
use causeway_ibc::{
    AttestationKind, PacketAttestation, Signature65, SignedAttestation, attestation_digest,
};
use futures::{StreamExt, stream::FuturesUnordered};
use thiserror::Error;

use crate::{
    host::{ClientView, Proof},
    route::ClientEnd,
};

/// The attestors that a relayer may ask, whichever committees they belong to.
#[derive(Clone)]
pub struct Committees {
    attestors: Arc<Vec<AttestorClient>>,
}

/// A proof, and what it says stood under the paths.
pub(crate) type Gathered = (Proof, PacketAttestation);

/// Why a proof could not be gathered. All of it passes when attestors return.
#[derive(Clone, Debug, Error)]
pub enum GatherError {
    /// Too few attestors signed the same thing.
    #[error("{have} of the {need} attestations needed for {client} at height {height}{}", list(reasons))]
    TooFew {
        /// The light client that wants the proof.
        client: ClientEnd,
        /// The height that was asked for.
        height: u64,
        /// Attestations that agree.
        have: usize,
        /// The client's threshold.
        need: usize,
        /// What each attestor that did not help said.
        reasons: Vec<String>,
    },
}

fn list(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("; {reason}")).collect()
}

impl Committees {
    /// Attestors by their addresses on the network.
    pub fn new(attestors: Vec<AttestorClient>) -> Self {
        Self { attestors: Arc::new(attestors) }
    }

    /// Asks all attestors at once for the counterparty's state at a height and what stands under
    /// these paths, and returns as soon as the client's quorum agrees on both.
    ///
    /// Every signature is checked here, so that one attestor that lies or errs costs nothing.
    pub async fn gather(
        &self,
        end: &ClientEnd,
        client: &ClientView,
        height: u64,
        paths: &[B256],
    ) -> Result<Gathered, GatherError> {
        let request = AttestRequest {
            client: ClientRef { chain: end.chain.clone(), id: end.client.clone() },
            height,
            paths: paths.to_vec(),
        };
        let mut answers: FuturesUnordered<_> = self
            .attestors
            .iter()
            .map(|attestor| attestor.attest(&request))
            .collect();
        let mut tally = Tally::default();
        let (mut have, mut reasons) = (0, Vec::new());
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(attested) => tally.add(attested),
                Err(error) => reasons.push(error.to_string()),
            }
            match tally.quorum(client, height) {
                Ok(gathered) => return Ok(gathered),
                Err(agreeing) => have = agreeing,
            }
        }
        Err(GatherError::TooFew {
            client: end.clone(),
            height,
            have,
            need: usize::from(client.committee.threshold()),
            reasons,
        })
    }
}

/// Answers so far, by what they say.
#[derive(Default)]
struct Tally {
    states: BTreeMap<Bytes, Vec<Signature65>>,
    packets: BTreeMap<Bytes, Vec<Signature65>>,
}

impl Tally {
    fn add(&mut self, attested: Attested) {
        let file = |shelf: &mut BTreeMap<Bytes, Vec<Signature65>>, attestation: Attestation| {
            shelf.entry(attestation.data).or_default().push(attestation.signature);
        };
        file(&mut self.states, attested.state);
        if let Some(packets) = attested.packets {
            file(&mut self.packets, packets);
        }
    }

    /// The proof that the answers make, or how many of them agree at best.
    fn quorum(&self, client: &ClientView, height: u64) -> Result<Gathered, usize> {
        let state = assemble(client, AttestationKind::State, &self.states);
        let packets = assemble(client, AttestationKind::Packet, &self.packets);
        match (state, packets) {
            (Ok(state), Ok(packets)) => {
                let attested = PacketAttestation::decode(&packets.data).map_err(|_| 0_usize)?;
                Ok((Proof { height, state, packets }, attested))
            }
            (state, packets) => {
                let have = |side: Result<_, usize>| side.err().unwrap_or(usize::MAX);
                Err(have(state).min(have(packets)))
            }
        }
    }
}

/// The proof, or how many signatures of one and the same thing there are at most.
fn assemble(
    client: &ClientView,
    kind: AttestationKind,
    shelf: &BTreeMap<Bytes, Vec<Signature65>>,
) -> Result<SignedAttestation, usize> {
    let mut most = 0;
    for (data, signatures) in shelf {
        let digest = attestation_digest(kind, &client.domain, data);
        match client.committee.assemble(digest, data.clone(), signatures) {
            Ok(signed) => return Ok(signed),
            Err(not_enough) => most = most.max(not_enough.have),
        }
    }
    Err(most)
}
