use crate::{
    Role,
    life::{Effect, Spend, Swap},
    rule::Rule,
};

impl Swap {
    /// Our signature under the other party's claim of what we locked. Nobody gets it who could not claim
    /// without it, or from whom we have not got what we were promised.
    pub(super) fn cosign_claim(&self) -> Option<Effect> {
        let allowed = match self.role {
            Role::Initiator => Rule::CosignAfterClaim.allows(self.second_is_claimed()),
            Role::Responder => Rule::CosignKnowingSecret
                .allows(self.facts.secret.is_some() && self.claim_is_pending()),
        };
        let wanted = self.facts.said.asks_to_claim && self.ours().is_open() && allowed;
        wanted.then_some(Effect::CosignClaim {
            leg: self.role.locks(),
        })
    }

    /// Our signature that gives the other leg back at once. It is the end of the swap: what we have not
    /// locked or shown by then we never will.
    pub(super) fn consent_to_refund(&self) -> Option<Effect> {
        let is_back = self.ours().settled() == Some(Spend::Refund);
        let allowed = self.intents.give_up || (self.role == Role::Responder && is_back);
        let wanted = self.facts.said.asks_for_refund && self.theirs().is_open() && allowed;
        wanted.then_some(Effect::ConsentToRefund {
            leg: self.role.claims(),
        })
    }

    /// Whether to give up the other leg now: when asked to, or when we take ours back by consent, and
    /// only while nothing can be taken from us for it.
    pub(super) fn may_give_up(&self) -> bool {
        let takes_back = matches!(self.refund(), Some(Effect::RefundTogether { .. }));
        let asked = self.facts.said.asks_for_refund && self.theirs().is_open();
        let nothing_at_stake = match self.role {
            Role::Initiator => self.intents.claim.is_none(),
            Role::Responder => !self.intents.lock,
        };
        nothing_at_stake && (asked || takes_back)
    }
}
