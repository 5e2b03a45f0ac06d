//! Paying more for what is pending: by replacing it, or by a child that pays for it.

use bitcoin::{Amount, FeeRate};
use causeway_bitcoin::{
    BroadcastError, CoinPath, FeeChoice, FeeLimits, FeeSituation, LockForm, Refusal, WalletError,
};
use causeway_local_bitcoin::NodeKind;

use crate::support::{Fixture, ONE, secret};

const RECEIVING: CoinPath = CoinPath {
    change: false,
    index: 0,
};

fn sat_per_vb(rate: u64) -> FeeRate {
    FeeRate::from_sat_per_kwu(rate * 250)
}

/// Four more satoshis per 1,000 virtual bytes.
fn plus_one(rate: FeeRate) -> FeeRate {
    FeeRate::from_sat_per_kwu(rate.to_sat_per_kwu() + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn bitcoin_replaces_a_claim_by_one_that_pays_what_was_chosen() {
    let mut fixture = Fixture::new(NodeKind::Bitcoin).await;
    assert!(fixture.network.replaces);
    let to = fixture.own_script();
    let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
    let (_, coin) = fixture.pay(&lock.script_pubkey(), 1_000_000).await;
    fixture.mine(1).await;
    let limits = FeeLimits {
        floor: fixture.rpc.least_rate().await.unwrap().max(ONE),
        cap: sat_per_vb(50),
        most: Amount::from_sat(100_000),
    };
    let claim_at = |rate| {
        lock.claim(coin, &secret(), &fixture.claim_key(), &to, rate)
            .unwrap()
    };
    let mut pending = claim_at(ONE);
    fixture.chain.broadcast(&pending.bytes()).await.unwrap();
    for _ in 0..3 {
        let situation = FeeSituation {
            vsize: pending.vsize(),
            blocks_left: 3,
            estimate: fixture
                .rpc
                .estimated_rate(FeeSituation::target(3))
                .await
                .unwrap(),
            paying: Some(pending.rate()),
        };
        let FeeChoice::Pay(rate) = situation.choose(&limits) else {
            panic!("the deadline is near");
        };
        let replacing = claim_at(rate);
        fixture.chain.broadcast(&replacing.bytes()).await.unwrap();
        assert!(!fixture.rpc.is_pending(pending.txid()).await.unwrap());
        let fee = fixture.rpc.pending_fee(replacing.txid()).await.unwrap();
        assert_eq!(fee, Some(replacing.fee));
        pending = replacing;
    }
    // Nodes want more than one satoshi for a replacement.
    let fee = pending.fee;
    let outcome = fixture
        .chain
        .broadcast(&claim_at(plus_one(pending.rate())).bytes())
        .await;
    let Err(BroadcastError::Refused { refusal, .. }) = outcome else {
        panic!("{outcome:?} although {fee} is paid already");
    };
    assert_eq!(refusal, Refusal::Conflict);
    fixture.mine(1).await;
    assert_eq!(fixture.size_in_newest_block(pending.txid()).await, 143);
}

#[tokio::test(flavor = "multi_thread")]
async fn litecoin_replaces_nothing_and_a_child_pays_for_its_parent() {
    let mut fixture = Fixture::new(NodeKind::Litecoin).await;
    assert!(!fixture.network.replaces);
    let to = fixture.own_script();
    let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
    let (_, coin) = fixture.pay(&lock.script_pubkey(), 1_000_000).await;
    fixture.mine(1).await;
    let claim_at = |rate| {
        lock.claim(coin, &secret(), &fixture.claim_key(), &to, rate)
            .unwrap()
    };
    let claim = claim_at(ONE);
    fixture.chain.broadcast(&claim.bytes()).await.unwrap();
    let outcome = fixture
        .chain
        .broadcast(&claim_at(sat_per_vb(40)).bytes())
        .await;
    let Err(BroadcastError::Refused { refusal, .. }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(refusal, Refusal::Conflict);

    let keys = fixture.wallet.keys();
    let child = keys.child(&claim, 0, RECEIVING, sat_per_vb(20)).unwrap();
    let together = claim.fee + child.fee;
    assert_eq!(together.to_sat(), 20 * (143 + 110));
    fixture.chain.broadcast(&child.bytes()).await.unwrap();
    fixture.mine(1).await;
    assert_eq!(fixture.size_in_newest_block(child.txid()).await, 110);
    assert_eq!(fixture.size_in_newest_block(claim.txid()).await, 143);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_pays_for_what_both_parties_signed_and_neither_can_change() {
    let mut fixture = Fixture::new(NodeKind::Bitcoin).await;
    let to = fixture.own_script();
    let (paid, _) = fixture.pay(&to, 1_000_000).await;
    let keys = fixture.wallet.keys();
    let child = keys.child(&paid, 0, RECEIVING, sat_per_vb(10)).unwrap();
    assert_eq!((paid.fee + child.fee).to_sat(), 10 * (141 + 110));
    fixture.chain.broadcast(&child.bytes()).await.unwrap();
    fixture.mine(1).await;
    assert_eq!(fixture.size_in_newest_block(child.txid()).await, 110);
    let not_there = keys.child(&paid, 2, RECEIVING, ONE).unwrap_err();
    assert!(matches!(not_there, WalletError::NotOurs { vout: 2, .. }));
    // The second output is the change, at another address.
    let elsewhere = keys.child(&paid, 1, RECEIVING, ONE).unwrap_err();
    assert!(matches!(elsewhere, WalletError::NotOurs { vout: 1, .. }));
}
