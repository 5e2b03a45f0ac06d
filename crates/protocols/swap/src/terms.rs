use std::fmt;

use alloy_primitives::{Address, B256};
use causeway_types::{AccountId, AssetId, ChainId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Amount, Expiry, HashLock, Leg, PerLeg, QuoteId,
    canonical::{Canonical, digest},
};

/// All that two parties agree on, and sign, before anything moves.
///
/// As JSON, every value has one writing and unknown fields are refused. What is signed is
/// [`Terms::canonical`], so that spaces and the order of fields do not matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The quote that they follow from.
    pub quote: QuoteId,
    /// What the secret that opens both locks hashes to.
    pub hash_lock: HashLock,
    /// The two locks.
    pub legs: PerLeg<LegTerms>,
}

/// What is agreed about one lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegTerms {
    /// What is locked; says on which chain.
    pub asset: AssetId,
    /// How much of it.
    pub amount: Amount,
    /// How much of the chain's own coin is locked beside it, for the other party if the lock is taken
    /// back after its expiry. Contracts can do that, outputs of transactions cannot.
    pub bond: Amount,
    /// Who gets it with the secret.
    pub claimer: AccountId,
    /// Who gets it back after the expiry.
    pub refunder: AccountId,
    /// How it is locked.
    pub form: LockForm,
    /// From when on it can be taken back.
    pub expiry: Expiry,
}

/// What holds the locked asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockForm {
    /// A contract. The parties are accounts.
    Contract(AccountId),
    /// An output that both keys spend together, or either alone by its leaf (BIP-341). The parties are
    /// compressed public keys.
    Taproot,
    /// An output that names both branches in its script (BIP-141). The parties are compressed public
    /// keys.
    WitnessScript,
}

/// The hash that names a swap, and commits to all its terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SwapId(pub B256);

/// Why terms make no sense, whoever asks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TermsError {
    /// Both legs hold the same.
    #[error("both legs are of {asset}: there is nothing to exchange")]
    OneAsset {
        /// What they hold.
        asset: Box<AssetId>,
    },
    /// A leg holds nothing.
    #[error("the {leg} is of 0 units (expected more)")]
    Nothing {
        /// Which leg.
        leg: Leg,
    },
    /// A party or a contract on another chain than the asset.
    #[error("{account} has a part in the {leg} (expected an account on {expected})")]
    ForeignAccount {
        /// Which leg.
        leg: Leg,
        /// The asset's chain.
        expected: Box<ChainId>,
        /// The account that is elsewhere.
        account: Box<AccountId>,
    },
    /// An account that the form of the lock cannot pay to, or in a second writing.
    #[error("{account} has a part in the {leg} (expected {expected})")]
    Account {
        /// Which leg.
        leg: Leg,
        /// What the form needs.
        expected: &'static str,
        /// What is there.
        account: Box<AccountId>,
    },
    /// Claimer and refunder are one.
    #[error("{account} both claims the {leg} and takes it back (expected two parties)")]
    OneParty {
        /// Which leg.
        leg: Leg,
        /// Who.
        account: Box<AccountId>,
    },
    /// An output cannot hold a bond.
    #[error("the {leg} has a bond of {bond} (expected none: only a contract can hold one)")]
    Bond {
        /// Which leg.
        leg: Leg,
        /// How much.
        bond: Amount,
    },
}

impl Terms {
    /// The bytes that both parties sign.
    pub fn canonical(&self) -> Vec<u8> {
        let terms = Canonical::of("causeway/swap/terms/1")
            .field(self.quote.0.as_slice())
            .field(self.hash_lock.hash().as_slice());
        Leg::BOTH
            .into_iter()
            .fold(terms, |terms, leg| self.legs.of(leg).write(terms))
            .bytes()
    }

    /// The hash of [`Terms::canonical`].
    pub fn id(&self) -> SwapId {
        SwapId(digest(&self.canonical()))
    }

    /// Both expiries.
    pub fn expiries(&self) -> PerLeg<Expiry> {
        PerLeg {
            first: self.legs.first.expiry,
            second: self.legs.second.expiry,
        }
    }

    /// Whether the terms make sense in themselves.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self) -> Result<(), TermsError> {
        if self.legs.first.asset == self.legs.second.asset {
            let asset = self.legs.first.asset.clone().into();
            return Err(TermsError::OneAsset { asset });
        }
        Leg::BOTH
            .into_iter()
            .try_for_each(|leg| self.legs.of(leg).check(leg))
    }
}

impl LegTerms {
    fn write(&self, terms: Canonical) -> Canonical {
        let form = match &self.form {
            LockForm::Contract(contract) => contract.to_string(),
            LockForm::Taproot => "taproot".to_owned(),
            LockForm::WitnessScript => "witness_script".to_owned(),
        };
        terms
            .text(&self.asset)
            .text(&self.amount)
            .text(&self.bond)
            .text(&self.claimer)
            .text(&self.refunder)
            .text(&form)
            .text(&self.expiry)
    }

    fn check(&self, leg: Leg) -> Result<(), TermsError> {
        if self.amount == Amount::ZERO {
            return Err(TermsError::Nothing { leg });
        }
        let contract = match &self.form {
            LockForm::Contract(contract) => Some(contract),
            LockForm::Taproot | LockForm::WitnessScript => None,
        };
        for account in [&self.claimer, &self.refunder].into_iter().chain(contract) {
            if account.chain != *self.asset.chain() {
                return Err(TermsError::ForeignAccount {
                    leg,
                    expected: self.asset.chain().clone().into(),
                    account: account.clone().into(),
                });
            }
            if let Some(expected) = self.form.refuses(account) {
                return Err(TermsError::Account {
                    leg,
                    expected,
                    account: account.clone().into(),
                });
            }
        }
        if self.form.are_one(&self.claimer, &self.refunder) {
            let account = self.claimer.clone().into();
            return Err(TermsError::OneParty { leg, account });
        }
        if contract.is_none() && self.bond != Amount::ZERO {
            let bond = self.bond;
            return Err(TermsError::Bond { leg, bond });
        }
        Ok(())
    }
}

impl LockForm {
    /// Whether both parties can sign a claim together, so that it looks like any payment.
    pub const fn can_claim_together(&self) -> bool {
        matches!(self, Self::Taproot)
    }

    /// What a lock of this form would need in place of this account.
    fn refuses(&self, account: &AccountId) -> Option<&'static str> {
        let address = account.address();
        match self {
            Self::Contract(_) if account.chain.namespace() == "eip155" => {
                let checksummed = address.parse().ok().map(|of: Address| of.to_checksum(None));
                (checksummed.as_deref() != Some(address))
                    .then_some("an address with the checksum of EIP-55")
            }
            Self::Contract(_) => None,
            Self::Taproot | Self::WitnessScript => {
                let hex_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                let is_key = address.len() == 66
                    && matches!(&address[..2], "02" | "03")
                    && address.bytes().all(hex_digit);
                (!is_key).then_some("a compressed public key in lower-case hexadecimal")
            }
        }
    }

    /// Taproot knows keys by their x coordinate alone (BIP-340).
    fn are_one(&self, a: &AccountId, b: &AccountId) -> bool {
        match self {
            Self::Contract(_) => a == b,
            Self::Taproot | Self::WitnessScript => a.address().get(2..) == b.address().get(2..),
        }
    }
}

impl fmt::Display for SwapId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use causeway_types::Timestamp;

    use super::*;
    use crate::test_values::{self, account, key};

    /// Every field, changed alone.
    const CHANGES: [fn(&mut Terms); 9] = [
        |terms| terms.quote = QuoteId(B256::repeat_byte(9)),
        |terms| terms.hash_lock = HashLock::new(B256::repeat_byte(9)),
        |terms| terms.legs.second.asset = test_values::token(),
        |terms| terms.legs.first.amount = Amount::new(9),
        |terms| terms.legs.second.bond = Amount::new(9),
        |terms| terms.legs.first.claimer = key(9),
        |terms| terms.legs.second.refunder = account(9),
        |terms| terms.legs.first.form = LockForm::WitnessScript,
        |terms| terms.legs.second.expiry = Expiry::Time(Timestamp::from_secs(9)),
    ];

    #[test]
    fn every_field_counts_for_the_name_of_a_swap() {
        let terms = test_values::terms();
        for (field, change) in CHANGES.iter().enumerate() {
            let mut other = terms.clone();
            change(&mut other);
            assert_ne!(other.id(), terms.id(), "change {field}");
        }
        let mut swapped = terms.clone();
        swapped.legs = PerLeg {
            first: terms.legs.second.clone(),
            second: terms.legs.first.clone(),
        };
        assert_ne!(swapped.id(), terms.id());
    }

    #[test]
    fn the_name_of_a_swap_stays_what_it_is() {
        // Signed terms outlive the program that made them.
        let expected = "0x8a81d297606f8139b7776339d649c15451a09f3467ccbd44b8006bb7fb5293d5";
        assert_eq!(test_values::terms().id().to_string(), expected);
    }

    #[test]
    fn terms_are_read_strictly() {
        let terms = test_values::terms();
        let json = serde_json::to_string(&terms).unwrap();
        assert_eq!(serde_json::from_str::<Terms>(&json).unwrap(), terms);
        for (from, to) in [
            ("{\"quote\"", "{\"note\":1,\"quote\""),
            ("{\"asset\"", "{\"note\":1,\"asset\""),
            ("{\"asset\"", "{\"bond\":\"0\",\"asset\""),
            ("{\"first\"", "{\"third\":1,\"first\""),
            ("\"bond\":\"0\"", "\"bond\":\"00\""),
            ("\"bond\":\"0\"", "\"bond\":0"),
            ("{\"height\"", "{\"depth\""),
        ] {
            let other = json.replacen(from, to, 1);
            assert_ne!(other, json, "{from}");
            assert!(serde_json::from_str::<Terms>(&other).is_err(), "{other}");
        }
    }

    #[test]
    fn terms_that_make_no_sense_are_refused() {
        let refused = |change: fn(&mut Terms)| {
            let mut terms = test_values::terms();
            assert_eq!(terms.check(), Ok(()));
            change(&mut terms);
            terms.check().unwrap_err()
        };
        let error = refused(|terms| terms.legs.second.asset = terms.legs.first.asset.clone());
        assert!(matches!(error, TermsError::OneAsset { .. }));
        let error = refused(|terms| terms.legs.second.amount = Amount::ZERO);
        assert!(matches!(error, TermsError::Nothing { leg: Leg::Second }));
        let error = refused(|terms| terms.legs.first.bond = Amount::new(1));
        assert!(matches!(
            error,
            TermsError::Bond {
                leg: Leg::First,
                ..
            }
        ));
        let error = refused(|terms| terms.legs.first.claimer = account(1));
        assert!(matches!(error, TermsError::ForeignAccount { .. }));
        let error = refused(|terms| {
            let chain = ChainId::eip155(2);
            let contract = AccountId::new(chain, account(3).address()).unwrap();
            terms.legs.second.form = LockForm::Contract(contract);
        });
        assert!(matches!(error, TermsError::ForeignAccount { .. }));
        let error = refused(|terms| {
            let lower = account(0xab).address().to_ascii_lowercase();
            terms.legs.second.claimer = AccountId::new(account(1).chain, lower).unwrap();
        });
        assert!(matches!(error, TermsError::Account { .. }));
        let error = refused(|terms| {
            let chain = terms.legs.first.asset.chain().clone();
            terms.legs.first.claimer = AccountId::new(chain, "bc1qxy2kgdygjrsqtzq2n0yrf").unwrap();
        });
        assert!(matches!(error, TermsError::Account { .. }));
        let error = refused(|terms| terms.legs.second.claimer = terms.legs.second.refunder.clone());
        assert!(matches!(error, TermsError::OneParty { .. }));
        let error = refused(|terms| {
            let same_x = format!("03{}", &terms.legs.first.refunder.address()[2..]);
            let chain = terms.legs.first.asset.chain().clone();
            terms.legs.first.claimer = AccountId::new(chain, same_x).unwrap();
        });
        assert!(matches!(error, TermsError::OneParty { .. }));
    }
}
