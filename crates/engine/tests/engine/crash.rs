//! A child process works in units without pause and is killed at random moments.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use alloy_primitives::{B256, Bytes};
use causeway_engine::{EffectFilter, EffectStatus, Engine, Filter, MinedIn, TxOutcome, UnixMillis};
use rand::Rng;
use serde_json::json;

use crate::machine::{Adder, Store, add, effect, on_each_store};

on_each_store! {
    a_process_killed_at_any_moment_leaves_cursor_state_and_effects_in_step,
}

const CHILD_STORE: &str = "CAUSEWAY_ENGINE_TEST_CRASH_STORE";
const PROCESSES: u64 = 7;
const LEASE: Duration = Duration::from_mins(1);

/// Not a test: the child's work, as a test so that the test binary can be its own child.
#[tokio::test]
#[ignore = "started by the tests that kill it"]
async fn child_works_until_it_is_killed() {
    let Ok(url) = std::env::var(CHILD_STORE) else {
        return;
    };
    let engine = Engine::open(&url).await.unwrap();
    engine.release("child").await.unwrap();
    loop {
        let done = take_one_input(&engine).await;
        // The parent holds us to what we have reported.
        println!("committed {done}");
        if done % 3 == 0 {
            carry_out_some(&engine).await;
        }
    }
}

/// Input `n` goes to one process, which asks for one effect; the cursor moves on by one.
async fn take_one_input(engine: &Engine) -> u64 {
    let mut unit = engine.begin(UnixMillis::now()).await.unwrap();
    let cursor = unit.cursor("inputs").await.unwrap();
    let next = cursor.map_or(0, |json| json.parse::<u64>().unwrap()) + 1;
    let step = add(1).effect(effect(&format!("effect {next}")));
    let key = format!("process {}", next % PROCESSES);
    unit.handle::<Adder>(&key, Some(step)).await.unwrap();
    unit.set_cursor("inputs", &next.to_string()).await.unwrap();
    unit.commit().await.unwrap();
    next
}

/// Reserves, records and settles a nonce per effect as a driver would, in units of their own, so
/// that a kill can come between any two of them.
async fn carry_out_some(engine: &Engine) {
    let now = UnixMillis::now();
    let claimed = engine
        .claim::<String>("lane", "child", 2, LEASE, now)
        .await
        .unwrap();
    for effect in claimed {
        let reserved = engine
            .lane_reserve("signer", &effect.key, 0, now)
            .await
            .unwrap();
        let nonce = reserved.nonce;
        if reserved.fresh {
            let raw = Bytes::from(effect.key.clone().into_bytes());
            let hash = B256::with_last_byte(1);
            engine
                .lane_record("signer", nonce, &raw, hash, &json!({}), now)
                .await
                .unwrap();
        }
        let outcome = TxOutcome::Confirmed(MinedIn {
            height: 1,
            hash: B256::ZERO,
        });
        engine
            .lane_settle("signer", nonce, outcome, now)
            .await
            .unwrap();
        let leased = engine.complete(&[effect.id], "child", now).await.unwrap();
        assert!(leased.lost.is_empty());
    }
}

/// Runs the child for a moment and kills it; the last unit that it reported as committed.
fn run_and_kill(url: &str, moment: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_works_until_it_is_killed"])
        .args(["--ignored", "--nocapture", "--test-threads", "1"])
        .env(CHILD_STORE, url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reported = std::thread::spawn(move || {
        let committed = |line: String| line.strip_prefix("committed ")?.parse::<u64>().ok();
        output
            .lines()
            .map_while(Result::ok)
            .filter_map(committed)
            .last()
    });
    std::thread::sleep(moment);
    // On Unix this is SIGKILL.
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(
        status.code().is_none(),
        "the child ended by itself: {status}"
    );
    reported.join().unwrap().unwrap_or(0)
}

async fn a_process_killed_at_any_moment_leaves_cursor_state_and_effects_in_step(store: Store) {
    let mut inputs = 0;
    for round in 0..12 {
        let moment = Duration::from_millis(rand::rng().random_range(60..350));
        let reported = run_and_kill(&store.url(), moment);
        let engine = store.open().await;
        let before = inputs;
        inputs = check_that_all_is_in_step(&engine).await;
        assert!(inputs >= reported, "round {round}: lost what was committed");
        assert!(inputs >= before, "round {round}: went back");
        check_that_nonces_are_in_step(&engine).await;
        engine.close().await;
    }
    println!("{inputs} inputs over 12 kills");
    assert!(inputs > 12, "the child hardly worked: {inputs}");
}

async fn check_that_all_is_in_step(engine: &Engine) -> u64 {
    // A server may still be busy with the last words of the dead; they come before this unit.
    drop(engine.begin(UnixMillis::now()).await.unwrap());
    let cursor = engine.cursor("inputs").await.unwrap();
    let inputs = cursor.map_or(0, |json| json.parse::<u64>().unwrap());
    let processes = engine.processes::<Adder>(Filter::default()).await.unwrap();
    let handled: u64 = processes.iter().map(|process| process.state).sum();
    assert_eq!(handled, inputs, "states against cursor");
    let effects = engine.effects(EffectFilter::default()).await.unwrap();
    let mut numbers: Vec<u64> = effects
        .iter()
        .map(|effect| {
            effect.body.as_str().unwrap()["effect ".len()..]
                .parse()
                .unwrap()
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(
        numbers,
        (1..=inputs).collect::<Vec<_>>(),
        "effects against cursor"
    );
    inputs
}

async fn check_that_nonces_are_in_step(engine: &Engine) {
    let effects = engine.effects(EffectFilter::default()).await.unwrap();
    let mut nonces = Vec::new();
    for effect in effects {
        let record = engine
            .lane_transaction("signer", &effect.key)
            .await
            .unwrap();
        match record {
            Some(record) => nonces.push(record.nonce),
            None => assert_ne!(
                effect.status,
                EffectStatus::Done,
                "done without a transaction"
            ),
        }
    }
    nonces.sort_unstable();
    let count = nonces.len() as u64;
    assert_eq!(nonces, (0..count).collect::<Vec<_>>(), "nonces");
}
