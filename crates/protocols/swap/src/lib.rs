//! Atomic swaps without I/O: offers and terms, time-locks, and what each party has to do when.
//!
//! Two parties who do not trust each other exchange assets on two chains. The initiator makes a secret
//! and locks first; the responder locks second, under the hash of the same secret and with an earlier
//! expiry; the initiator's claim shows the secret, with which the responder claims. Whatever crashes,
//! whoever vanishes, each honest party ends with its own coins or with the other's.

mod amount;
mod canonical;
mod expiry;
mod leg;
mod life;
mod offer;
mod policy;
mod price;
mod rule;
mod secret;
#[cfg(test)]
mod simulation;
mod terms;
#[cfg(test)]
mod test_values;
mod timing;

pub use amount::{Amount, ParseAmountError};
pub use expiry::{Expiry, Head};
pub use leg::{Leg, PerLeg, Role};
pub use life::{
    Advice, BeginError, Effect, Facts, Input, Intents, LegFacts, Message, Phase, Said, Seen, Spend,
    SpentBy, Swap, Transition, WrongLock,
};
pub use offer::{Offer, Quote, QuoteError, QuoteId};
pub use policy::{ChainPolicy, Policy, Proposal, Refusal};
pub use price::{Price, PriceError, PriceOverflow};
pub use secret::{HashLock, Secret, ShortSeed};
pub use terms::{LegTerms, LockForm, SwapId, Terms, TermsError};
pub use timing::{
    Assumed, BlockTimes, ChainTiming, Cooperation, Inequality, Shortfall, Span, SwapTiming,
    TimingError, schedules,
};
