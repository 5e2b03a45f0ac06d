use causeway_types::Timestamp;

use crate::{
    Leg, Role,
    life::{Effect, Spend, Swap},
    rule::Rule,
};

impl Swap {
    /// Whether to claim from now on. To the initiator that is the decision to show the secret.
    pub(super) fn may_begin_claim(&self) -> bool {
        if self.facts.secret_is_out {
            return true;
        }
        self.role == Role::Initiator
            && !self.facts.stopped
            && Rule::GivingUpIsFinal.allows(!self.intents.give_up)
            && self.theirs().is_open()
            && self.theirs().lock_is_final()
            && Rule::RevealInTime.allows(self.is_in_time_to_reveal())
    }

    /// The claim, while there is something to claim: before the expiry and after it, until somebody has
    /// spent the lock.
    pub(super) fn claim(&self) -> Option<Effect> {
        self.intents.claim?;
        let secret = self.facts.secret.clone()?;
        let is_late = self.role == Role::Initiator && !self.is_in_time_to_reveal();
        if !Rule::RevealedForEver.holds() && is_late {
            return None;
        }
        if !Rule::ClaimBeforeRefund.holds() && self.intents.refund {
            return None;
        }
        let leg = self.role.claims();
        if self.theirs().lock.is_none() {
            let gone = self.theirs().was_locked && self.theirs().spend.is_none();
            return gone.then_some(Effect::Rebroadcast { leg });
        }
        if !self.theirs().is_open() {
            return None;
        }
        if self.now < self.claim_alone_from() {
            return Some(Effect::AskToClaim { leg, secret });
        }
        let before = self.terms.legs.of(leg).expiry;
        Some(Effect::Claim {
            leg,
            secret,
            before,
        })
    }

    /// From when on the claim does not wait for the other party's signature.
    pub(super) fn claim_alone_from(&self) -> Timestamp {
        let leg = self.role.claims();
        let together = self.terms.legs.of(leg).form.can_claim_together();
        let Some(since) = self
            .intents
            .claim
            .filter(|_| together && self.facts.said.ready_to_cosign)
        else {
            return Timestamp::default();
        };
        let chain = self.chain(leg);
        let needed = chain
            .inclusion()
            .saturating_add(chain.settling())
            .saturating_add(chain.skew())
            .saturating_add(self.timing.restart_secs);
        let cooperation = self.timing.cooperation;
        let margin = cooperation.script_path_secs.max(needed);
        let last = self.earliest_expiry(leg).as_secs().saturating_sub(margin);
        since
            .plus_secs(cooperation.wait_secs)
            .min(Timestamp::from_secs(last))
    }

    /// Whether the other leg is ours, or still can be.
    pub(super) fn claim_is_pending(&self) -> bool {
        let theirs = self.theirs();
        self.intents.claim.is_some() && (theirs.is_open() || theirs.spent() == Some(Spend::Claim))
    }

    /// Whether the initiator has claimed the second leg for good.
    pub(super) fn second_is_claimed(&self) -> bool {
        self.facts.legs.of(Leg::Second).settled() == Some(Spend::Claim)
    }
}
