//! The ways to spend a lock: with the secret, after the height, or by both parties together.

use bitcoin::{
    Amount, EcdsaSighashType, FeeRate, OutPoint, Script, ScriptBuf, Sequence, TapSighashType,
    Transaction, TxIn, TxOut, Txid, Witness,
    absolute::LockTime,
    hashes::Hash as _,
    key::Keypair,
    secp256k1::{Message, PublicKey, SecretKey, schnorr},
    sighash::{Prevouts, SighashCache},
    taproot::LeafVersion,
    transaction::Version,
};
use serde::{Deserialize, Serialize};

use super::{
    HashTimeLock, LockError, SignedTx,
    output::{Scripts, leaf_hash},
    signed::{after_fee, fee_for, vsize},
};
use crate::{Secret, curve::CURVE};

/// The bytes of a Schnorr signature over everything (BIP-340, BIP-341).
const SCHNORR: usize = 64;
/// The bytes of an ECDSA signature with a small R and S, and the byte that says what is signed.
const ECDSA: usize = 71;

/// What stands in a witness in place of a secret that is not known yet.
const BLANK: [u8; 32] = [0; 32];

/// A lock's output on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedCoin {
    /// Where it is.
    pub outpoint: OutPoint,
    /// What it holds.
    pub value: Amount,
}

/// A transaction that both parties have to sign together. Either builds it from the same coin, payee
/// and rate, and signs only what it has built itself.
#[derive(Clone, Debug)]
pub struct CooperativeSpend {
    tx: Transaction,
    fee: Amount,
    sighash: [u8; 32],
}

/// What opens the lock: which branch, whose key.
enum Branch<'secret> {
    Claim(&'secret Secret),
    Refund,
}

impl HashTimeLock {
    /// The transaction that claims the coin with the secret and the claim key.
    ///
    /// # Errors
    /// When the key or the secret is another than the lock's, or when the fee leaves too little.
    pub fn claim(
        &self,
        coin: LockedCoin,
        secret: &Secret,
        key: &SecretKey,
        to: &Script,
        rate: FeeRate,
    ) -> Result<SignedTx, LockError> {
        let (expected, got) = (self.terms().hash, secret.hash());
        if expected != got {
            return Err(LockError::WrongSecret { expected, got });
        }
        check_key(self.terms().claim_key, key)?;
        self.spend_alone(coin, &Branch::Claim(secret), key, to, rate)
    }

    /// A claim that lacks nothing but the secret: signatures do not cover it. Whoever is given this can
    /// claim for us once the secret is out, to where we want it, and can do nothing else with it.
    ///
    /// # Errors
    /// When the key is another than the lock's, or when the fee leaves too little.
    pub fn claim_without_secret(
        &self,
        coin: LockedCoin,
        key: &SecretKey,
        to: &Script,
        rate: FeeRate,
    ) -> Result<SignedTx, LockError> {
        check_key(self.terms().claim_key, key)?;
        let blank = Secret::from_bytes(BLANK);
        self.spend_alone(coin, &Branch::Claim(&blank), key, to, rate)
    }

    /// Completes a [claim without its secret](Self::claim_without_secret).
    ///
    /// # Errors
    /// When the secret is another than the lock's, or when the claim has no place for one.
    pub fn with_secret(&self, claim: &SignedTx, secret: &Secret) -> Result<SignedTx, LockError> {
        let (expected, got) = (self.terms().hash, secret.hash());
        if expected != got {
            return Err(LockError::WrongSecret { expected, got });
        }
        let mut complete = claim.clone();
        let mut is_complete = false;
        for input in &mut complete.tx.input {
            let mut items = input.witness.to_vec();
            if let Some(blank) = items.get_mut(1).filter(|item| **item == BLANK) {
                *blank = secret.to_bytes().to_vec();
                is_complete = true;
            }
            input.witness = Witness::from_slice(&items);
        }
        is_complete
            .then_some(complete)
            .ok_or(LockError::NoPlaceForSecret)
    }

    /// The transaction that takes the coin back with the refund key. Nodes take it once the chain has
    /// reached the refund height, and not before.
    ///
    /// # Errors
    /// When the key is another than the lock's, or when the fee leaves too little.
    pub fn refund(
        &self,
        coin: LockedCoin,
        key: &SecretKey,
        to: &Script,
        rate: FeeRate,
    ) -> Result<SignedTx, LockError> {
        check_key(self.terms().refund_key, key)?;
        self.spend_alone(coin, &Branch::Refund, key, to, rate)
    }

    /// The transaction that both parties sign together, which is the smallest.
    ///
    /// # Errors
    /// When the lock is not of the taproot form, or when the fee leaves too little.
    pub fn cooperative_spend(
        &self,
        coin: LockedCoin,
        to: &Script,
        rate: FeeRate,
    ) -> Result<CooperativeSpend, LockError> {
        self.taproot()?;
        let dummy = Witness::from_slice(&[[0; SCHNORR]]);
        let (tx, fee) = self.unsigned(coin, to, rate, LockTime::ZERO, dummy)?;
        let locked = [self.locked_output(coin)];
        let sighash = SighashCache::new(&tx).taproot_key_spend_signature_hash(
            0,
            &Prevouts::All(&locked),
            TapSighashType::Default,
        )?;
        let sighash = sighash.to_byte_array();
        Ok(CooperativeSpend { tx, fee, sighash })
    }

    fn spend_alone(
        &self,
        coin: LockedCoin,
        branch: &Branch<'_>,
        key: &SecretKey,
        to: &Script,
        rate: FeeRate,
    ) -> Result<SignedTx, LockError> {
        let dummy: &[u8] = match &self.scripts {
            Scripts::Taproot(_) => &[0; SCHNORR],
            Scripts::WitnessScript(_) => &[0; ECDSA],
        };
        let lock_time = match branch {
            Branch::Claim(_) => LockTime::ZERO,
            Branch::Refund => LockTime::from_consensus(self.terms().refund_height),
        };
        let dummy = self.witness(branch, dummy)?;
        let (mut tx, fee) = self.unsigned(coin, to, rate, lock_time, dummy)?;
        let signature = self.sign(&tx, coin, branch, key)?;
        let witness = self.witness(branch, &signature)?;
        for input in &mut tx.input {
            input.witness = witness.clone();
        }
        Ok(SignedTx { tx, fee })
    }

    /// The transaction without its signature, and its fee: the size is known from the start.
    fn unsigned(
        &self,
        coin: LockedCoin,
        to: &Script,
        rate: FeeRate,
        lock_time: LockTime,
        dummy: Witness,
    ) -> Result<(Transaction, Amount), LockError> {
        let draft = |value: Amount, witness: Witness| Transaction {
            version: Version::TWO,
            lock_time,
            input: vec![TxIn {
                previous_output: coin.outpoint,
                script_sig: ScriptBuf::new(),
                // Replaceable, and not so final that the lock time would not count (BIP-65).
                sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
                witness,
            }],
            output: vec![TxOut {
                value,
                script_pubkey: to.to_owned(),
            }],
        };
        let fee = fee_for(vsize(&draft(coin.value, dummy)), rate)?;
        let left = after_fee(self.terms().network, coin.value, fee, to)?;
        Ok((draft(left, Witness::new()), fee))
    }

    fn sign(
        &self,
        tx: &Transaction,
        coin: LockedCoin,
        branch: &Branch<'_>,
        key: &SecretKey,
    ) -> Result<Vec<u8>, LockError> {
        let mut cache = SighashCache::new(tx);
        match &self.scripts {
            Scripts::Taproot(taproot) => {
                let leaf = match branch {
                    Branch::Claim(_) => &taproot.claim,
                    Branch::Refund => &taproot.refund,
                };
                let locked = [self.locked_output(coin)];
                let sighash = cache.taproot_script_spend_signature_hash(
                    0,
                    &Prevouts::All(&locked),
                    leaf_hash(leaf),
                    TapSighashType::Default,
                )?;
                let message = Message::from_digest(sighash.to_byte_array());
                let pair = Keypair::from_secret_key(&CURVE, key);
                let signature = CURVE.sign_schnorr_no_aux_rand(&message, &pair);
                Ok(signature.as_ref().to_vec())
            }
            Scripts::WitnessScript(script) => {
                let kind = EcdsaSighashType::All;
                let sighash = cache.p2wsh_signature_hash(0, script, coin.value, kind)?;
                let message = Message::from_digest(sighash.to_byte_array());
                let signature = CURVE.sign_ecdsa_low_r(&message, key);
                let signature = bitcoin::ecdsa::Signature {
                    signature,
                    sighash_type: kind,
                };
                Ok(signature.to_vec())
            }
        }
    }

    fn witness(&self, branch: &Branch<'_>, signature: &[u8]) -> Result<Witness, LockError> {
        let mut witness = Witness::new();
        witness.push(signature);
        match &self.scripts {
            Scripts::Taproot(taproot) => {
                let leaf = match branch {
                    Branch::Claim(secret) => {
                        witness.push(secret.to_bytes());
                        &taproot.claim
                    }
                    Branch::Refund => &taproot.refund,
                };
                let place = (leaf.clone(), LeafVersion::TapScript);
                let control = taproot.tree.control_block(&place);
                let control = control.ok_or_else(|| LockError::Aggregate {
                    reason: "the tree has lost a leaf".to_owned(),
                })?;
                witness.push(leaf);
                witness.push(control.serialize());
            }
            Scripts::WitnessScript(script) => {
                match branch {
                    Branch::Claim(secret) => {
                        witness.push(secret.to_bytes());
                        witness.push([1]);
                    }
                    // Nothing is false, and the only false that is standard (BIP-141, MINIMALIF).
                    Branch::Refund => witness.push([]),
                }
                witness.push(script);
            }
        }
        Ok(witness)
    }

    fn locked_output(&self, coin: LockedCoin) -> TxOut {
        TxOut {
            value: coin.value,
            script_pubkey: self.script_pubkey(),
        }
    }
}

fn check_key(expected: PublicKey, key: &SecretKey) -> Result<(), LockError> {
    let got = key.public_key(&CURVE);
    if got == expected {
        return Ok(());
    }
    Err(LockError::WrongKey {
        expected: Box::new(expected),
        got: Box::new(got),
    })
}

impl CooperativeSpend {
    /// What both sign (BIP-341). Whoever signs it once must never sign another for the same coin
    /// without knowing that it wants both.
    pub const fn sighash(&self) -> [u8; 32] {
        self.sighash
    }

    /// The id that it will have: no signature changes it.
    pub fn txid(&self) -> Txid {
        self.tx.compute_txid()
    }

    /// What it pays to whoever mines it.
    pub const fn fee(&self) -> Amount {
        self.fee
    }

    /// The transaction with the signature of both.
    ///
    /// # Errors
    /// When the signature is not one of the lock's aggregate key.
    pub fn with_signature(
        mut self,
        lock: &HashTimeLock,
        signature: &schnorr::Signature,
    ) -> Result<SignedTx, LockError> {
        let key = lock.taproot()?.tree.output_key().to_x_only_public_key();
        let message = Message::from_digest(self.sighash);
        if CURVE.verify_schnorr(signature, &message, &key).is_err() {
            let key = Box::new(key);
            return Err(LockError::WrongSignature { key });
        }
        for input in &mut self.tx.input {
            input.witness = Witness::from_slice(&[signature.as_ref()]);
        }
        let (tx, fee) = (self.tx, self.fee);
        Ok(SignedTx { tx, fee })
    }
}
