//! Attestors that say two different things.
//!
//! Any two conflicting quorums of a committee in which a majority must sign have a member in common:
//! who signed both has lied, or has lost its key. The relayer sees what everybody signs, so it is the
//! one to notice.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::{Address, B256, Bytes};
use causeway_attestor::Attestation;
use causeway_ibc::{
    AttestationKind, Committee, Domain, Misbehaviour, Signature65, SignedAttestation,
    attestation_digest, contradict,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tracing::error;

use crate::{host::ClientView, route::ClientEnd};

/// Heights whose statements are kept per light client, and statements kept per height: what is being
/// delivered is proven at the newest heights, in a few batches each.
const HEIGHTS: usize = 64;
const STATEMENTS: usize = 256;

/// Evidence that waits to be kept and submitted. More than a few pieces only say the same again.
const WAITING: usize = 64;

/// How many contradictions the status tells of.
const TOLD: usize = 8;

/// Proof that attestors of one light client contradicted themselves: what the evidence file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The light client that they speak to.
    pub client: ClientEnd,
    /// What their signatures are bound to.
    pub domain: Domain,
    /// The height of which they said two things.
    pub height: u64,
    /// Who signed both.
    pub attestors: Vec<Address>,
    /// Whether enough signed each to freeze the light client.
    pub quorum: bool,
    /// What they signed.
    pub misbehaviour: Misbehaviour,
}

impl Evidence {
    /// Names the evidence: the same contradiction has the same name.
    pub fn name(&self) -> String {
        let digest = alloy_primitives::keccak256(self.misbehaviour.encode());
        let short = alloy_primitives::hex::encode(&digest[..8]);
        let chain = self.client.chain.to_string().replace(':', "-");
        format!("{chain}-{}-{}-{short}", self.client.client, self.height)
    }
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let who: Vec<_> = self.attestors.iter().map(ToString::to_string).collect();
        let (height, client) = (self.height, &self.client);
        write!(
            f,
            "{} signed two different things about height {height} for {client}",
            who.join(", ")
        )?;
        if self.quorum {
            f.write_str(", and enough others with them to freeze it")?;
        }
        Ok(())
    }
}

/// One thing that was signed, and by whom.
struct Statement {
    kind: AttestationKind,
    data: Bytes,
    by: BTreeMap<Address, Signature65>,
    /// Whose quorum counted when it was signed.
    committee: Committee,
}

impl Statement {
    fn has_quorum(&self) -> bool {
        self.by.len() >= usize::from(self.committee.threshold())
    }

    /// The statement with a quorum's signatures, or with these members' alone.
    fn signed(&self, domain: &Domain, members: &[Address]) -> SignedAttestation {
        let digest = attestation_digest(self.kind, domain, &self.data);
        let all = self.by.values().copied();
        self.committee
            .assemble(digest, self.data.clone(), all)
            .unwrap_or_else(|_| SignedAttestation {
                data: self.data.clone(),
                signatures: members
                    .iter()
                    .filter_map(|m| self.by.get(m))
                    .copied()
                    .collect(),
            })
    }
}

#[derive(Default)]
struct Known {
    statements: BTreeMap<(B256, u64), Vec<Statement>>,
    reported: BTreeSet<(B256, u64, Vec<Address>, bool)>,
    told: VecDeque<String>,
}

/// What attestors signed lately, and where contradictions are reported.
#[derive(Clone)]
pub(crate) struct Contradictions {
    known: Arc<Mutex<Known>>,
    sender: mpsc::Sender<Evidence>,
    receiver: Arc<Mutex<Option<mpsc::Receiver<Evidence>>>>,
}

impl Default for Contradictions {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self {
            known: Arc::default(),
            sender,
            receiver: Arc::new(Mutex::new(Some(receiver))),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Contradictions {
    /// Where the evidence comes out; once.
    pub(crate) fn take_evidence(&self) -> Option<mpsc::Receiver<Evidence>> {
        lock(&self.receiver).take()
    }

    /// The latest contradictions, in words.
    pub(crate) fn told(&self) -> Vec<String> {
        lock(&self.known).told.iter().cloned().collect()
    }

    /// Notes what a member of the client's committee signed, which must have been verified, and
    /// raises the alarm if it contradicts what was signed before.
    pub(crate) fn note(
        &self,
        end: &ClientEnd,
        client: &ClientView,
        height: u64,
        kind: AttestationKind,
        attestor: Address,
        attestation: &Attestation,
    ) {
        let found = lock(&self.known).note(end, client, height, kind, attestor, attestation);
        for evidence in found {
            let count = u64::try_from(evidence.attestors.len()).unwrap_or(u64::MAX);
            metrics::counter!("causeway_attestor_contradictions_total", "client" => end.to_string())
                .increment(count);
            error!(client = %end, height, attestors = ?evidence.attestors, quorum = evidence.quorum,
                "attestors contradict themselves: a key is stolen or its owner lies");
            if self.sender.try_send(evidence).is_err() {
                error!(client = %end, height, "too much evidence at once: this piece is not kept");
            }
        }
    }
}

impl Known {
    fn note(
        &mut self,
        end: &ClientEnd,
        client: &ClientView,
        height: u64,
        kind: AttestationKind,
        attestor: Address,
        attestation: &Attestation,
    ) -> Vec<Evidence> {
        let domain = client.domain;
        let statements = self.statements.entry((domain.0, height)).or_default();
        let same =
            |statement: &Statement| statement.kind == kind && statement.data == attestation.data;
        let place = match statements.iter().position(same) {
            Some(place) => place,
            None if statements.len() >= STATEMENTS => return Vec::new(),
            None => {
                statements.push(Statement {
                    kind,
                    data: attestation.data.clone(),
                    by: BTreeMap::new(),
                    committee: client.committee.clone(),
                });
                statements.len() - 1
            }
        };
        if statements[place]
            .by
            .insert(attestor, attestation.signature)
            .is_some()
        {
            return Vec::new();
        }
        let statement = &statements[place];
        let conflicts = statements.iter().filter(|other| {
            other.kind == kind
                && other.data != statement.data
                // Both were read before they were counted.
                && contradict(kind, &other.data, &statement.data).unwrap_or(false)
        });
        let mut found = Vec::new();
        for other in conflicts {
            let both: Vec<Address> = statement
                .by
                .keys()
                .filter(|by| other.by.contains_key(*by))
                .copied()
                .collect();
            let quorum = statement.has_quorum() && other.has_quorum();
            if both.is_empty() && !quorum {
                continue;
            }
            if !self
                .reported
                .insert((domain.0, height, both.clone(), quorum))
            {
                continue;
            }
            found.push(Evidence {
                client: end.clone(),
                domain,
                height,
                quorum,
                misbehaviour: Misbehaviour {
                    kind,
                    first: other.signed(&domain, &both),
                    second: statement.signed(&domain, &both),
                },
                attestors: both,
            });
        }
        self.forget(domain);
        for evidence in &found {
            if self.told.len() >= TOLD {
                self.told.pop_front();
            }
            self.told.push_back(evidence.to_string());
        }
        found
    }

    /// Lets go of the lowest heights of a client.
    fn forget(&mut self, domain: Domain) {
        let (first, last) = ((domain.0, 0), (domain.0, u64::MAX));
        let kept = self.statements.range(first..=last).count();
        for _ in HEIGHTS..kept {
            let lowest = self
                .statements
                .range(first..=last)
                .next()
                .map(|(key, _)| *key);
            if let Some(lowest) = lowest {
                self.statements.remove(&lowest);
                let (domain, height) = lowest;
                self.reported
                    .retain(|(d, h, ..)| (*d, *h) != (domain, height));
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
