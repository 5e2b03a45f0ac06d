use crate::{
    Role,
    life::{Phase, Spend, Swap},
};

impl Swap {
    /// Where the swap stands, by the strongest fact or intent.
    pub fn phase(&self) -> Phase {
        self.end().unwrap_or_else(|| self.on_the_way())
    }

    /// The end, once it is final.
    fn end(&self) -> Option<Phase> {
        let (ours, theirs) = (self.ours(), self.theirs());
        if theirs.settled() == Some(Spend::Claim) {
            let other_waits = self.role == Role::Initiator && ours.settled().is_none();
            return Some(if other_waits {
                Phase::Claim2Final
            } else {
                Phase::Done
            });
        }
        if ours.settled() == Some(Spend::Refund) {
            return Some(Phase::Refunded);
        }
        let taken = |spend| matches!(spend, Some(Spend::Refund | Spend::Unknown));
        if ours.settled() == Some(Spend::Claim) && taken(theirs.settled()) {
            return Some(Phase::Lost);
        }
        // A lock of ours that appears after its expiry is taken back at once.
        let gave_up = self.role == Role::Responder && self.intents.give_up;
        let never_locked = !ours.was_locked && (gave_up || self.has_expired(self.role.locks()));
        let nothing_to_claim = theirs.lock.is_none() || theirs.settled().is_some();
        let is_over = self.intents.claim.is_none() || nothing_to_claim;
        (never_locked && is_over).then_some(Phase::Cancelled)
    }

    fn on_the_way(&self) -> Phase {
        let (first, second) = (&self.facts.legs.first, &self.facts.legs.second);
        let claims = self.intents.claim.is_some();
        let refunds = self.ours().spent() == Some(Spend::Refund)
            || (self.ours().is_open() && (self.intents.refund || self.is_hopeless()));
        if refunds && !self.claim_is_pending() {
            Phase::Refunding
        } else if claims && self.role == Role::Initiator {
            Phase::RevealIntent
        } else if claims {
            Phase::Claim1Intent
        } else if second.lock_is_final() {
            Phase::Lock2Final
        } else if second.lock.is_some() || (self.role == Role::Responder && self.intents.lock) {
            Phase::Lock2Intent
        } else if first.lock_is_final() {
            Phase::Lock1Final
        } else if first.lock.is_some() || (self.role == Role::Initiator && self.intents.lock) {
            Phase::Lock1Intent
        } else {
            Phase::Negotiated
        }
    }
}
