//! Locks that are not what was agreed on, that come twice, or that come too late.

use alloy::sol_types::SolCall as _;
use causeway_contracts::{claim_window, hash_time_lock::HashTimeLock};
use causeway_localnet::dev_key;
use causeway_swap::{Advice, Expiry, Leg, Phase, SwapId};

use crate::support::{
    AMOUNT, AMOUNT_OF_COINS, FINAL_AFTER, Moved, Moves, Purse, Setup, Who, World,
    stranger::Stranger,
};

const SEED: [u8; 32] = [0x99; 32];
/// Whose transactions nobody's balance depends on.
const NOBODY: usize = 9;

/// A maker that has agreed with a stranger to give ether for coins.
async fn agreed() -> (World, SwapId, Purse) {
    let mut world = World::new(Setup::COINS_FIRST).await;
    world.taker.stop().await;
    let stranger = Stranger::new(&world, SEED);
    let swap = stranger.agree(&world, 1).await;
    let before = world.purse(Who::Maker).await;
    (world, swap, before)
}

/// The maker locks nothing, and says what is wrong.
async fn is_not_taken_in(mut world: World, swap: SwapId, before: Purse, advice: Advice) {
    world
        .until("it is told", async |world| {
            world.advice(Who::Maker).await == [(Leg::First, advice)]
        })
        .await;
    world.mine(Leg::First, FINAL_AFTER).await;
    world.a_while().await;
    let record = world.maker.record(swap).await;
    assert!(!record.swap.intents().lock);
    assert_eq!(world.ethers[0].nonce(world.maker.account).await, 0);
    world.expire(swap, Leg::First).await;
    world.be(Who::Maker, swap, Phase::Cancelled).await;
    assert_eq!(world.moves(Who::Maker, before).await, Moves::NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_lock_is_made_for_a_first_of_another_amount() {
    let (world, swap, before) = agreed().await;
    let script = world.script_of_first_lock(swap).await;
    world.pay(&script, AMOUNT_OF_COINS - 1).await;
    is_not_taken_in(world, swap, before, Advice::WrongLock).await;
}

/// What opens to others, or at another time, is another script, and so is no lock at all.
#[tokio::test(flavor = "multi_thread")]
async fn no_second_lock_is_made_for_a_first_of_other_terms() {
    let (mut world, swap, before) = agreed().await;
    let record = world.maker.record(swap).await;
    let sooner = world
        .coins()
        .lock_of(record.terms(), |lock| lock.refund_height -= 50);
    let to_itself = world.coins().lock_of(record.terms(), |lock| {
        let other = causeway_bitcoin::KeyChain::from_seed(&SEED, lock.network).unwrap();
        lock.claim_key = other.lock_public_key(77).unwrap();
    });
    for lock in [sooner, to_itself] {
        world.pay(&lock.script_pubkey(), AMOUNT_OF_COINS).await;
    }
    world.nudge().await;
    world.mine(Leg::First, FINAL_AFTER).await;
    world.a_while().await;
    assert!(
        !world
            .maker
            .record(swap)
            .await
            .swap
            .facts()
            .legs
            .first
            .was_locked
    );
    world.expire(swap, Leg::First).await;
    world.be(Who::Maker, swap, Phase::Cancelled).await;
    assert_eq!(world.ethers[0].nonce(world.maker.account).await, 0);
    assert_eq!(world.moves(Who::Maker, before).await, Moves::NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_lock_that_is_paid_twice_is_answered_once() {
    let (mut world, swap, before) = agreed().await;
    let script = world.script_of_first_lock(swap).await;
    world.pay(&script, AMOUNT_OF_COINS).await;
    world.nudge().await;
    world.pay(&script, AMOUNT_OF_COINS).await;
    world.reach(Who::Maker, swap, Phase::Lock2Final).await;
    let advice = world.advice(Who::Maker).await;
    assert_eq!(advice, [(Leg::First, Advice::DuplicateLock)]);
    assert_eq!(world.ethers[0].nonce(world.maker.account).await, 1);
    // Nobody shows the secret, and the maker's comes back.
    world.expire(swap, Leg::Second).await;
    world.be(Who::Maker, swap, Phase::Refunded).await;
    assert_eq!(world.moves(Who::Maker, before).await, Moves::NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_lock_is_made_for_a_first_that_comes_too_late() {
    let (mut world, swap, before) = agreed().await;
    let script = world.script_of_first_lock(swap).await;
    // There would be no time left to claim the second.
    world.later(280).await;
    world.pay(&script, AMOUNT_OF_COINS).await;
    world.reach(Who::Maker, swap, Phase::Lock1Final).await;
    world.a_while().await;
    assert!(!world.maker.record(swap).await.swap.intents().lock);
    world.expire(swap, Leg::First).await;
    world.be(Who::Maker, swap, Phase::Cancelled).await;
    assert_eq!(world.ethers[0].nonce(world.maker.account).await, 0);
    assert_eq!(world.moves(Who::Maker, before).await, Moves::NONE);
}

/// The other way: the second lock is another's, or of another amount, and the secret stays secret.
#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_not_shown_for_a_second_lock_of_another_amount_or_other_terms() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    let before = world.purse(Who::Taker).await;
    world.hold(Leg::First);
    let swap = world.agree().await;
    world.hold_what_waits(Leg::First).await;
    world.maker.crash().await;
    world.flow(Leg::First);
    world.reach(Who::Taker, swap, Phase::Lock1Final).await;

    let record = world.taker.record(swap).await;
    let terms = &record.terms().legs.second;
    let Expiry::Time(time) = terms.expiry else {
        panic!("ether expires at times")
    };
    let lock = async |claimer: usize, time: u64, amount: u128| {
        let call = HashTimeLock::lockCoinCall {
            hashLock: record.terms().hash_lock.hash(),
            window: claim_window(dev_key(claimer).address(), time),
        };
        let contract = world.ethers[0].contract;
        let data = call.abi_encode().into();
        world.ethers[0]
            .send_as(world.maker.account, contract, data, amount)
            .await;
    };
    let (taker, time) = (world.taker.account, time.as_secs());
    lock(taker, time, AMOUNT - 1).await;
    lock(taker, time - 60, AMOUNT).await;
    lock(NOBODY, time, AMOUNT).await;
    world
        .until("it is told", async |world| {
            world.advice(Who::Taker).await == [(Leg::Second, Advice::WrongLock)]
        })
        .await;
    world.mine(Leg::Second, FINAL_AFTER).await;
    world.a_while().await;
    assert_eq!(world.taker.record(swap).await.swap.intents().claim, None);
    assert_eq!(world.ethers[0].nonce(taker).await, 0);
    world.expire(swap, Leg::First).await;
    world.be(Who::Taker, swap, Phase::Refunded).await;
    assert_eq!(world.moves(Who::Taker, before).await, Moves::NONE);
}

/// The same terms can be locked on an EVM chain once at a time: the second is refused there.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_lock_that_comes_too_late_is_not_claimed() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    let before = world.purses().await;
    let swap = world.agree().await;
    world.hold_what_waits(Leg::Second).await;
    // lo(T2) - now is less than what a claim needs to be final.
    world.later(270).await;
    world.flow(Leg::Second);
    world.reach(Who::Maker, swap, Phase::Lock2Final).await;
    world.a_while().await;
    let record = world.taker.record(swap).await;
    assert_eq!(record.swap.intents().claim, None);
    // The initiator has given up hope once the second leg has expired, and asks for its own back; so
    // does the responder.
    world.expire(swap, Leg::Second).await;
    world.be(Who::Maker, swap, Phase::Refunded).await;
    world.be(Who::Taker, swap, Phase::Refunded).await;
    assert_eq!(world.all_moves(before).await, [Moves::NONE; 2]);
    assert_eq!(world.moves(Who::Taker, before[0]).await.first, Moved::Kept);
}
