//! The secret is shown when it is almost too late, or too late.

use causeway_swap::{Leg, Phase, SwapId};
use futures::future::join_all;

use crate::support::{FINAL_AFTER, Moves, Purse, Setup, World};

/// The second leg is locked, and the initiator, who could claim it, is gone with its secret.
async fn locked(setup: Setup) -> (World, SwapId, [Purse; 2]) {
    let mut world = World::new(setup).await;
    let before = world.purses().await;
    let swap = world.agree().await;
    world.hold_what_waits(Leg::Second).await;
    world.party_mut(world.initiator()).crash().await;
    world.mine(Leg::Second, FINAL_AFTER).await;
    world
        .reach(world.responder(), swap, Phase::Lock2Final)
        .await;
    (world, swap, before)
}

/// The block before the one that could hold the refund holds the claim.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_shown_in_the_last_block_still_gets_the_responder_the_first_leg() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let (mut world, swap, before) = locked(setup).await;
        world.almost_expire(swap, Leg::Second).await;
        world.second_is_claimed(swap).await;
        world.expire(swap, Leg::Second).await;
        world.flow(Leg::Second);
        world.responder_claims_alone(swap, before).await;
    }))
    .await;
}

/// The claim is mined after the expiry, in the place of the responder's refund, which waits already.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_beats_a_refund_after_the_expiry_gets_the_responder_the_first_leg() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let (mut world, swap, before) = locked(setup).await;
        world.expire(swap, Leg::Second).await;
        let responder = world.responder();
        world.reach(responder, swap, Phase::Refunding).await;
        world.hold_what_waits(Leg::Second).await;
        world.second_is_claimed(swap).await;
        world.flow(Leg::Second);
        world.responder_claims_alone(swap, before).await;
    }))
    .await;
}

/// The refund is mined first: each has its own, and no secret is shown for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_beats_a_claim_leaves_each_with_its_own() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let (mut world, swap, before) = locked(setup).await;
        let (initiator, responder) = (world.initiator(), world.responder());
        world.expire(swap, Leg::Second).await;
        world.flow(Leg::Second);
        world.be(responder, swap, Phase::Refunded).await;
        world.party_mut(initiator).start().await;
        world.a_while().await;
        world.expire(swap, Leg::First).await;
        world.be(initiator, swap, Phase::Refunded).await;
        assert_eq!(world.all_moves(before).await, [Moves::NONE; 2]);
    }))
    .await;
}
