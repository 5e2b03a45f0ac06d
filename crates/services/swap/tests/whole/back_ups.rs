//! An old copy of a party's store is put back, and knows nothing of what came after it.

use std::path::Path;

use causeway_swap::{Leg, Role};
use futures::future::join_all;

use crate::support::{Moves, Setup, Who, World};

async fn is_put_back(world: &mut World, who: Who, copy: &Path) {
    world.party_mut(who).crash().await;
    world.party_mut(who).put_back(copy);
    world.party_mut(who).start().await;
}

/// The copy is from when the swap was agreed on; by now both have locked.
async fn goes_on_from_a_copy(setup: Setup, role: Role) {
    let mut world = World::new(setup).await;
    let before = world.purses().await;
    world.hold(Leg::First);
    let swap = world.agree().await;
    let who = world.of(role);
    let copy = world.party(who).back_up("old.db").await;
    world.flow(Leg::First);
    world.hold_what_waits(Leg::Second).await;
    is_put_back(&mut world, who, &copy).await;
    world.a_while().await;
    world.flow(Leg::Second);
    world.complete(swap).await;
    let moves = world.all_moves(before).await;
    assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
    assert_eq!(world.coins().transactions().await.len(), 2);
    assert_eq!(world.ether_transactions().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initiator_with_an_old_copy_of_its_store_locks_and_claims_once() {
    let both = Setup::BOTH_WAYS.map(|setup| goes_on_from_a_copy(setup, Role::Initiator));
    join_all(both).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_with_an_old_copy_of_its_store_locks_and_claims_once() {
    let both = Setup::BOTH_WAYS.map(|setup| goes_on_from_a_copy(setup, Role::Responder));
    join_all(both).await;
}

/// The copy is from before the first swap. The second has another number, other keys, another secret.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_forgotten_swap_has_used_is_not_used_again() {
    for who in [Who::Maker, Who::Taker] {
        let mut world = World::new(Setup::COINS_FIRST).await;
        let copy = world.party(who).back_up("empty.db").await;
        let first = world.agree().await;
        world.complete(first).await;
        let parties = [&world.maker, &world.taker];
        let used = join_all(parties.map(|party| party.record(first))).await;
        is_put_back(&mut world, who, &copy).await;
        assert_eq!(world.party(who).ledger().records(false).await.unwrap(), []);

        let before = world.purses().await;
        let second = world.agree().await;
        let parties = [&world.maker, &world.taker];
        let now = join_all(parties.map(|party| party.record(second))).await;
        for (used, now) in used.iter().zip(&now) {
            assert!(now.number > used.number);
            assert_ne!(now.terms().hash_lock, used.terms().hash_lock);
            let (then, terms) = (&used.terms().legs.first, &now.terms().legs.first);
            assert_ne!(terms.claimer, then.claimer);
            assert_ne!(terms.refunder, then.refunder);
        }
        world.complete(second).await;
        let moves = world.all_moves(before).await;
        assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
    }
}
