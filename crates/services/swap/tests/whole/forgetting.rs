//! What is over for good is looked out for no more, and what is not is.

use std::sync::atomic::Ordering;

use causeway_swap::{Expiry, Leg, Phase};
use futures::future::join_all;

use crate::support::{FINAL_AFTER, Moves, Setup, Who, World, stranger::Stranger};

/// How many swaps a party looks out for.
async fn watched(world: &World, who: Who) -> usize {
    let asked = world
        .party(who)
        .ask(|service| async move { service.watched() });
    asked.await
}

/// Longer than it takes to look for what is over.
async fn looks_have_passed(world: &mut World) {
    for _ in 0..3 {
        world.a_while().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_swap_is_forgotten_and_one_under_way_is_not() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let (initiator, responder) = (world.initiator(), world.responder());
        let finished = world.agree().await;
        world.complete(finished).await;
        for who in [initiator, responder] {
            assert_eq!(watched(&world, who).await, 1, "{who:?}");
        }
        // Another is under way, with its second lock not in a block yet.
        world.hold(Leg::Second);
        let under_way = world.agree().await;
        world.hold_what_waits(Leg::Second).await;
        looks_have_passed(&mut world).await;
        for who in [initiator, responder] {
            assert_eq!(watched(&world, who).await, 2, "{who:?}");
        }
        for leg in Leg::BOTH {
            world.mine(leg, 2 * FINAL_AFTER).await;
        }
        for who in [initiator, responder] {
            world
                .until(&format!("{who:?} has forgotten one"), async |world| {
                    watched(world, who).await == 1
                })
                .await;
        }
        looks_have_passed(&mut world).await;
        for who in [initiator, responder] {
            assert_eq!(watched(&world, who).await, 1, "{who:?}");
        }
        world.flow(Leg::Second);
        world.complete(under_way).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_still_be_taken_back_is_not_forgotten() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let (initiator, responder) = (world.initiator(), world.responder());
        world.hold(Leg::First);
        let swap = world.agree().await;
        world.hold_what_waits(Leg::First).await;
        world.party_mut(responder).crash().await;
        world.flow(Leg::First);
        world.reach(initiator, swap, Phase::Lock1Final).await;
        // Nothing is on the second chain, whose lock could not be made any more, and ours is still there.
        world.expire(swap, Leg::Second).await;
        looks_have_passed(&mut world).await;
        assert_eq!(watched(&world, initiator).await, 1);
        world.expire(swap, Leg::First).await;
        world.be(initiator, swap, Phase::Refunded).await;
        world.mine(Leg::First, 2 * FINAL_AFTER).await;
        world
            .until("what was taken back is forgotten", async |world| {
                watched(world, initiator).await == 0
            })
            .await;
    }))
    .await;
}

/// Whoever proposes and then does nothing fills no memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_swap_for_which_nobody_locks_is_forgotten() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    let stranger = Stranger::new(&world, [0x53; 32]);
    let swap = stranger.agree(&world, 1).await;
    looks_have_passed(&mut world).await;
    assert_eq!(watched(&world, Who::Maker).await, 1);
    world.expire(swap, Leg::First).await;
    world.be(Who::Maker, swap, Phase::Cancelled).await;
    world
        .until("forgotten", async |world| {
            watched(world, Who::Maker).await == 0
        })
        .await;
}

/// What was sent may get into a block at any time, and is ours.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_comes_after_the_end_and_a_restart_is_taken_back() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    let before = world.purses().await;
    let initiator = world.initiator();
    world.hold(Leg::First);
    let swap = world.agree().await;
    world.hold_what_waits(Leg::First).await;
    let record = world.any_record(swap).await;
    let Expiry::Height(expiry) = record.terms().legs.first.expiry else {
        panic!("coins expire by height")
    };
    let mut secs = 0;
    while world.coins().height().await < expiry {
        world.mine_empty(Leg::First).await;
        secs += record.swap.timing().legs.first.blocks().usual();
    }
    world.ethers[0].pass(secs).await;
    world.ethers[0].mine(1).await;
    let millis = i64::try_from(secs * 1_000).unwrap();
    world.clock.fetch_add(millis, Ordering::SeqCst);
    world.be(initiator, swap, Phase::Cancelled).await;
    looks_have_passed(&mut world).await;
    assert_eq!(watched(&world, initiator).await, 1);
    world.party_mut(initiator).crash().await;
    world.party_mut(initiator).start().await;
    assert!(world.waits(Leg::First).await);
    world.flow(Leg::First);
    world.reach(initiator, swap, Phase::Refunding).await;
    world.be(initiator, swap, Phase::Refunded).await;
    assert_eq!(world.all_moves(before).await, [Moves::NONE; 2]);
}
