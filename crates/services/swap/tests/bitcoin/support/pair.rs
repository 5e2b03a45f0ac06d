use bitcoin::{
    ScriptBuf,
    hashes::{Hash as _, sha256},
};
use causeway_bitcoin::{HashTimeLock, LockTerms, Network};
use causeway_swap::{Expiry, LockForm};
use causeway_swap_service::{Lock, Locked};

/// One lock, as each party has it.
pub(crate) struct Pair {
    pub(crate) alice: Lock,
    pub(crate) bob: Lock,
}

impl Pair {
    pub(crate) fn expiry(&self) -> u64 {
        match self.alice.terms.expiry {
            Expiry::Height(height) => height,
            Expiry::Time(time) => panic!("{time:?}"),
        }
    }

    pub(crate) fn for_alice<'a>(&'a self, at: &'a str) -> Locked<'a> {
        let lock = &self.alice;
        Locked { lock, at }
    }

    pub(crate) fn for_bob<'a>(&'a self, at: &'a str) -> Locked<'a> {
        let lock = &self.bob;
        Locked { lock, at }
    }

    /// The script of the lock.
    pub(crate) fn script(&self, network: &'static Network) -> ScriptBuf {
        let terms = &self.alice.terms;
        let terms = LockTerms {
            network,
            form: match terms.form {
                LockForm::Taproot => causeway_bitcoin::LockForm::Taproot,
                _ => causeway_bitcoin::LockForm::WitnessScript,
            },
            hash: sha256::Hash::from_byte_array(self.alice.hash_lock.hash().0),
            claim_key: terms.claimer.address().parse().unwrap(),
            refund_key: terms.refunder.address().parse().unwrap(),
            refund_height: u32::try_from(self.expiry()).unwrap(),
        };
        HashTimeLock::new(terms).unwrap().script_pubkey()
    }
}
