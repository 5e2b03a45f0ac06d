use crate::{
    Leg, Role,
    life::{Effect, Swap},
    rule::Rule,
};

impl Swap {
    /// How our leg comes back, if it has to. A claim comes first: whoever takes back while the secret
    /// is out hands both legs to whoever is faster.
    pub(super) fn refund(&self) -> Option<Effect> {
        if !self.ours().is_open() {
            return None;
        }
        let leg = self.role.locks();
        if self.has_expired(leg) {
            let claim_is_over = !self.claim_is_pending() || self.facts.stopped;
            return Rule::ClaimBeforeRefund
                .allows(claim_is_over)
                .then_some(Effect::Refund { leg });
        }
        if self.facts.said.consents_to_refund && self.intents.claim.is_none() {
            return Some(Effect::RefundTogether { leg });
        }
        self.is_hopeless().then_some(Effect::AskForRefund { leg })
    }

    /// Whether the swap cannot come about any more, as far as we can tell or want.
    pub(super) fn is_hopeless(&self) -> bool {
        if self.intents.claim.is_some() {
            return false;
        }
        let too_late = self.role == Role::Initiator && self.now >= self.latest_expiry(Leg::Second);
        too_late || self.facts.stopped || self.intents.give_up
    }
}
