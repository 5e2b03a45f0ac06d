//! Endpoints that lie, and endpoints that are gone.

use alloy::{
    primitives::{B256, U256},
    sol_types::{SolCall as _, SolEvent as _, SolValue as _},
};
use causeway_bitcoin::{RpcClient, RpcLimits};
use causeway_contracts::{claim_window, hash_time_lock::HashTimeLock};
use causeway_localnet::{FaultProxy, Faults, Lie, Refusal, dev_key};
use causeway_swap::{Expiry, Leg, Phase};
use serde_json::json;

use crate::support::{
    AMOUNT, FINAL_AFTER, Liar, Moves, Setup, Who, World, rpc_endpoint, stranger::Stranger,
};

const DOWN: Refusal = Refusal::Status {
    code: 503,
    retry_after: None,
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_locked_for_a_lock_of_coins_that_one_endpoint_makes_up() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    world.taker.stop().await;
    world.maker.stop().await;
    let honest = rpc_endpoint(world.coins().node());
    let node = RpcClient::new(
        honest.clone(),
        world.coins().network(),
        RpcLimits::default(),
    );
    let liar = Liar::before(&node.unwrap()).await;
    let three = vec![liar.endpoint.clone(), honest.clone(), honest];
    world.maker.ground.coins.as_mut().unwrap().1 = three;
    world.maker.start().await;

    let stranger = Stranger::new(&world, [0x99; 32]);
    let swap = stranger.agree(&world, 1).await;
    let (script, height) = (
        world.script_of_first_lock(swap).await,
        world.coins().height().await,
    );
    liar.lies(move |method, mut result| {
        if method == "getblock" && result["height"] == json!(height + 1) {
            let invented = json!({
                "txid": "22".repeat(32),
                "vin": [{ "txid": "11".repeat(32), "vout": 0, "txinwitness": [] }],
                "vout": [{ "n": 0, "value": 1.0, "scriptPubKey": { "hex": script } }],
            });
            result["tx"].as_array_mut().unwrap().push(invented);
        }
        result
    });
    world.mine(Leg::First, 1).await;
    // It is seen; otherwise this would show nothing.
    world.reach(Who::Maker, swap, Phase::Lock1Intent).await;
    world.mine(Leg::First, FINAL_AFTER).await;
    world
        .until("it is taken back", async |world| {
            world
                .maker
                .record(swap)
                .await
                .locked_at(Leg::First)
                .is_none()
        })
        .await;
    world.a_while().await;
    assert!(!world.maker.record(swap).await.swap.intents().lock);
    assert_eq!(world.ethers[0].nonce(world.maker.account).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_not_shown_for_a_lock_of_ether_that_one_endpoint_makes_up() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    let before = world.purse(Who::Taker).await;
    let honest = world.ethers[0].anvil.http_url();
    let liar = FaultProxy::in_front_of(honest.clone()).await.unwrap();
    let other = FaultProxy::in_front_of(honest.clone()).await.unwrap();
    world.taker.stop().await;
    world.taker.ground.ethers[0].1 = vec![liar.http_url(), honest, other.http_url()];
    world.taker.start().await;

    world.hold(Leg::First);
    let swap = world.agree().await;
    world.hold_what_waits(Leg::First).await;
    world.maker.crash().await;
    world.flow(Leg::First);
    world.reach(Who::Taker, swap, Phase::Lock1Final).await;
    let record = world.taker.record(swap).await;
    let Expiry::Time(time) = record.terms().legs.second.expiry else {
        panic!("ether expires at times")
    };
    let window = claim_window(dev_key(world.taker.account).address(), time.as_secs());
    let refunder = dev_key(world.maker.account).address();
    let hash_lock = record.terms().hash_lock.hash();
    let lock = (hash_lock, U256::from(AMOUNT), window, refunder).abi_encode_params();
    liar.set(Faults::lies([Lie::ExtraLogs {
        topic: HashTimeLock::CoinLocked::SIGNATURE_HASH,
        topics: Vec::new(),
        data: lock.into(),
    }]));
    // A lock of somebody else, beside which the lie is told.
    let call = HashTimeLock::lockCoinCall {
        hashLock: B256::repeat_byte(8),
        window: claim_window(dev_key(5).address(), time.as_secs()),
    };
    let contract = world.ethers[0].contract;
    let data = call.abi_encode().into();
    world.ethers[0].send_as(6, contract, data, 5).await;
    world.reach(Who::Taker, swap, Phase::Lock2Intent).await;
    world.mine(Leg::Second, FINAL_AFTER).await;
    world
        .until("it is taken back", async |world| {
            world
                .taker
                .record(swap)
                .await
                .locked_at(Leg::Second)
                .is_none()
        })
        .await;
    world.a_while().await;
    assert!(liar.lies_told() > 0);
    assert_eq!(world.taker.record(swap).await.swap.intents().claim, None);
    world.expire(swap, Leg::First).await;
    world.be(Who::Taker, swap, Phase::Refunded).await;
    assert_eq!(world.moves(Who::Taker, before).await, Moves::NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_cannot_be_asked_holds_a_swap_up_and_does_no_harm() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    let before = world.purses().await;
    let only = FaultProxy::in_front_of(world.ethers[0].anvil.http_url())
        .await
        .unwrap();
    world.maker.stop().await;
    world.maker.ground.ethers[0].1 = vec![only.http_url()];
    world.maker.start().await;
    world.hold(Leg::First);
    let swap = world.agree().await;
    world.hold_what_waits(Leg::First).await;
    only.set(Faults::refuses(DOWN));
    world.flow(Leg::First);
    world
        .until("the responder is to lock", async |world| {
            world
                .maker
                .record(swap)
                .await
                .swap
                .facts()
                .legs
                .first
                .lock_is_final()
        })
        .await;
    world.a_while().await;
    assert!(!world.waits(Leg::Second).await);
    only.heal();
    world.complete(swap).await;
    let moves = world.all_moves(before).await;
    assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
    assert_eq!(world.ether_transactions().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_endpoints_on_either_chain_may_be_gone() {
    let mut world = World::new(Setup::ETHER_FIRST).await;
    let before = world.purses().await;
    let ether = world.ethers[0].anvil.http_url();
    let gone = FaultProxy::in_front_of(ether.clone()).await.unwrap();
    let third = FaultProxy::in_front_of(ether.clone()).await.unwrap();
    let coins = rpc_endpoint(world.coins().node());
    let mut nobody = coins.clone();
    nobody.url = "http://127.0.0.1:9".parse().unwrap();
    for who in [Who::Maker, Who::Taker] {
        world.party_mut(who).stop().await;
        let ground = &mut world.party_mut(who).ground;
        ground.coins.as_mut().unwrap().1 = vec![nobody.clone(), coins.clone(), coins.clone()];
        ground.ethers[0].1 = vec![gone.http_url(), ether.clone(), third.http_url()];
        world.party_mut(who).start().await;
    }
    gone.set(Faults::refuses(DOWN));
    let swap = world.agree().await;
    world.complete(swap).await;
    let moves = world.all_moves(before).await;
    assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
}
