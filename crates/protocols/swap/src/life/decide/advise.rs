use crate::{
    Leg,
    life::{Advice, Effect, Phase, Spend, Swap},
};

impl Swap {
    /// What a person should know now, each thing until the leg's expiry that it is about.
    pub(super) fn advise(&self) -> Vec<Effect> {
        let mut advice = Vec::new();
        for leg in Leg::BOTH {
            let facts = self.facts.legs.of(leg);
            if facts.wrong.is_some() && facts.lock.is_none() {
                advice.push((Advice::WrongLock, leg));
            }
            if facts.duplicate.is_some() {
                advice.push((Advice::DuplicateLock, leg));
            }
            if facts.final_block_gone {
                advice.push((Advice::FinalBlockGone, leg));
            }
            if facts.spent() == Some(Spend::Unknown) {
                advice.push((Advice::UnknownSpend, leg));
            }
        }
        if self.claim_is_late() {
            advice.push((Advice::ClaimIsLate, self.role.claims()));
        }
        if self.phase() == Phase::Lost {
            advice.push((Advice::BothLegsLost, self.role.claims()));
        }
        let effect = |(advice, leg)| Effect::Advise {
            advice,
            leg,
            until: self.terms.legs.of(leg).expiry,
        };
        advice.into_iter().map(effect).collect()
    }

    fn claim_is_late(&self) -> bool {
        let chain = self.chain(self.role.claims());
        let last = self
            .now
            .plus_secs(chain.inclusion())
            .plus_secs(chain.skew());
        self.intents.claim.is_some()
            && self.theirs().is_open()
            && last >= self.earliest_expiry(self.role.claims())
    }
}
