//! Somebody watches over the swap of a party that is away for ever, and has nothing to steal with.

use causeway_swap::{Leg, Phase, SwapId};
use causeway_swap_service::Ward;
use futures::future::join_all;
use serde_json::Value;

use crate::support::{FINAL_AFTER, Moves, Party, Setup, Who, World};

/// What somebody gives away about a swap, as text.
async fn ward(world: &World, who: Who, swap: SwapId) -> String {
    let asked = world
        .party(who)
        .ask(|service| async move { service.delegate(swap).await });
    serde_json::to_string(&asked.await.unwrap()).unwrap()
}

/// A tower that watches over the swap from now on.
async fn tower(world: &World, ward: &str) -> Party {
    let mut tower = world.another("tower", [0x77; 32], 3);
    tower.start().await;
    let ward: Ward = serde_json::from_str(ward).unwrap();
    let watching = tower.ask(|service| async move { service.watch_over(ward).await });
    watching.await.unwrap();
    tower
}

async fn is_over(tower: &Party) -> bool {
    tower.ledger().watches(true).await.unwrap().is_empty()
}

/// How many swaps it looks out for.
async fn watched(tower: &Party) -> usize {
    let asked = tower.ask(|service| async move { service.watched() });
    asked.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_takes_back_for_whoever_is_away() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        let (initiator, responder) = (world.initiator(), world.responder());
        world.hold(Leg::First);
        let swap = world.agree().await;
        world.hold_what_waits(Leg::First).await;
        world.party_mut(responder).crash().await;
        world.flow(Leg::First);
        world.reach(initiator, swap, Phase::Lock1Final).await;
        let ward = ward(&world, initiator, swap).await;
        world.party_mut(initiator).crash().await;
        let mut tower = tower(&world, &ward).await;

        // Not before the expiry, nor for the tower's having been away.
        world.expire(swap, Leg::Second).await;
        world.a_while().await;
        assert!(!world.waits(Leg::First).await);
        assert_eq!(watched(&tower).await, 1);
        tower.crash().await;
        tower.start().await;
        world.expire(swap, Leg::First).await;
        world
            .until("taken back and over", async |_| is_over(&tower).await)
            .await;
        world.mine(Leg::First, 2 * FINAL_AFTER).await;
        world
            .until("forgotten", async |_| watched(&tower).await == 0)
            .await;
        assert_eq!(world.all_moves(before).await, [Moves::NONE; 2]);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_claims_for_a_responder_once_the_secret_is_out() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        let (initiator, responder) = (world.initiator(), world.responder());
        let swap = world.agree().await;
        world.hold_what_waits(Leg::Second).await;
        world.party_mut(initiator).crash().await;
        world.mine(Leg::Second, FINAL_AFTER).await;
        world.reach(responder, swap, Phase::Lock2Final).await;
        let ward = ward(&world, responder, swap).await;
        world.party_mut(responder).crash().await;
        let tower = tower(&world, &ward).await;
        world.a_while().await;
        // It has nothing to claim with yet.
        assert_eq!(
            world.moves(responder, before[1]).await.first,
            Moves::NONE.first
        );

        world.party_mut(initiator).start().await;
        world.reach(initiator, swap, Phase::RevealIntent).await;
        world.later(10).await;
        world.flow(Leg::Second);
        world
            .until("claimed and over", async |_| is_over(&tower).await)
            .await;
        let moves = world.all_moves(before).await;
        assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tower_is_given_holds_no_secret_and_no_key_and_pays_the_party_alone() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let swap = world.agree().await;
        let (initiator, responder) = (world.initiator(), world.responder());
        world.hold_what_waits(Leg::Second).await;
        world.mine(Leg::Second, FINAL_AFTER).await;
        world.reach(initiator, swap, Phase::RevealIntent).await;
        world.reach(responder, swap, Phase::Lock2Final).await;
        let record = world.party(initiator).record(swap).await;
        let secret = record.swap.facts().secret.clone().unwrap().to_bytes();
        for who in [initiator, responder] {
            let text = ward(&world, who, swap).await;
            let number = world.party(who).record(swap).await.number;
            for key in world.private_keys(who, number) {
                assert!(!text.contains(&key), "{text}");
            }
            let secret = alloy_primitives::hex::encode(secret);
            assert!(!text.contains(&secret), "{text}");
            let given: Value = serde_json::from_str(&text).unwrap();
            for what in ["claim", "refund"] {
                let data = given[what]["data"].as_str().unwrap();
                // On EVM chains anybody may do it, so that nothing is given.
                if !data.is_empty() {
                    world.pays_only(who, data);
                }
            }
        }
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_to_watch_over_before_anything_is_locked() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    world.hold(Leg::First);
    let swap = world.agree().await;
    let taker = &world.taker;
    let asked = taker.ask(|service| async move { service.delegate(swap).await });
    let error = asked.await.unwrap_err().to_string();
    assert!(error.contains("nothing in"), "{error}");
}
