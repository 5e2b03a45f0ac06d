//! What is said before there is a swap: offers, quotes, proposals, acceptances.

use causeway_swap::{Amount, HashLock, LockForm, Offer, PerLeg, Quote, QuoteId, SwapId, Terms};
use causeway_types::AccountId;
use serde::{Deserialize, Serialize};

use crate::identity::{PeerId, PeerSignature, Statement, WrongSignature};

/// What a maker offers, and who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offers {
    /// Who signs for the maker.
    pub maker: PeerId,
    /// What it offers now.
    pub offers: Vec<SignedOffer>,
}

/// An offer that its maker stands by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedOffer {
    /// Its name, which commits to all of it.
    pub id: QuoteId,
    /// What is offered.
    pub offer: Offer,
    /// The maker's signature.
    pub signature: PeerSignature,
}

/// Asks for exact amounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
    /// The offer.
    pub offer: QuoteId,
    /// How much the maker is to give.
    pub gives: Amount,
}

/// Exact amounts that a maker stands by, and what terms need of the maker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedQuote {
    /// The amounts.
    pub quote: Quote,
    /// Who the maker is on either chain.
    pub accounts: PerLeg<AccountId>,
    /// How the maker makes and expects locks on either chain.
    pub forms: PerLeg<LockForm>,
    /// The hash of the maker's secret, if the maker is to be the initiator.
    pub hash_lock: Option<HashLock>,
    /// The maker's signature.
    pub signature: PeerSignature,
}

/// Terms that a taker has signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Who signs for the taker.
    pub taker: PeerId,
    /// The terms.
    pub terms: Terms,
    /// Whether the taker would sign claims together.
    pub cosigns: bool,
    /// The taker's signature.
    pub signature: PeerSignature,
}

/// A maker's agreement to what a taker has proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The swap that it is about.
    pub swap: SwapId,
    /// Whether the maker would sign claims together.
    pub cosigns: bool,
    /// The maker's signature under the terms.
    pub signature: PeerSignature,
}

impl SignedOffer {
    /// What is signed.
    pub(crate) fn statement(offer: &Offer) -> Statement {
        Statement::new("causeway/swap/offer", &[&offer.canonical()])
    }

    /// Whether the maker stands by it, under its right name.
    pub(crate) fn check(&self, maker: PeerId) -> Result<(), WrongSignature> {
        if self.id != self.offer.id() {
            return Err(WrongSignature { by: maker });
        }
        maker.check(&Self::statement(&self.offer), &self.signature)
    }
}

impl SignedQuote {
    /// What is signed: amounts, accounts, forms and the hash lock, so that nobody on the way can put
    /// other accounts in.
    pub(crate) fn statement(
        quote: &Quote,
        accounts: &PerLeg<AccountId>,
        forms: &PerLeg<LockForm>,
        hash_lock: Option<HashLock>,
    ) -> Statement {
        let form = |form: &LockForm| format!("{form:?}");
        let hash_lock = hash_lock.map(|lock| lock.to_string()).unwrap_or_default();
        Statement::new(
            "causeway/swap/quote",
            &[
                &quote.canonical(),
                accounts.first.to_string().as_bytes(),
                accounts.second.to_string().as_bytes(),
                form(&forms.first).as_bytes(),
                form(&forms.second).as_bytes(),
                hash_lock.as_bytes(),
            ],
        )
    }

    pub(crate) fn check(&self, maker: PeerId) -> Result<(), WrongSignature> {
        let statement = Self::statement(&self.quote, &self.accounts, &self.forms, self.hash_lock);
        maker.check(&statement, &self.signature)
    }
}

/// What both parties sign under: the terms, who proposes and who accepts.
pub(crate) fn agreement(terms: &Terms, maker: PeerId, taker: PeerId) -> Statement {
    Statement::new(
        "causeway/swap/agreement",
        &[
            &terms.canonical(),
            maker.to_string().as_bytes(),
            taker.to_string().as_bytes(),
        ],
    )
}
