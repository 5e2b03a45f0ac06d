//! What a taker is told that it must not believe, before anything is locked.

use std::sync::{Arc, Mutex};

use alloy_primitives::B256;
use causeway_swap::{Amount, Phase};
use causeway_swap_service::{MakerClient, Seed, SignedQuote, SwapError};
use serde_json::{Value, json};

use crate::support::{
    MAKER_SEED, Moves, Setup, Who, World,
    forger::Forger,
    stranger::{forged, sign_quote},
};

type ChangeOfJson = fn(&mut Value);
type ChangeOfQuote = fn(&mut SignedQuote);

async fn take(world: &World, forger: &Forger) -> Result<causeway_swap::SwapId, SwapError> {
    let mut taking = world.taking().await;
    taking.pays_at_most = Some(Amount::new(world.setup.pays()));
    let client = MakerClient::new(forger.url.clone()).unwrap();
    world
        .taker
        .ask(|service| async move { service.take(&client, &taking).await })
        .await
}

/// A change of what is answered for one path.
fn on(
    path: &'static str,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> impl Fn(&str, Value) -> Value + Send + Sync {
    move |asked: &str, mut answer: Value| {
        if asked.ends_with(path) {
            change(&mut answer);
        }
        answer
    }
}

/// The taker has agreed to nothing, and locks nothing.
async fn is_untouched(world: &World) {
    let records = world.taker.ledger().records(false).await.unwrap();
    assert_eq!(records, []);
}

fn maker_key() -> causeway_swap_service::PeerKey {
    Seed::new(MAKER_SEED.to_vec()).unwrap().identity().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taker_believes_nothing_that_its_maker_has_not_signed() {
    for initiator in [Who::Taker, Who::Maker] {
        let setup = Setup {
            initiator,
            ..Setup::COINS_FIRST
        };
        let world = World::new(setup).await;
        let forger = Forger::before(world.maker_url()).await;
        let cases: &[(&'static str, ChangeOfJson)] = &[
            ("offers", |offers| {
                offers["offers"][0]["offer"]["price"] = json!("3/1");
            }),
            ("offers", |offers| {
                offers["offers"][0]["offer"]["until"] = json!(4_000_000_000_u64);
            }),
            ("offers", |offers| offers["maker"] = json!("11".repeat(32))),
            ("quotes", |quote| quote["quote"]["wants"] = json!("1")),
            ("quotes", |quote| {
                quote["quote"]["until"] = json!(4_000_000_000_u64);
            }),
            ("quotes", |quote| {
                quote["accounts"]["first"] = quote["accounts"]["second"].clone();
            }),
            ("quotes", |quote| {
                quote["forms"]["first"] = json!("witness_script");
            }),
            ("quotes", |quote| {
                quote["hash_lock"] = json!(B256::repeat_byte(9));
            }),
            ("quotes", |quote| {
                quote["signature"] = json!(forged(&maker_key()));
            }),
            ("proposals", |acceptance| {
                acceptance["signature"] = json!(forged(&maker_key()));
            }),
            ("proposals", |acceptance| {
                acceptance["swap"] = json!(B256::repeat_byte(9));
            }),
        ];
        for (number, (path, change)) in cases.iter().enumerate() {
            forger.changes(on(path, change));
            if *path == "offers" {
                let client = MakerClient::new(forger.url.clone()).unwrap();
                client.offers().await.unwrap_err();
            }
            let taken = take(&world, &forger).await;
            if initiator == Who::Maker && *path == "proposals" {
                // The maker may have agreed to it. That it has is not shown by this.
                let swap = taken.unwrap();
                assert_eq!(world.taker.record(swap).await.signed, None);
                continue;
            }
            let error = taken.unwrap_err();
            assert!(!error.passes(), "{number}: {error}");
            is_untouched(&world).await;
        }
        // Somebody else who signs everything well is still somebody else.
        let other = Seed::new(vec![7; 32]).unwrap().identity().unwrap();
        forger.changes(|_, answer| answer);
        let (mut taking, client) = (
            world.taking().await,
            MakerClient::new(forger.url.clone()).unwrap(),
        );
        taking.maker = other.id();
        let taken = world
            .taker
            .ask(|service| async move { service.take(&client, &taking).await });
        let error = taken.await.unwrap_err();
        assert!(error.to_string().contains("it is not the party"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taker_checks_what_its_maker_has_signed() {
    let world = World::new(Setup::COINS_FIRST).await;
    let forger = Forger::before(world.maker_url()).await;
    let cases: &[(ChangeOfQuote, &str)] = &[
        (
            |quote| quote.quote.wants = Amount::new(100_000_001),
            "expected 100000000 or less",
        ),
        (
            |quote| quote.quote.wants = Amount::new(99_000_000),
            "expected 100000000",
        ),
        (|quote| quote.quote.gives = Amount::new(7), "expected"),
        (
            |quote| quote.quote.offer.0 = B256::repeat_byte(2),
            "made of",
        ),
        (
            |quote| quote.quote.until = causeway_types::Timestamp::from_secs(9),
            "this ended at 9",
        ),
        (
            |quote| quote.accounts.first = quote.accounts.second.clone(),
            "",
        ),
        (
            |quote| quote.accounts.second = quote.accounts.first.clone(),
            "cannot have a part",
        ),
    ];
    for (number, (change, words)) in cases.iter().enumerate() {
        let change = *change;
        forger.changes(on("quotes", move |answer| {
            let mut quote: SignedQuote = serde_json::from_value(answer.clone()).unwrap();
            change(&mut quote);
            *answer = serde_json::to_value(sign_quote(&maker_key(), quote)).unwrap();
        }));
        let error = take(&world, &forger).await.unwrap_err();
        assert!(error.to_string().contains(words), "{number}: {error}");
        is_untouched(&world).await;
    }
    // And nothing is proposed that is not agreed to.
    assert!(!forger.was_asked("proposals"));
    // Nonsense is an error, and nothing else.
    for nonsense in [json!(null), json!([1]), json!({ "quote": 7 })] {
        for path in ["offers", "quotes", "proposals"] {
            let answer = nonsense.clone();
            forger.changes(on(path, move |told| *told = answer.clone()));
            take(&world, &forger).await.unwrap_err();
            is_untouched(&world).await;
        }
    }
    let endless = "0".repeat(2 << 20);
    forger.changes(on("offers", move |answer| *answer = json!(endless)));
    let error = take(&world, &forger).await.unwrap_err();
    assert!(error.to_string().contains("longer than 1 MiB"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taker_that_responds_needs_a_hash_lock_that_no_other_swap_has() {
    let mut world = World::new(Setup {
        initiator: Who::Maker,
        ..Setup::COINS_FIRST
    })
    .await;
    let forger = Forger::before(world.maker_url()).await;
    let sign = |hash_lock| {
        on("quotes", move |answer| {
            let mut quote: SignedQuote = serde_json::from_value(answer.clone()).unwrap();
            quote.hash_lock = hash_lock;
            *answer = serde_json::to_value(sign_quote(&maker_key(), quote)).unwrap();
        })
    };
    forger.changes(sign(None));
    let error = take(&world, &forger).await.unwrap_err();
    assert!(error.to_string().contains("sent no hash lock"), "{error}");
    is_untouched(&world).await;

    let swap = world.agree().await;
    world.complete(swap).await;
    let used = world.taker.record(swap).await.terms().hash_lock;
    let before = world.purses().await;
    forger.changes(sign(Some(used)));
    let error = take(&world, &forger).await.unwrap_err();
    assert!(
        error.to_string().contains("belongs to another swap"),
        "{error}"
    );
    assert_eq!(world.taker.ledger().records(false).await.unwrap().len(), 1);
    world.a_while().await;
    assert_eq!(world.all_moves(before).await, [Moves::NONE; 2]);
}

/// Whether the maker has agreed is not known; if it has, it goes on, and if not, nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_taker_that_responds_goes_on_where_the_answer_was_lost() {
    let mut world = World::new(Setup {
        initiator: Who::Maker,
        ..Setup::COINS_FIRST
    })
    .await;
    let before = world.purses().await;
    let forger = Forger::before(world.maker_url()).await;
    // The answer is lost, and so is the wire to the maker.
    let lost = Arc::new(Mutex::new(false));
    let seen = lost.clone();
    forger.changes(move |path, answer| {
        if path.ends_with("proposals") {
            *seen.lock().unwrap() = true;
            return json!("…");
        }
        answer
    });
    let swap = take(&world, &forger).await.unwrap();
    assert!(*lost.lock().unwrap());
    assert_eq!(world.taker.record(swap).await.signed, None);
    world.complete(swap).await;
    let moves = world.all_moves(before).await;
    assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
    assert_eq!(world.taker.record(swap).await.swap.phase(), Phase::Done);
}
