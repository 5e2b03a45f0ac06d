//! Bad input is refused with the field and the remedy before anything is sent: what an account has,
//! and how many transactions it sent, is afterwards what it was.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{collections::BTreeMap, net::SocketAddr};

use alloy::{primitives::U256, providers::Provider as _};
use causeway_localnet::{Side, roles, unused_port};
use common::{
    Outcome, Scene,
    books::{balance, events},
    run_causeway,
};
use serde_json::Value;

/// One wrong argument on an otherwise sound command line: command, argument, value, and what the
/// message and the remedy must say. Names in braces stand for addresses of the scene.
const WRONG_ARGUMENTS: &str = r#"
    transfer | --from      | gamma           | "gamma" is no chain | alpha (eip155:31337)
    transfer | --to        | alpha           | also the source     | two different chains
    transfer | --receiver  | bob             | no address          | 40 hexadecimal digits
    transfer | --receiver  | {mistyped}      | wrong checksum      | copy the address again
    transfer | --receiver  | {elsewhere}     | goes to eip155:31338 | on the destination
    transfer | --amount    | 1000000.000001  | more than           | at most 1000000 TUSD
    transfer | --amount    | 0.0000001       | 7 decimal places    | 6 places
    transfer | --amount    | 0               | zero                | more than nothing
    transfer | --amount    | -1              | no amount           | a number
    transfer | --token     | {router}        | no ERC-20 token     | native
    transfer | --token     | {bob}           | no ERC-20 token     | native
    transfer | --token     | voucher:native  | no voucher          | first transfer
    transfer | --token     | DOGE            | no address          | 40 hexadecimal digits
    transfer | --timeout   | 25h             | 24 hours            | 24h or less
    transfer | --client    | attest-9-on-1   | no route            | attest-31338-on-31337
    call     | --target    | {bob}           | no contract         | check the address
    call     | --args      | one             | no uint256          | uint256
    call     | --signature | increment(      | no function         | write it as
"#;

/// One wrong place in an otherwise sound configuration: the commands, what is replaced by what, the
/// exit code, the field, and what the message must say. Every one of them must have a remedy.
const WRONG_CONFIGURATIONS: &str = "
    all | dev = true | dev = false | 2 | chains[0].endpoints | could lie
    all | finality = { depth = 0 } | finality = { deep = 0 } | 2 | chains[0].finality.deep | expected `depth`
    all | endpoints = [{a}] | endpoints = [] | 2 | chains[0].endpoints | no endpoint
    all | endpoints = [{a}] | endpoints = [{a}, {a}] | 2 | chains[0].endpoints[1] | listed twice
    all | endpoints = [{a}] | endpoints = [{nobody}] | 1 | chains[0].endpoints | Connection refused
    all | endpoints = [{a}] | endpoints = [{b}] | 1 | chains[0].endpoints | serves chain eip155:31338
    transfer run | {router} | {bob} | 1 | eip155:31337 | no contract at
    run | attest-31338-on-31337 | attest-nobody-on-31337 | 1 | attest-nobody-on-31337 | no light client
";

type Names = BTreeMap<&'static str, String>;

/// The rows of a table, with the scene's names put in.
fn rows<const N: usize>(table: &str, names: &Names) -> Vec<[String; N]> {
    let rows = table.trim().lines().map(|row| {
        let fill = |cell: &str| {
            let mut text = cell.trim().to_owned();
            for (name, value) in names {
                text = text.replace(&format!("{{{name}}}"), value);
            }
            text
        };
        let cells: Vec<String> = row.split('|').map(fill).collect();
        cells.try_into().unwrap()
    });
    rows.collect()
}

/// A scene without nodes, with a sound configuration, and the names that the tables use.
async fn scene() -> (Scene, Names) {
    let scene = Scene::set(|_| ()).await;
    let config = scene.relayer_config("relayer", listen()).unwrap();
    std::fs::write(scene.user_config(), &config).unwrap();
    let bob = scene.b.account(roles::BOB).address().to_string();
    let quoted = |side: &Side| format!("\"{}\"", side.anvil.ws_url());
    let names = [
        ("token", scene.token.to_string()),
        ("counter", scene.counter.to_string()),
        ("router", scene.a.contracts.router.to_string()),
        ("mistyped", bob.replacen('F', "f", 1)),
        ("elsewhere", format!("eip155:31337:{bob}")),
        ("bob", bob),
        ("a", quoted(&scene.a)),
        ("b", quoted(&scene.b)),
        ("nobody", format!("\"ws://{}\"", listen())),
    ];
    (scene, names.into())
}

/// A sound command line, but for what is given here.
fn line(command: &str, names: &Names, wrong: Option<(&str, &str)>) -> Vec<String> {
    let sound: &[(&str, &str)] = match command {
        "transfer" => &[
            ("--from", "alpha"),
            ("--to", "beta"),
            ("--token", &names["token"]),
            ("--amount", "1"),
            ("--receiver", &names["bob"]),
        ],
        "call" => &[
            ("--from", "alpha"),
            ("--to", "beta"),
            ("--target", &names["counter"]),
            ("--signature", "increment(uint256)"),
            ("--args", "1"),
        ],
        "deploy" => &[
            ("--from", "alpha"),
            ("--to", "beta"),
            ("--attestors", &names["bob"]),
        ],
        _ => &[],
    };
    let kept = sound
        .iter()
        .filter(|(name, _)| wrong.is_none_or(|(wrong, _)| wrong != *name));
    let arguments = kept.copied().chain(wrong);
    // With `=`, so that a value may begin with a dash.
    let arguments = arguments.map(|(name, value)| format!("{name}={value}"));
    let mut line = vec![command.to_owned(), "--json".to_owned()];
    line.extend(arguments);
    line
}

async fn run(scene: &Scene, line: &[String]) -> Outcome {
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    scene.causeway(&line).await
}

/// Checks that a command was refused, where, and with which words.
#[track_caller]
fn check(outcome: &Outcome, code: i32, field: &str, message: &str, remedy: &str) {
    assert_eq!(outcome.code, code, "{outcome:?}");
    // A node logs to stderr too, in JSON as well; the error is the object of that name.
    let mut lines = outcome.stderr.lines();
    let error = lines.rfind(|line| line.starts_with("{\"error\"")).unwrap();
    let error: Value = serde_json::from_str(error).unwrap();
    let says = |key: &str, words: &str| {
        let text = error["error"][key].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "no {key}: {error:#}");
        assert!(text.contains(words), "{words:?} is no {key}: {error:#}");
    };
    says("field", field);
    says("message", message);
    says("remedy", remedy);
}

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

fn listen() -> SocketAddr {
    ([127, 0, 0, 1], unused_port().unwrap()).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_refused_and_nothing_is_half_done() {
    let (scene, names) = scene().await;
    let before = possessions(&scene).await;
    for [command, argument, value, message, remedy] in rows(WRONG_ARGUMENTS, &names) {
        let line = line(&command, &names, Some((&argument, &value)));
        let outcome = run(&scene, &line).await;
        eprintln!("{argument}={value}: {}", outcome.stderr.trim());
        check(&outcome, 2, &argument, &message, &remedy);
    }
    // An account that has nothing cannot send anything.
    let poor = "1".repeat(64);
    let coin = line("transfer", &names, Some(("--token", "native")));
    let coin: Vec<&str> = coin.iter().map(String::as_str).collect();
    let key = [("CAUSEWAY_KEY", poor.as_str())];
    let outcome = run_causeway(&scene.user_config(), &key, &coin).await;
    check(&outcome, 2, "--amount", "balance of 0 ETH", "at most 0 ETH");

    assert_eq!(possessions(&scene).await, before, "something is half done");
    for side in [&scene.a, &scene.b] {
        assert!(events(side).await.is_empty(), "something was sent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_wrong_on_these_chains_starts_nothing_and_sends_nothing() {
    let (scene, names) = scene().await;
    let sound = std::fs::read_to_string(scene.user_config()).unwrap();
    let before = possessions(&scene).await;
    for [commands, replace, by, code, field, message] in rows(WRONG_CONFIGURATIONS, &names) {
        let config = sound.replacen(&replace, &by, 1);
        assert_ne!(config, sound, "{replace} is not in the configuration");
        std::fs::write(scene.user_config(), &config).unwrap();
        let commands = commands.replace("all", "transfer deploy run");
        for command in commands.split_whitespace() {
            let outcome = run(&scene, &line(command, &names, None)).await;
            eprintln!("{command}, {by}: {}", outcome.stderr.trim());
            check(&outcome, code.parse().unwrap(), &field, &message, "");
        }
        let left = std::fs::read_to_string(scene.user_config()).unwrap();
        assert_eq!(left, config, "a command that failed changed the file");
    }
    assert_eq!(possessions(&scene).await, before, "something is half done");
}
