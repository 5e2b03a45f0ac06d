//! Reorganisations, races, locks that are wrong, stores that are old.

use super::*;

#[test]
fn a_claim_comes_before_a_refund_even_after_both_expiries() {
    let mut life = Life::both_locked(Role::Responder);
    life.at(6 * HOUR, 1_036);
    assert_eq!(life.wanted(), ["refund"]);
    life.take(Input::Secret { secret: secret() });
    assert_eq!(life.wanted(), ["claim"]);
    life.at(30 * HOUR, 1_170);
    assert_eq!(life.wanted(), ["claim", "advise-claim-is-late-first"]);
    // Only when there is nothing left to claim, what we locked comes back.
    let refunded = spent(Leg::First, SpentBy::Refund, 9);
    assert_eq!(life.take(refunded), ["refund"]);
}

#[test]
fn what_was_shown_stays_shown_when_its_block_goes() {
    let mut life = Life::both_locked(Role::Initiator);
    life.take(claimed(Leg::Second, 3));
    life.at(6 * HOUR, 1_036);
    assert!(life.wanted().is_empty());
    let news = life.take(gone(Leg::Second, 3));
    assert_eq!(news, ["claim", "advise-claim-is-late-second"]);
    assert_eq!(life.phase(), Phase::RevealIntent);
    // The first leg expires too, and still the claim comes first.
    life.at(30 * HOUR, 1_170);
    assert_eq!(life.wanted(), ["claim", "advise-claim-is-late-second"]);
    // Unless a person, who knows more, says otherwise now.
    assert_eq!(life.take(Input::Stop), ["refund"]);
}

#[test]
fn a_wish_to_stop_from_before_does_not_turn_a_claim_into_a_refund() {
    let mut life = Life::both_locked(Role::Responder);
    life.take(Input::Stop);
    life.take(Input::Secret { secret: secret() });
    life.at(6 * HOUR, 1_036);
    assert_eq!(life.wanted(), ["claim"]);
}

#[test]
fn an_initiator_who_lost_the_race_takes_the_own_lock_back() {
    let mut life = Life::both_locked(Role::Initiator);
    life.take_all([
        spent(Leg::Second, SpentBy::Refund, 3),
        settled(Leg::Second, 3),
    ]);
    assert!(life.wanted().is_empty());
    assert_eq!(life.at(24 * HOUR, 1_144), ["refund"]);
    assert_eq!(life.phase(), Phase::Refunding);
    let news = life.take_all([claimed(Leg::First, 4), settled(Leg::First, 4)]);
    assert_eq!(news, ["advise-both-legs-lost-second"]);
    assert_eq!(life.phase(), Phase::Lost);
}

#[test]
fn a_lock_that_a_block_has_lost_is_sent_again() {
    let mut life = Life::of(Role::Initiator);
    life.take(locked(Leg::First, 1));
    assert_eq!(life.take(gone(Leg::First, 1)), ["lock"]);

    let mut life = Life::both_locked(Role::Responder);
    life.take(Input::Secret { secret: secret() });
    life.take(gone(Leg::First, 1));
    assert_eq!(
        life.wanted(),
        ["rebroadcast", "advise-final-block-gone-first"]
    );
    assert_eq!(life.take(locked(Leg::First, 5)), ["claim"]);
}

#[test]
fn a_responder_whose_first_leg_went_for_good_takes_the_second_back() {
    let mut life = Life::both_locked(Role::Responder);
    assert_eq!(
        life.take(gone(Leg::First, 1)),
        ["advise-final-block-gone-first"]
    );
    life.take(Input::Secret { secret: secret() });
    life.at(6 * HOUR, 1_036);
    assert!(life.wanted().contains(&"refund".to_owned()));
}

#[test]
fn a_lock_in_another_block_has_to_become_final_again() {
    let mut life = Life::of(Role::Responder);
    life.take_all([locked(Leg::First, 1), locked(Leg::First, 2)]);
    assert!(life.take(settled(Leg::First, 1)).is_empty());
    assert_eq!(life.take(settled(Leg::First, 2)), ["lock"]);
    // And if it moves once more, the second leg is not locked before that is final.
    life.take(locked(Leg::First, 3));
    assert_eq!(life.wanted(), ["advise-final-block-gone-first"]);
}

#[test]
fn a_lock_of_another_amount_or_of_other_terms_is_none() {
    let less = Input::Locked {
        leg: Leg::First,
        lock: "another".to_owned(),
        amount: Amount::new(99_999),
        block: block(1),
    };
    let wrong = Input::LockedOtherwise {
        leg: Leg::First,
        wrong: WrongLock::Terms,
    };
    for input in [less, wrong] {
        let mut life = Life::of(Role::Responder);
        assert_eq!(life.take(input), ["advise-wrong-lock-first"]);
        assert!(life.take(settled(Leg::First, 1)).is_empty());
        assert_eq!(life.phase(), Phase::Negotiated);
        // The right one may still come.
        life.take_all([locked(Leg::First, 2), settled(Leg::First, 2)]);
        assert_eq!(life.wanted(), ["lock"]);
    }
}

#[test]
fn a_second_lock_of_the_same_terms_is_told_and_changes_nothing() {
    let mut life = Life::of(Role::Responder);
    life.take(locked(Leg::First, 1));
    let second = Input::Locked {
        leg: Leg::First,
        lock: "another".to_owned(),
        amount: Amount::new(100_000),
        block: block(2),
    };
    assert_eq!(life.take(second), ["advise-duplicate-lock-first"]);
    assert!(life.take(settled(Leg::First, 2)).is_empty());
    assert_eq!(life.take(settled(Leg::First, 1)), ["lock"]);
}

#[test]
fn a_spend_that_cannot_be_explained_is_told_to_a_person() {
    let wrong = Some(Secret::from_bytes([0xbd; 32]));
    let unknown = ["advise-unknown-spend-second"];
    for by in [
        SpentBy::Unknown,
        SpentBy::Claim { secret: wrong },
        // The responder has not signed that.
        SpentBy::Claim { secret: None },
    ] {
        let mut life = Life::both_locked(Role::Responder);
        assert_eq!(life.take(spent(Leg::Second, by, 3)), unknown);
        assert!(life.swap.facts().secret.is_none());
    }
}

#[test]
fn an_initiator_with_an_old_store_goes_on_claiming_once_the_secret_is_seen() {
    let mut life = Life::of(Role::Initiator);
    life.take_all([locked(Leg::First, 1), settled(Leg::First, 1)]);
    life.take_all([locked(Leg::Second, 2)]);
    life.at(6 * HOUR + 132, 1_036);
    life.take(settled(Leg::Second, 2));
    assert_eq!(life.wanted(), ["ask-for-refund"]);
    assert_eq!(
        life.take(Input::Secret { secret: secret() }),
        ["claim", "advise-claim-is-late-second"]
    );
}

#[test]
fn a_head_from_the_future_is_as_old_as_now() {
    let mut life = Life::of(Role::Initiator);
    let mut head = heads(0, 1_001).first;
    head.read_at = Timestamp::from_secs(90 * HOUR);
    let heads = PerLeg {
        first: Some(head),
        second: None,
    };
    life.now = HOUR;
    life.take(Input::Clock { heads });
    let legs = &life.swap.facts().legs;
    assert_eq!(legs.first.head.height, 1_001);
    assert_eq!(legs.first.head.read_at, Timestamp::from_secs(HOUR));
    assert_eq!(legs.second.head.read_at, Timestamp::from_secs(0));
}
