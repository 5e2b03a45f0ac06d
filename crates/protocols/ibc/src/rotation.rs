use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Committee, DecodeError, Domain, abi::decode_strictly, attestation::tagged_digest};

mod sol_types {
    alloy_sol_types::sol! {
        struct Rotation {
            uint64 setNumber;
            uint64 overlapSeconds;
            uint8 minRequiredSigs;
            address[] attestorAddresses;
        }
    }
}

/// Neither of the attestations' tags: no signature of one can pass for the other.
const TAG: u8 = 3;

/// That other attestors follow those whom a light client trusts; signed by the quorum of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The number of the new set: that of the current one plus one, so that no rotation serves twice.
    pub set_number: u64,
    /// For how many seconds what the old set signed is still believed.
    pub overlap_seconds: u64,
    /// The new set.
    pub committee: Committee,
}

/// Why a light client would refuse a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RotationError {
    /// It was made for another moment in the client's life.
    #[error("the rotation is to set {came} (expected {expected}, the one after the current)")]
    SetNumber {
        /// The number of the next set.
        expected: u64,
        /// The number in the rotation.
        came: u64,
    },
    /// The old set would speak for longer than any packet lives.
    #[error("the old set would be believed for {came} s more (expected {max} s at most)")]
    Overlap {
        /// The overlap in the rotation, in seconds.
        came: u64,
        /// The longest overlap, in seconds.
        max: u64,
    },
    /// A minority, or one member alone, could speak for the new set.
    #[error(
        "{threshold} of {members} is no majority of several (expected {least} or more): a few could sign anything"
    )]
    Weak {
        /// The new threshold.
        threshold: u8,
        /// The size of the new set.
        members: usize,
        /// The least threshold for so many members.
        least: u8,
    },
    /// Nothing binds signatures to the client.
    #[error(
        "the client has no domain, so that a rotation would hold on other clients too: migrate it instead"
    )]
    NoDomain,
}

impl Rotation {
    /// The longest overlap in seconds: as long as a packet may live.
    pub const MAX_OVERLAP_SECONDS: u64 = 24 * 60 * 60;

    /// The bytes that are hashed and signed:
    /// `abi.encode(tuple(uint64 number, uint64 overlap, uint8 threshold, address[] members))`.
    pub fn encode(&self) -> Bytes {
        let rotation = sol_types::Rotation {
            setNumber: self.set_number,
            overlapSeconds: self.overlap_seconds,
            minRequiredSigs: self.committee.threshold(),
            attestorAddresses: self.committee.members().to_vec(),
        };
        alloy_sol_types::SolValue::abi_encode(&rotation).into()
    }

    /// Reads the signed bytes; refuses any encoding but the canonical one, and sets that make no
    /// committee.
    pub fn decode(data: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "a rotation";
        let rotation: sol_types::Rotation = decode_strictly(WHAT, data)?;
        let committee = Committee::new(rotation.attestorAddresses, rotation.minRequiredSigs)
            .map_err(|error| DecodeError::field(WHAT, "attestorAddresses", error))?;
        Ok(Self {
            set_number: rotation.setNumber,
            overlap_seconds: rotation.overlapSeconds,
            committee,
        })
    }

    /// What the members of the current set sign: `H(3 ‖ domain ‖ H(data))` with SHA-256.
    pub fn digest(&self, domain: &Domain) -> B256 {
        tagged_digest(TAG, domain, &self.encode())
    }

    /// Whether a light client with this domain would take the rotation after its current set, by the
    /// same rules as the contract.
    pub fn check(
        &self,
        domain: &Domain,
        current_number: u64,
        current: &Committee,
    ) -> Result<(), RotationError> {
        if *domain == Domain::NONE {
            return Err(RotationError::NoDomain);
        }
        let expected = current_number.saturating_add(1);
        if self.set_number != expected {
            let came = self.set_number;
            return Err(RotationError::SetNumber { expected, came });
        }
        if self.overlap_seconds > Self::MAX_OVERLAP_SECONDS {
            return Err(RotationError::Overlap {
                came: self.overlap_seconds,
                max: Self::MAX_OVERLAP_SECONDS,
            });
        }
        if current.is_strong() && !self.committee.is_strong() {
            let members = self.committee.members().len();
            return Err(RotationError::Weak {
                threshold: self.committee.threshold(),
                members,
                least: Committee::least_threshold(members),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, hex};
    use proptest::{collection::btree_set, prelude::*};

    use super::*;
    use crate::{
        AttestationKind, attestation_digest,
        test_values::{check_strictness, damage, words},
    };

    const DOMAIN: Domain = Domain(B256::repeat_byte(0xd0));

    fn committee(members: u8, threshold: u8) -> Committee {
        let members = (1..=members).map(Address::repeat_byte);
        Committee::new(members.collect(), threshold).unwrap()
    }

    fn rotation() -> Rotation {
        Rotation {
            set_number: 2,
            overlap_seconds: 600,
            committee: committee(3, 2),
        }
    }

    #[test]
    fn a_rotation_is_encoded_as_the_light_client_reads_it() {
        let [one, two, three] = [1_u8, 2, 3].map(|n| hex::encode([n; 20]));
        let encoding = words(&["20", "2", "258", "2", "80", "3", &one, &two, &three]);
        assert_eq!(rotation().encode(), encoding);
        assert_eq!(Rotation::decode(&encoding), Ok(rotation()));
    }

    #[test]
    fn a_rotation_is_signed_under_a_tag_of_its_own_and_for_one_client() {
        let data = rotation().encode();
        let digest = rotation().digest(&DOMAIN);
        for kind in [AttestationKind::State, AttestationKind::Packet] {
            assert_ne!(digest, attestation_digest(kind, &DOMAIN, &data));
        }
        assert_ne!(digest, rotation().digest(&Domain(B256::repeat_byte(0xd1))));
        assert_ne!(digest, rotation().digest(&Domain::NONE));
    }

    #[test]
    fn a_set_that_makes_no_committee_is_not_read() {
        let one = hex::encode([1; 20]);
        for wrong in [
            words(&["20", "2", "258", "0", "80", "1", &one]),
            words(&["20", "2", "258", "2", "80", "1", &one]),
            words(&["20", "2", "258", "1", "80", "1", "0"]),
            words(&["20", "2", "258", "1", "80", "2", &one, &one]),
            words(&["20", "2", "258", "1", "80", "0"]),
        ] {
            assert!(matches!(
                Rotation::decode(&wrong),
                Err(DecodeError::Field { .. })
            ));
        }
    }

    #[test]
    fn what_the_contract_refuses_is_refused_before_anybody_signs_it() {
        let strong = committee(3, 2);
        let check = |rotation: &Rotation| rotation.check(&DOMAIN, 1, &strong);
        assert_eq!(check(&rotation()), Ok(()));
        assert_eq!(
            rotation().check(&Domain::NONE, 1, &strong),
            Err(RotationError::NoDomain)
        );
        for came in [0, 1, 3, u64::MAX] {
            let other = Rotation {
                set_number: came,
                ..rotation()
            };
            assert_eq!(
                check(&other),
                Err(RotationError::SetNumber { expected: 2, came })
            );
        }
        let day = Rotation::MAX_OVERLAP_SECONDS;
        let long = |overlap_seconds| Rotation {
            overlap_seconds,
            ..rotation()
        };
        assert_eq!(check(&long(day)), Ok(()));
        let too_long = RotationError::Overlap {
            came: day + 1,
            max: day,
        };
        assert_eq!(check(&long(day + 1)), Err(too_long));
        let weak = Rotation {
            committee: committee(4, 2),
            ..rotation()
        };
        let refused = RotationError::Weak {
            threshold: 2,
            members: 4,
            least: 3,
        };
        assert_eq!(check(&weak), Err(refused));
        assert_eq!(
            weak.check(&DOMAIN, 1, &committee(1, 1)),
            Ok(()),
            "development sets may stay weak"
        );
    }

    proptest! {
        #[test]
        fn a_rotation_has_one_encoding(
            (set_number, overlap_seconds) in any::<(u64, u64)>(),
            members in btree_set(1_u8..=255, 1..6),
            damage in damage(),
        ) {
            let members: Vec<_> = members.into_iter().map(Address::repeat_byte).collect();
            let committee = Committee::new(members, 1).unwrap();
            let rotation = Rotation { set_number, overlap_seconds, committee };
            check_strictness(&rotation, Rotation::encode, Rotation::decode, damage);
        }
    }
}
