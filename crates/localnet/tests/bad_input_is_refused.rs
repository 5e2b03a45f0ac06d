//! Bad input is refused with the field and the remedy before anything is sent: what an account has,
//! and how many transactions it sent, is afterwards what it was.

mod common;

use alloy::{primitives::U256, providers::Provider as _};
use causeway_localnet::{Side, roles, unused_port};
use common::{
    Outcome, Scene,
    books::{balance, events},
    run_causeway,
};
use serde_json::Value;

/// Alice's coin, tokens and number of transactions, on both chains.
async fn possessions(scene: &Scene) -> Vec<U256> {
    let alice = scene.a.account(roles::ALICE).address();
    let mut all = vec![balance(&scene.a, scene.tusd(), alice).await];
    for side in [&scene.a, &scene.b] {
        let provider = side.chain.provider();
        all.push(provider.get_balance(alice).await.unwrap());
        let sent = provider.get_transaction_count(alice).pending().await;
        all.push(U256::from(sent.unwrap()));
    }
    all
}

/// The error object of a command that was refused, with its exit code.
#[track_caller]
fn refused(outcome: &Outcome) -> (i32, Value) {
    assert_ne!(outcome.code, 0, "{outcome:?}");
    let error: Value = serde_json::from_str(&outcome.stderr)
        .unwrap_or_else(|error| panic!("no JSON ({error}): {outcome:?}"));
    (outcome.code, error["error"].clone())
}

#[track_caller]
fn check(outcome: &Outcome, code: i32, field: &str, message: &str, remedy: &str) {
    let (actual, error) = refused(outcome);
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    assert_eq!((actual, text("field").as_str()), (code, field), "{error:#}");
    assert!(text("message").contains(message), "{message:?}: {error:#}");
    assert!(text("remedy").contains(remedy), "{remedy:?}: {error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_refused_and_nothing_is_half_done() {
    let scene = Scene::set(|_| ()).await;
    let config = scene.relayer_config("relayer", listen()).unwrap();
    std::fs::write(scene.user_config(), &config).unwrap();
    let before = possessions(&scene).await;
    let (token, counter) = (scene.token.to_string(), scene.counter.to_string());
    let bob = scene.b.account(roles::BOB).address().to_string();
    let bad_checksum = bob.replace('F', "f");
    let elsewhere = format!("eip155:31337:{bob}");

    let transfer = |changed: &[(&'static str, &str)]| {
        let sound = [
            ("--from", "alpha"),
            ("--to", "beta"),
            ("--token", token.as_str()),
            ("--amount", "1"),
            ("--receiver", bob.as_str()),
        ];
        line("transfer", &sound, changed)
    };
    let call = |changed: &[(&'static str, &str)]| {
        let sound = [
            ("--from", "alpha"),
            ("--to", "beta"),
            ("--target", counter.as_str()),
            ("--signature", "increment(uint256)"),
            ("--args", "1"),
        ];
        line("call", &sound, changed)
    };
    for (line, field, message, remedy) in [
        (
            transfer(&[("--from", "gamma")]),
            "--from",
            "\"gamma\" is no chain",
            "alpha",
        ),
        (
            transfer(&[("--to", "alpha")]),
            "--to",
            "also the source",
            "different",
        ),
        (
            transfer(&[("--receiver", "bob")]),
            "--receiver",
            "no address",
            "40 hex",
        ),
        (
            transfer(&[("--receiver", &bad_checksum)]),
            "--receiver",
            "checksum",
            "again",
        ),
        (
            transfer(&[("--receiver", &elsewhere)]),
            "--receiver",
            "goes to",
            "destination",
        ),
        // A million were minted for Alice.
        (
            transfer(&[("--amount", "1000000.000001")]),
            "--amount",
            "more than",
            "at most",
        ),
        (
            transfer(&[("--amount", "0.0000001")]),
            "--amount",
            "decimal",
            "6 places",
        ),
        (transfer(&[("--amount", "0")]), "--amount", "", ""),
        (transfer(&[("--amount", "-1")]), "--amount", "", ""),
        (
            transfer(&[("--token", &counter)]),
            "--token",
            "no ERC-20 token",
            "native",
        ),
        (
            transfer(&[("--token", "voucher:native")]),
            "--token",
            "no voucher",
            "first",
        ),
        (
            transfer(&[("--token", "DOGE")]),
            "--token",
            "no address",
            "40 hex",
        ),
        (
            transfer(&[("--timeout", "25h")]),
            "--timeout",
            "24 hours",
            "24h",
        ),
        (
            transfer(&[("--client", "attest-9-on-1")]),
            "--client",
            "no route",
            "attest-31338",
        ),
        (
            call(&[("--target", &bob)]),
            "--target",
            "no contract",
            "check",
        ),
        (
            call(&[("--args", "one")]),
            "--args",
            "no uint256",
            "uint256",
        ),
        (
            call(&[("--signature", "increment(")]),
            "--signature",
            "no function",
            "write it",
        ),
    ] {
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let outcome = scene.causeway(&line).await;
        eprintln!("{line:?}: {}", outcome.stderr.trim());
        check(&outcome, 2, field, message, remedy);
    }

    // An account that has nothing cannot pay, whatever it wants to send.
    let poor = "1".repeat(64);
    let key = [("CAUSEWAY_KEY", poor.as_str())];
    let coin = transfer(&[("--token", "native")]);
    let coin: Vec<&str> = coin.iter().map(String::as_str).collect();
    let outcome = run_causeway(&scene.user_config(), &key, &coin).await;
    check(&outcome, 2, "--amount", "balance of 0 ETH", "at most 0 ETH");

    assert_eq!(possessions(&scene).await, before, "something was half done");
    for side in [&scene.a, &scene.b] {
        assert!(events(side).await.is_empty(), "something was sent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_wrong_on_these_chains_starts_nothing_and_sends_nothing() {
    let scene = Scene::set(|_| ()).await;
    let sound = scene.relayer_config("relayer", listen()).unwrap();
    let before = possessions(&scene).await;
    let (a, b) = (endpoint(&scene.a), endpoint(&scene.b));
    let nobody = format!(
        "endpoints = [\"ws://127.0.0.1:{}\"]",
        unused_port().unwrap()
    );
    let router = format!("router = \"{}\"", scene.a.contracts.router);
    let no_router = format!("router = \"{}\"", scene.a.account(roles::BOB).address());
    let twice = format!(
        "endpoints = [\"{}\", \"{}\"]",
        scene.a.anvil.ws_url(),
        scene.a.anvil.ws_url()
    );
    let bob = scene.b.account(roles::BOB).address().to_string();
    let transfer = [
        ("--from", "alpha"),
        ("--to", "beta"),
        ("--token", "native"),
        ("--amount", "1"),
        ("--receiver", bob.as_str()),
    ];
    let transfer = line("transfer", &transfer, &[]);
    let attestor = scene.b.account(roles::FIRST_ATTESTOR).address().to_string();
    let deploy = [
        ("--from", "alpha"),
        ("--to", "beta"),
        ("--attestors", attestor.as_str()),
    ];
    let deploy = line("deploy", &deploy, &[]);
    let run = line("run", &[], &[]);
    let all = [&transfer, &deploy, &run];
    let reading = [&transfer, &run];

    let depth = ("finality = { depth = 0 }", "finality = { deep = 0 }");
    let alone = ("dev = true", "dev = false");
    let client = (scene.a.client.as_str(), "attest-nobody-on-31337");
    for (commands, (replace, by), code, field, message, remedy) in [
        (
            &all[..],
            alone,
            2,
            "chains[0].endpoints",
            "could lie",
            "dev = true",
        ),
        (&all[..], depth, 2, "chains[0].finality", "deep", "depth"),
        (
            &all[..],
            (a.as_str(), "endpoints = []"),
            2,
            "chains[0].endpoints",
            "",
            "ws://",
        ),
        (
            &all[..],
            (a.as_str(), twice.as_str()),
            2,
            "chains[0].endpoints[1]",
            "",
            "",
        ),
        (
            &all[..],
            (a.as_str(), nobody.as_str()),
            1,
            "chains[0].endpoints",
            "",
            "URL",
        ),
        (
            &all[..],
            (a.as_str(), b.as_str()),
            1,
            "chains[0].endpoints",
            "31338",
            "chain",
        ),
        (
            &reading[..],
            (router.as_str(), no_router.as_str()),
            1,
            "",
            "no contract at",
            "",
        ),
        (
            &[&run],
            client,
            1,
            "",
            "attest-nobody-on-31337",
            "causeway deploy",
        ),
    ] {
        let config = sound.replacen(replace, by, 1);
        assert_ne!(config, sound, "{replace} is not in the configuration");
        std::fs::write(scene.user_config(), config).unwrap();
        for line in commands {
            let line: Vec<&str> = line.iter().map(String::as_str).collect();
            let outcome = scene.causeway(&line).await;
            eprintln!("{} with {by}: {}", line[0], outcome.stderr.trim());
            let (actual, error) = refused(&last_line(outcome));
            assert_eq!(actual, code, "{error:#}");
            let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
            assert!(!text("field").is_empty(), "no field: {error:#}");
            assert!(field.is_empty() || text("field") == field, "{error:#}");
            assert!(text("message").contains(message), "{message:?}: {error:#}");
            assert!(!text("remedy").is_empty(), "no remedy: {error:#}");
            assert!(text("remedy").contains(remedy), "{remedy:?}: {error:#}");
        }
    }
    assert_eq!(possessions(&scene).await, before, "something was half done");
}

/// A node logs to stderr before it gives up; the error object is its last word.
fn last_line(mut outcome: Outcome) -> Outcome {
    let last = outcome.stderr.lines().last().unwrap_or_default().to_owned();
    outcome.stderr = last;
    outcome
}

/// A command line with some of its arguments changed.
fn line(
    command: &str,
    sound: &[(&'static str, &str)],
    changed: &[(&'static str, &str)],
) -> Vec<String> {
    let mut arguments: Vec<(&str, &str)> = sound.to_vec();
    for (name, value) in changed {
        arguments.retain(|(known, _)| known != name);
        arguments.push((name, value));
    }
    let mut line = vec![command.to_owned()];
    // With `=`, so that a value may begin with a dash.
    line.extend(
        arguments
            .iter()
            .map(|(name, value)| format!("{name}={value}")),
    );
    line.push("--json".to_owned());
    line
}

fn listen() -> std::net::SocketAddr {
    ([127, 0, 0, 1], unused_port().unwrap()).into()
}

/// A chain's endpoints, as its configuration names them.
fn endpoint(side: &Side) -> String {
    format!("endpoints = [\"{}\"]", side.anvil.ws_url())
}
