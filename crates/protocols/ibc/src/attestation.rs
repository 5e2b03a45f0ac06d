use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolValue;
use causeway_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ClientId, DecodeError, Signature65, abi::decode_strictly, hash::sha256};

mod sol_types {
    alloy_sol_types::sol! {
        struct StateAttestation {
            uint64 height;
            uint64 timestamp;
        }

        struct PathCommitment {
            bytes32 path;
            bytes32 commitment;
        }

        struct PacketAttestation {
            uint64 height;
            PathCommitment[] packets;
        }

        struct SignedAttestation {
            bytes data;
            bytes[] signatures;
        }
    }
}

/// What an attestation speaks of. It is part of the digest, so that a signature for one kind can
/// never pass for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttestationKind {
    /// A [`StateAttestation`].
    State,
    /// A [`PacketAttestation`].
    Packet,
}

impl AttestationKind {
    /// The byte that stands for it in digests and in evidence of misbehaviour.
    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::State => 1,
            Self::Packet => 2,
        }
    }

    /// What is the kind with this byte, if there is one.
    pub(crate) const fn of_tag(tag: u8) -> Option<Self> {
        match tag {
            1 => Some(Self::State),
            2 => Some(Self::Packet),
            _ => None,
        }
    }
}

/// What binds a signature to one light client, so that it is worth nothing on any other.
///
/// The public implementations have no such thing: there, a signature holds on every client that
/// trusts the same keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Domain(pub B256);

impl Domain {
    /// No domain: digests are those of the public implementations.
    pub const NONE: Self = Self(B256::ZERO);

    /// The domain of a light client: SHA-256 of `abi.encode(chainId, router, clientId)`, all three
    /// of the chain on which the client verifies.
    pub fn of_client(evm_chain_id: u64, router: Address, client: &ClientId) -> Self {
        let identity = (U256::from(evm_chain_id), router, client.as_str()).abi_encode_params();
        Self(sha256([identity.as_slice()]))
    }
}

/// What attestors sign: `H(tag ‖ domain ‖ H(data))` with SHA-256; the domain is left out if it is
/// [`Domain::NONE`].
pub fn attestation_digest(kind: AttestationKind, domain: &Domain, data: &[u8]) -> B256 {
    tagged_digest(kind.tag(), domain, data)
}

/// [`attestation_digest`] for any tag: each sort of statement has its own.
pub(crate) fn tagged_digest(tag: u8, domain: &Domain, data: &[u8]) -> B256 {
    let domain = if *domain == Domain::NONE {
        &[][..]
    } else {
        domain.0.as_slice()
    };
    sha256([[tag].as_slice(), domain, sha256([data]).as_slice()])
}

/// That a chain had this height at this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateAttestation {
    /// The height of a final block.
    pub height: u64,
    /// That block's own time.
    pub timestamp: Timestamp,
}

impl StateAttestation {
    /// The bytes that are hashed and signed: `abi.encode(uint64 height, uint64 seconds)`.
    pub fn encode(&self) -> Bytes {
        let state = sol_types::StateAttestation {
            height: self.height,
            timestamp: self.timestamp.as_secs(),
        };
        state.abi_encode().into()
    }

    /// Reads the signed bytes; refuses any encoding but the canonical one.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let state: sol_types::StateAttestation = decode_strictly("a state attestation", data)?;
        Ok(Self {
            height: state.height,
            timestamp: Timestamp::from_secs(state.timestamp),
        })
    }
}

/// What stood under one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathCommitment {
    /// Keccak-256 of the path: [`crate::HostPath::key`].
    pub path: B256,
    /// The commitment there; zero if there is none.
    pub commitment: B256,
}

/// What stood under some paths of a chain's state at one height.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketAttestation {
    /// The height of a final block.
    pub height: u64,
    /// The paths and what stood there.
    pub packets: Vec<PathCommitment>,
}

impl PacketAttestation {
    /// The bytes that are hashed and signed:
    /// `abi.encode(tuple(uint64 height, tuple(bytes32 path, bytes32 commitment)[]))`.
    pub fn encode(&self) -> Bytes {
        let attestation = sol_types::PacketAttestation {
            height: self.height,
            packets: self
                .packets
                .iter()
                .map(
                    |&PathCommitment { path, commitment }| sol_types::PathCommitment {
                        path,
                        commitment,
                    },
                )
                .collect(),
        };
        attestation.abi_encode().into()
    }

    /// Reads the signed bytes; refuses any encoding but the canonical one.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        let attestation: sol_types::PacketAttestation =
            decode_strictly("a packet attestation", data)?;
        let packets = attestation.packets.into_iter();
        Ok(Self {
            height: attestation.height,
            packets: packets
                .map(|entry| PathCommitment {
                    path: entry.path,
                    commitment: entry.commitment,
                })
                .collect(),
        })
    }
}

/// An attestation with the signatures that make it a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedAttestation {
    /// The encoded [`StateAttestation`] or [`PacketAttestation`].
    pub data: Bytes,
    /// Signatures of its digest, by different attestors.
    pub signatures: Vec<Signature65>,
}

impl SignedAttestation {
    /// The proof that the light client takes: `abi.encode(tuple(bytes data, bytes[] signatures))`.
    pub fn encode(&self) -> Bytes {
        let proof = sol_types::SignedAttestation {
            data: self.data.clone(),
            signatures: self
                .signatures
                .iter()
                .map(|signature| (*signature).into())
                .collect(),
        };
        proof.abi_encode().into()
    }

    /// Reads a proof; refuses any encoding but the canonical one, and signatures that are not 65
    /// bytes long. Whether the signatures are worth anything is another question.
    pub fn decode(proof: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "an attestation proof";
        let proof: sol_types::SignedAttestation = decode_strictly(WHAT, proof)?;
        let signatures = proof.signatures.iter().map(|signature| {
            Signature65::try_from(signature.as_ref()).map_err(|_| {
                let reason = format!("one has {} bytes (expected 65)", signature.len());
                DecodeError::field(WHAT, "signatures", reason)
            })
        });
        Ok(Self {
            data: proof.data,
            signatures: signatures.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, b256, hex};
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{
        recover,
        test_values::{byte_strings, check_strictness, damage, words},
    };

    // Digests and signatures were made with the public contracts.
    const SIGNER: Address = address!("7E5F4552091A69125d5DfCb7b8C2659029395Bdf");

    fn state() -> StateAttestation {
        StateAttestation {
            height: 42,
            timestamp: Timestamp::from_secs(1_700_000_000),
        }
    }

    #[test]
    fn a_state_attestation_is_that_of_the_public_contracts() {
        let data = state().encode();
        assert_eq!(data, words(&["2a", "6553f100"]));
        let digest = attestation_digest(AttestationKind::State, &Domain::NONE, &data);
        assert_eq!(
            digest,
            b256!("9f35b2ba2d300f9a61dadcef090ee5a80ba379dec95492f3427f9323969abc49")
        );
        let signature = Signature65::from(hex!(
            "6f000f37496426ea874fb6a6211082de5e00ccaf8148f695dd58b3502c4fc448"
            "704ae838299f4d9771e4f1ece13202eeb135c78e65b0580572ef7b521fc0694f1c"
        ));
        assert_eq!(recover(digest, &signature), Ok(SIGNER));
    }

    #[test]
    fn a_packet_attestation_is_that_of_the_public_contracts() {
        let path = "f12abff5cdc0ca904de170332d1278d1002652e8bd9ed9e103cd2ae10d5465a7";
        let commitment = "b691a1950f6fb0bbbcf4bdb16fe2c4d0aa7ef783eb7803073f475cb8164d9b7a";
        let entry = PathCommitment {
            path: path.parse().unwrap(),
            commitment: commitment.parse().unwrap(),
        };
        let data = PacketAttestation {
            height: 42,
            packets: vec![entry],
        }
        .encode();
        assert_eq!(data, words(&["20", "2a", "40", "1", path, commitment]));
        let digest = attestation_digest(AttestationKind::Packet, &Domain::NONE, &data);
        assert_eq!(
            digest,
            b256!("c41631019324b988b6a5111904439b8af30a44dc00f0a62266c268928904b2fe")
        );
        let signature = Signature65::from(hex!(
            "06deab7840b9616ef766abaad61656e7517bef2e462d14d36cbed13ca4c802c9"
            "3e93322521bce211a5af1502fb6d0716699a0db0a9770f054fca4f3b18159f291c"
        ));
        assert_eq!(recover(digest, &signature), Ok(SIGNER));
    }

    #[test]
    fn a_domain_binds_the_digest_to_one_client_of_one_router_of_one_chain() {
        let router = address!("1111111111111111111111111111111111111111");
        let other_router = address!("2222222222222222222222222222222222222222");
        let client = "client-0".parse().unwrap();
        let domain = Domain::of_client(31337, router, &client);
        assert_eq!(
            domain.0,
            b256!("953c6a4cab68fe017a1b002cee31fb99a4dc6bc6338b6f607f2ff61e9a9ad5a2")
        );
        assert_eq!(
            attestation_digest(AttestationKind::State, &domain, &state().encode()),
            b256!("18317e7b5532a674f492591888063fb99cafe1103fba73a0fb6c0fc7e0eb5fd0")
        );
        for other in [
            Domain::NONE,
            Domain::of_client(31338, router, &client),
            Domain::of_client(31337, other_router, &client),
            Domain::of_client(31337, router, &"client-1".parse().unwrap()),
        ] {
            assert_ne!(other, domain);
        }
    }

    #[test]
    fn one_kind_of_attestation_never_passes_for_the_other() {
        let data = state().encode();
        assert_ne!(
            attestation_digest(AttestationKind::State, &Domain::NONE, &data),
            attestation_digest(AttestationKind::Packet, &Domain::NONE, &data)
        );
        assert!(PacketAttestation::decode(&data).is_err());
    }

    #[test]
    fn a_proof_is_encoded_as_the_light_client_takes_it() {
        let signature = Signature65::repeat_byte(0xab);
        let proof = SignedAttestation {
            data: Bytes::from_static(&[7]),
            signatures: vec![signature],
        };
        let ab = "ab".repeat(32);
        let encoding = words(&[
            "20", "40", "80", "1", ".07", "1", "20", "41", &ab, &ab, ".ab",
        ]);
        assert_eq!(proof.encode(), encoding);
        assert_eq!(SignedAttestation::decode(&encoding), Ok(proof));
    }

    #[test]
    fn a_proof_with_a_signature_of_another_length_is_refused() {
        let short = words(&["20", "40", "80", "1", ".07", "1", "20", "2", ".abab"]);
        assert!(matches!(
            SignedAttestation::decode(&short),
            Err(DecodeError::Field {
                field: "signatures",
                ..
            })
        ));
    }

    proptest! {
        #[test]
        fn a_state_attestation_has_one_encoding(
            (height, seconds) in any::<(u64, u64)>(),
            damage in damage(),
        ) {
            let timestamp = Timestamp::from_secs(seconds);
            let state = StateAttestation { height, timestamp };
            check_strictness(&state, StateAttestation::encode, StateAttestation::decode, damage);
        }

        #[test]
        fn a_packet_attestation_has_one_encoding(
            height: u64,
            entries in vec(any::<([u8; 32], [u8; 32])>(), 0..5),
            damage in damage(),
        ) {
            let packets = entries.into_iter().map(|(path, commitment)| PathCommitment {
                path: path.into(),
                commitment: commitment.into(),
            });
            let attestation = PacketAttestation { height, packets: packets.collect() };
            check_strictness(
                &attestation,
                PacketAttestation::encode,
                PacketAttestation::decode,
                damage,
            );
        }

        #[test]
        fn a_proof_has_one_encoding(
            data in byte_strings(),
            fills in vec(any::<u8>(), 0..4),
            damage in damage(),
        ) {
            let signatures = fills.into_iter().map(Signature65::repeat_byte).collect();
            let proof = SignedAttestation { data, signatures };
            check_strictness(&proof, SignedAttestation::encode, SignedAttestation::decode, damage);
        }
    }
}
