use crate::{Head, Leg, PerLeg, life::Swap};

impl Swap {
    /// Of a chain that could not be read, the older head still holds: what is reckoned from it is
    /// reckoned from when it was read. A head from the future would make an expiry look later than it is.
    pub(super) fn learn_heads(&mut self, heads: &PerLeg<Option<Head>>) {
        for leg in Leg::BOTH {
            if let Some(head) = heads.of(leg) {
                self.facts.legs.of_mut(leg).head = Head {
                    read_at: head.read_at.min(self.now),
                    ..*head
                };
            }
        }
    }
}
