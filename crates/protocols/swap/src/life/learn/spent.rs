use causeway_types::BlockRef;

use crate::{
    Leg,
    life::{Seen, Spend, SpentBy, Swap},
};

impl Swap {
    pub(super) fn learn_spend(&mut self, leg: Leg, by: SpentBy, block: BlockRef) {
        let spend = match by {
            // Nobody signs a claim of the second leg together with a party who does not know the secret.
            SpentBy::Claim { secret: None } if leg == Leg::Second && !self.knows_secret() => {
                Spend::Unknown
            }
            SpentBy::Claim { secret: None } => Spend::Claim,
            SpentBy::Claim {
                secret: Some(secret),
            } => {
                if self.terms.hash_lock.is_opened_by(&secret) {
                    self.learn_secret(secret);
                    Spend::Claim
                } else {
                    Spend::Unknown
                }
            }
            SpentBy::Refund => Spend::Refund,
            SpentBy::Unknown => Spend::Unknown,
        };
        // The second leg cannot have been claimed by whoever keeps the secret.
        self.facts.secret_is_out |= leg == Leg::Second && spend == Spend::Claim;
        let facts = self.facts.legs.of_mut(leg);
        match &facts.spend {
            Some(seen) if seen.is_in(block.hash) && seen.what == spend => return,
            Some(seen) if seen.is_final => facts.final_block_gone = true,
            _ => {}
        }
        facts.spend = Some(Seen::new(spend, block));
    }

    const fn knows_secret(&self) -> bool {
        self.facts.secret.is_some()
    }
}
