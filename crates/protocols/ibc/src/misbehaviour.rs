use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolValue;
use serde::{Deserialize, Serialize};

use crate::{
    AttestationKind, DecodeError, PacketAttestation, SignedAttestation, StateAttestation,
    abi::decode_strictly,
};

mod sol_types {
    alloy_sol_types::sol! {
        struct Misbehaviour {
            uint8 attestationType;
            bytes first;
            bytes second;
        }
    }
}

/// Two attestations of one kind that cannot both be true: with a quorum's signatures under each, the
/// evidence that freezes a light client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misbehaviour {
    /// What both speak of.
    pub kind: AttestationKind,
    /// One attestation.
    pub first: SignedAttestation,
    /// The other.
    pub second: SignedAttestation,
}

impl Misbehaviour {
    /// The evidence that the light client takes:
    /// `abi.encode(tuple(uint8 type, bytes first, bytes second))`.
    pub fn encode(&self) -> Bytes {
        let evidence = sol_types::Misbehaviour {
            attestationType: self.kind.tag(),
            first: self.first.encode(),
            second: self.second.encode(),
        };
        evidence.abi_encode().into()
    }

    /// Reads evidence; refuses any encoding but the canonical one. Whether it proves anything is
    /// another question.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "evidence of misbehaviour";
        let evidence: sol_types::Misbehaviour = decode_strictly(WHAT, data)?;
        let tag = evidence.attestationType;
        let unknown = || {
            let reason = format!("{tag} is no attestation type");
            DecodeError::field(WHAT, "attestationType", reason)
        };
        Ok(Self {
            kind: AttestationKind::of_tag(tag).ok_or_else(unknown)?,
            first: SignedAttestation::decode(&evidence.first)?,
            second: SignedAttestation::decode(&evidence.second)?,
        })
    }

    /// Whether the two attestations contradict each other, whoever signed them.
    pub fn is_contradiction(&self) -> Result<bool, DecodeError> {
        contradict(self.kind, &self.first.data, &self.second.data)
    }
}

/// Whether two signed statements of one kind cannot both be true: two times for one height, or two
/// commitments under one path at one height.
pub fn contradict(kind: AttestationKind, first: &[u8], second: &[u8]) -> Result<bool, DecodeError> {
    match kind {
        AttestationKind::State => {
            let (first, second) = (
                StateAttestation::decode(first)?,
                StateAttestation::decode(second)?,
            );
            Ok(first.height == second.height && first.timestamp != second.timestamp)
        }
        AttestationKind::Packet => {
            let (first, second) = (
                PacketAttestation::decode(first)?,
                PacketAttestation::decode(second)?,
            );
            let mut stood: BTreeMap<B256, Vec<B256>> = BTreeMap::new();
            for entry in &first.packets {
                stood.entry(entry.path).or_default().push(entry.commitment);
            }
            let differs = |entry: &crate::PathCommitment| {
                let before = stood.get(&entry.path);
                before.is_some_and(|before| before.iter().any(|was| *was != entry.commitment))
            };
            Ok(first.height == second.height && second.packets.iter().any(differs))
        }
    }
}

#[cfg(test)]
mod tests {
    use causeway_types::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        PathCommitment, Signature65,
        test_values::{byte_strings, check_strictness, damage},
    };

    fn state(height: u64, seconds: u64) -> Bytes {
        let timestamp = Timestamp::from_secs(seconds);
        StateAttestation { height, timestamp }.encode()
    }

    fn packets(height: u64, entries: &[(u8, u8)]) -> Bytes {
        let entries = entries.iter().map(|&(path, commitment)| PathCommitment {
            path: B256::repeat_byte(path),
            commitment: B256::repeat_byte(commitment),
        });
        let packets = entries.collect();
        PacketAttestation { height, packets }.encode()
    }

    #[test]
    fn two_times_for_one_height_contradict_each_other() {
        let conflict = |a: Bytes, b: Bytes| contradict(AttestationKind::State, &a, &b).unwrap();
        assert!(conflict(state(5, 1), state(5, 2)));
        assert!(!conflict(state(5, 1), state(5, 1)));
        assert!(!conflict(state(5, 1), state(6, 2)));
    }

    #[test]
    fn two_commitments_under_one_path_contradict_each_other() {
        let conflict = |a: Bytes, b: Bytes| contradict(AttestationKind::Packet, &a, &b).unwrap();
        assert!(conflict(packets(5, &[(1, 1)]), packets(5, &[(1, 2)])));
        assert!(
            conflict(packets(5, &[(1, 1)]), packets(5, &[(1, 0)])),
            "presence and absence"
        );
        assert!(conflict(
            packets(5, &[(1, 1), (2, 2)]),
            packets(5, &[(3, 3), (2, 0)])
        ));
        assert!(!conflict(
            packets(5, &[(1, 1)]),
            packets(5, &[(1, 1), (2, 2)])
        ));
        assert!(!conflict(packets(5, &[(1, 1)]), packets(6, &[(1, 2)])));
        assert!(!conflict(packets(5, &[(1, 1)]), packets(5, &[(2, 2)])));
    }

    #[test]
    fn what_is_no_attestation_contradicts_nothing() {
        assert!(contradict(AttestationKind::Packet, &state(5, 1), &state(5, 2)).is_err());
        assert!(contradict(AttestationKind::State, &[], &[]).is_err());
    }

    #[test]
    fn evidence_of_an_unknown_type_is_not_read() {
        let proof = SignedAttestation {
            data: state(5, 1),
            signatures: vec![],
        }
        .encode();
        for tag in [0, 3, 255] {
            let evidence = sol_types::Misbehaviour {
                attestationType: tag,
                first: proof.clone(),
                second: proof.clone(),
            };
            assert!(Misbehaviour::decode(&evidence.abi_encode()).is_err());
        }
    }

    proptest! {
        #[test]
        fn evidence_has_one_encoding(
            (first, second) in (byte_strings(), byte_strings()),
            fill: u8,
            packets: bool,
            damage in damage(),
        ) {
            let signatures = vec![Signature65::repeat_byte(fill)];
            let evidence = Misbehaviour {
                kind: if packets { AttestationKind::Packet } else { AttestationKind::State },
                first: SignedAttestation { data: first, signatures: signatures.clone() },
                second: SignedAttestation { data: second, signatures },
            };
            check_strictness(&evidence, Misbehaviour::encode, Misbehaviour::decode, damage);
        }
    }
}
