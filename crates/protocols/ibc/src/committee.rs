use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Signature65, SignedAttestation, recover};

/// The attestors that a light client trusts, and how many of them must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub struct Committee {
    members: Vec<Address>,
    threshold: u8,
}

/// Why addresses and a threshold make no committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CommitteeError {
    /// Nobody has the zero address's key; contracts take it for a failed recovery.
    #[error("a committee's member {index} is the zero address")]
    ZeroMember {
        /// Its place, counted from zero.
        index: usize,
    },
    /// Nobody may count twice.
    #[error("{member} is twice in a committee")]
    DuplicateMember {
        /// Who.
        member: Address,
    },
    /// Contracts count members in a byte.
    #[error("a committee of {members} is too large (expected 255 members at most)")]
    TooMany {
        /// How many members there are.
        members: usize,
    },
    /// Either nobody would have to sign, or more than there are.
    #[error("the threshold of a committee of {members} is {threshold} (expected 1 to {members})")]
    Threshold {
        /// The threshold that was given.
        threshold: u8,
        /// How many members there are.
        members: usize,
    },
}

/// Too few members of a committee signed. It passes when the others sign.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{have} of the {need} signatures needed; without one: {missing:?}")]
pub struct NotEnough {
    /// How many members signed.
    pub have: usize,
    /// How many must sign.
    pub need: usize,
    /// The members that did not sign, or not this.
    pub missing: Vec<Address>,
}

impl Committee {
    /// A committee of these members, of whom `threshold` must agree.
    pub fn new(members: Vec<Address>, threshold: u8) -> Result<Self, CommitteeError> {
        if members.len() > usize::from(u8::MAX) {
            return Err(CommitteeError::TooMany {
                members: members.len(),
            });
        }
        for (index, member) in members.iter().enumerate() {
            if member.is_zero() {
                return Err(CommitteeError::ZeroMember { index });
            }
            if members[..index].contains(member) {
                return Err(CommitteeError::DuplicateMember { member: *member });
            }
        }
        if threshold == 0 || usize::from(threshold) > members.len() {
            return Err(CommitteeError::Threshold {
                threshold,
                members: members.len(),
            });
        }
        Ok(Self { members, threshold })
    }

    /// The members, in the order given.
    pub fn members(&self) -> &[Address] {
        &self.members
    }

    /// How many members must agree.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// The fewest of so many members who should have to agree: a majority, and never one alone.
    pub fn least_threshold(members: usize) -> u8 {
        u8::try_from(members / 2 + 1).unwrap_or(u8::MAX).max(2)
    }

    /// Whether no minority and no single member can speak for the committee. Light clients accept no
    /// weak committee after a strong one.
    pub fn is_strong(&self) -> bool {
        self.threshold >= Self::least_threshold(self.members.len())
    }

    /// Makes a proof of signatures of one digest, whoever they come from.
    ///
    /// Every signature is verified; those that are malformed, forged, by strangers or by a member
    /// who signed already are left out. Exactly as many as needed are taken, ordered by signer
    /// from the lowest address up, so that whoever gathers the same signatures makes the same proof.
    pub fn assemble<S: AsRef<[u8]>>(
        &self,
        digest: B256,
        data: Bytes,
        signatures: impl IntoIterator<Item = S>,
    ) -> Result<SignedAttestation, NotEnough> {
        let mut by_member = BTreeMap::new();
        for signature in signatures {
            let Ok(signature) = Signature65::try_from(signature.as_ref()) else {
                continue;
            };
            let Ok(signer) = recover(digest, &signature) else {
                continue;
            };
            if !self.members.contains(&signer) {
                continue;
            }
            // ECDSA allows many signatures of one digest: the smallest, not the first that came.
            by_member
                .entry(signer)
                .and_modify(|kept: &mut Signature65| *kept = signature.min(*kept))
                .or_insert(signature);
        }
        let need = usize::from(self.threshold);
        if by_member.len() < need {
            let missing = |member: &Address| !by_member.contains_key(member);
            return Err(NotEnough {
                have: by_member.len(),
                need,
                missing: self.members.iter().copied().filter(missing).collect(),
            });
        }
        Ok(SignedAttestation {
            data,
            signatures: by_member.into_values().take(need).collect(),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Unchecked {
    members: Vec<Address>,
    threshold: u8,
}

impl TryFrom<Unchecked> for Committee {
    type Error = CommitteeError;

    fn try_from(Unchecked { members, threshold }: Unchecked) -> Result<Self, Self::Error> {
        Self::new(members, threshold)
    }
}

impl From<Committee> for Unchecked {
    fn from(Committee { members, threshold }: Committee) -> Self {
        Self { members, threshold }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::signature::tests::{address, key, mirrored, sign, sign_with_nonce};

    fn committee_of(members: u8, threshold: u8) -> Committee {
        let members = (1..=members).map(|number| address(&key(number))).collect();
        Committee::new(members, threshold).unwrap()
    }

    fn digest() -> B256 {
        keccak256("what is signed")
    }

    fn assemble(
        committee: &Committee,
        signatures: &[Signature65],
    ) -> Result<SignedAttestation, NotEnough> {
        committee.assemble(digest(), Bytes::from_static(b"data"), signatures)
    }

    fn signers(proof: &SignedAttestation) -> Vec<Address> {
        proof
            .signatures
            .iter()
            .map(|signature| recover(digest(), signature).unwrap())
            .collect()
    }

    #[test]
    fn a_committee_that_makes_no_sense_is_refused() {
        let members: Vec<_> = (1..=3).map(|number| address(&key(number))).collect();
        for threshold in [0, 4] {
            assert_eq!(
                Committee::new(members.clone(), threshold),
                Err(CommitteeError::Threshold {
                    threshold,
                    members: 3
                })
            );
        }
        assert_eq!(
            Committee::new(vec![], 1),
            Err(CommitteeError::Threshold {
                threshold: 1,
                members: 0
            })
        );
        assert_eq!(
            Committee::new(vec![members[0], members[1], members[0]], 1),
            Err(CommitteeError::DuplicateMember { member: members[0] })
        );
        assert_eq!(
            Committee::new(vec![members[0], Address::ZERO], 1),
            Err(CommitteeError::ZeroMember { index: 1 })
        );
        let json = serde_json::json!({ "members": members, "threshold": 4 });
        assert!(serde_json::from_value::<Committee>(json).is_err());
    }

    #[test]
    fn no_more_members_than_a_byte_can_count() {
        let members =
            |count: u16| (1..=count).map(|n| Address::left_padding_from(&n.to_be_bytes()));
        assert!(Committee::new(members(255).collect(), 128).is_ok());
        assert_eq!(
            Committee::new(members(256).collect(), 129),
            Err(CommitteeError::TooMany { members: 256 })
        );
    }

    #[test]
    fn a_majority_of_several_makes_a_strong_committee() {
        let least = [0, 1, 2, 3, 4, 5, 7, 255].map(Committee::least_threshold);
        assert_eq!(least, [2, 2, 2, 2, 3, 3, 4, 128]);
        for (threshold, members, strong) in [
            (1, 1, false),
            (1, 2, false),
            (2, 2, true),
            (2, 3, true),
            (2, 4, false),
            (3, 5, true),
        ] {
            assert_eq!(
                committee_of(members, threshold).is_strong(),
                strong,
                "{threshold} of {members}"
            );
        }
    }

    #[test]
    fn a_proof_holds_as_many_signatures_as_needed_by_rising_address() {
        let committee = committee_of(5, 3);
        let signatures: Vec<_> = (1..=5).map(|number| sign(&key(number), digest())).collect();
        let proof = assemble(&committee, &signatures).unwrap();
        let mut lowest = committee.members().to_vec();
        lowest.sort_unstable();
        assert_eq!(signers(&proof), lowest[..3]);
        assert_eq!(proof.data, Bytes::from_static(b"data"));
    }

    #[test]
    fn what_is_no_members_signature_of_this_digest_does_not_count() {
        let committee = committee_of(3, 2);
        let one = sign(&key(1), digest());
        let worthless = [
            one,
            mirrored(&sign(&key(2), digest())),
            sign(&key(2), keccak256("something else")),
            sign(&key(9), digest()),
            Signature65::ZERO,
        ];
        let mut given = vec![one];
        given.extend(worthless);
        let error = assemble(&committee, &given).unwrap_err();
        let missing = vec![address(&key(2)), address(&key(3))];
        assert_eq!(
            error,
            NotEnough {
                have: 1,
                need: 2,
                missing
            }
        );

        given.push(sign(&key(3), digest()));
        assert_eq!(assemble(&committee, &given).unwrap().signatures.len(), 2);
    }

    #[test]
    fn the_proof_does_not_depend_on_which_of_a_members_signatures_came_first() {
        let committee = committee_of(1, 1);
        let mut given: Vec<_> = (2..9)
            .map(|nonce| sign_with_nonce(&key(1), digest(), nonce))
            .collect();
        let proof = assemble(&committee, &given).unwrap();
        given.reverse();
        assert_eq!(assemble(&committee, &given), Ok(proof.clone()));
        given.rotate_left(3);
        assert_eq!(assemble(&committee, &given), Ok(proof));
    }

    #[test]
    fn signatures_of_a_wrong_length_do_not_count() {
        let committee = committee_of(1, 1);
        let signature = sign(&key(1), digest());
        let long = [signature.as_slice(), &[0]].concat();
        let short = &signature[..64];
        for wrong in [&long[..], short, &[]] {
            assert!(committee.assemble(digest(), Bytes::new(), [wrong]).is_err());
        }
        assert!(
            committee
                .assemble(digest(), Bytes::new(), [&signature[..]])
                .is_ok()
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_proof_does_not_depend_on_the_order_or_number_of_copies(
            order in vec(1_u8..=6, 0..12),
            threshold in 1_u8..=4,
        ) {
            let committee = committee_of(4, threshold);
            let given: Vec<_> = order.iter().map(|&number| sign(&key(number), digest())).collect();
            let members: std::collections::BTreeSet<_> =
                order.iter().filter(|&&number| number <= 4).collect();
            let result = assemble(&committee, &given);
            prop_assert_eq!(result.is_ok(), members.len() >= usize::from(threshold));
            if let Err(NotEnough { have, need, missing }) = &result {
                prop_assert_eq!(*have, members.len());
                prop_assert_eq!(*need, usize::from(threshold));
                prop_assert_eq!(missing.len(), 4 - members.len());
            }
            let reversed: Vec<_> = given.iter().rev().copied().collect();
            prop_assert_eq!(assemble(&committee, &reversed), result);
        }
    }
}
