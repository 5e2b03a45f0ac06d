//! Whatever a person gets wrong about swaps is refused before anything is locked, with the place of the
//! mistake and what to do about it.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use causeway_local_bitcoin::NodeKind;
use causeway_localnet::Party;
use common::swaps::SwapScene;
use serde_json::Value;

/// What is refused: the exit code, the field, and words of the message and of the remedy.
struct Refused(i32, &'static str, &'static str, &'static str);

const STRANGER: &str = "65b4465b49f5a5e71288969e87823eee56b476f42373f1448bd655c91eba5e4b";

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_refused_with_their_place_and_their_remedy() {
    let scene = SwapScene::set(NodeKind::Litecoin).await;
    let before = scene.wei(Party::Taker).await;
    what_is_asked_for(&scene).await;
    what_is_configured(&scene).await;
    what_the_maker_cannot_give(&scene).await;
    assert_eq!(scene.wei(Party::Taker).await, before, "something was done");
    assert!(scene.known(Party::Taker).await.is_empty());
    swaps_that_are_not_there(&scene).await;
    a_store_that_is_in_use(&scene).await;
}

async fn what_is_asked_for(scene: &SwapScene) {
    let maker = scene.swaps.maker_url();
    let ether = scene.swaps.offer("eip155").await.unwrap();
    let coins = scene.swaps.offer("bip122").await.unwrap();
    let quote = |offer: &str, get: &str| arguments("quote", &maker, offer, get);
    let take = |more: &[&str]| {
        let more: Vec<String> = more.iter().map(ToString::to_string).collect();
        [arguments("take", &maker, &ether, "0.5"), more].concat()
    };
    let elsewhere = |url: &str| arguments("quote", url, &ether, "0.5");
    for (arguments, refused) in [
        (
            quote(&ether, "50"),
            Refused(
                2,
                "--get",
                "50 ETH on alpha is outside",
                "within the limits",
            ),
        ),
        (
            quote(&ether, "0.001"),
            Refused(2, "--get", "0.01 ETH on alpha to 5 ETH on alpha", "limits"),
        ),
        (
            quote(&coins, "0.123456789"),
            Refused(2, "--get", "the token has 8", "round it to 8 places"),
        ),
        (
            quote(&coins, "ten"),
            Refused(2, "--get", "\"ten\" is no amount", "12.5"),
        ),
        (
            quote(&coins, "0"),
            Refused(2, "--get", "zero", "more than nothing"),
        ),
        (
            quote("0xffffffff", "1"),
            Refused(2, "--offer", "none that begins", "swap offers"),
        ),
        (
            quote("offer", "1"),
            Refused(2, "--offer", "no id of an offer", "swap offers"),
        ),
        (
            elsewhere("http://127.0.0.1:1"),
            Refused(1, "--maker", "refused", "that it is running"),
        ),
        (
            elsewhere(scene.scene.network.a.anvil.http_url().as_ref()),
            Refused(1, "--maker", "gives no answer", "the maker's address"),
        ),
        (
            elsewhere("ftp://127.0.0.1"),
            Refused(2, "--maker", "no maker's address", "http://"),
        ),
        (
            take(&["--pay-at-most", "12.5"]),
            Refused(
                1,
                "--pay-at-most",
                "wants 12.5625 LTC on litecoin for it (expected 12.5 LTC on litecoin or less)",
                "nothing was locked",
            ),
        ),
        (
            take(&["--pay-at-most", "lots"]),
            Refused(2, "--pay-at-most", "\"lots\"", "12.5"),
        ),
        (
            take(&["--maker-key", STRANGER]),
            Refused(
                1,
                "--maker-key",
                "not the party that has signed",
                "ask the maker",
            ),
        ),
    ] {
        let config = scene.swaps.config_path(Party::Taker);
        refused
            .is_told(scene, config, Party::Taker, &arguments)
            .await;
    }
}

fn arguments(command: &str, maker: &str, offer: &str, get: &str) -> Vec<String> {
    let all = [
        "swap", command, "--maker", maker, "--offer", offer, "--get", get,
    ];
    all.map(str::to_owned).to_vec()
}

/// The taker's configuration with something else in a line that begins like this.
fn config_with(scene: &SwapScene, begins: &str, line: &str) -> std::path::PathBuf {
    let config = scene.swaps.config_path(Party::Taker);
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains(&format!("\n{begins}")), "{begins}: {text}");
    let lines = text.lines().map(|old| {
        if old.starts_with(begins) {
            line.to_owned()
        } else {
            old.to_owned()
        }
    });
    let lines: Vec<_> = lines.collect();
    let changed = config.with_file_name("mistaken.toml");
    std::fs::write(&changed, lines.join("\n")).unwrap();
    changed
}

async fn what_is_configured(scene: &SwapScene) {
    let node = scene.swaps.coins().node().rpc_address();
    let stranger = format!("endpoints = [\"http://somebody:else@{node}\"]");
    let router = scene.scene.network.a.contracts.router;
    let router = format!("contract = \"{router}\"");
    let wallet = ["swap", "wallet"].map(str::to_owned).to_vec();
    let nodes = "swaps.chains[1].endpoints";
    for (begins, line, refused) in [
        (
            "contract",
            "",
            Refused(
                2,
                "swaps.chains[0].contract",
                "no contract for swaps yet",
                "causeway swap deploy --on alpha",
            ),
        ),
        (
            "contract",
            &router,
            Refused(
                1,
                "swaps.chains[0].contract",
                "is not the hash time lock",
                "causeway swap deploy --on alpha",
            ),
        ),
        (
            "contract",
            "contract = \"0x00000000000000000000000000000000DeaDBeef\"",
            Refused(
                1,
                "swaps.chains[0].contract",
                "there is no contract at",
                "causeway swap deploy --on alpha",
            ),
        ),
        (
            "endpoints = [\"http",
            "endpoints = [\"http://127.0.0.1:1\"]",
            Refused(1, nodes, "Connection refused", "that the nodes run"),
        ),
        (
            "endpoints = [\"http",
            &stranger,
            Refused(1, nodes, "401", "the password"),
        ),
        (
            "cookie",
            "cookie = \"nowhere/.cookie\"",
            Refused(1, nodes, "cannot read the cookie file", "the cookie"),
        ),
        (
            "seed",
            "seed = { env = \"NOT_SET\" }",
            Refused(2, "swaps.seed", "NOT_SET is not set", "NOT_SET"),
        ),
        (
            "key",
            "key = { env = \"NOT_SET\" }",
            Refused(2, "swaps.key", "NOT_SET is not set", "NOT_SET"),
        ),
    ] {
        let config = config_with(scene, begins, line);
        refused.is_told(scene, config, Party::Taker, &wallet).await;
    }
}

/// What only terms show: they are refused by our own rules, before anybody has signed.
async fn what_the_maker_cannot_give(scene: &SwapScene) {
    let maker = scene.swaps.maker_url();
    let ether = scene.swaps.offer("eip155").await.unwrap();
    let take = |get: &str| arguments("take", &maker, &ether, get);
    let config = config_with(
        scene,
        "confirmations",
        "confirmations = 2\ndust = \"2000000000\"",
    );
    let dust = Refused(
        1,
        "--get",
        "not worth a lock (expected 20 LTC",
        "lower dust",
    );
    dust.is_told(scene, config, Party::Taker, &take("0.5"))
        .await;
    let config = config_with(scene, "down_for", "down_for = \"3h\"");
    let short = Refused(1, "", "may expire before", "down_for shorter");
    short
        .is_told(scene, config, Party::Taker, &take("0.5"))
        .await;
    let config = config_with(
        scene,
        "id = \"bip122",
        "id = \"bip122:0f9188f13cb7b2c71f2a335e3a4fc328\"",
    );
    let other = Refused(
        1,
        "swaps.chains",
        "not among the chains to swap on",
        "[[swaps.chains]]",
    );
    // Nothing is asked of that chain's node before it is known that it is of no use here.
    let quote = arguments("take", &maker, &ether, "0.5");
    other.is_told(scene, config, Party::Taker, &quote).await;
}

async fn swaps_that_are_not_there(scene: &SwapScene) {
    for arguments in [
        vec!["swap", "show", "0xdead"],
        vec!["swap", "resume", "0xdead"],
        vec!["swap", "refund", "0xdead"],
        vec!["swap", "delegate", "0xdead", "--out", "watch.json"],
    ] {
        let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
        let config = scene.swaps.config_path(Party::Taker);
        Refused(2, "ID", "none that begins with \"0xdead\"", "swap list")
            .is_told(scene, config, Party::Taker, &arguments)
            .await;
    }
    let tower = ["swap", "tower", "nowhere.json"].map(str::to_owned);
    let config = scene.swaps.config_path(Party::Tower);
    Refused(2, "FILE", "nowhere.json", "swap delegate")
        .is_told(scene, config, Party::Tower, &tower)
        .await;
}

/// The maker's own node works on it.
async fn a_store_that_is_in_use(scene: &SwapScene) {
    let maker = scene.swaps.maker_url();
    let ether = scene.swaps.offer("eip155").await.unwrap();
    let take = arguments("take", &maker, &ether, "0.5");
    let config = scene.swaps.config_path(Party::Maker);
    Refused(1, "store", "another process works", "stop it first")
        .is_told(scene, config, Party::Maker, &take)
        .await;
}

impl Refused {
    async fn is_told(
        &self,
        scene: &SwapScene,
        config: std::path::PathBuf,
        party: Party,
        arguments: &[String],
    ) {
        let Self(code, field, message, remedy) = *self;
        let mut all: Vec<&str> = arguments.iter().map(String::as_str).collect();
        all.push("--json");
        let outcome = scene.run_with(config, party, &all).await;
        assert_eq!(outcome.code, code, "{arguments:?}: {outcome:?}");
        let told: Value = serde_json::from_str(&outcome.stderr).unwrap();
        let told = &told["error"];
        assert_eq!(told["field"].as_str().unwrap_or_default(), field, "{told}");
        for (key, words) in [("message", message), ("remedy", remedy)] {
            let text = told[key].as_str().unwrap_or_default();
            assert!(text.contains(words), "{words:?} is not in {key} of {told}");
        }
    }
}
