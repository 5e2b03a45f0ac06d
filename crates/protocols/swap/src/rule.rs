//! The rules that a swap's safety rests on, by name.
//!
//! Each is asked for where it decides. In tests one of them can be taken away, so that the simulation
//! shows what it is there for; in the program they are nothing but the conditions themselves.

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The responder locks only once the first leg is final.
    LockAfterFinal,
    /// The responder checks the expiries again before locking.
    RecheckBeforeLock,
    /// The secret is shown only while there is time for the claim to become final.
    RevealInTime,
    /// That time includes a restart between the decision and the broadcast.
    SurvivesRestart,
    /// What was decided about the secret is never taken back.
    RevealedForEver,
    /// Once the secret is out, claiming comes before taking back, whatever was decided before.
    ClaimBeforeRefund,
    /// The responder signs a claim of the second leg only when knowing the secret.
    CosignKnowingSecret,
    /// The initiator signs a claim of the first leg only after having claimed the second for good.
    CosignAfterClaim,
    /// Who gave up a leg that is to be claimed never locks or shows the secret afterwards.
    GivingUpIsFinal,
    /// A lock counts only if it is what was agreed on.
    RightLock,
}

impl Rule {
    /// What the rule says, unless it was taken away.
    pub(crate) fn allows(self, condition: bool) -> bool {
        condition || self.is_taken_away()
    }

    /// Whether the rule is there.
    pub(crate) fn holds(self) -> bool {
        !self.is_taken_away()
    }

    /// A span that the rule asks for, or none if it was taken away.
    pub(crate) fn secs(self, secs: u64) -> u64 {
        if self.is_taken_away() { 0 } else { secs }
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests ask which rule")]
    const fn is_taken_away(self) -> bool {
        false
    }

    #[cfg(test)]
    fn is_taken_away(self) -> bool {
        without::TAKEN_AWAY.get() == Some(self)
    }
}

#[cfg(test)]
pub(crate) mod without {
    use std::cell::Cell;

    use super::Rule;

    std::thread_local! {
        pub(super) static TAKEN_AWAY: Cell<Option<Rule>> = const { Cell::new(None) };
    }

    /// Runs with a rule taken away, on this thread.
    pub(crate) fn rule<T>(rule: Option<Rule>, run: impl FnOnce() -> T) -> T {
        TAKEN_AWAY.set(rule);
        let result = run();
        TAKEN_AWAY.set(None);
        result
    }
}
