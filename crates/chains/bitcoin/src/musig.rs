//! Signing together (BIP-327): two parties, two rounds, messages that go over any wire.
//!
//! Whoever signs twice with one nonce gives the key away. So a nonce lives in memory only, cannot be
//! copied or stored, and is used up by signing. After a restart a session begins anew, with new
//! randomness.

use std::fmt;

use bitcoin::secp256k1::{PublicKey, SecretKey, schnorr};
use musig2::{
    AggNonce, CompactSignature, KeyAggContext, PartialSignature, PubNonce, SecNonce,
    aggregate_partial_signatures,
    secp::{Point, Scalar},
    sign_partial, verify_partial,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{CooperativeSpend, HashTimeLock, LockError, curve::CURVE};

/// Why a session brought no signature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MusigError {
    /// The lock cannot be spent together.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The key is neither party's.
    #[error(
        "the key {got} is none of the lock's two, the claiming {claim_key} and the refunding {refund_key}"
    )]
    NotAParty {
        /// The claiming party's key.
        claim_key: Box<PublicKey>,
        /// The refunding party's key.
        refund_key: Box<PublicKey>,
        /// The key that was given.
        got: Box<PublicKey>,
    },
    /// The other party is to blame: what it sent is no nonce.
    #[error("the other party, {blamed}, sent a public nonce that is none")]
    BadNonce {
        /// The other party's key.
        blamed: PublicKey,
    },
    /// The other party is to blame: it sent our own nonce back.
    #[error("the other party, {blamed}, sent our own nonce")]
    EchoedNonce {
        /// The other party's key.
        blamed: PublicKey,
    },
    /// The other party is to blame: its half of the signature is wrong.
    #[error("the other party, {blamed}, sent a partial signature that is wrong")]
    BadPartialSignature {
        /// The other party's key.
        blamed: PublicKey,
    },
    /// The mathematics fail, and nobody is to blame.
    #[error("signing together failed: {reason}")]
    Failed {
        /// What failed.
        reason: String,
    },
}

/// One party's public nonce, on its way to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NonceMessage([u8; 66]);

/// One party's half of the signature, on its way to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartialSignatureMessage([u8; 32]);

/// A text is no message of a signing session.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a text of {got} characters is no message of {expected} bytes in hexadecimal")]
pub struct ParseMessageError {
    /// How many bytes it should have.
    pub expected: usize,
    /// How many characters it has.
    pub got: usize,
}

/// The first round: our nonce is made, and the other party's is awaited.
pub struct NonceRound {
    keys: KeyAggContext,
    ours: Scalar,
    theirs: PublicKey,
    sighash: [u8; 32],
    nonce: SecNonce,
}

/// The second round: we have signed, and the other party's half is awaited.
#[derive(Debug)]
pub struct SigningRound {
    keys: KeyAggContext,
    theirs: PublicKey,
    sighash: [u8; 32],
    their_nonce: PubNonce,
    nonces: AggNonce,
    our_half: PartialSignature,
}

impl NonceRound {
    /// Begins to sign this spend of the lock with one party's key.
    ///
    /// `randomness` are 32 bytes that nobody can predict and that are used for nothing else, ever.
    ///
    /// # Errors
    /// When the lock has no key path, or the key is no party's.
    pub fn begin(
        lock: &HashTimeLock,
        spend: &CooperativeSpend,
        key: &SecretKey,
        randomness: [u8; 32],
    ) -> Result<(Self, NonceMessage), MusigError> {
        let keys = lock.taproot()?.keys.clone();
        let (claim_key, refund_key) = (lock.terms().claim_key, lock.terms().refund_key);
        let got = key.public_key(&CURVE);
        let theirs = if got == claim_key {
            refund_key
        } else if got == refund_key {
            claim_key
        } else {
            return Err(MusigError::NotAParty {
                claim_key: Box::new(claim_key),
                refund_key: Box::new(refund_key),
                got: Box::new(got),
            });
        };
        let ours = Scalar::try_from(&key.secret_bytes()).map_err(failed)?;
        let sighash = spend.sighash();
        let output_key: Point = keys.aggregated_pubkey();
        let nonce = SecNonce::build_with_seckey(randomness, ours)
            .with_aggregated_pubkey(output_key)
            .with_message(&sighash)
            .build();
        let message = NonceMessage(nonce.public_nonce().into());
        let round = Self {
            keys,
            ours,
            theirs,
            sighash,
            nonce,
        };
        Ok((round, message))
    }

    /// Signs, which uses up the nonce, and answers our half for the other party.
    ///
    /// # Errors
    /// When the other party's nonce is none; then a new session has to begin.
    pub fn sign(
        self,
        theirs: &NonceMessage,
    ) -> Result<(SigningRound, PartialSignatureMessage), MusigError> {
        let blamed = self.theirs;
        let their_nonce = PubNonce::from_bytes(&theirs.0);
        let their_nonce = their_nonce.map_err(|_| MusigError::BadNonce { blamed })?;
        let our_nonce = self.nonce.public_nonce();
        // Nobody who follows the protocol makes the same nonce: randomness has failed, or it is a trick.
        if their_nonce == our_nonce {
            return Err(MusigError::EchoedNonce { blamed });
        }
        let nonces = AggNonce::sum([&our_nonce, &their_nonce]);
        let our_half: PartialSignature =
            sign_partial(&self.keys, self.ours, self.nonce, &nonces, self.sighash)
                .map_err(failed)?;
        let message = PartialSignatureMessage(our_half.into());
        let round = SigningRound {
            keys: self.keys,
            theirs: self.theirs,
            sighash: self.sighash,
            their_nonce,
            nonces,
            our_half,
        };
        Ok((round, message))
    }
}

impl SigningRound {
    /// Checks the other party's half and puts both together: the signature for the lock's key path.
    ///
    /// # Errors
    /// When the other party's half is wrong. Asking again with another half does no harm.
    pub fn finish(
        &self,
        theirs: &PartialSignatureMessage,
    ) -> Result<schnorr::Signature, MusigError> {
        let blamed = self.theirs;
        let bad = MusigError::BadPartialSignature { blamed };
        let their_half = PartialSignature::try_from(&theirs.0).map_err(|_| bad.clone())?;
        let their_key = Point::try_from(self.theirs.serialize().as_slice()).map_err(failed)?;
        let (nonces, message) = (&self.nonces, self.sighash);
        verify_partial(
            &self.keys,
            their_half,
            nonces,
            their_key,
            &self.their_nonce,
            message,
        )
        .map_err(|_| bad)?;
        let whole: CompactSignature =
            aggregate_partial_signatures(&self.keys, nonces, [self.our_half, their_half], message)
                .map_err(failed)?;
        schnorr::Signature::from_slice(&whole.serialize()).map_err(failed)
    }
}

/// Says nothing of the key and the nonce.
impl fmt::Debug for NonceRound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("NonceRound");
        shown.field("theirs", &self.theirs).finish_non_exhaustive()
    }
}

fn failed(error: impl fmt::Display) -> MusigError {
    let reason = error.to_string();
    MusigError::Failed { reason }
}

/// A message is written in hexadecimal.
macro_rules! in_hexadecimal {
    ($message:ident, $length:literal) => {
        impl TryFrom<String> for $message {
            type Error = ParseMessageError;

            fn try_from(text: String) -> Result<Self, ParseMessageError> {
                let bytes = bitcoin::hex::FromHex::from_hex(&text);
                bytes.map(Self).map_err(|_| ParseMessageError {
                    expected: $length,
                    got: text.chars().count(),
                })
            }
        }

        impl From<$message> for String {
            fn from(message: $message) -> Self {
                bitcoin::hex::DisplayHex::to_lower_hex_string(message.0.as_slice())
            }
        }
    };
}

in_hexadecimal!(NonceMessage, 66);
in_hexadecimal!(PartialSignatureMessage, 32);

#[cfg(test)]
mod tests {
    use bitcoin::{Amount, FeeRate, OutPoint, ScriptBuf};

    use super::*;
    use crate::{LockForm, LockTerms, LockedCoin, Network, Secret};

    fn key(byte: u8) -> SecretKey {
        SecretKey::from_slice(&[byte; 32]).unwrap()
    }

    fn lock() -> HashTimeLock {
        HashTimeLock::new(LockTerms {
            network: Network::LITECOIN_REGTEST,
            form: LockForm::Taproot,
            hash: Secret::from_bytes([7; 32]).hash(),
            claim_key: key(1).public_key(&CURVE),
            refund_key: key(2).public_key(&CURVE),
            refund_height: 1_500,
        })
        .unwrap()
    }

    fn spend(lock: &HashTimeLock, value: u64) -> CooperativeSpend {
        let coin = LockedCoin {
            outpoint: OutPoint::null(),
            value: Amount::from_sat(value),
        };
        let to = ScriptBuf::from_hex("00140000000000000000000000000000000000000000").unwrap();
        let rate = FeeRate::from_sat_per_kwu(250);
        lock.cooperative_spend(coin, &to, rate).unwrap()
    }

    fn begin(lock: &HashTimeLock, key_of: u8, random: u8) -> (NonceRound, NonceMessage) {
        NonceRound::begin(lock, &spend(lock, 100_000), &key(key_of), [random; 32]).unwrap()
    }

    /// The message as it arrives after its way over a wire.
    fn sent<M: Serialize + for<'de> Deserialize<'de>>(message: &M) -> M {
        serde_json::from_str(&serde_json::to_string(message).unwrap()).unwrap()
    }

    #[test]
    fn both_parties_come_to_the_same_signature_and_it_spends_the_lock() {
        let lock = lock();
        let (claimer, claimer_nonce) = begin(&lock, 1, 0xa1);
        let (refunder, refunder_nonce) = begin(&lock, 2, 0xa2);
        let (claimer, claimer_half) = claimer.sign(&sent(&refunder_nonce)).unwrap();
        let (refunder, refunder_half) = refunder.sign(&sent(&claimer_nonce)).unwrap();
        let signature = claimer.finish(&sent(&refunder_half)).unwrap();
        assert_eq!(refunder.finish(&sent(&claimer_half)).unwrap(), signature);

        let signed = spend(&lock, 100_000)
            .with_signature(&lock, &signature)
            .unwrap();
        assert_eq!((signed.vsize(), signed.fee.to_sat()), (99, 99));
        let other = spend(&lock, 100_001).with_signature(&lock, &signature);
        assert!(matches!(other, Err(LockError::WrongSignature { .. })));
    }

    #[test]
    fn whoever_sends_a_wrong_half_is_blamed_and_may_send_the_right_one() {
        let lock = lock();
        let (claimer, claimer_nonce) = begin(&lock, 1, 0xa1);
        let (refunder, refunder_nonce) = begin(&lock, 2, 0xa2);
        let (claimer, ours) = claimer.sign(&refunder_nonce).unwrap();
        let (_, right) = refunder.sign(&claimer_nonce).unwrap();
        let blamed = key(2).public_key(&CURVE);
        let mut changed = right.clone();
        changed.0[31] ^= 1;
        for wrong in [changed, ours, PartialSignatureMessage([0xff; 32])] {
            let error = claimer.finish(&wrong).unwrap_err();
            assert_eq!(error, MusigError::BadPartialSignature { blamed });
        }
        claimer.finish(&right).unwrap();
    }

    #[test]
    fn a_half_of_another_transaction_is_refused() {
        let lock = lock();
        let (claimer, claimer_nonce) = begin(&lock, 1, 0xa1);
        let other = spend(&lock, 200_000);
        let (refunder, refunder_nonce) =
            NonceRound::begin(&lock, &other, &key(2), [0xa2; 32]).unwrap();
        let (claimer, _) = claimer.sign(&refunder_nonce).unwrap();
        let (_, half) = refunder.sign(&claimer_nonce).unwrap();
        claimer.finish(&half).unwrap_err();
    }

    #[test]
    fn whoever_sends_a_nonce_that_is_none_is_blamed() {
        let lock = lock();
        let blamed = key(2).public_key(&CURVE);
        let (claimer, _) = begin(&lock, 1, 0xa1);
        let error = claimer.sign(&NonceMessage([0x11; 66])).unwrap_err();
        assert_eq!(error, MusigError::BadNonce { blamed });
        let (claimer, own) = begin(&lock, 1, 0xa1);
        let error = claimer.sign(&own).unwrap_err();
        assert_eq!(error, MusigError::EchoedNonce { blamed });
    }

    #[test]
    fn nonces_differ_with_the_randomness_and_with_what_is_signed() {
        let lock = lock();
        let (_, first) = begin(&lock, 1, 0xa1);
        let (_, other) = begin(&lock, 1, 0xa2);
        assert_ne!(first, other);
        let another = spend(&lock, 200_000);
        let (_, other) = NonceRound::begin(&lock, &another, &key(1), [0xa1; 32]).unwrap();
        assert_ne!(first, other);
    }

    #[test]
    fn a_stranger_cannot_take_part() {
        let lock = lock();
        let begun = NonceRound::begin(&lock, &spend(&lock, 100_000), &key(3), [0; 32]);
        assert!(matches!(begun.unwrap_err(), MusigError::NotAParty { .. }));
    }

    #[test]
    fn messages_of_another_length_are_no_messages() {
        for text in ["", "00", "zz", &"0".repeat(131), &"0".repeat(134)] {
            let json = format!("{text:?}");
            serde_json::from_str::<NonceMessage>(&json).unwrap_err();
            serde_json::from_str::<PartialSignatureMessage>(&json).unwrap_err();
        }
    }

    #[test]
    fn a_session_shows_neither_key_nor_nonce() {
        let (round, _) = begin(&lock(), 1, 0xa1);
        let shown = format!("{round:?}");
        assert!(
            !shown.contains("Scalar") && !shown.contains("nonce"),
            "{shown}"
        );
    }
}
