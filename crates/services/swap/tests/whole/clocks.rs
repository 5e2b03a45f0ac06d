//! Clocks that are not quite right, and clocks that are wrong.

use std::sync::atomic::Ordering;

use causeway_swap::{Leg, Phase};
use futures::future::join_all;

use crate::support::{Moves, Setup, Who, World};

const HOUR: i64 = 3_600_000;

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_differ_by_no_more_than_was_assumed_keep_nobody_from_swapping() {
    join_all(
        [(5_000, Who::Maker), (5_000, Who::Taker)].map(async |(ahead, who)| {
            let mut world = World::new(Setup::ETHER_FIRST).await;
            let before = world.purses().await;
            world.party(who).ahead.store(ahead, Ordering::SeqCst);
            world
                .party(who.other())
                .ahead
                .store(-ahead, Ordering::SeqCst);
            let swap = world.agree().await;
            world.complete(swap).await;
            let moves = world.all_moves(before).await;
            assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
        }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_agreed_on_with_whoever_lives_in_another_hour() {
    let world = World::new(Setup::COINS_FIRST).await;
    for who in [Who::Maker, Who::Taker] {
        for ahead in [HOUR, -HOUR] {
            let party = world.party(who);
            party.ahead.store(ahead, Ordering::SeqCst);
            world.try_to_agree().await.unwrap_err();
            party.ahead.store(0, Ordering::SeqCst);
        }
    }
    for party in [&world.maker, &world.taker] {
        assert_eq!(party.ledger().records(false).await.unwrap(), []);
    }
    world.agree().await;
}

/// A clock that leaps ahead once the swap is under way makes its owner careful: it neither locks nor
/// shows the secret, and takes back what it has locked.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_leaps_ahead_costs_a_swap_and_nothing_else() {
    join_all(Setup::BOTH_WAYS.map(async |setup| {
        for who in [Who::Maker, Who::Taker] {
            let mut world = World::new(setup).await;
            let before = world.purses().await;
            world.hold(Leg::First);
            let swap = world.agree().await;
            world.hold_what_waits(Leg::First).await;
            world.party(who).ahead.store(3 * HOUR, Ordering::SeqCst);
            world.flow(Leg::First);
            let (initiator, responder) = (world.initiator(), world.responder());
            world
                .until("lock 1 is final", async |world| {
                    let record = world.party(initiator).record(swap).await;
                    record.swap.facts().legs.first.lock_is_final()
                })
                .await;
            world.a_while().await;
            let record = world.party(initiator).record(swap).await;
            let is_coins = setup.second == crate::support::Place::Coins;
            if who == initiator && is_coins {
                // Coins expire at heights, which no clock changes.
                world.complete(swap).await;
                let moves = world.all_moves(before).await;
                assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
                continue;
            }
            assert_eq!(record.swap.intents().claim, None);
            world.expire(swap, Leg::First).await;
            world.be(initiator, swap, Phase::Refunded).await;
            world
                .until("the responder has its own", async |world| {
                    let record = world.party(responder).record(swap).await;
                    matches!(record.swap.phase(), Phase::Refunded | Phase::Cancelled)
                })
                .await;
            assert_eq!(world.all_moves(before).await, [Moves::NONE; 2]);
        }
    }))
    .await;
}
