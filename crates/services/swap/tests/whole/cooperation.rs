//! Parties who want out say so, and nobody has to wait for an expiry.

use causeway_swap::{Leg, Phase};
use futures::future::join_all;

use crate::support::{Moved, Moves, Setup, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_that_wants_out_before_the_second_lock_has_its_own_back_at_once() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        let (initiator, responder) = (world.initiator(), world.responder());
        world.hold(Leg::First);
        let swap = world.agree().await;
        world.hold_what_waits(Leg::First).await;
        world.mine(Leg::First, 1).await;
        world.reach(responder, swap, Phase::Lock1Intent).await;
        world.party(initiator).ledger().stop(swap).await.unwrap();
        world.reach(initiator, swap, Phase::Refunding).await;
        world
            .until("the responder agrees", async |world| {
                world
                    .party(responder)
                    .record(swap)
                    .await
                    .swap
                    .intents()
                    .give_up
            })
            .await;
        world.flow(Leg::First);
        world.be(initiator, swap, Phase::Refunded).await;
        world.be(responder, swap, Phase::Cancelled).await;
        assert_eq!(world.all_moves(before).await, [Moves::NONE; 2]);
        // Long before either could have expired.
        let record = world.party(responder).record(swap).await;
        for leg in Leg::BOTH {
            let expiry = record.terms().legs.of(leg).expiry;
            assert!(!expiry.has_come(&record.swap.facts().legs.of(leg).head));
        }
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_wants_out_before_it_has_locked_gives_the_first_leg_back_early() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        let mut world = World::new(setup).await;
        let before = world.purses().await;
        let (initiator, responder) = (world.initiator(), world.responder());
        world.hold(Leg::First);
        let swap = world.agree().await;
        world.hold_what_waits(Leg::First).await;
        world.party(responder).ledger().stop(swap).await.unwrap();
        world.flow(Leg::First);
        world.reach(responder, swap, Phase::Lock1Final).await;
        world.a_while().await;
        assert!(
            !world
                .party(responder)
                .record(swap)
                .await
                .swap
                .intents()
                .lock
        );
        // The initiator gives up hope when the second leg could have expired, and not when the first has.
        world.expire(swap, Leg::Second).await;
        world.later(20).await;
        world.be(initiator, swap, Phase::Refunded).await;
        assert_eq!(world.all_moves(before).await, [Moves::NONE; 2]);
        let record = world.party(initiator).record(swap).await;
        let expiry = record.terms().legs.first.expiry;
        assert!(!expiry.has_come(&record.swap.facts().legs.first.head));
    }))
    .await;
}

/// Whoever signs nothing costs the other a larger claim, and no more than the wait that was configured.
#[tokio::test(flavor = "multi_thread")]
async fn a_party_that_does_not_sign_delays_nothing_beyond_the_wait() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    let before = world.purses().await;
    let swap = world.agree().await;
    world.line.cut();
    let responder = world.responder();
    world.reach(responder, swap, Phase::Claim1Intent).await;
    assert_eq!(world.moves(responder, before[1]).await.first, Moved::Kept);
    world.be(responder, swap, Phase::Done).await;
    let record = world.party(responder).record(swap).await;
    let at = |phase| {
        let moment = record.story.iter().find(|moment| moment.phase == phase);
        moment.unwrap().at.as_secs()
    };
    let took = at(Phase::Done) - at(Phase::Claim1Intent);
    // Six seconds were configured. The rest is what a busy machine may need.
    assert!((6..30).contains(&took), "{took} s");
    let made = world.coins().transactions().await;
    let claim = world.coins().transaction(&made[1]).await;
    assert_eq!(claim["vsize"], 143);
}
