//! Nothing goes wrong.

use causeway_bitcoin::LockForm;
use causeway_local_bitcoin::NodeKind;
use futures::future::join_all;

use crate::support::{Moves, Place, Setup, Who, World};

/// Makes a swap, and sees to it that each has what it swapped for, for one lock and one claim on each
/// chain. Gives the size of the claim of coins, if there is one.
async fn completes(setup: Setup) -> Option<u64> {
    let mut world = World::new(setup).await;
    let before = world.purses().await;
    let swap = world.agree().await;
    world.complete(swap).await;
    let moves = world.all_moves(before).await;
    assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
    let places = [setup.first, setup.second];
    let tokens = places
        .iter()
        .filter(|place| matches!(place, Place::Token(_)));
    let others = places.iter().filter(|place| **place != Place::Coins);
    // A token needs an allowance first.
    let expected = (2 * others.count() + tokens.count()) as u64;
    assert_eq!(world.ether_transactions().await, expected);
    if !places.contains(&Place::Coins) {
        return None;
    }
    let made = world.coins().transactions().await;
    assert_eq!(made.len(), 2, "{made:?}");
    let claim = world.coins().transaction(&made[1]).await;
    claim["vsize"].as_u64()
}

const COOPERATIVE: Option<u64> = Some(99);
const BY_SCRIPT: Option<u64> = Some(139);

#[tokio::test(flavor = "multi_thread")]
async fn litecoin_is_swapped_for_ether() {
    assert_eq!(completes(Setup::COINS_FIRST).await, COOPERATIVE);
}

#[tokio::test(flavor = "multi_thread")]
async fn ether_is_swapped_for_litecoin() {
    assert_eq!(completes(Setup::ETHER_FIRST).await, COOPERATIVE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maker_makes_the_secret_and_gives_litecoin() {
    let initiator = Who::Maker;
    let setup = Setup::COINS_FIRST;
    assert_eq!(completes(Setup { initiator, ..setup }).await, COOPERATIVE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maker_makes_the_secret_and_gives_ether() {
    let initiator = Who::Maker;
    let setup = Setup::ETHER_FIRST;
    assert_eq!(completes(Setup { initiator, ..setup }).await, COOPERATIVE);
}

#[tokio::test(flavor = "multi_thread")]
async fn bitcoin_is_swapped_for_ether() {
    let kind = NodeKind::Bitcoin;
    let setup = Setup::COINS_FIRST;
    assert_eq!(completes(Setup { kind, ..setup }).await, COOPERATIVE);
}

#[tokio::test(flavor = "multi_thread")]
async fn ether_is_swapped_for_bitcoin() {
    let kind = NodeKind::Bitcoin;
    let setup = Setup::ETHER_FIRST;
    assert_eq!(completes(Setup { kind, ..setup }).await, COOPERATIVE);
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_are_swapped_in_locks_without_taproot() {
    let form = LockForm::WitnessScript;
    let both = Setup::BOTH_WAYS.map(|setup| completes(Setup { form, ..setup }));
    assert_eq!(join_all(both).await, [BY_SCRIPT; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ether_is_swapped_for_a_token_on_another_chain() {
    let setup = Setup {
        first: Place::Ether(0),
        second: Place::Token(1),
        ..Setup::COINS_FIRST
    };
    completes(setup).await;
    let (first, second) = (setup.second, setup.first);
    completes(Setup {
        first,
        second,
        ..setup
    })
    .await;
}
