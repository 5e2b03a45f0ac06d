use crate::{Secret, life::Swap};

impl Swap {
    /// A secret proves itself. Once seen it stays known, whatever becomes of the block that showed it.
    ///
    /// The initiator, who sees it outside, has shown it, whatever the store says: it may be an old copy.
    pub(super) fn learn_secret(&mut self, secret: Secret) {
        if self.terms.hash_lock.is_opened_by(&secret) {
            self.facts.secret = Some(secret);
            self.facts.secret_is_out = true;
        }
    }
}
