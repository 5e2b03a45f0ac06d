use bitcoin::{
    Amount, FeeRate, OutPoint, ScriptBuf, Txid, Witness,
    hashes::{Hash as _, sha256},
    secp256k1::SecretKey,
};

use super::*;
use crate::{Network, Secret, curve::CURVE};

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).unwrap()
}

fn secret() -> Secret {
    Secret::from_bytes([7; 32])
}

fn terms(form: LockForm) -> LockTerms {
    LockTerms {
        network: Network::BITCOIN_REGTEST,
        form,
        hash: secret().hash(),
        claim_key: key(1).public_key(&CURVE),
        refund_key: key(2).public_key(&CURVE),
        refund_height: 1_500,
    }
}

fn lock(form: LockForm) -> HashTimeLock {
    HashTimeLock::new(terms(form)).unwrap()
}

fn coin(value: u64) -> LockedCoin {
    LockedCoin {
        outpoint: OutPoint::new(Txid::from_byte_array([3; 32]), 1),
        value: Amount::from_sat(value),
    }
}

fn payee() -> ScriptBuf {
    ScriptBuf::from_hex("00140000000000000000000000000000000000000000").unwrap()
}

const RATE: FeeRate = FeeRate::from_sat_per_kwu(500);
const FORMS: [LockForm; 2] = [LockForm::Taproot, LockForm::WitnessScript];

#[test]
fn a_lock_is_the_same_after_its_terms_were_stored() {
    for form in FORMS {
        let terms = terms(form);
        let stored = serde_json::to_string(&terms).unwrap();
        assert!(
            stored.contains("bip122:0f9188f13cb7b2c71f2a335e3a4fc328"),
            "{stored}"
        );
        let restored: LockTerms = serde_json::from_str(&stored).unwrap();
        assert_eq!(restored, terms);
        let lock = lock(form);
        let again = HashTimeLock::new(restored).unwrap();
        assert_eq!(again.script_pubkey(), lock.script_pubkey());
        assert!(lock.address().starts_with("bcrt1"));
        let read = Network::BITCOIN_REGTEST.parse_address(&lock.address());
        assert_eq!(read, Ok(lock.script_pubkey()));
    }
}

#[test]
fn every_term_changes_the_output() {
    for form in FORMS {
        let first = lock(form).script_pubkey();
        let changes: [fn(&mut LockTerms); 4] = [
            |terms| terms.hash = sha256::Hash::hash(b"another"),
            |terms| terms.claim_key = key(3).public_key(&CURVE),
            |terms| terms.refund_key = key(3).public_key(&CURVE),
            |terms| terms.refund_height += 1,
        ];
        for change in changes {
            let mut terms = terms(form);
            change(&mut terms);
            assert_ne!(HashTimeLock::new(terms).unwrap().script_pubkey(), first);
        }
    }
}

#[test]
fn terms_that_would_not_hold_are_refused() {
    let refused = |change: fn(&mut LockTerms)| {
        let mut terms = terms(LockForm::Taproot);
        change(&mut terms);
        HashTimeLock::new(terms).unwrap_err()
    };
    let early = refused(|terms| {
        terms.network = Network::LITECOIN_REGTEST;
        terms.refund_height = 1_350;
    });
    let expected = LockError::NotEnforced {
        chain: "Litecoin regtest",
        height: 1_350,
        first: 1_351,
    };
    assert_eq!(early, expected);
    let moment = refused(|terms| terms.refund_height = 500_000_000);
    assert_eq!(
        moment,
        LockError::NoHeight {
            height: 500_000_000
        }
    );
    let same = refused(|terms| terms.claim_key = terms.refund_key);
    assert!(matches!(same, LockError::OneKey { .. }));
    // The same point with the other sign is the same key in a leaf.
    let negated = refused(|terms| terms.claim_key = terms.refund_key.negate(&CURVE));
    assert!(matches!(negated, LockError::OneKey { .. }));
}

#[test]
fn spends_cost_what_they_were_measured_to() {
    let sizes = |form| {
        let lock = lock(form);
        let claim = lock.claim(coin(100_000), &secret(), &key(1), &payee(), RATE);
        let refund = lock.refund(coin(100_000), &key(2), &payee(), RATE);
        [claim.unwrap(), refund.unwrap()].map(|spend| {
            let vsize = spend.vsize();
            assert_eq!(spend.fee.to_sat(), 2 * vsize, "the rate is 2 per vB");
            let paid = spend.tx.output[0].value + spend.fee;
            assert_eq!(paid, coin(100_000).value);
            vsize
        })
    };
    assert_eq!(sizes(LockForm::Taproot), [143, 126]);
    assert_eq!(sizes(LockForm::WitnessScript), [139, 131]);
}

#[test]
fn only_the_locks_own_keys_and_secret_make_a_spend() {
    for form in FORMS {
        let lock = lock(form);
        let (coin, to) = (coin(100_000), payee());
        let claim = |secret: Secret, key| lock.claim(coin, &secret, &key, &to, RATE);
        let wrong_key = claim(secret(), key(2)).unwrap_err();
        assert!(matches!(wrong_key, LockError::WrongKey { .. }));
        let wrong_secret = claim(Secret::from_bytes([8; 32]), key(1)).unwrap_err();
        assert!(matches!(wrong_secret, LockError::WrongSecret { .. }));
        let not_ours = lock.refund(coin, &key(1), &to, RATE).unwrap_err();
        assert!(matches!(not_ours, LockError::WrongKey { .. }));
    }
}

#[test]
fn a_fee_that_leaves_dust_is_refused() {
    let lock = lock(LockForm::Taproot);
    let claim = |value| lock.claim(coin(value), &secret(), &key(1), &payee(), RATE);
    let fee = 2 * 143;
    let expected = LockError::NothingLeft {
        value: Amount::from_sat(fee + 293),
        fee: Amount::from_sat(fee),
        least: Amount::from_sat(294),
    };
    assert_eq!(claim(fee + 293).unwrap_err(), expected);
    assert_eq!(claim(fee + 294).unwrap().tx.output[0].value.to_sat(), 294);
    let absurd = lock.claim(coin(1_000), &secret(), &key(1), &payee(), FeeRate::MAX);
    assert!(matches!(absurd, Err(LockError::Rate { .. })));
}

#[test]
fn a_spend_is_recognised_by_its_witness() {
    for form in FORMS {
        let lock = lock(form);
        let claim = lock.claim(coin(100_000), &secret(), &key(1), &payee(), RATE);
        let claim = claim.unwrap().tx.input[0].witness.clone();
        assert_eq!(lock.classify(&claim), LockSpend::Claim(secret()));
        let refund = lock.refund(coin(100_000), &key(2), &payee(), RATE);
        let refund = refund.unwrap().tx.input[0].witness.clone();
        assert_eq!(lock.classify(&refund), LockSpend::Refund);
        assert_eq!(lock.find_secret(&refund), None);
    }
}

#[test]
fn the_witness_of_another_lock_tells_nothing() {
    for form in FORMS {
        let mut other = terms(form);
        other.hash = Secret::from_bytes([9; 32]).hash();
        other.refund_height += 1;
        let other = HashTimeLock::new(other).unwrap();
        let secret = Secret::from_bytes([9; 32]);
        let claim = other.claim(coin(100_000), &secret, &key(1), &payee(), RATE);
        let refund = other.refund(coin(100_000), &key(2), &payee(), RATE);
        for spend in [claim, refund] {
            let witness = &spend.unwrap().tx.input[0].witness;
            assert_eq!(lock(form).classify(witness), LockSpend::Unknown);
        }
    }
}

#[test]
fn an_annex_hides_neither_a_secret_nor_a_refund() {
    let lock = lock(LockForm::Taproot);
    let claim = lock.claim(coin(100_000), &secret(), &key(1), &payee(), RATE);
    let refund = lock.refund(coin(100_000), &key(2), &payee(), RATE);
    let with_annex = |spend: SignedTx| {
        let mut witness = spend.tx.input[0].witness.clone();
        witness.push([0x50, 1, 2]);
        lock.classify(&witness)
    };
    assert_eq!(with_annex(claim.unwrap()), LockSpend::Claim(secret()));
    assert_eq!(with_annex(refund.unwrap()), LockSpend::Refund);
    let alone = Witness::from_slice(&[vec![1; 64], vec![0x50, 1]]);
    assert_eq!(lock.classify(&alone), LockSpend::KeyPath);
}

#[test]
fn the_key_path_is_recognised_in_the_taproot_form_only() {
    let signature = Witness::from_slice(&[[1; 64]]);
    let taproot = lock(LockForm::Taproot);
    assert_eq!(taproot.classify(&signature), LockSpend::KeyPath);
    let script = lock(LockForm::WitnessScript);
    assert_eq!(script.classify(&signature), LockSpend::Unknown);
    assert_eq!(taproot.classify(&Witness::new()), LockSpend::Unknown);
    let refused = script.cooperative_spend(coin(100_000), &payee(), RATE);
    assert_eq!(refused.unwrap_err(), LockError::NotTaproot);
}
