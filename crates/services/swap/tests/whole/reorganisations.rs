//! Chains take back what they have shown, once even what they had called final.

use causeway_swap::{Advice, Leg, Phase, SwapId};
use futures::future::join_all;

use crate::support::{FINAL_AFTER, Moves, Purse, Setup, World};

/// It ends as if nothing had happened, with one lock and one claim on either chain.
async fn completes(world: &mut World, before: [Purse; 2], swap: SwapId) {
    ends_well(world, before, swap).await;
    assert_eq!(world.ether_transactions().await, 2);
}

async fn ends_well(world: &mut World, before: [Purse; 2], swap: SwapId) {
    world.flow(Leg::First);
    world.flow(Leg::Second);
    world.complete(swap).await;
    let moves = world.all_moves(before).await;
    assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
    assert_eq!(world.coins().transactions().await.len(), 2);
}

async fn knows_lock(world: &World, swap: SwapId, leg: Leg) -> [bool; 2] {
    let record = world.party(world.initiator()).record(swap).await;
    let other = world.party(world.responder()).record(swap).await;
    [record, other].map(|record| record.locked_at(leg).is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_built_on_a_lock_whose_block_goes_before_it_is_final() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        world.hold(Leg::First);
        let swap = world.agree().await;
        world.hold_what_waits(Leg::First).await;
        world.mine(Leg::First, 1).await;
        world
            .until("lock 1 is seen", async |world| {
                knows_lock(world, swap, Leg::First).await == [true; 2]
            })
            .await;
        world.take_back(Leg::First, 1).await;
        world.mine_empty(Leg::First).await;
        world
            .until("lock 1 is gone", async |world| {
                knows_lock(world, swap, Leg::First).await == [false; 2]
            })
            .await;
        // However many blocks follow, those of the lock are none of them.
        let responder = world.party(world.responder());
        assert!(!responder.record(swap).await.swap.intents().lock);
        assert_eq!(world.advice(world.responder()).await, []);
        completes(&mut world, before, swap).await;
        assert_eq!(world.advice(world.responder()).await, []);
    }))
    .await;
}

/// Once the responder has locked, and before that is in a block, the first lock goes although it was final.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_lock_that_goes_although_it_was_final_is_seen_again_and_a_person_is_told() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        let swap = world.agree().await;
        world.hold_what_waits(Leg::Second).await;
        world.hold(Leg::First);
        let depth = world.depth(swap, Leg::First).await;
        world.take_back(Leg::First, depth).await;
        // Until another block comes, there is none that says so.
        world.mine_empty(Leg::First).await;
        world
            .until("lock 1 is gone", async |world| {
                knows_lock(world, swap, Leg::First).await == [false; 2]
            })
            .await;
        for who in [world.initiator(), world.responder()] {
            let advice = world.advice(who).await;
            assert_eq!(advice, [(Leg::First, Advice::FinalBlockGone)]);
        }
        completes(&mut world, before, swap).await;
    }))
    .await;
}

/// The secret is shown, and before it is in a block, the lock that it was shown for goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_lock_that_goes_when_the_secret_was_shown_for_it_is_still_claimed() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        let swap = world.agree().await;
        world.hold_what_waits(Leg::Second).await;
        world.mine(Leg::Second, FINAL_AFTER).await;
        world
            .reach(world.initiator(), swap, Phase::RevealIntent)
            .await;
        let depth = world.depth(swap, Leg::Second).await;
        world.take_back(Leg::Second, depth).await;
        world.mine_empty(Leg::Second).await;
        world
            .until("lock 2 is gone", async |world| {
                knows_lock(world, swap, Leg::Second).await == [false; 2]
            })
            .await;
        let initiator = world.initiator();
        assert!(
            world
                .advice(initiator)
                .await
                .contains(&(Leg::Second, Advice::FinalBlockGone))
        );
        completes(&mut world, before, swap).await;
    }))
    .await;
}

/// The initiator has its coins for good, and has them no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_goes_although_it_was_final_is_made_again() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        let swap = world.agree().await;
        world
            .reach(world.initiator(), swap, Phase::RevealIntent)
            .await;
        // The responder's claim waits, so that the swap is still under way.
        world.hold(Leg::First);
        world.be(world.initiator(), swap, Phase::Claim2Final).await;
        world.hold(Leg::Second);
        world.take_back(Leg::Second, FINAL_AFTER).await;
        world.mine_empty(Leg::Second).await;
        world.be(world.initiator(), swap, Phase::RevealIntent).await;
        let initiator = world.initiator();
        assert!(
            world
                .advice(initiator)
                .await
                .contains(&(Leg::Second, Advice::FinalBlockGone))
        );
        ends_well(&mut world, before, swap).await;
        // What had been final is sent by nobody else, as far as an account knows: it claims anew. If nodes
        // have kept the old claim, one of the two finds nothing to claim.
        let made = world.ether_transactions().await;
        assert!((2..=3).contains(&made), "{made} transactions");
    }))
    .await;
}
