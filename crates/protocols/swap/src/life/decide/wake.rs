use causeway_types::Timestamp;

use crate::{Leg, Role, life::Swap};

impl Swap {
    /// The next moment at which something may have to be decided although nothing was seen.
    pub(in crate::life) fn wake(&self) -> Option<Timestamp> {
        if self.phase().is_settled() {
            return None;
        }
        let chain = |leg: Leg| self.chain(leg);
        let mut moments = vec![self.claim_alone_from()];
        for leg in Leg::BOTH.into_iter().filter(|leg| !self.has_expired(*leg)) {
            // From its earliest moment on, the expiry may come with every block.
            let next_block = self.now.plus_secs(chain(leg).blocks().usual());
            let earliest = self.earliest_expiry(leg);
            moments.push(if earliest > self.now {
                earliest
            } else {
                next_block
            });
            // What was refused by an old head may be accepted by a new one.
            let may_yet_lock = self.role == Role::Responder && !self.intents.lock;
            if may_yet_lock && self.theirs().lock_is_final() {
                moments.push(next_block);
            }
        }
        // When a claim begins to be late.
        let claims = self.role.claims();
        let margin = chain(claims)
            .inclusion()
            .saturating_add(chain(claims).skew());
        let late = self
            .earliest_expiry(claims)
            .as_secs()
            .saturating_sub(margin);
        moments.push(Timestamp::from_secs(late));
        if self.role == Role::Initiator {
            moments.push(self.latest_expiry(Leg::Second));
        }
        moments.into_iter().filter(|at| *at > self.now).min()
    }
}
