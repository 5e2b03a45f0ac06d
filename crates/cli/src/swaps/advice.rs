use causeway_swap::{Advice, Expiry, Leg};

/// What a person can do about it.
pub(crate) fn advise(advice: Advice, leg: Leg, until: Expiry) -> String {
    match advice {
        Advice::WrongLock => format!(
            "what was presented as the lock of the {leg} is another: nothing is locked or shown for it; the other party can take it back from {until} on"
        ),
        Advice::DuplicateLock => format!(
            "the {leg} was locked twice: only the first is looked after; whoever made the second can take it back from {until} on"
        ),
        Advice::FinalBlockGone => format!(
            "the chain of the {leg} has taken back a block that counted as final: ask for more confirmations there, and look at this swap until {until}"
        ),
        Advice::UnknownSpend => {
            format!("the lock of the {leg} was spent in a way that cannot be explained: look at it")
        }
        Advice::ClaimIsLate => format!(
            "our claim of the {leg} is not in a block and can be raced from {until} on: see that nodes take it, and raise fee_cap if fees are high"
        ),
        Advice::BothLegsLost => {
            format!(
                "the {leg} did not come to us although ours is gone: an assumption in [swaps] did not hold"
            )
        }
    }
}
