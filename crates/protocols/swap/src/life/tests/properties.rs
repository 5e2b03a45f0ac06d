//! Whatever is told, in whatever order, by whomever.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};

use super::*;

fn legs() -> impl Strategy<Value = Leg> {
    prop_oneof![Just(Leg::First), Just(Leg::Second)]
}

fn secrets() -> impl Strategy<Value = Option<Secret>> {
    prop_oneof![
        Just(None),
        Just(Some(secret())),
        Just(Some(Secret::from_bytes([0xbd; 32])))
    ]
}

fn messages() -> impl Strategy<Value = Message> {
    prop_oneof![
        Just(Message::ReadyToCosign),
        secrets().prop_map(|secret| Message::AsksToClaim { secret }),
        Just(Message::AsksForRefund),
        Just(Message::ConsentsToRefund),
    ]
}

fn inputs() -> impl Strategy<Value = Input> {
    prop_oneof![
        4 => (legs(), 1_u8..4).prop_map(|(leg, number)| locked(leg, number)),
        4 => (legs(), 1_u8..6).prop_map(|(leg, number)| settled(leg, number)),
        1 => (legs(), 1_u8..6).prop_map(|(leg, number)| gone(leg, number)),
        1 => (legs(), secrets(), 3_u8..6)
            .prop_map(|(leg, secret, number)| spent(leg, SpentBy::Claim { secret }, number)),
        1 => (legs(), 3_u8..6).prop_map(|(leg, number)| spent(leg, SpentBy::Refund, number)),
        1 => messages().prop_map(says),
        1 => Just(Input::Stop),
        1 => Just(Input::Resume),
    ]
}

/// An input, or the seconds and the blocks that pass.
fn steps() -> impl Strategy<Value = Vec<Result<Input, (u64, u64)>>> {
    let passing = (0..2 * HOUR, 0_u64..12);
    let step = prop_oneof![3 => inputs().prop_map(Ok), 1 => passing.prop_map(Err)];
    vec(step, 1..40)
}

fn roles() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Initiator), Just(Role::Responder)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn no_story_makes_a_party_do_what_costs_both_legs(role in roles(), steps in steps()) {
        let mut life = Life::of(role);
        for step in steps {
            let before = life.swap.clone();
            match step.clone() {
                Ok(input) => life.take(input),
                Err((secs, blocks)) => life.at(life.now + secs, life.height + blocks),
            };
            let (swap, wanted) = (&life.swap, life.wanted());
            let unique: BTreeSet<_> = wanted.iter().collect();
            prop_assert_eq!(unique.len(), wanted.len(), "two effects share a key");

            // What was decided stays decided.
            let (was, is) = (before.intents(), swap.intents());
            prop_assert!(is.lock || !was.lock);
            prop_assert!(is.give_up || !was.give_up);
            prop_assert!(was.claim.is_none() || is.claim == was.claim);

            // The secret is shown in time, or because it is out already.
            let shows = ["claim", "ask-to-claim"].iter().any(|key| wanted.contains(&(*key).to_owned()));
            prop_assert!(!shows || is.claim.is_some());
            if role == Role::Initiator && was.claim.is_none() && is.claim.is_some() {
                let in_time = timing().check_before_reveal(
                    &swap.terms().expiries(),
                    &swap.heads(),
                    Timestamp::from_secs(life.now),
                );
                let final_lock = swap.facts().legs.second.lock_is_final();
                prop_assert!(swap.facts().secret_is_out || (in_time.is_ok() && final_lock));
                prop_assert!(swap.facts().secret_is_out || !is.give_up);
            }
            if role == Role::Responder && !was.lock && is.lock {
                prop_assert!(swap.facts().legs.first.lock_is_final() && !was.give_up);
            }
            // Nothing is signed away that still serves.
            if wanted.contains(&"cosign-claim".to_owned()) {
                match role {
                    Role::Initiator => {
                        prop_assert_eq!(swap.facts().legs.second.settled(), Some(Spend::Claim));
                    }
                    Role::Responder => prop_assert!(swap.facts().secret.is_some()),
                }
            }
            // Repeats change nothing.
            if let Ok(input) = step {
                let again = swap.clone().handle(Timestamp::from_secs(life.now), input);
                prop_assert_eq!(&again.effects, &[]);
                prop_assert!(again.cancel.is_empty());
            }
        }
    }
}
