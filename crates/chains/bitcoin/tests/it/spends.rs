//! Every way to spend a lock, mined by nodes of both chains at the size that was promised.

use bitcoin::{
    FeeRate, ScriptBuf, Witness,
    hashes::{Hash as _, sha256},
    secp256k1::SecretKey,
};
use causeway_bitcoin::{
    BroadcastError, HashTimeLock, LockError, LockForm, LockSpend, LockTerms, LockedCoin,
    NonceRound, Refusal, SignedTx,
};
use causeway_local_bitcoin::NodeKind;

use crate::support::{Fixture, ONE, secret, sign_script, stranger};

const KINDS: [NodeKind; 2] = [NodeKind::Bitcoin, NodeKind::Litecoin];
const VALUE: u64 = 1_000_000;

fn refusal<T: std::fmt::Debug>(outcome: Result<T, BroadcastError>) -> Refusal {
    match outcome.unwrap_err() {
        BroadcastError::Refused { refusal, .. } => refusal,
        BroadcastError::Rpc(error) => panic!("{error}"),
    }
}

/// Both parties in one room.
fn sign_together(
    fixture: &Fixture,
    lock: &HashTimeLock,
    coin: LockedCoin,
    to: &ScriptBuf,
) -> SignedTx {
    let spend = || lock.cooperative_spend(coin, to, ONE).unwrap();
    let begin =
        |key: &SecretKey, random| NonceRound::begin(lock, &spend(), key, [random; 32]).unwrap();
    let (claimer, claimer_nonce) = begin(&fixture.claim_key(), 1);
    let (refunder, refunder_nonce) = begin(&stranger(), 2);
    let (_, half) = refunder.sign(&claimer_nonce).unwrap();
    let (claimer, _) = claimer.sign(&refunder_nonce).unwrap();
    let signature = claimer.finish(&half).unwrap();
    spend().with_signature(lock, &signature).unwrap()
}

async fn every_spend_is_mined(kind: NodeKind) {
    let mut fixture = Fixture::new(kind).await;
    let to = fixture.own_script();
    for (form, claim_size, refund_size) in [
        (LockForm::Taproot, 143, 126),
        (LockForm::WitnessScript, 139, 131),
    ] {
        let refund_height = fixture.height().await + 20;
        let lock = fixture.lock(form, refund_height);

        let (paid, coin) = fixture.pay(&lock.script_pubkey(), VALUE).await;
        assert_eq!(fixture.mined_size(&paid).await, 153);
        let claim = lock
            .claim(coin, &secret(), &fixture.claim_key(), &to, ONE)
            .unwrap();
        assert_eq!(fixture.mined_size(&claim).await, claim_size);

        // The node does not know that this block is too early until it is asked.
        let (_, coin) = fixture.pay(&lock.script_pubkey(), VALUE).await;
        fixture.mine(1).await;
        let refund = lock.refund(coin, &stranger(), &to, ONE).unwrap();
        let early = fixture.chain.broadcast(&refund.bytes()).await;
        assert_eq!(refusal(early), Refusal::TooEarly);
        let missing = u64::from(refund_height - fixture.height().await);
        fixture.mine(missing - 1).await;
        let early = fixture.chain.broadcast(&refund.bytes()).await;
        assert_eq!(refusal(early), Refusal::TooEarly);
        fixture.mine(1).await;
        assert_eq!(fixture.mined_size(&refund).await, refund_size);
    }

    let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
    let (_, coin) = fixture.pay(&lock.script_pubkey(), VALUE).await;
    fixture.mine(1).await;
    let together = sign_together(&fixture, &lock, coin, &to);
    assert_eq!(fixture.mined_size(&together).await, 99);
    let witness = &together.tx.input[0].witness;
    assert_eq!(lock.classify(witness), LockSpend::KeyPath);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spend_is_mined_by_bitcoin_at_the_promised_size() {
    every_spend_is_mined(NodeKind::Bitcoin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spend_is_mined_by_litecoin_at_the_promised_size() {
    every_spend_is_mined(NodeKind::Litecoin).await;
}

/// The transaction with another item in its witness.
fn with_item(tx: &SignedTx, at: usize, item: &[u8]) -> SignedTx {
    let mut tx = tx.clone();
    let mut items = tx.tx.input[0].witness.to_vec();
    items[at] = item.to_vec();
    tx.tx.input[0].witness = Witness::from_slice(&items);
    tx
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_refuse_what_opens_no_lock() {
    for kind in KINDS {
        let mut fixture = Fixture::new(kind).await;
        let to = fixture.own_script();
        for form in [LockForm::Taproot, LockForm::WitnessScript] {
            let lock = fixture.lock(form, fixture.height().await + 1);
            let (_, coin) = fixture.pay(&lock.script_pubkey(), VALUE).await;
            fixture.mine(2).await;
            let claim = lock
                .claim(coin, &secret(), &fixture.claim_key(), &to, ONE)
                .unwrap();
            let refund = lock.refund(coin, &stranger(), &to, ONE).unwrap();
            for (what, wrong) in [
                ("another secret", with_item(&claim, 1, &[0x5d; 32])),
                ("a shorter secret", with_item(&claim, 1, &[0x5e; 31])),
                ("no secret", with_item(&claim, 1, &[])),
                ("a signature of nobody", with_item(&claim, 0, &[])),
                ("the refund's signature", {
                    let of_refund = refund.tx.input[0].witness.to_vec().remove(0);
                    with_item(&claim, 0, &of_refund)
                }),
                ("the claim's signature", {
                    let of_claim = claim.tx.input[0].witness.to_vec().remove(0);
                    with_item(&refund, 0, &of_claim)
                }),
            ] {
                let outcome = fixture.chain.broadcast(&wrong.bytes()).await;
                assert_eq!(
                    refusal(outcome),
                    Refusal::Invalid,
                    "{what}, {form:?}, {kind:?}"
                );
            }
            fixture.mined_size(&claim).await;
        }
    }
}

/// The same claim with another secret, of any length, signed with the claimer's key.
fn claim_showing(
    fixture: &Fixture,
    lock: &HashTimeLock,
    coin: LockedCoin,
    text: &[u8],
) -> SignedTx {
    let to = fixture.own_script();
    // A refund has the right shape and the right script; its lock time has come.
    let two = FeeRate::from_sat_per_kwu(500);
    let mut claim = lock.refund(coin, &stranger(), &to, two).unwrap();
    let script = claim.tx.input[0].witness.to_vec().remove(2);
    let key = fixture.claim_key();
    let signature = sign_script(&claim, coin, &ScriptBuf::from_bytes(script.clone()), &key);
    let items = [signature, text.to_vec(), vec![1], script];
    claim.tx.input[0].witness = Witness::from_slice(&items);
    claim
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_another_length_opens_no_lock() {
    for kind in KINDS {
        let mut fixture = Fixture::new(kind).await;
        for (length, opens) in [(31, false), (32, true), (33, false)] {
            let text = vec![0x5e; length];
            let height = fixture.height().await + 1;
            let terms = fixture
                .lock(LockForm::WitnessScript, height)
                .terms()
                .clone();
            let hash = sha256::Hash::hash(&text);
            let lock = HashTimeLock::new(LockTerms { hash, ..terms }).unwrap();
            let (_, coin) = fixture.pay(&lock.script_pubkey(), VALUE).await;
            fixture.mine(2).await;
            let claim = claim_showing(&fixture, &lock, coin, &text);
            let refusal = fixture.rpc.refusal(&claim.bytes()).await.unwrap();
            assert_eq!(refusal.is_none(), opens, "{length} bytes, {refusal:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_whole_signature_of_both_spends_the_key_path() {
    let mut fixture = Fixture::new(NodeKind::Litecoin).await;
    let to = fixture.own_script();
    let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
    let (_, coin) = fixture.pay(&lock.script_pubkey(), VALUE).await;
    fixture.mine(1).await;
    let together = sign_together(&fixture, &lock, coin, &to);
    let mut signature = together.tx.input[0].witness.to_vec().remove(0);
    signature[40] ^= 1;
    let wrong = with_item(&together, 0, &signature);
    let outcome = fixture.chain.broadcast(&wrong.bytes()).await;
    assert_eq!(refusal(outcome), Refusal::Invalid);
    // We would not have put it together either.
    let signature = bitcoin::secp256k1::schnorr::Signature::from_slice(&signature).unwrap();
    let spend = lock.cooperative_spend(coin, &to, ONE).unwrap();
    let error = spend.with_signature(&lock, &signature).unwrap_err();
    assert!(matches!(error, LockError::WrongSignature { .. }), "{error}");
}
