/// How many blocks to ask for at once: more while answers come, half after a refusal.
#[derive(Debug)]
pub(super) struct AdaptiveRange {
    size: u64,
    max: u64,
    refused_before: bool,
}

impl AdaptiveRange {
    const FIRST: u64 = 256;

    pub(super) fn new(max: u64) -> Self {
        Self {
            size: Self::FIRST.min(max).max(1),
            max,
            refused_before: false,
        }
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Doubles until the first refusal; from then on the limit is near and steps are small.
    pub(super) fn succeeded(&mut self) {
        let step = if self.refused_before {
            (self.size / 8).max(1)
        } else {
            self.size
        };
        self.size = self.size.saturating_add(step).min(self.max);
    }

    /// Whether asking for less makes sense.
    pub(super) fn refused(&mut self) -> bool {
        let smaller = self.size > 1;
        self.refused_before = true;
        self.size = (self.size / 2).max(1);
        smaller
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_grows_to_its_limit_and_halves_on_refusal() {
        let mut range = AdaptiveRange::new(1_000);
        let mut seen = vec![range.size()];
        for _ in 0..3 {
            range.succeeded();
            seen.push(range.size());
        }
        assert_eq!(seen, [256, 512, 1_000, 1_000]);
        assert!(range.refused());
        assert_eq!(range.size(), 500);
        range.succeeded();
        assert_eq!(range.size(), 562);
        for _ in 0..10 {
            range.refused();
        }
        assert_eq!(range.size(), 1);
        assert!(!range.refused());
    }
}
