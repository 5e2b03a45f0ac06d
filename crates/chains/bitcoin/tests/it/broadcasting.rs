//! The same bytes, as often as one likes, whatever happened to the node meanwhile.

use causeway_bitcoin::{Broadcast, BroadcastError, LockForm, Refusal};
use causeway_local_bitcoin::NodeKind;

use crate::support::{Fixture, ONE, secret};

#[tokio::test(flavor = "multi_thread")]
async fn broadcasting_again_does_no_harm_before_and_after_mining() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let mut fixture = Fixture::new(kind).await;
        let to = fixture.own_script();
        let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
        let (paid, coin) = fixture.pay(&lock.script_pubkey(), 1_000_000).await;
        let again = async || fixture.chain.broadcast(&paid.bytes()).await;
        assert_eq!(again().await.unwrap(), Broadcast::Accepted);
        fixture.mine(1).await;
        assert_eq!(again().await.unwrap(), Broadcast::InChain);

        let claim = lock
            .claim(coin, &secret(), &fixture.claim_key(), &to, ONE)
            .unwrap();
        fixture.mined_size(&claim).await;
        let outcome = fixture.chain.broadcast(&claim.bytes()).await;
        assert_eq!(outcome.unwrap(), Broadcast::InChain);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_killed_takes_the_stored_bytes_again() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let mut fixture = Fixture::new(kind).await;
        let to = fixture.own_script();
        let (paid, _) = fixture.pay(&to, 1_000_000).await;
        let stored = paid.bytes();
        fixture.node.kill().unwrap();
        let down = fixture.chain.broadcast(&stored).await.unwrap_err();
        assert!(matches!(down, BroadcastError::Rpc(_)), "{down}");
        fixture.node.start_again().unwrap();
        // The memory pool is gone, and perhaps the newest blocks too; the payment's coin is old.
        assert!(!fixture.rpc.is_pending(paid.txid()).await.unwrap());
        assert_eq!(
            fixture.chain.broadcast(&stored).await.unwrap(),
            Broadcast::Accepted
        );
        assert!(fixture.rpc.is_pending(paid.txid()).await.unwrap());
        let raw = fixture
            .rpc
            .raw_transaction(paid.txid(), None)
            .await
            .unwrap();
        assert_eq!(raw, Some(stored));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_spent_by_another_transaction_is_said_to_be_missing() {
    let mut fixture = Fixture::new(NodeKind::Litecoin).await;
    let to = fixture.own_script();
    let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 1);
    let (_, coin) = fixture.pay(&lock.script_pubkey(), 1_000_000).await;
    fixture.mine(2).await;
    let claim = lock
        .claim(coin, &secret(), &fixture.claim_key(), &to, ONE)
        .unwrap();
    let refund = lock
        .refund(coin, &crate::support::stranger(), &to, ONE)
        .unwrap();
    fixture.mined_size(&claim).await;
    let outcome = fixture.chain.broadcast(&refund.bytes()).await.unwrap_err();
    let BroadcastError::Refused { refusal, .. } = outcome else {
        panic!("{outcome}");
    };
    assert_eq!(refusal, Refusal::InputsMissing);
}
