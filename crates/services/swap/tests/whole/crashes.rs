//! Either service is ended without warning and started again, at every moment at which it has decided
//! something.

use causeway_swap::{Leg, Phase, Role, SwapId};
use futures::future::join_all;

use crate::support::{Moves, Setup, World};

/// Whoever is in this role is ended as soon as it has come to this phase, and started again.
async fn survives(setup: Setup, role: Role, phase: Phase) {
    let mut world = World::new(setup).await;
    let before = world.purses().await;
    let swap = world.agree().await;
    let who = world.of(role);
    if phase == Phase::Claim2Final {
        // The end of the other leg would come first.
        world.reach(who, swap, Phase::RevealIntent).await;
        world.hold(Leg::First);
    }
    world.reach(who, swap, phase).await;
    world.party_mut(who).crash().await;
    world.flow(Leg::First);
    // The world goes on without it.
    world.a_while().await;
    world.party_mut(who).start().await;
    world.complete(swap).await;
    is_exactly_one_swap(&world, before, swap).await;
}

/// Nothing was locked twice, and nothing claimed twice.
async fn is_exactly_one_swap(world: &World, before: [crate::support::Purse; 2], swap: SwapId) {
    let moves = world.all_moves(before).await;
    assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED], "{swap}");
    assert_eq!(world.coins().transactions().await.len(), 2);
    assert_eq!(world.ether_transactions().await, 2);
}

async fn survives_both_ways(role: Role, phase: Phase) {
    join_all(Setup::BOTH_WAYS.map(|setup| survives(setup, role, phase))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_that_dies_when_it_has_decided_to_lock_locks_once() {
    survives_both_ways(Role::Initiator, Phase::Lock1Intent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_that_dies_when_its_lock_is_final_goes_on() {
    survives_both_ways(Role::Initiator, Phase::Lock1Final).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_that_dies_when_the_other_lock_is_seen_goes_on() {
    survives_both_ways(Role::Initiator, Phase::Lock2Intent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_that_dies_when_it_has_decided_to_reveal_reveals() {
    survives_both_ways(Role::Initiator, Phase::RevealIntent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_that_dies_when_its_claim_is_final_has_all_it_wants() {
    survives_both_ways(Role::Initiator, Phase::Claim2Final).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_dies_when_it_has_agreed_goes_on() {
    survives_both_ways(Role::Responder, Phase::Negotiated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_dies_when_the_first_lock_is_seen_goes_on() {
    survives_both_ways(Role::Responder, Phase::Lock1Intent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_dies_when_it_has_decided_to_lock_locks_once() {
    survives_both_ways(Role::Responder, Phase::Lock2Intent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_dies_when_its_lock_is_final_goes_on() {
    survives_both_ways(Role::Responder, Phase::Lock2Final).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_dies_when_it_knows_the_secret_claims() {
    survives_both_ways(Role::Responder, Phase::Claim1Intent).await;
}

/// Until something is in a block, a crash is where transactions are most easily sent twice.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_while_its_transaction_waits_for_a_block_sends_no_other() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        world.hold(Leg::First);
        world.hold(Leg::Second);
        let swap = world.agree().await;
        for (leg, role) in [
            (Leg::First, Role::Initiator),
            (Leg::Second, Role::Responder),
            (Leg::Second, Role::Initiator),
            (Leg::First, Role::Responder),
        ] {
            world.hold_what_waits(leg).await;
            let who = world.of(role);
            world.party_mut(who).crash().await;
            world.party_mut(who).start().await;
            world.a_while().await;
            world.mine(leg, crate::support::FINAL_AFTER).await;
        }
        world.flow(Leg::First);
        world.flow(Leg::Second);
        world.complete(swap).await;
        is_exactly_one_swap(&world, before, swap).await;
    }))
    .await;
}
