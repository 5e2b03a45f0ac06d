//! What an operator sees of swaps is what goes on: in the status, in the metrics, and in what the doctor says
//! about a configuration that is right and about others that are not.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use causeway_local_bitcoin::NodeKind;
use causeway_localnet::{Party, unused_port};
use common::{eventually, swaps::SwapScene};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn status_metrics_and_doctor_tell_of_swaps() {
    let scene = SwapScene::set(NodeKind::Litecoin).await;
    what_there_is_to_swap_with_is_told(&scene).await;
    a_swap_is_followed(&scene).await;
    all_is_well(&scene).await;
    mistakes_are_found(&scene).await;
    nodes_that_are_away_are_found(&scene).await;
}

async fn status(scene: &SwapScene) -> Value {
    let status = scene.lines(Party::Maker, &["status"]).await;
    status.into_iter().next().unwrap()
}

/// The value of a metric whose line begins like this.
async fn metric(scene: &SwapScene, begins: &str) -> Option<f64> {
    let url = format!("{}/metrics", scene.swaps.maker_url());
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with(begins))?;
    line.rsplit(' ').next().unwrap().parse().ok()
}

async fn what_there_is_to_swap_with_is_told(scene: &SwapScene) {
    let swaps = eventually("wallets and prices are known", async || {
        let swaps = status(scene).await["swaps"].clone();
        let wallets = swaps["wallets"].as_array().unwrap();
        let offers = swaps["offers"].as_array().unwrap();
        let known = wallets.iter().all(|wallet| wallet["balance"].is_string())
            && offers.iter().all(|offer| offer["price"].is_string());
        known.then_some(swaps)
    })
    .await;
    assert_eq!(swaps["leads"], true, "{swaps}");
    assert_eq!(swaps["wallets"].as_array().unwrap().len(), 2, "{swaps}");
    let shown = scene.lines(Party::Maker, &["swap", "wallet"]).await;
    let coins = scene.coins_id();
    let of = |all: &[Value]| {
        let wallet = all.iter().find(|line| line["chain"] == coins.as_str());
        wallet.unwrap()["balance"].clone()
    };
    assert_eq!(of(swaps["wallets"].as_array().unwrap()), of(&shown));
    let offer = &swaps["offers"][0];
    assert_eq!(offer["price"], "25.125 LTC on litecoin", "{offer}");
    assert_eq!(offer["promised"], "0", "{offer}");
    let text = scene.run(Party::Maker, &["status"]).await.stdout;
    for words in [
        "swaps      none yet",
        "0.01 ETH on alpha to 5 ETH on alpha, 25.125 LTC on litecoin for each; 0 ETH on alpha promised",
        "wallet     ",
        "problems   none",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// From the promise to the end, as the maker tells it.
async fn a_swap_is_followed(scene: &SwapScene) {
    let maker = scene.swaps.maker_url();
    let offer = scene.swaps.offer("eip155").await.unwrap();
    let arguments = [
        "swap", "take", "--maker", &maker, "--offer", &offer, "--get", "0.5",
    ];
    let looked = async {
        eventually("the swap is under way", async || {
            let status = status(scene).await;
            let swaps = &status["swaps"];
            let alike = swaps["under_way"].as_array().unwrap().first().cloned()?;
            let stake = swaps["offers"][0]["at_stake"].clone();
            Some((alike, stake))
        })
        .await
    };
    let under_way = async {
        eventually("a metric tells of it", async || {
            metric(scene, "causeway_swaps{")
                .await
                .filter(|swaps| *swaps > 0.0)
        })
        .await
    };
    let locked = async {
        eventually("the maker's lock has an expiry", async || {
            metric(
                scene,
                "causeway_swap_expiry_seconds{chain=\"eip155:31337\"}",
            )
            .await
            .filter(|left| *left > 0.0)
        })
        .await
    };
    let (told, (alike, stake), under_way, left) = tokio::join!(
        scene.lines(Party::Taker, &arguments),
        looked,
        under_way,
        locked
    );
    assert_eq!(told.last().unwrap()["settled"], true, "{told:?}");
    assert_eq!(alike["swaps"], 1, "{alike}");
    assert_eq!(alike["role"], "responder", "{alike}");
    assert_eq!(alike["first"], scene.coins_id(), "{alike}");
    assert_eq!(stake, "500000000000000000");
    assert!((under_way - 1.0).abs() < f64::EPSILON, "{under_way}");
    // As the configuration says, at most: `short = "6m"`.
    assert!(left <= 360.0, "{left}");
    let ended = "causeway_swaps_ended_total{outcome=\"exchanged\"}";
    eventually("the maker has its part", async || {
        metric(scene, ended).await.filter(|ended| *ended > 0.0)
    })
    .await;
    for (name, expected) in [
        ("causeway_swaps_attention{advice=\"claim-is-late\"}", 0.0),
        ("causeway_swap_leads", 1.0),
        ("causeway_swap_wards", 0.0),
        ("causeway_swap_signatures_unanswered{what=\"claim\"}", 0.0),
        (
            "causeway_swap_signatures_total{what=\"claim\",event=\"asked\"}",
            1.0,
        ),
        (
            "causeway_swap_signatures_total{what=\"claim\",event=\"given\"}",
            0.0,
        ),
        ("causeway_swap_tasks{lane=\"swap/talk\"}", 0.0),
        ("causeway_swap_tasks_failing{lane=\"swap/talk\"}", 0.0),
    ] {
        let found = metric(scene, name).await;
        assert_eq!(found, Some(expected), "{name}");
    }
    // The taker need not be there any more to sign.
    let got = "causeway_swap_signatures_total{what=\"claim\",event=\"got\"}";
    assert!(metric(scene, got).await.unwrap() <= 1.0);
    // No phase that it has been in is still shown as one in which it is.
    let url = format!("{maker}/metrics");
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let mut phases = text
        .lines()
        .filter(|line| line.starts_with("causeway_swaps{"));
    assert!(phases.all(|line| line.ends_with(" 0")), "{text}");
    let gone = "causeway_swap_expiry_seconds{chain=\"eip155:31337\"} NaN";
    assert!(text.contains(gone), "{text}");
    let coins = scene.coins_id();
    let of_coins = |name: &str| format!("{name}{{chain=\"{coins}\"}}");
    let told = metric(scene, &of_coins("causeway_swap_told_height")).await;
    let head = metric(scene, &of_coins("causeway_swap_head_height")).await;
    assert!(told.unwrap() >= head.unwrap() - 10.0, "{told:?} {head:?}");
    let age = metric(scene, &of_coins("causeway_swap_told_age_seconds")).await;
    // Blocks' times run ahead of the clock where many are made at once.
    assert!(age.unwrap() < 60.0, "{age:?}");
    eventually("what is over is looked out for no more", async || {
        let watched = metric(scene, "causeway_swaps_watched").await;
        watched.filter(|watched| watched.abs() < f64::EPSILON)
    })
    .await;
}

/// A check, the place, the level, the message and the remedy.
type Finding = (String, String, String, String, String);

/// What was found out, in order.
fn findings(report: &Value) -> Vec<Finding> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| {
            (
                text(finding, "check"),
                text(finding, "subject"),
                text(finding, "level"),
                text(finding, "message"),
                text(finding, "remedy"),
            )
        })
        .collect()
}

/// What the doctor says of the maker's configuration with a change.
async fn examined(scene: &SwapScene, change: impl FnOnce(String) -> String) -> (i32, Value) {
    let config = scene.swaps.config_path(Party::Maker);
    let before = std::fs::read_to_string(&config).unwrap();
    let changed = config.with_file_name("changed.toml");
    let text = change(before.clone());
    std::fs::write(&changed, &text).unwrap();
    let outcome = scene
        .run_with(changed, Party::Maker, &["doctor", "--json"])
        .await;
    let report = outcome.stdout.lines().next();
    let report = serde_json::from_str(report.unwrap_or_else(|| panic!("{outcome:?}")));
    (outcome.code, report.unwrap())
}

async fn all_is_well(scene: &SwapScene) {
    let before = scene.wei(Party::Maker).await;
    let (code, report) = examined(scene, |text| text).await;
    assert_eq!(code, 0, "{report:#}");
    let found = findings(&report);
    for (check, subject, words) in [
        ("key", "swaps.seed", "other parties know this node as"),
        ("key", "swaps.key", "0x"),
        (
            "contract",
            "swaps.chains[0].contract",
            "is the hash time lock",
        ),
        ("clock", "swaps.chains[0].skew", "agree"),
        ("clock", "swaps.chains[1].skew", ""),
        ("agreement", "litecoin", "the same block"),
        ("balance", "wallet of litecoin", "LTC on litecoin"),
        ("listen", "listen", "this node answers takers"),
        (
            "price",
            "swaps.maker.pairs[0].price",
            "25 LTC on litecoin for 1 ETH",
        ),
        ("offer", "swaps.maker.pairs[0].most", "to give"),
        (
            "timing",
            "swaps.chains[1].long and swaps.chains[0].short",
            "can be agreed on",
        ),
        (
            "timing",
            "swaps.chains[0].long and swaps.chains[1].short",
            "can be agreed on",
        ),
    ] {
        let is_it = |(c, s, _, m, _): &&Finding| c == check && s == subject && m.contains(words);
        let there = found.iter().find(is_it);
        assert!(there.is_some(), "{check} {subject} {words}: {report:#}");
    }
    assert_eq!(scene.wei(Party::Maker).await, before, "something was sent");
    assert_eq!(scene.known(Party::Maker).await.len(), 1);
}

/// What is changed, and what is found: check, place, words of the message, words of the remedy.
type Mistake = (
    fn(&SwapScene, String) -> String,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1)
}

const MISTAKES: &[Mistake] = &[
    (
        |scene, text| {
            replaced(
                &text,
                scene.swaps.contract(),
                "0x00000000000000000000000000000000000000aa",
            )
        },
        "contract",
        "swaps.chains[0].contract",
        "there is no contract",
        "swap deploy --on",
    ),
    (
        |scene, text| {
            let token = scene.scene.token.to_checksum(None);
            replaced(&text, scene.swaps.contract(), &token)
        },
        "contract",
        "swaps.chains[0].contract",
        "is not the hash time lock",
        "swap deploy --on",
    ),
    (
        // Bitcoin's regtest has another first block.
        |scene, text| {
            let bitcoin = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328";
            replaced(&text, &scene.coins_id(), bitcoin)
        },
        "endpoint",
        "127.0.0.1",
        "it serves a chain that begins with",
        "swaps.chains[1].id",
    ),
    (
        |scene, text| {
            let cookie = scene
                .swaps
                .coins()
                .node()
                .cookie_file()
                .display()
                .to_string();
            replaced(&text, &cookie, "/nowhere/.cookie")
        },
        "endpoint",
        "127.0.0.1",
        "/nowhere/.cookie",
        "swaps.chains[1].cookie",
    ),
    (
        |_, text| replaced(&text, "short = \"6m\"", "short = \"30s\""),
        "timing",
        "swaps.chains[1].long and swaps.chains[0].short",
        "may expire before it can be locked",
        "make swaps.chains[0].short longer by",
    ),
    (
        |_, text| replaced(&text, "long = \"20m\"", "long = \"5m\""),
        "timing",
        "swaps.chains[0].long and swaps.chains[1].short",
        "too soon after the second",
        "make swaps.chains[0].long longer by",
    ),
    (
        |_, text| {
            replaced(
                &text,
                "down_for = \"10s\"",
                "down_for = \"10s\"\nlongest = \"1m\"",
            )
        },
        "timing",
        "swaps.chains[1].long and swaps.chains[0].short",
        "may be locked until",
        "swaps.longest longer",
    ),
    (
        |_, text| {
            replaced(
                &text,
                "price = \"25\"",
                "price_url = \"http://127.0.0.1:1/price\"",
            )
        },
        "price",
        "swaps.maker.pairs[0].price_url",
        "has no price",
        "that the server runs",
    ),
    (
        |_, text| replaced(&text, "most = \"5\"", "most = \"5\"\ninventory = \"0.001\""),
        "offer",
        "swaps.maker.pairs[0].inventory",
        "0.001 ETH on alpha may be at stake, and the smallest swap gives 0.01 ETH",
        "raise it above swaps.maker.pairs[0].least",
    ),
    (
        |_, text| replaced(&text, "most = \"5\"", "most = \"5\"\ninventory = \"2\""),
        "offer",
        "swaps.maker.pairs[0].inventory",
        "one swap is offered up to 5 ETH",
        "swaps.maker.pairs[0].most",
    ),
    (
        |_, text| replaced(&text, "most = \"5\"", "most = \"5000000\""),
        "offer",
        "swaps.maker.pairs[0].most",
        "one swap may give 5000000 ETH",
        "swap wallet",
    ),
    (
        |_, text| replaced(&text, "least = \"0.1\"", "least = \"0.0005\""),
        "offer",
        "swaps.maker.pairs[1].least",
        "less than 0.001 LTC",
        "",
    ),
    (
        |_, text| {
            replaced(
                &text,
                "seed = { file = \"maker.seed\" }",
                "seed = { file = \"no.seed\" }",
            )
        },
        "key",
        "swaps.seed",
        "no.seed",
        "",
    ),
    (
        |_, text| {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let taken = port.local_addr().unwrap();
            // Held until the test ends: nobody answers there.
            std::mem::forget(port);
            let line = text
                .lines()
                .find(|line| line.starts_with("listen = "))
                .unwrap();
            replaced(&text, line, &format!("listen = \"{taken}\""))
        },
        "listen",
        "listen",
        "no maker answers there",
        "choose a free port",
    ),
];

async fn mistakes_are_found(scene: &SwapScene) {
    for (change, check, subject, words, remedy) in MISTAKES {
        let (_, report) = examined(scene, |text| change(scene, text)).await;
        let is_it = |(c, s, level, m, r): &Finding| {
            c == check
                && s.contains(subject)
                && level != "ok"
                && m.contains(words)
                && r.contains(remedy)
        };
        let found = findings(&report);
        assert!(
            found.iter().any(is_it),
            "{check} {subject} {words}: {report:#}"
        );
    }
}

/// Where nobody answers, that is said, and nothing more can be.
async fn nodes_that_are_away_are_found(scene: &SwapScene) {
    let port = unused_port().unwrap();
    let (code, report) = examined(scene, |text| {
        replaced(
            &text,
            scene.swaps.coins().url().as_str(),
            &format!("http://127.0.0.1:{port}"),
        )
    })
    .await;
    assert_eq!(code, 1, "{report:#}");
    let found = findings(&report);
    let says = |check: &str, subject: &str, words: &str, remedy: &str| {
        found.iter().any(|(c, s, level, m, r)| {
            c == check
                && s.contains(subject)
                && level == "error"
                && m.contains(words)
                && r.contains(remedy)
        })
    };
    assert!(
        says(
            "endpoint",
            "of litecoin",
            "no answer",
            "swaps.chains[1].endpoints[0]"
        ),
        "{report:#}"
    );
    assert!(
        says(
            "quorum",
            "swaps.chains[1].agreement",
            "0 of 1",
            "see each of them"
        ),
        "{report:#}"
    );
}
