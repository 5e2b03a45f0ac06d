//! A newcomer's way on two real chains, with nothing but the command: configure, deploy, run, send,
//! and understand what is wrong when nothing moves.

#![allow(clippy::unwrap_used)]

mod common;

use std::{path::Path, sync::Arc, time::Duration};

use causeway_localnet::{
    Anvil, AnvilBinary, AnvilOptions, Node, dev_key, dev_key_hex, unused_port,
};
use common::{Outcome, Sandbox, check};
use serde_json::Value;

const BLOCK_TIME: Duration = Duration::from_millis(250);
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// The parts that the development accounts play.
const DEPLOYER: usize = 0;
const RELAYER: usize = 1;
const ALICE: usize = 2;
const ATTESTORS: [usize; 2] = [3, 4];

struct Journey {
    sandbox: Sandbox,
    _chains: [Anvil; 2],
}

impl Journey {
    /// Two chains, and the starter pointed at them.
    async fn begin() -> Self {
        let binary = AnvilBinary::locate().unwrap();
        let options = |id| AnvilOptions {
            block_time: Some(BLOCK_TIME),
            ..AnvilOptions::new(id)
        };
        let a = Anvil::spawn(&binary, &options(31337)).await.unwrap();
        let b = Anvil::spawn(&binary, &options(31338)).await.unwrap();
        let mut sandbox = Sandbox::with_starter("", "");
        let [first, second] = ATTESTORS.map(|_| unused_port().unwrap());
        let starter = sandbox
            .read("causeway.toml")
            .replace("ws://127.0.0.1:8545", a.ws_url().as_str())
            .replace("ws://127.0.0.1:8546", b.ws_url().as_str())
            .replace("\"finalized\"", "{ depth = 1 }")
            .replace(
                "\"http://127.0.0.1:7100\"",
                &format!("\"http://127.0.0.1:{first}\", \"http://127.0.0.1:{second}\""),
            )
            .replace("127.0.0.1:7100", &format!("127.0.0.1:{first}"));
        sandbox.write("causeway.toml", &starter);
        sandbox.set("DEPLOYER_KEY", &dev_key_hex(DEPLOYER));
        sandbox.set("CAUSEWAY_KEY", &dev_key_hex(ALICE));
        sandbox.set("SECOND", &second.to_string());
        Self {
            sandbox,
            _chains: [a, b],
        }
    }

    fn run(&self, line: &str) -> Outcome {
        self.sandbox
            .run(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// The objects that a command with --json prints.
    fn steps(&self, line: &str) -> (i32, Vec<Value>) {
        let outcome = self.run(&format!("{line} --json"));
        eprintln!("{line}: {outcome:?}");
        let steps = outcome
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        (outcome.code, steps.collect())
    }

    fn json(&self, line: &str) -> Value {
        self.run(&format!("{line} --json")).json()
    }

    fn refused(&self, line: &str) -> Value {
        self.sandbox
            .refused(&line.split_whitespace().collect::<Vec<_>>())
    }

    async fn node(&self, config: &str, attestor: usize) -> Node {
        let (relayer, attestor) = (dev_key_hex(RELAYER), dev_key_hex(attestor));
        let keys = [
            ("CAUSEWAY_RELAYER_KEY", relayer.as_str()),
            ("CAUSEWAY_ATTESTOR_KEY", attestor.as_str()),
        ];
        let log = self.sandbox.path(&format!("{config}.log"));
        let binary = Path::new(env!("CARGO_BIN_EXE_causeway"));
        Node::spawn(binary, &self.sandbox.path(config), &keys, &log)
            .await
            .unwrap()
    }

    /// The configuration of the committee's second member: the same, but it only attests.
    fn write_second(&self) {
        let config = self.sandbox.read("causeway.toml");
        let (before, rest) = config.split_once("[relayer]").unwrap();
        let (_, after) = rest.split_once("[attestor]").unwrap();
        let listen = before
            .lines()
            .find(|line| line.starts_with("listen"))
            .unwrap();
        let port = self.sandbox.variable("SECOND");
        let before = before
            .replace(listen, &format!("listen = \"127.0.0.1:{port}\""))
            .replace("causeway.db", "second.db");
        self.sandbox
            .write("second.toml", &format!("{before}[attestor]{after}"));
    }

    /// Waits until the packets of the store are in these phases, newest first.
    async fn packets(&self, phases: &[&str]) {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let list = self.json("packets list");
            let now: Vec<_> = list["packets"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| p["phase"].clone())
                .collect();
            if now == phases {
                return;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "{phases:?} expected, now {list}"
            );
            tokio::time::sleep(BLOCK_TIME).await;
        }
    }
}

impl Journey {
    /// Waits until the status is clear: the node records a refund a moment after the chain shows it.
    async fn no_problem_is_left(&self) {
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        loop {
            let status = self.json("status");
            if status["problems"].as_array().unwrap().is_empty() {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "{status}");
            tokio::time::sleep(BLOCK_TIME).await;
        }
    }
}

fn events(steps: &[Value]) -> Vec<&str> {
    steps
        .iter()
        .map(|step| step["event"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_connects_two_chains_and_sends() {
    let journey = Arc::new(Journey::begin().await);
    assert_eq!(journey.run("config validate --online").code, 0);
    deploys_once_and_keeps_what_there_is(&journey);
    journey.write_second();
    assert_eq!(journey.run("config validate --online").code, 0);
    assert_eq!(
        journey
            .run("config validate --online --config second.toml")
            .code,
        0
    );

    let mut first = journey.node("causeway.toml", ATTESTORS[0]).await;
    bad_input_is_refused_before_anything_is_sent(&journey);
    nothing_moves_below_the_threshold_and_the_status_says_why(&journey).await;
    let second = journey.node("second.toml", ATTESTORS[1]).await;
    journey.packets(&["acknowledged", "acknowledged"]).await;
    tokens_come_back(&journey);
    calls_return_their_result_or_the_refusal(&journey);
    second.terminate().await.unwrap();
    let second = a_transfer_that_nobody_attests_is_refunded(&journey).await;

    journey.no_problem_is_left().await;
    first.ensure_running().unwrap();
    second.terminate().await.unwrap();
    first.terminate().await.unwrap();
    let gone = journey.refused("status");
    check(&gone, "listen", "no node answers", "causeway run");
}

fn deploys_once_and_keeps_what_there_is(journey: &Journey) {
    let [first, second] = ATTESTORS.map(|index| dev_key(index).address());
    let deploy = format!(
        "deploy --from alpha --to beta --attestors {first},{second} --threshold 2 --key env:DEPLOYER_KEY"
    );
    let poor = "deploy --from alpha --to beta --attestors 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 --key file:poor.key";
    journey.sandbox.write_secret("poor.key", &"1".repeat(64));
    check(&journey.refused(poor), "--key", "no coin", "send it some");
    let (code, steps) = journey.steps(&deploy);
    assert_eq!(code, 0);
    assert_eq!(
        events(&steps)
            .iter()
            .filter(|event| **event == "deployed")
            .count(),
        4
    );
    let written = journey.sandbox.read("causeway.toml");
    let (code, steps) = journey.steps(&deploy);
    assert_eq!(code, 0);
    assert_eq!(
        events(&steps),
        ["kept", "kept", "kept", "kept", "connected"]
    );
    assert_eq!(journey.sandbox.read("causeway.toml"), written);
    let other = deploy.replace("--threshold 2", "--threshold 1");
    check(
        &journey.refused(&other),
        "--attestors",
        "another committee (2 of 2)",
        "that committee",
    );
    // Alpha's client knows beta by its old router, and there shall be a new one.
    let (chains, _) = written.split_once("[[routes]]").unwrap();
    let (chains, router) = chains.rsplit_once("router = ").unwrap();
    let (_, rest) = router.split_once('\n').unwrap();
    journey
        .sandbox
        .write("half.toml", &format!("{chains}{rest}"));
    check(
        &journey.refused(&format!("{deploy} --config half.toml")),
        "router of eip155:31338",
        "follows an earlier one",
        "both routers",
    );
}

fn bad_input_is_refused_before_anything_is_sent(journey: &Journey) {
    let bob = "--receiver 0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    let alice = dev_key(ALICE).address();
    let transfer = format!("transfer --from alpha --to beta {bob}");
    for (line, field, message, remedy) in [
        (
            format!("{transfer} --token {alice} --amount 1"),
            "--token",
            "no ERC-20 token",
            "native",
        ),
        (
            format!("{transfer} --token native --amount 20000"),
            "--amount",
            "balance of 10000 ETH",
            "at most 10000 ETH",
        ),
        (
            format!("{transfer} --token native --amount 0.0000000000000000001"),
            "--amount",
            "19 decimal places",
            "18 places",
        ),
        (
            format!("{transfer} --token voucher:native --amount 1"),
            "--token",
            "no voucher",
            "first transfer",
        ),
        (
            format!("call --from alpha --to beta --target {alice} --data 0x00"),
            "--target",
            "no contract",
            "check the address",
        ),
    ] {
        let error = journey.refused(&line);
        check(&error, field, message, remedy);
        assert_eq!(error["code"], "usage");
    }
    let packets = journey.json("packets list");
    assert_eq!(packets["packets"].as_array().unwrap().len(), 0, "{packets}");
}

async fn nothing_moves_below_the_threshold_and_the_status_says_why(journey: &Journey) {
    let alice = dev_key(ALICE).address();
    let line = format!(
        "transfer --from alpha --to beta --token native --amount 1.5 --receiver {alice} --no-wait"
    );
    let (code, steps) = journey.steps(&line);
    assert_eq!((code, events(&steps)), (0, vec!["sent"]));
    // The token's metadata travels in a packet of its own, once.
    journey.packets(&["final", "final"]).await;
    tokio::time::sleep(8 * BLOCK_TIME).await;
    journey.packets(&["final", "final"]).await;
    let status = journey.json("status");
    let problems = status["problems"].to_string();
    assert!(
        problems.contains("1 of 2 attestors answer, 2 must sign"),
        "{problems}"
    );
    let clients: Vec<&Value> = status["routes"][0]["clients"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert!(
        clients.iter().any(|client| client["waiting"] == 2),
        "{status}"
    );
    let text = journey.run("status").stdout;
    assert!(
        text.contains("1 of 2 attestors answer") && text.contains("trust: "),
        "{text}"
    );
}

fn tokens_come_back(journey: &Journey) {
    let alice = dev_key(ALICE).address();
    let line = format!(
        "transfer --from beta --to alpha --token voucher:native --amount 1.5 --receiver {alice}"
    );
    let (code, steps) = journey.steps(&line);
    assert_eq!(code, 0);
    assert_eq!(
        events(&steps),
        ["sent", "final", "delivered", "acknowledged"]
    );
    for step in &steps {
        assert!(step["seconds"].is_f64(), "{step}");
        assert!(
            step["event"] == "final" || step["gas"].as_u64() > Some(50_000),
            "{step}"
        );
    }
    let error = journey.refused(&line);
    check(
        &error,
        "--amount",
        "1.5 ETH is more than the account's balance of 0 ETH",
        "at most 0 ETH",
    );
    let list = journey.json("packets list --from beta");
    let name = list["packets"][0]["packet"].as_str().unwrap();
    let story = journey.json(&format!("packets show {name}"));
    assert_eq!(story["facts"].as_array().unwrap().len(), 3, "{story}");
}

fn calls_return_their_result_or_the_refusal(journey: &Journey) {
    let shown = journey.json("limits show --on beta --with alpha --token voucher:native");
    let voucher = shown["token"].as_str().unwrap();
    let call = |target: &str| format!("call --from alpha --to beta --target {target}");
    let line = format!("{} --signature totalSupply()", call(voucher));
    let (code, steps) = journey.steps(&line);
    assert_eq!(code, 0);
    let result = steps.last().unwrap()["result"].as_str().unwrap();
    assert_eq!(result.len(), 2 + 64, "{result}");

    // No call from another chain reaches what administers the bridge.
    let config = journey.sandbox.read("causeway.toml");
    let routers = config.lines();
    let mut routers = routers.filter_map(|line| line.strip_prefix("router = "));
    let router = routers.nth(1).unwrap().trim_matches('"');
    let line = format!("{} --signature getNextClientSeq()", call(router));
    let (code, steps) = journey.steps(&line);
    assert_eq!((code, *events(&steps).last().unwrap()), (3, "refunded"));
}

async fn a_transfer_that_nobody_attests_is_refunded(journey: &Arc<Journey>) -> Node {
    let bob = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    let line = format!(
        "transfer --from alpha --to beta --token native --amount 1 --receiver {bob} --timeout 3s"
    );
    let sender = journey.clone();
    let sending = tokio::task::spawn_blocking(move || sender.steps(&line));
    // The second attestor returns when the packet's time is over.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let second = journey.node("second.toml", ATTESTORS[1]).await;
    let (code, steps) = sending.await.unwrap();
    assert_eq!(
        (code, events(&steps)),
        (3, vec!["sent", "final", "refunded"])
    );
    second
}
