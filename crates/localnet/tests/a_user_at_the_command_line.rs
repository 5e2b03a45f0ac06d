//! Two fresh chains, one file and the command: everything that it prints is true on the chains.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{path::PathBuf, time::Duration};

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider as _,
    sol_types::SolValue as _,
};
use causeway_contracts::counter::Counter;
use causeway_evm::{EvmChain, EvmConfig, Finality};
use causeway_ibc_evm::{IbcContracts, Token};
use causeway_localnet::{
    Anvil, AnvilBinary, AnvilOptions, Node, Side, dev_key, dev_key_hex, locate_causeway, roles,
    unused_port,
};
use causeway_types::ChainId;
use common::{
    Outcome,
    books::{Books, balance, books, events, voucher},
    eventually, run_causeway,
};
use serde_json::Value;
use tempfile::TempDir;

/// Half a coin, as it is typed and as it is counted.
const AMOUNT: &str = "0.5";
const UNITS: u64 = 500_000_000_000_000_000;

/// A directory with the user's configuration, the chains that it names, and what runs on it.
struct Desk {
    nodes: Vec<Node>,
    chains: Vec<Anvil>,
    dir: TempDir,
}

impl Desk {
    /// The starter that `config init` writes, with these chains and three attestors in it.
    async fn set_up(attestors: &[u16; 3]) -> Self {
        let binary = AnvilBinary::locate().unwrap();
        let options = |chain_id| AnvilOptions {
            block_time: Some(Duration::from_millis(300)),
            ..AnvilOptions::new(chain_id)
        };
        let (alpha, beta) = (options(31337), options(31338));
        let (alpha, beta) =
            tokio::try_join!(Anvil::spawn(&binary, &alpha), Anvil::spawn(&binary, &beta)).unwrap();
        let desk = Self {
            nodes: Vec::new(),
            chains: vec![alpha, beta],
            dir: tempfile::tempdir().unwrap(),
        };
        assert_eq!(desk.causeway(&["config", "init"]).await.code, 0);
        let starter = desk.read();
        let (before, _) = starter
            .split_once("# With this part the node attests")
            .unwrap();
        let attestors = attestors.map(|port| format!("\"http://127.0.0.1:{port}\""));
        let listen = format!("listen = \"127.0.0.1:{}\"", unused_port().unwrap());
        let config = before
            .replace("ws://127.0.0.1:8545", desk.chains[0].ws_url().as_str())
            .replace("ws://127.0.0.1:8546", desk.chains[1].ws_url().as_str())
            .replace("\"finalized\"", "{ depth = 1 }")
            .replace("\"http://127.0.0.1:7100\"", &attestors.join(", "))
            .replace("listen = \"127.0.0.1:7100\"", &listen);
        std::fs::write(desk.config(), config).unwrap();
        desk
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("causeway.toml")
    }

    fn read(&self) -> String {
        std::fs::read_to_string(self.config()).unwrap()
    }

    /// Runs the command with the keys of whoever sits here: the deployer's, Alice's and Bob's.
    async fn causeway(&self, arguments: &[&str]) -> Outcome {
        let [deployer, alice, bob] = [roles::DEPLOYER, roles::ALICE, roles::BOB].map(dev_key_hex);
        let keys = [
            ("DEPLOYER_KEY", deployer.as_str()),
            ("CAUSEWAY_KEY", alice.as_str()),
            ("BOB_KEY", bob.as_str()),
        ];
        run_causeway(&self.config(), &keys, arguments).await
    }

    /// Starts the attestors, each with a file made from the user's, and the relayer with the user's.
    async fn start_nodes(&mut self, attestors: &[u16; 3]) {
        let user: toml::Table = self.read().parse().unwrap();
        for (nth, port) in attestors.iter().enumerate() {
            let mut config = user.clone();
            config.remove("relayer").unwrap();
            config.insert("listen".into(), format!("127.0.0.1:{port}").into());
            config.insert("store".into(), format!("sqlite://attestor-{nth}.db").into());
            let key = toml::toml! { key = { env = "CAUSEWAY_ATTESTOR_KEY" } };
            config.insert("attestor".into(), key.into());
            let path = self.dir.path().join(format!("attestor-{nth}.toml"));
            std::fs::write(&path, config.to_string()).unwrap();
            let role = roles::FIRST_ATTESTOR + nth;
            self.start(path, ("CAUSEWAY_ATTESTOR_KEY", role)).await;
        }
        let relayer = ("CAUSEWAY_RELAYER_KEY", roles::RELAYER);
        self.start(self.config(), relayer).await;
    }

    async fn start(&mut self, config: PathBuf, (variable, role): (&str, usize)) {
        let (binary, key) = (locate_causeway().unwrap(), dev_key_hex(role));
        let log = config.with_extension("log");
        let node = Node::spawn(&binary, &config, &[(variable, &key)], &log).await;
        self.nodes.push(node.unwrap());
    }

    /// The two chains with what the configuration says was deployed on them.
    async fn sides(&mut self) -> (Side, Side) {
        let config: toml::Table = self.read().parse().unwrap();
        let route = &config["routes"][0];
        let mut sides = Vec::new();
        for (anvil, name) in self.chains.drain(..).zip(["alpha", "beta"]) {
            let id = ChainId::eip155(anvil.chain_id());
            let mut driver = EvmConfig::new(id.clone(), vec![anvil.ws_url()]);
            driver.finality = Finality::Depth(1);
            let chain = EvmChain::connect(driver).await.unwrap();
            let configured = &config["chains"][sides.len()];
            assert_eq!(configured["id"].as_str(), Some(id.as_str()));
            let router = configured["router"].as_str().unwrap().parse().unwrap();
            let contracts = IbcContracts::discover(&chain.provider(), router).await;
            let ends = [&route["a"], &route["b"]];
            let end = ends
                .iter()
                .find(|end| end["chain"].as_str() == Some(id.as_str()));
            sides.push(Side {
                anvil,
                chain,
                contracts: contracts.unwrap(),
                client: end.unwrap()["client"].as_str().unwrap().parse().unwrap(),
                name,
            });
        }
        let beta = sides.pop().unwrap();
        (sides.pop().unwrap(), beta)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_prints_is_what_the_chains_show() {
    let ports = [(); 3].map(|()| unused_port().unwrap());
    let mut desk = Desk::set_up(&ports).await;
    let attestors: Vec<String> = (0..3)
        .map(|nth| dev_key(roles::FIRST_ATTESTOR + nth).address().to_string())
        .collect();
    let attestors = attestors.join(",");
    let deploy = [
        "deploy",
        "--from",
        "alpha",
        "--to",
        "beta",
        "--key",
        "env:DEPLOYER_KEY",
    ];
    let deploy = [
        &deploy[..],
        &["--attestors", &attestors, "--threshold", "2"],
    ]
    .concat();
    let deployed = desk.causeway(&deploy).await;
    assert_eq!(deployed.code, 0, "{deployed:?}");
    assert!(
        deployed.stdout.contains("both trust 2 of 3 attestors"),
        "{deployed:?}"
    );
    desk.start_nodes(&ports).await;
    let (a, b) = desk.sides().await;

    transfers_are_told_as_they_happen(&desk, &a, &b).await;
    calls_are_told_with_their_result(&desk, &a, &b).await;
    packets_are_listed_and_shown(&desk, &a, &b).await;
    the_status_is_that_of_the_chains(&desk, &a, &b).await;
    for node in desk.nodes {
        assert!(node.terminate().await.unwrap().success());
    }
}

/// Every step of a crossing, checked against the receipt of the transaction that it names.
async fn steps_are_true(outcome: &Outcome, a: &Side, b: &Side) -> Vec<String> {
    let mut events = Vec::new();
    for step in outcome.lines() {
        events.push(step["event"].as_str().unwrap().to_owned());
        if step["event"] == "final" {
            continue;
        }
        let sides = [a, b].into_iter();
        let mut sides = sides.filter(|side| side.id().as_str() == step["chain"]);
        let provider = sides.next().unwrap().chain.provider();
        let tx: B256 = serde_json::from_value(step["tx"].clone()).unwrap();
        let receipt = provider.get_transaction_receipt(tx).await.unwrap().unwrap();
        assert_eq!(step["height"], receipt.block_number.unwrap(), "{step:#}");
        assert_eq!(step["gas"], receipt.gas_used, "{step:#}");
        assert!(receipt.status(), "{step:#}");
    }
    events
}

async fn transfers_are_told_as_they_happen(desk: &Desk, a: &Side, b: &Side) {
    let bob = dev_key(roles::BOB).address();
    let receiver = format!("{}:{bob}", b.id());
    let forth = [
        "transfer", "--from", "alpha", "--to", "beta", "--token", "native",
    ];
    let forth = [&forth[..], &["--amount", AMOUNT, "--receiver", &receiver]].concat();
    let told = desk.causeway(&[&forth[..], &["--json"]].concat()).await;
    assert_eq!(told.code, 0, "{told:?}");
    let events = steps_are_true(&told, a, b).await;
    assert_eq!(events, ["sent", "final", "delivered", "acknowledged"]);
    let told = desk.causeway(&forth).await;
    assert_eq!(told.code, 0, "{told:?}");
    for word in [
        "sent",
        "delivered",
        "acknowledged",
        "alpha",
        "beta",
        "gas",
        "0x",
    ] {
        assert!(told.stdout.contains(word), "{word}: {}", told.stdout);
    }
    assert_eq!(
        books((a, b), Token::Native).await,
        Books::balanced(2 * UNITS)
    );
    let on_b = Token::Erc20(voucher((a, b), Token::Native).await.unwrap());
    assert_eq!(balance(b, on_b, bob).await, U256::from(2 * UNITS));

    let before = balance(a, Token::Native, bob).await;
    let bob = bob.to_string();
    let back = [
        "transfer",
        "--from",
        "beta",
        "--to",
        "alpha",
        "--token",
        "voucher:native",
    ];
    let back = [
        &back[..],
        &[
            "--amount",
            AMOUNT,
            "--receiver",
            &bob,
            "--key",
            "env:BOB_KEY",
        ],
    ];
    let told = desk
        .causeway(&[&back.concat()[..], &["--json"]].concat())
        .await;
    assert_eq!(told.code, 0, "{told:?}");
    steps_are_true(&told, a, b).await;
    assert_eq!(books((a, b), Token::Native).await, Books::balanced(UNITS));
    let after = balance(a, Token::Native, bob.parse::<Address>().unwrap()).await;
    assert_eq!(after - before, U256::from(UNITS));
}

async fn calls_are_told_with_their_result(desk: &Desk, a: &Side, b: &Side) {
    let deployer = b.account(roles::DEPLOYER);
    let (counter, _) = deployer
        .deploy("the counter", &Counter::BYTECODE, &[])
        .await
        .unwrap();
    let target = counter.to_string();
    let call = [
        "call", "--from", "alpha", "--to", "beta", "--target", &target,
    ];
    let increment = ["--signature", "increment(uint256)", "--args", "5"];
    let increment = [&call[..], &increment].concat();
    let told = desk.causeway(&[&increment[..], &["--json"]].concat()).await;
    assert_eq!(told.code, 0, "{told:?}");
    steps_are_true(&told, a, b).await;
    let result = told.lines().last().unwrap()["result"].clone();
    let result: alloy::primitives::Bytes = serde_json::from_value(result).unwrap();
    assert_eq!(U256::abi_decode(&result).unwrap(), U256::from(5));
    let told = desk.causeway(&increment).await;
    let ten = format!("{:064x}", 10);
    assert!(told.code == 0 && told.stdout.contains(&ten), "{told:?}");
    let contract = Counter::new(counter, b.chain.provider());
    assert_eq!(contract.total().call().await.unwrap(), U256::from(10));

    let fail = [&call[..], &["--signature", "fail()", "--json"]].concat();
    let told = desk.causeway(&fail).await;
    assert_eq!(told.code, 3, "{told:?}");
    let error: Value = serde_json::from_str(&told.stderr).unwrap();
    assert_eq!(error["error"]["code"], "refused", "{told:?}");
}

async fn packets_are_listed_and_shown(desk: &Desk, a: &Side, b: &Side) {
    let sent = [events(a).await, events(b).await].concat();
    let sent = sent
        .iter()
        .filter(|event| event.kind == causeway_relayer::EventKind::Sent);
    let sent = sent.count();
    let packets = eventually("every packet is listed as acknowledged", async || {
        let list = desk.causeway(&["packets", "list", "--json"]).await.json();
        let packets = list["packets"].as_array().unwrap().clone();
        let done = packets
            .iter()
            .all(|packet| packet["phase"] == "acknowledged");
        (done && packets.len() == sent).then_some(packets)
    })
    .await;
    let text = desk.causeway(&["packets", "list"]).await.stdout;
    assert_eq!(text.lines().count(), sent, "{text}");
    for packet in &packets {
        let name = packet["packet"].as_str().unwrap();
        assert!(text.contains(name), "{name}: {text}");
        let story = desk
            .causeway(&["packets", "show", name, "--json"])
            .await
            .json();
        let shown = desk.causeway(&["packets", "show", name]).await.stdout;
        for (fact, side) in
            story["facts"]
                .as_array()
                .unwrap()
                .iter()
                .zip(if packet["from"] == *a.id().as_str() {
                    [a, b, a]
                } else {
                    [b, a, b]
                })
        {
            let tx: B256 = serde_json::from_value(fact["tx"].clone()).unwrap();
            let receipt = side.chain.provider().get_transaction_receipt(tx).await;
            let receipt = receipt.unwrap().unwrap();
            assert_eq!(fact["height"], receipt.block_number.unwrap(), "{fact:#}");
            assert!(shown.contains(&tx.to_string()), "{shown}");
        }
    }
}

async fn the_status_is_that_of_the_chains(desk: &Desk, a: &Side, b: &Side) {
    let before = [a.chain.head().await.unwrap(), b.chain.head().await.unwrap()];
    let status = desk.causeway(&["status", "--json"]).await.json();
    let after = [a.chain.head().await.unwrap(), b.chain.head().await.unwrap()];
    assert_eq!(
        status["problems"].as_array().unwrap().len(),
        0,
        "{status:#}"
    );
    for ((chain, before), after) in status["chains"]
        .as_array()
        .unwrap()
        .iter()
        .zip(before)
        .zip(after)
    {
        let head = chain["head"].as_u64().unwrap();
        // A node may see a block a little later than we do.
        assert!(
            (before.height - 5..=after.height).contains(&head),
            "{chain:#}"
        );
    }
    let mut addresses: Vec<_> = status["attestors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attestor| {
            attestor["address"]
                .as_str()
                .unwrap()
                .parse::<Address>()
                .unwrap()
        })
        .collect();
    addresses.sort();
    let mut expected: Vec<_> = (0..3)
        .map(|nth| dev_key(roles::FIRST_ATTESTOR + nth).address())
        .collect();
    expected.sort();
    assert_eq!(addresses, expected);
    let text = desk.causeway(&["status"]).await.stdout;
    for word in [
        "alpha",
        "beta",
        "3 of 3 attestors answer, 2 must sign",
        "problems   none",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
