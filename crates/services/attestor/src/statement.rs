use alloy_primitives::{B256, Bytes};
use causeway_engine::{Conflict, Engine, UnixMillis, Verdict};
use causeway_ibc::{Domain, PacketAttestation, PathCommitment, StateAttestation};
use causeway_types::BlockRef;

use crate::AttestError;

/// What is about to be signed about one block.
#[derive(Debug)]
pub(crate) struct Statement {
    block: BlockRef,
    packets: Vec<PathCommitment>,
}

impl Statement {
    pub(crate) fn new(block: BlockRef, paths: &[B256], commitments: &[B256]) -> Self {
        let pairs = paths.iter().zip(commitments);
        let packets = pairs.map(|(&path, &commitment)| PathCommitment { path, commitment });
        Self {
            block,
            packets: packets.collect(),
        }
    }

    pub(crate) fn state_data(&self) -> Bytes {
        StateAttestation {
            height: self.block.height,
            timestamp: self.block.timestamp,
        }
        .encode()
    }

    pub(crate) fn packet_data(&self) -> Option<Bytes> {
        let packets = self.packets.clone();
        (!packets.is_empty()).then(|| {
            PacketAttestation {
                height: self.block.height,
                packets,
            }
            .encode()
        })
    }

    /// The key under which the database keeps up to which height it may have forgotten what was
    /// signed in this domain.
    pub(crate) fn forgotten_key(domain: &Domain) -> String {
        format!("attestation/forgotten/{}", domain.0)
    }

    /// Promises, durably and in one transaction, never to state anything else about this height in
    /// this domain. The promise includes the block's hash, which is not signed: two statements about
    /// one height are about one block, or the second is not made.
    pub(crate) async fn record(&self, engine: &Engine, domain: &Domain) -> Result<(), AttestError> {
        let height = self.block.height.to_string();
        let block = format!("{}/{}", self.block.hash, self.state_data());
        let packets: Vec<(String, String)> = self
            .packets
            .iter()
            .map(|packet| {
                (
                    format!("{height}/{}", packet.path),
                    packet.commitment.to_string(),
                )
            })
            .collect();
        let mut pairs = vec![(height.as_str(), block.as_str())];
        pairs.extend(
            packets
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        );
        let name = format!("attestation/{}", domain.0);
        let mut unit = engine.begin(UnixMillis::now()).await?;
        let forgotten = unit.cursor(&Self::forgotten_key(domain)).await?;
        let forgotten: u64 = forgotten.and_then(|json| json.parse().ok()).unwrap_or(0);
        if self.block.height <= forgotten && !unit.guard_holds(&name, &pairs).await? {
            return Err(AttestError::Forgotten {
                height: self.block.height,
                forgotten,
            });
        }
        match unit.guard(&name, &pairs).await? {
            Verdict::Accepted => Ok(unit.commit().await?),
            Verdict::Conflict(conflict) => Err(self.refusal(conflict)),
        }
    }

    fn refusal(&self, conflict: Conflict) -> AttestError {
        AttestError::RefusedConflict {
            height: self.block.height,
            subject: match conflict.key.split_once('/') {
                Some((_, path)) => format!("the commitment under {path}"),
                None => "the block".to_owned(),
            },
            signed: conflict.existing,
            now: conflict.offered,
        }
    }
}
