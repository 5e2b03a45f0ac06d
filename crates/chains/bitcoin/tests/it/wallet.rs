//! Our own coins, found by the seed alone.

use bitcoin::{Amount, OutPoint, ScriptBuf};
use causeway_bitcoin::{CoinPath, Cursor, KeyChain, Network, Update, Wallet, WalletError, Watch};
use causeway_local_bitcoin::NodeKind;

use crate::support::{Fixture, ONE, keys};

fn receiving(wallet: &Wallet, index: u32) -> ScriptBuf {
    let change = false;
    wallet
        .keys()
        .coin_script(CoinPath { change, index })
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seed_alone_brings_back_all_coins() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let mut fixture = Fixture::new(kind).await;
        let to = receiving(&fixture.wallet, 2);
        let (paid, _) = fixture.pay(&to, 5_000_000).await;
        let before = fixture.wallet.balance();
        fixture.mine(1).await;
        let mut restored = Wallet::new(keys(fixture.network), 3).unwrap();
        let stale = restored.pay(&to, Amount::from_sat(100_000), ONE, 0);
        assert_eq!(stale.unwrap_err(), WalletError::Stale);
        restored.scan(&fixture.chain).await.unwrap();
        // The payment's change, and the payment itself, which was to ourselves.
        assert_eq!(restored.coins().count(), 9 + 2);
        assert_eq!(restored.balance(), before);
        assert!(
            restored
                .coins()
                .any(|coin| coin.outpoint == OutPoint::new(paid.txid(), 1))
        );
    }
}

/// A node does one search at a time, and others may ask it for theirs.
#[tokio::test(flavor = "multi_thread")]
async fn wallets_of_one_node_wait_for_their_turn_to_search() {
    let fixture = Fixture::new(NodeKind::Litecoin).await;
    let searches = (0..10).map(|_| async {
        let mut wallet = Wallet::new(keys(fixture.network), 200).unwrap();
        wallet.scan(&fixture.chain).await
    });
    let found = futures::future::join_all(searches).await;
    let refused: Vec<_> = found.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_pending_transactions_spend_or_strangers_may_pay_is_not_counted() {
    let mut fixture = Fixture::new(NodeKind::Litecoin).await;
    let to = receiving(&fixture.wallet, 1);
    let (paid, coin) = fixture.pay(&to, 5_000_000).await;
    let spent = paid.tx.input[0].previous_output;
    fixture.wallet.scan(&fixture.chain).await.unwrap();
    let coins = || fixture.wallet.coins().map(|coin| coin.outpoint);
    assert!(!coins().any(|at| at == spent), "it would be spent twice");
    assert!(
        !coins().any(|at| at.txid == coin.outpoint.txid),
        "it is not mined yet"
    );
    // Recorded again, the change of our own payment can be spent, as before the search.
    fixture.wallet.record(&paid);
    let change = OutPoint::new(paid.txid(), 1);
    assert!(fixture.wallet.coins().any(|coin| coin.outpoint == change));
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_change_pays_at_once() {
    let mut fixture = Fixture::new(NodeKind::Bitcoin).await;
    let all_but_change = fixture.wallet.balance() - Amount::from_sat(3_000_000);
    let to = ScriptBuf::from_hex("00140101010101010101010101010101010101010101").unwrap();
    let (first, _) = fixture.pay(&to, all_but_change.to_sat()).await;
    assert_eq!(first.tx.input.len(), 10);
    let (second, _) = fixture.pay(&to, 1_000_000).await;
    assert_eq!(
        second.tx.input[0].previous_output,
        OutPoint::new(first.txid(), 1)
    );
    fixture.mine(1).await;
    fixture.wallet.scan(&fixture.chain).await.unwrap();
    assert_eq!(fixture.wallet.coins().count(), 1);
    let too_much = fixture.wallet.pay(&to, Amount::from_sat(3_000_000), ONE, 0);
    assert!(matches!(too_much, Err(WalletError::TooLittle { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_keeps_the_coins_up_to_date_until_a_block_is_taken_back() {
    let mut fixture = Fixture::new(NodeKind::Litecoin).await;
    let mut watching = Wallet::new(keys(fixture.network), 3).unwrap();
    watching.scan(&fixture.chain).await.unwrap();
    let watch = Watch {
        scripts: watching.scripts().cloned().collect(),
        outpoints: watching.coins().map(|coin| coin.outpoint).collect(),
    };
    let next = u64::from(fixture.height().await) + 1;
    let mut follower = fixture.chain.follow(watch, Cursor::at(next));
    let to = receiving(&fixture.wallet, 1);
    fixture.pay(&to, 5_000_000).await;
    fixture.mine(1).await;
    watching.apply(&follower.next().await.unwrap());
    let places = |wallet: &Wallet| wallet.coins().map(|coin| coin.outpoint).collect::<Vec<_>>();
    fixture.wallet.scan(&fixture.chain).await.unwrap();
    assert_eq!(places(&watching), places(&fixture.wallet));

    fixture.take_back_newest_block().await;
    let update = follower.next().await.unwrap();
    assert!(matches!(update, Update::Withdrawn { .. }), "{update:?}");
    watching.apply(&update);
    let stale = watching.pay(&to, Amount::from_sat(100_000), ONE, 0);
    assert_eq!(stale.unwrap_err(), WalletError::Stale);
}

/// The network with nothing that it calls dust, so that our own check does not come first.
fn without_dust(network: &'static Network) -> &'static Network {
    Box::leak(Box::new(Network {
        dust_relay_rate: bitcoin::FeeRate::ZERO,
        ..*network
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dust_here_is_what_nodes_call_dust() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let fixture = Fixture::new(kind).await;
        let to = receiving(&fixture.wallet, 1);
        let least = to.minimal_non_dust_custom(fixture.network.dust_relay_rate);
        let careless = KeyChain::from_seed(&[0x11; 32], without_dust(fixture.network)).unwrap();
        let mut careless = Wallet::new(careless, 3).unwrap();
        careless.scan(&fixture.chain).await.unwrap();
        let below = least - Amount::from_sat(1);
        let dust = careless.pay(&to, below, ONE, 0).unwrap();
        let refusal = fixture.rpc.refusal(&dust.bytes()).await.unwrap();
        assert_eq!(refusal.as_deref(), Some("dust"));
        let ours = fixture.wallet.pay(&to, below, ONE, 0).unwrap_err();
        assert_eq!(
            ours,
            WalletError::Dust {
                value: below,
                least
            }
        );
        let enough = fixture.wallet.pay(&to, least, ONE, 0).unwrap();
        assert_eq!(fixture.rpc.refusal(&enough.bytes()).await.unwrap(), None);
    }
}
