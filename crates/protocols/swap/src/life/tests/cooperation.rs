//! What is signed together, and by whom when not.

use super::*;
use crate::{LockForm, Terms};

/// The first leg on Bitcoin is claimed together if both like; here the second is on Bitcoin too.
fn swapped() -> Terms {
    let mut terms = test_values::terms();
    let expiries = terms.expiries();
    std::mem::swap(&mut terms.legs.first, &mut terms.legs.second);
    terms.legs.first.expiry = expiries.first;
    terms.legs.second.expiry = expiries.second;
    terms
}

fn amount_of(terms: &Terms, leg: Leg, number: u8) -> Input {
    Input::Locked {
        leg,
        lock: "the lock".to_owned(),
        amount: terms.legs.of(leg).amount,
        block: block(number),
    }
}

/// An initiator with both legs locked, whose second leg can be claimed together.
fn ready_initiator(now: u64) -> Life {
    let terms = swapped();
    let mut life = Life::with(Role::Initiator, terms.clone());
    life.take_all([
        says(Message::ReadyToCosign),
        amount_of(&terms, Leg::First, 1),
        amount_of(&terms, Leg::Second, 2),
    ]);
    life.at(now, 1_000 + now / 600);
    life.take(settled(Leg::Second, 2));
    life
}

#[test]
fn a_claim_is_made_together_for_a_while_and_then_alone() {
    let mut life = ready_initiator(0);
    assert_eq!(life.wanted(), ["ask-to-claim"]);
    assert_eq!(life.phase(), Phase::RevealIntent);
    assert_eq!(life.wake, Some(900));
    life.at(899, 1_001);
    assert_eq!(life.wanted(), ["ask-to-claim"]);
    life.at(900, 1_001);
    assert_eq!(life.wanted(), ["claim"]);
}

#[test]
fn nobody_waits_for_a_signature_in_the_last_two_hours() {
    let life = ready_initiator(4 * HOUR - 1);
    assert_eq!(life.wanted(), ["ask-to-claim"]);
    assert_eq!(life.wake, Some(4 * HOUR));
    let life = ready_initiator(4 * HOUR);
    assert_eq!(life.wanted(), ["claim"]);
}

#[test]
fn without_an_offer_or_a_form_for_it_claims_are_made_alone() {
    let mut life = Life::both_locked(Role::Responder);
    assert_eq!(life.take(claimed(Leg::Second, 3)), ["claim"]);
    let mut terms = test_values::terms();
    terms.legs.first.form = LockForm::WitnessScript;
    let mut life = Life::with(Role::Responder, terms);
    life.take_all([
        says(Message::ReadyToCosign),
        locked(Leg::First, 1),
        settled(Leg::First, 1),
        locked(Leg::Second, 2),
    ]);
    assert_eq!(life.take(claimed(Leg::Second, 3)), ["claim"]);
}

#[test]
fn a_responder_cosigns_only_knowing_the_secret() {
    let mut life = Life::both_locked(Role::Responder);
    let asks = |secret| says(Message::AsksToClaim { secret });
    let wrong = Secret::from_bytes([0xbd; 32]);
    assert!(life.take_all([asks(None), asks(Some(wrong))]).is_empty());
    assert_eq!(life.take(asks(Some(secret()))), ["claim", "cosign-claim"]);
    // Not once the first leg is gone: then the second is all that is left.
    life.take(spent(Leg::First, SpentBy::Refund, 5));
    assert!(life.wanted().is_empty());
}

#[test]
fn an_initiator_cosigns_only_after_the_own_claim_is_final() {
    let mut life = Life::both_locked(Role::Initiator);
    let asks = says(Message::AsksToClaim { secret: None });
    assert!(life.take(asks).is_empty());
    life.take(claimed(Leg::Second, 3));
    assert!(life.wanted().is_empty());
    assert_eq!(life.take(settled(Leg::Second, 3)), ["cosign-claim"]);
    life.take(spent(Leg::First, SpentBy::Claim { secret: None }, 4));
    assert!(life.wanted().is_empty());
}

#[test]
fn an_initiator_who_consents_to_a_refund_never_shows_the_secret() {
    let mut life = Life::of(Role::Initiator);
    life.take_all([
        locked(Leg::First, 1),
        settled(Leg::First, 1),
        locked(Leg::Second, 2),
    ]);
    // And asks for the same, for nothing else is left to come.
    let ends = ["ask-for-refund", "consent-to-refund"];
    assert_eq!(life.take(says(Message::AsksForRefund)), ends);
    life.take(settled(Leg::Second, 2));
    assert_eq!(life.swap.intents().claim, None);
    assert_eq!(life.wanted(), ends);
}

#[test]
fn an_initiator_who_has_decided_to_show_the_secret_does_not_consent() {
    let mut life = Life::both_locked(Role::Initiator);
    assert!(life.take(says(Message::AsksForRefund)).is_empty());
    assert_eq!(life.wanted(), ["claim"]);
}

#[test]
fn a_responder_who_consents_to_a_refund_never_locks() {
    let mut life = Life::of(Role::Responder);
    life.take(locked(Leg::First, 1));
    let news = life.take(says(Message::AsksForRefund));
    assert_eq!(news, ["consent-to-refund"]);
    assert_eq!(life.phase(), Phase::Cancelled);
    assert!(life.take(settled(Leg::First, 1)).is_empty());
    assert!(!life.swap.intents().lock);
}

#[test]
fn a_responder_who_may_have_locked_consents_only_once_that_is_back() {
    let mut life = Life::of(Role::Responder);
    life.take_all([locked(Leg::First, 1), settled(Leg::First, 1)]);
    // The lock may be on its way, although nothing shows it.
    life.take(says(Message::AsksForRefund));
    assert!(life.wanted().is_empty());
    life.take(locked(Leg::Second, 2));
    life.at(6 * HOUR, 1_036);
    assert_eq!(life.wanted(), ["refund"]);
    life.take(spent(Leg::Second, SpentBy::Refund, 5));
    assert!(life.wanted().is_empty());
    assert_eq!(life.take(settled(Leg::Second, 5)), ["consent-to-refund"]);
}

#[test]
fn with_the_others_consent_what_was_locked_comes_back_at_once() {
    let mut life = Life::of(Role::Initiator);
    life.take_all([locked(Leg::First, 1), settled(Leg::First, 1)]);
    let news = life.take(says(Message::ConsentsToRefund));
    assert_eq!(news, ["refund-together"]);
    // That gives up the other leg, whatever is locked there afterwards.
    let news = life.take_all([locked(Leg::Second, 2), settled(Leg::Second, 2)]);
    assert!(news.is_empty());
    // After the expiry it comes back without consent.
    life.at(24 * HOUR, 1_144);
    assert_eq!(life.wanted(), ["refund"]);
}

#[test]
fn consent_comes_too_late_for_who_has_shown_the_secret() {
    let mut life = Life::both_locked(Role::Initiator);
    assert!(life.take(says(Message::ConsentsToRefund)).is_empty());
    assert_eq!(life.wanted(), ["claim"]);
}
