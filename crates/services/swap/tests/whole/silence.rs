//! One party falls silent for ever, which whoever is honest gets over with all that is its own.

use causeway_swap::{Leg, Phase, SwapId};
use futures::future::join_all;

use crate::support::{FINAL_AFTER, Moved, Moves, Setup, Who, World};

/// A swap that both have agreed on, whose blocks wait.
async fn agreed(setup: Setup) -> (World, SwapId) {
    let mut world = World::new(setup).await;
    world.hold(Leg::First);
    let swap = world.agree().await;
    (world, swap)
}

/// Somebody gets back what it has locked, if anything.
async fn is_unharmed(world: &mut World, who: Who, swap: SwapId, phase: Phase) {
    world.be(who, swap, phase).await;
    let troubles = world.party(who).ledger().troubles(swap).await.unwrap();
    assert_eq!(troubles, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_whose_responder_never_locks_takes_its_own_back() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let (mut world, swap) = agreed(setup).await;
        let before = world.purses().await;
        let (initiator, responder) = (world.initiator(), world.responder());
        world.party_mut(responder).crash().await;
        world.flow(Leg::First);
        world.reach(initiator, swap, Phase::Lock1Final).await;
        assert_eq!(world.moves(initiator, before[0]).await.first, Moved::Gave);
        world.expire(swap, Leg::Second).await;
        world.be(initiator, swap, Phase::Refunding).await;
        assert_eq!(world.moves(initiator, before[0]).await.first, Moved::Gave);
        world.expire(swap, Leg::First).await;
        is_unharmed(&mut world, initiator, swap, Phase::Refunded).await;
        assert_eq!(world.all_moves(before).await, [Moves::NONE; 2]);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_whose_initiator_never_shows_the_secret_takes_its_own_back() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let (mut world, swap) = agreed(setup).await;
        let before = world.purses().await;
        let (initiator, responder) = (world.initiator(), world.responder());
        world.hold_what_waits(Leg::First).await;
        world.party_mut(initiator).crash().await;
        world.flow(Leg::First);
        world.reach(responder, swap, Phase::Lock2Final).await;
        assert_eq!(world.moves(responder, before[1]).await.second, Moved::Gave);
        world.expire(swap, Leg::Second).await;
        is_unharmed(&mut world, responder, swap, Phase::Refunded).await;
        assert_eq!(world.moves(responder, before[1]).await, Moves::NONE);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_whose_responder_is_gone_after_locking_gets_what_it_swapped_for() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        let (initiator, responder) = (world.initiator(), world.responder());
        let swap = world.agree().await;
        world.hold_what_waits(Leg::Second).await;
        world.party_mut(responder).crash().await;
        world.flow(Leg::Second);
        world.be(initiator, swap, Phase::Claim2Final).await;
        // What it gave is not taken back, although nobody claims it.
        world.expire(swap, Leg::First).await;
        world.a_while().await;
        let moves = world.moves(initiator, before[0]).await;
        assert_eq!(moves, Moves::INITIATED);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_whose_initiator_is_gone_after_claiming_claims_by_itself() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        let initiator = world.initiator();
        let swap = world.agree().await;
        // The secret is to be learned from the chain alone.
        world.line.cut();
        world.hold_what_waits(Leg::Second).await;
        world.mine(Leg::Second, FINAL_AFTER).await;
        // Whoever could sign with it is not there, and what is waited for that is not much.
        world.reach(initiator, swap, Phase::RevealIntent).await;
        world.pass(10);
        world.hold_what_waits(Leg::Second).await;
        world.party_mut(initiator).crash().await;
        world.flow(Leg::Second);
        world.responder_claims_alone(swap, before).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_never_hear_of_each_other_again_complete_their_swap() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        let swap = world.agree().await;
        world.line.cut();
        world.complete(swap).await;
        assert_eq!(
            world.all_moves(before).await,
            [Moves::INITIATED, Moves::RESPONDED]
        );
        assert_eq!(world.coins().transactions().await.len(), 2);
        assert_eq!(world.ether_transactions().await, 2);
    }))
    .await;
}
