use std::sync::atomic::{AtomicU64, Ordering};

use crate::ProblemKind;

/// How often an attestor signed, and how often it did not, by reason. Counted since the start of the
/// process.
#[derive(Debug, Default)]
pub struct AttestorStats {
    signed: AtomicU64,
    failed: [AtomicU64; ProblemKind::ALL.len()],
}

impl AttestorStats {
    /// Requests answered with signatures.
    pub fn signed(&self) -> u64 {
        self.signed.load(Ordering::Relaxed)
    }

    /// Requests that would have contradicted something signed before.
    pub fn refused(&self) -> u64 {
        self.failed(ProblemKind::RefusedConflict)
    }

    /// Requests that ended with this problem.
    pub fn failed(&self, kind: ProblemKind) -> u64 {
        self.failed[kind as usize].load(Ordering::Relaxed)
    }

    /// Every outcome with its count: `signed`, then the kinds of problem by their stable words.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let failed = ProblemKind::ALL
            .into_iter()
            .map(|kind| (kind.slug(), self.failed(kind)));
        std::iter::once(("signed", self.signed())).chain(failed)
    }

    pub(crate) fn count_signed(&self) {
        self.signed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_failed(&self, kind: ProblemKind) {
        self.failed[kind as usize].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_counted_under_its_own_name() {
        let stats = AttestorStats::default();
        stats.count_signed();
        for (times, kind) in (2..).zip(ProblemKind::ALL) {
            (0..times).for_each(|_| stats.count_failed(kind));
        }
        let counts: Vec<u64> = stats.outcomes().map(|(_, count)| count).collect();
        assert_eq!(counts, (1..=19).collect::<Vec<_>>());
        assert!(
            stats
                .outcomes()
                .any(|outcome| outcome == ("refused-conflict", stats.refused()))
        );
    }
}
