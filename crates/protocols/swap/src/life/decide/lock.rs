use crate::{
    Role,
    life::{Effect, Swap},
    rule::Rule,
};

impl Swap {
    /// Whether to decide to lock our leg.
    pub(super) fn may_lock(&self) -> bool {
        let (expiries, heads) = (self.terms.expiries(), self.heads());
        let checked = match self.role {
            Role::Initiator => self.timing.check_at_acceptance(&expiries, &heads, self.now),
            Role::Responder => self.timing.check_before_lock(&expiries, &heads, self.now),
        };
        self.may_go_on() && Rule::RecheckBeforeLock.allows(checked.is_ok())
    }

    /// The lock, until it is in a block, as long as the swap can still come about. What was never sent
    /// need not be sent late; what was sent may be in a block at any time, and comes back then.
    pub(super) fn publish_lock(&self) -> Option<Effect> {
        let (expiries, heads) = (self.terms.expiries(), self.heads());
        let first_is_final = self.role == Role::Responder;
        let in_time = self
            .timing
            .check_window(first_is_final, &expiries, &heads, self.now);
        let wanted = self.intents.lock
            && self.ours().lock.is_none()
            && self.may_go_on()
            && Rule::RecheckBeforeLock.allows(in_time.is_ok());
        wanted.then_some(Effect::PublishLock {
            leg: self.role.locks(),
        })
    }

    fn may_go_on(&self) -> bool {
        let other_leg_stays = match self.role {
            Role::Initiator => true,
            Role::Responder => {
                self.theirs().is_open()
                    && Rule::LockAfterFinal.allows(self.theirs().lock_is_final())
                    && !self.facts.said.asks_for_refund
            }
        };
        let is_wanted = !self.facts.stopped && !self.facts.secret_is_out;
        is_wanted && other_leg_stays && Rule::GivingUpIsFinal.allows(!self.intents.give_up)
    }
}
