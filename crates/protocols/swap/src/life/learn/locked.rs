use causeway_types::BlockRef;

use crate::{
    Amount, Leg,
    life::{Seen, Swap, WrongLock},
    rule::Rule,
};

impl Swap {
    /// A lock that holds another amount is none: neither is the second leg locked for it, nor the secret
    /// shown.
    pub(super) fn learn_lock(&mut self, leg: Leg, lock: String, amount: Amount, block: BlockRef) {
        let expected = self.terms.legs.of(leg).amount;
        let facts = self.facts.legs.of_mut(leg);
        if !Rule::RightLock.allows(amount == expected) {
            let found = amount;
            facts.wrong = Some(WrongLock::Amount { expected, found });
            return;
        }
        match &facts.lock {
            Some(seen) if seen.is_in(block.hash) && seen.what == lock => return,
            Some(seen) if seen.what != lock => {
                facts.duplicate = Some(lock);
                return;
            }
            // It moved to another block, although blocks that are final do not go.
            Some(seen) if seen.is_final => facts.final_block_gone = true,
            _ => {}
        }
        facts.was_locked = true;
        facts.lock = Some(Seen::new(lock, block));
    }
}
