//! The way through a swap, and the ways back.

use super::*;

#[test]
fn an_initiator_locks_shows_the_secret_and_is_done() {
    let begun = begin(Role::Initiator, test_values::terms(), 0).unwrap();
    assert_eq!(keys(&begun.effects), ["lock"]);
    let mut life = Life::of(Role::Initiator);
    assert_eq!(life.phase(), Phase::Lock1Intent);
    assert!(life.take(locked(Leg::First, 1)).is_empty() && life.wanted().is_empty());
    life.take(settled(Leg::First, 1));
    assert_eq!(life.phase(), Phase::Lock1Final);
    assert!(life.take(locked(Leg::Second, 2)).is_empty());
    assert_eq!(life.phase(), Phase::Lock2Intent);

    assert_eq!(life.take(settled(Leg::Second, 2)), ["claim"]);
    assert_eq!(life.phase(), Phase::RevealIntent);
    assert_eq!(
        life.swap.wanted(),
        [Effect::Claim {
            leg: Leg::Second,
            secret: secret(),
            before: test_values::terms().legs.second.expiry,
        }]
    );
    life.take(claimed(Leg::Second, 3));
    assert_eq!((life.phase(), life.wanted()), (Phase::RevealIntent, vec![]));
    life.take(settled(Leg::Second, 3));
    assert_eq!((life.phase(), life.wake), (Phase::Claim2Final, None));
    life.take_all([claimed(Leg::First, 4), settled(Leg::First, 4)]);
    assert_eq!(life.phase(), Phase::Done);
}

#[test]
fn a_responder_locks_second_and_claims_with_the_secret_that_the_claim_shows() {
    let mut life = Life::of(Role::Responder);
    assert_eq!((life.phase(), life.wanted()), (Phase::Negotiated, vec![]));
    assert!(life.take(locked(Leg::First, 1)).is_empty());
    assert_eq!(life.take(settled(Leg::First, 1)), ["lock"]);
    assert_eq!(life.phase(), Phase::Lock2Intent);
    life.take_all([locked(Leg::Second, 2), settled(Leg::Second, 2)]);
    assert_eq!((life.phase(), life.wanted()), (Phase::Lock2Final, vec![]));

    assert_eq!(life.take(claimed(Leg::Second, 3)), ["claim"]);
    assert_eq!(life.phase(), Phase::Claim1Intent);
    life.take_all([claimed(Leg::First, 4), settled(Leg::First, 4)]);
    assert_eq!((life.phase(), life.wanted()), (Phase::Done, vec![]));
}

#[test]
fn a_secret_that_waits_for_its_block_is_enough_and_a_wrong_one_is_nothing() {
    let mut life = Life::both_locked(Role::Responder);
    let wrong = Secret::from_bytes([0xbd; 32]);
    assert!(life.take(Input::Secret { secret: wrong }).is_empty());
    assert_eq!(life.take(Input::Secret { secret: secret() }), ["claim"]);
}

#[test]
fn a_swap_does_not_begin_with_another_secret_or_too_late() {
    let terms = test_values::terms();
    let other = Secret::from_bytes([1; 32]);
    let now = Timestamp::from_secs(0);
    let refused = Swap::initiate(terms.clone(), other, timing(), heads(0, 1_000), now);
    assert!(matches!(refused, Err(BeginError::WrongSecret { .. })));
    for role in [Role::Initiator, Role::Responder] {
        let refused = begin(role, terms.clone(), 4 * HOUR);
        assert!(matches!(refused, Err(BeginError::Time(_))));
    }
}

#[test]
fn a_responder_who_comes_too_late_does_not_lock_and_loses_nothing() {
    let mut life = Life::of(Role::Responder);
    life.at(5 * HOUR, 1_030);
    assert!(
        life.take_all([locked(Leg::First, 1), settled(Leg::First, 1)])
            .is_empty()
    );
    assert_eq!(life.phase(), Phase::Lock1Final);
    life.at(6 * HOUR, 1_036);
    assert_eq!(life.phase(), Phase::Cancelled);
}

#[test]
fn a_responder_whose_first_leg_came_nearer_does_not_lock() {
    let mut life = Life::of(Role::Responder);
    // A hundred blocks in an hour: nobody had reckoned with that.
    life.at(HOUR, 1_100);
    assert!(
        life.take_all([locked(Leg::First, 1), settled(Leg::First, 1)])
            .is_empty()
    );
}

#[test]
fn the_secret_stays_hidden_when_time_is_short_and_the_lock_comes_back() {
    let mut life = Life::of(Role::Initiator);
    life.take_all([locked(Leg::First, 1), settled(Leg::First, 1)]);
    // There must be 1,800 + 600 + 1,272 + 30 s for the claim.
    life.at(6 * HOUR - 3_702, 1_032);
    assert!(
        life.take_all([locked(Leg::Second, 2), settled(Leg::Second, 2)])
            .is_empty()
    );
    assert_eq!(life.phase(), Phase::Lock2Final);
    while life.wanted().is_empty() {
        life.at(life.wake.unwrap(), 1_036);
    }
    // Only when the other leg has surely expired, even if its chain shows that late.
    assert_eq!(life.now, 6 * HOUR + 132);
    assert_eq!(life.wanted(), ["ask-for-refund"]);
    assert_eq!(life.phase(), Phase::Refunding);
    assert!(life.at(23 * HOUR, 1_143).is_empty());
    assert_eq!(life.at(24 * HOUR, 1_144), ["refund"]);
    life.take_all([
        spent(Leg::First, SpentBy::Refund, 9),
        settled(Leg::First, 9),
    ]);
    assert_eq!((life.phase(), life.wake), (Phase::Refunded, None));
}

#[test]
fn one_second_more_is_time_enough_for_the_secret() {
    let mut life = Life::of(Role::Initiator);
    life.take_all([locked(Leg::First, 1), settled(Leg::First, 1)]);
    life.at(6 * HOUR - 3_703, 1_032);
    let news = life.take_all([locked(Leg::Second, 2), settled(Leg::Second, 2)]);
    assert_eq!(news, ["claim"]);
}

#[test]
fn a_responder_takes_back_after_the_expiry_and_not_before() {
    let mut life = Life::both_locked(Role::Responder);
    assert!(life.at(6 * HOUR - 1, 1_036).is_empty());
    assert_eq!(life.at(6 * HOUR, 1_036), ["refund"]);
    life.take_all([
        spent(Leg::Second, SpentBy::Refund, 9),
        settled(Leg::Second, 9),
    ]);
    assert_eq!(life.phase(), Phase::Refunded);
}

#[test]
fn a_lock_that_was_never_sent_is_not_sent_late() {
    let mut life = Life::of(Role::Initiator);
    life.at(4 * HOUR, 1_024);
    assert_eq!((life.phase(), life.wanted()), (Phase::Lock1Intent, vec![]));
    life.at(25 * HOUR, 1_150);
    assert_eq!(life.phase(), Phase::Cancelled);
    // It was sent after all, and is in a block now.
    assert_eq!(life.take(locked(Leg::First, 1)), ["refund"]);
}

#[test]
fn a_person_can_stop_and_resume_until_the_secret_is_out() {
    let mut life = Life::of(Role::Initiator);
    life.take(Input::Stop);
    assert!(life.wanted().is_empty());
    assert_eq!(life.take(Input::Resume), ["lock"]);
    life.take_all([locked(Leg::First, 1), settled(Leg::First, 1)]);
    assert_eq!(life.take(Input::Stop), ["ask-for-refund"]);
    assert!(
        life.take_all([locked(Leg::Second, 2), settled(Leg::Second, 2)])
            .is_empty()
    );
    assert_eq!(life.take(Input::Resume), ["claim"]);
    assert!(life.take(Input::Stop).is_empty());
    assert_eq!(life.wanted(), ["claim"]);
}
