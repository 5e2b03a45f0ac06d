/// With so many logs in one answer, fewer blocks are asked for: memory is to hold few logs at a time,
/// however many there are to be read.
const MANY: usize = 1_000;

/// How many blocks to ask for at once: more while answers come and are short, half after a refusal or
/// a long answer.
#[derive(Debug)]
pub(super) struct AdaptiveRange {
    size: u64,
    max: u64,
    refused_before: bool,
}

impl AdaptiveRange {
    const FIRST: u64 = 8;

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

    /// An answer with so many logs came. Doubles until the first refusal; from then on the limit is
    /// near and steps are small.
    pub(super) fn succeeded(&mut self, logs: usize) {
        if logs > MANY {
            self.size = (self.size / 2).max(1);
        }
        if logs > MANY / 2 {
            return;
        }
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
        let mut range = AdaptiveRange::new(50);
        let mut seen = vec![range.size()];
        for _ in 0..3 {
            range.succeeded(0);
            seen.push(range.size());
        }
        assert_eq!(seen, [8, 16, 32, 50]);
        assert!(range.refused());
        assert_eq!(range.size(), 25);
        range.succeeded(0);
        assert_eq!(range.size(), 28);
        for _ in 0..10 {
            range.refused();
        }
        assert_eq!(range.size(), 1);
        assert!(!range.refused());
    }

    #[test]
    fn a_range_shrinks_while_answers_are_long() {
        let mut range = AdaptiveRange::new(1_000);
        range.succeeded(MANY + 1);
        range.succeeded(MANY + 1);
        assert_eq!(range.size(), 2);
        range.succeeded(MANY);
        assert_eq!(range.size(), 2, "long enough");
        range.succeeded(MANY / 2);
        assert_eq!(range.size(), 4);
        for _ in 0..10 {
            range.succeeded(10 * MANY);
        }
        assert_eq!(range.size(), 1);
    }
}
