//! Where lock times are not enforced yet, a miner can take a refund back before its time.

use bitcoin::{Amount, OutPoint, ScriptBuf, Witness, absolute::LockTime, secp256k1::Secp256k1};
use causeway_bitcoin::{
    HashTimeLock, LockError, LockForm, LockTerms, LockedCoin, RpcError, SignedTx,
};
use causeway_local_bitcoin::NodeKind;
use serde_json::{Value, json};

use crate::support::{Fixture, ONE, sign_leaf, sign_script, stranger};

/// A refund without its lock time, signed anew.
fn without_lock_time(lock: &HashTimeLock, refund: &SignedTx, coin: LockedCoin) -> SignedTx {
    let mut early = refund.clone();
    early.tx.lock_time = LockTime::ZERO;
    let mut items = early.tx.input[0].witness.to_vec();
    items[0] = match lock.terms().form {
        LockForm::WitnessScript => {
            let script = ScriptBuf::from_bytes(items[2].clone());
            sign_script(&early, coin, &script, &stranger())
        }
        LockForm::Taproot => {
            let leaf = ScriptBuf::from_bytes(items[1].clone());
            sign_leaf(&early, coin, &lock.script_pubkey(), &leaf, &stranger())
        }
    };
    early.tx.input[0].witness = Witness::from_slice(&items);
    early
}

/// Mines a block with this transaction, past the memory pool and its policy.
async fn mined_by_force(fixture: &Fixture, tx: &SignedTx) -> Result<Value, RpcError> {
    let address = fixture.network.address(&fixture.own_script()).unwrap();
    let params = json!([address, [bitcoin::consensus::encode::serialize_hex(&tx.tx)]]);
    fixture.rpc.call("generateblock", params).await
}

#[tokio::test(flavor = "multi_thread")]
async fn litecoin_lets_miners_take_refunds_early_below_the_height_that_is_known_here() {
    let mut fixture = Fixture::bare(NodeKind::Litecoin).await;
    fixture.mine(700).await;
    fixture.wallet.scan(&fixture.chain).await.unwrap();
    let to = fixture.own_script();
    let lock = fixture.lock(LockForm::WitnessScript, 5_000);
    let early = |coin| {
        let refund = lock.refund(coin, &stranger(), &to, ONE).unwrap();
        without_lock_time(&lock, &refund, coin)
    };
    let script = lock.script_pubkey();
    let (paid, below) = fixture.pay(&script, 1_000_000).await;
    fixture.mine(1).await;
    let (_, above) = fixture.pay(&script, 1_000_000).await;
    fixture.mine(1).await;
    assert_ne!(paid.txid(), above.outpoint.txid);

    mined_by_force(&fixture, &early(below))
        .await
        .expect("the trap: policy only");

    let first = fixture.network.lock_times_from;
    fixture
        .mine(u64::from(first - fixture.height().await))
        .await;
    let refused = mined_by_force(&fixture, &early(above)).await.unwrap_err();
    assert!(
        refused.to_string().contains("block-validation-failed"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bitcoin_holds_refunds_back_from_the_start() {
    let mut fixture = Fixture::new(NodeKind::Bitcoin).await;
    let to = fixture.own_script();
    for form in [LockForm::Taproot, LockForm::WitnessScript] {
        let lock = fixture.lock(form, 5_000);
        let (_, coin) = fixture.pay(&lock.script_pubkey(), 1_000_000).await;
        fixture.mine(1).await;
        let refund = lock.refund(coin, &stranger(), &to, ONE).unwrap();
        let early = without_lock_time(&lock, &refund, coin);
        let refused = mined_by_force(&fixture, &early).await.unwrap_err();
        assert!(
            refused.to_string().contains("Locktime"),
            "{form:?}: {refused}"
        );
    }
}

#[test]
fn no_lock_is_made_whose_refund_the_chain_would_not_hold_back() {
    let curve = Secp256k1::new();
    let network = causeway_bitcoin::Network::LITECOIN_REGTEST;
    let keys = crate::support::keys(network);
    let terms = LockTerms {
        network,
        form: LockForm::Taproot,
        hash: crate::support::secret().hash(),
        claim_key: keys.lock_key(0).unwrap().public_key(&curve),
        refund_key: stranger().public_key(&curve),
        refund_height: 1_350,
    };
    let error = HashTimeLock::new(terms.clone()).unwrap_err();
    assert!(matches!(error, LockError::NotEnforced { .. }), "{error}");
    let later = LockTerms {
        refund_height: 1_351,
        ..terms
    };
    let lock = HashTimeLock::new(later).unwrap();
    let coin = LockedCoin {
        outpoint: OutPoint::null(),
        value: Amount::from_sat(100_000),
    };
    let to = lock.script_pubkey();
    let refund = lock.refund(coin, &stranger(), &to, ONE).unwrap();
    assert_eq!(refund.tx.lock_time.to_consensus_u32(), 1_351);
    assert!(refund.tx.input[0].sequence.enables_absolute_lock_time());
}
