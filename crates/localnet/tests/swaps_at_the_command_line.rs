//! A person swaps both ways at the command line, on Bitcoin Core and on Litecoin Core: whatever is printed
//! is true on both chains.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::ops::RangeInclusive;

use causeway_local_bitcoin::NodeKind;
use causeway_localnet::Party;
use common::{eventually, swaps::SwapScene};
use serde_json::Value;

const ETHER: u128 = 1_000_000_000_000_000_000;
const COIN: u128 = 100_000_000;
/// More than a lock and a claim cost on either chain.
const GAS: u128 = ETHER / 100;
const FEES: u128 = COIN / 100;

#[tokio::test(flavor = "multi_thread")]
async fn bitcoin_and_ether_change_hands_both_ways() {
    a_person_swaps(NodeKind::Bitcoin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn litecoin_and_ether_change_hands_both_ways() {
    a_person_swaps(NodeKind::Litecoin).await;
}

async fn a_person_swaps(kind: NodeKind) {
    let scene = SwapScene::set(kind).await;
    wallets_are_shown(&scene).await;
    let [ether, coins] = offers_are_shown(&scene).await;
    // The price of an ether is 25 coins, that of a coin 0.04 ether, and half a percent is added.
    let bought = Deal {
        offer: &ether,
        get: "0.5",
        gets: ETHER / 2,
        pays: 25 * COIN * 1_005 / 2_000,
        gets_ether: true,
    };
    let sold = Deal {
        offer: &coins,
        get: "10",
        gets: 10 * COIN,
        pays: 4 * ETHER * 1_005 / 10_000,
        gets_ether: false,
    };
    for deal in [&bought, &sold] {
        deal.is_quoted(&scene).await;
        deal.is_done(&scene).await;
    }
    swaps_are_listed(&scene).await;
    coins_are_taken_out(&scene).await;
}

/// A part, then all that is left; nothing to where coins would be lost.
async fn coins_are_taken_out(scene: &SwapScene) {
    let to = address_of(scene, Party::Maker).await;
    let withdraw = ["swap", "withdraw", "--on", scene.swaps.coins().name()];
    let arguments = |further: &[&'static str]| {
        let to = ["--to", &to].map(str::to_owned);
        let further = further.iter().map(|&one| one.to_owned());
        let all = withdraw.map(str::to_owned).into_iter().chain(to);
        all.chain(further).collect::<Vec<_>>()
    };
    let has = async |party| scene.satoshis(party).await;
    let before = [has(Party::Maker).await, has(Party::Taker).await];
    let part = arguments(&["--amount", "0.25"]);
    let part: Vec<_> = part.iter().map(String::as_str).collect();
    let paid = scene.lines(Party::Taker, &part).await;
    assert_eq!(
        paid[0]["transaction"].as_str().unwrap().len(),
        64,
        "{paid:?}"
    );
    let is_paid = async || {
        let (maker, taker) = (has(Party::Maker).await, has(Party::Taker).await);
        let given = before[1].saturating_sub(taker);
        // The fee of spending one more coin is left out of what the maker has.
        let got = maker.saturating_sub(before[0]) > COIN / 4 - FEES;
        (got && (COIN / 4..COIN / 4 + FEES).contains(&given)).then_some(())
    };
    eventually("a part is paid out", is_paid).await;

    let foreign = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
    let wrong = [&withdraw[..], &["--to", foreign, "--all"]].concat();
    let refused = scene.run(Party::Taker, &wrong).await;
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("another chain"), "{refused:?}");

    let all = arguments(&["--all"]);
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    scene.lines(Party::Taker, &all).await;
    let is_empty = async || (has(Party::Taker).await == 0).then_some(());
    eventually("all is paid out", is_empty).await;
}

async fn address_of(scene: &SwapScene, party: Party) -> String {
    let wallet = scene.lines(party, &["swap", "wallet"]).await;
    let coins = wallet.iter().find(|line| line["chain"] == scene.coins_id());
    coins.unwrap()["address"].as_str().unwrap().to_owned()
}

async fn wallets_are_shown(scene: &SwapScene) {
    let wallet = scene.lines(Party::Taker, &["swap", "wallet"]).await;
    assert_eq!(wallet.len(), 2, "{wallet:?}");
    let on = |chain: &str| wallet.iter().find(|line| line["chain"] == chain).unwrap();
    let (alpha, coins) = (on("eip155:31337"), on(&scene.coins_id()));
    let balance = scene.wei(Party::Taker).await;
    let shown: u128 = alpha["balance"].as_str().unwrap().parse().unwrap();
    // What fees may need is left out.
    assert!((balance - ETHER / 20..=balance).contains(&shown), "{shown}");
    let address = coins["address"].as_str().unwrap();
    let text = scene.run(Party::Taker, &["swap", "wallet"]).await.stdout;
    assert!(text.contains(address), "{text}");
    assert!(text.contains("ETH on alpha"), "{text}");
}

/// The ids of the offers of ether and of coins.
async fn offers_are_shown(scene: &SwapScene) -> [String; 2] {
    let maker = scene.swaps.maker_url();
    let arguments = ["swap", "offers", "--maker", &maker];
    let offers = scene.lines(Party::Taker, &arguments).await;
    assert_eq!(offers.len(), 2, "{offers:?}");
    let text = scene.run(Party::Taker, &arguments).await;
    for words in [
        "gives 0.01 ETH on alpha to 5 ETH on alpha, 25.125 ",
        "0.0402 ETH on alpha for each; you lock first",
    ] {
        assert!(text.stdout.contains(words), "{words}: {text:?}");
    }
    let key = offers[0]["maker_key"].as_str().unwrap();
    assert!(text.stderr.contains(key), "{text:?}");
    ["eip155:31337", &scene.coins_id()].map(|gives_on| {
        let gives = |offer: &&Value| offer["gives"].as_str().unwrap().starts_with(gives_on);
        let offer = offers.iter().find(gives).unwrap();
        offer["id"].as_str().unwrap().to_owned()
    })
}

/// What is taken, and what it comes to in smallest units.
struct Deal<'a> {
    offer: &'a str,
    get: &'a str,
    gets: u128,
    pays: u128,
    gets_ether: bool,
}

impl Deal<'_> {
    fn arguments<'a>(&'a self, command: &'a str, maker: &'a str) -> Vec<&'a str> {
        vec![
            "swap", command, "--maker", maker, "--offer", self.offer, "--get", self.get,
        ]
    }

    async fn is_quoted(&self, scene: &SwapScene) {
        let maker = scene.swaps.maker_url();
        let arguments = self.arguments("quote", &maker);
        let quote = scene.lines(Party::Taker, &arguments).await;
        assert_eq!(quote[0]["gets"], self.gets.to_string());
        assert_eq!(quote[0]["pays"], self.pays.to_string());
    }

    /// Takes it, and looks at what both have before and after.
    async fn is_done(&self, scene: &SwapScene) {
        let before = Purses::of(scene, Party::Taker).await;
        let maker_before = Purses::of(scene, Party::Maker).await;
        let maker = scene.swaps.maker_url();
        let told = scene
            .lines(Party::Taker, &self.arguments("take", &maker))
            .await;
        let (end, steps) = told.split_last().unwrap();
        let events: Vec<_> = steps
            .iter()
            .map(|step| {
                let leg = step["leg"].as_str().unwrap_or_default();
                (step["event"].as_str().unwrap(), leg)
            })
            .collect();
        let mut place = 0;
        for expected in [
            ("agreed", ""),
            ("locked", "first"),
            ("lock_final", "first"),
            ("locked", "second"),
            ("lock_final", "second"),
            ("claimed", "second"),
            ("claimed_final", "second"),
        ] {
            let found = events[place..].iter().position(|event| *event == expected);
            place += found.unwrap_or_else(|| panic!("{expected:?} is not in order: {events:?}"));
        }
        assert_eq!(end["settled"], true);
        let swap = end["swap"].as_str().unwrap();
        is_shown(scene, Party::Taker, swap).await;
        eventually("the maker has its part", async || {
            let shown = scene.lines(Party::Maker, &["swap", "show", swap]).await;
            (shown[0]["phase"] == "done").then_some(())
        })
        .await;
        is_shown(scene, Party::Maker, swap).await;
        let after = Purses::of(scene, Party::Taker).await;
        let maker_after = Purses::of(scene, Party::Maker).await;
        let (got, gave) = ((self.gets, self.pays), (self.pays, self.gets));
        before.changed(&after, got, self.gets_ether);
        maker_before.changed(&maker_after, gave, !self.gets_ether);
    }
}

/// What a party has.
#[derive(Debug)]
struct Purses {
    wei: u128,
    satoshis: u128,
}

impl Purses {
    async fn of(scene: &SwapScene, party: Party) -> Self {
        Self {
            wei: scene.wei(party).await,
            satoshis: scene.satoshis(party).await,
        }
    }

    /// Checks that the party got the first of the amounts and gave the second, but for fees.
    fn changed(&self, after: &Self, (got, gave): (u128, u128), got_ether: bool) {
        let within = |before: u128, after: u128, most: RangeInclusive<u128>| {
            let (least, most) = most.into_inner();
            let range = before + least..=before + most;
            assert!(range.contains(&after), "{before} {after} {range:?}");
        };
        // Read backwards where something was given, so that all numbers are positive.
        if got_ether {
            within(self.wei, after.wei, got - GAS..=got);
            within(after.satoshis, self.satoshis, gave..=gave + FEES);
        } else {
            within(self.satoshis, after.satoshis, got - FEES..=got);
            within(after.wei, self.wei, gave..=gave + GAS);
        }
    }
}

/// Both legs, with what a person wants to know of each.
async fn is_shown(scene: &SwapScene, party: Party, swap: &str) {
    let shown = scene.lines(party, &["swap", "show", &swap[..12]]).await;
    let [shown] = shown.as_slice() else {
        panic!("{shown:?}")
    };
    assert_eq!(shown["swap"], swap);
    let phase = shown["phase"].as_str().unwrap();
    // Whoever made the secret has what it wanted before the other party does.
    let has_it = phase == "done" || (phase == "claim2_final" && party == Party::Taker);
    assert!(has_it, "{shown}");
    for leg in shown["legs"].as_array().unwrap() {
        assert!(leg["lock"].is_string(), "{leg}");
        assert_eq!(leg["confirmations"], leg["confirmations_needed"], "{leg}");
        assert!(leg["confirmations"].as_u64() >= Some(1), "{leg}");
        assert!(!leg["expires"].as_str().unwrap().is_empty(), "{leg}");
    }
    let story = shown["story"].as_array().unwrap();
    let begins = match party {
        // Whoever makes the secret begins by locking.
        Party::Taker => "lock1_intent",
        _ => "negotiated",
    };
    assert_eq!(story[0]["phase"], begins, "{story:?}");
    assert_eq!(story.last().unwrap()["phase"], phase, "{story:?}");
    let text = scene.run(party, &["swap", "show", swap]).await.stdout;
    for words in [
        "first leg on ",
        "second leg on ",
        "we lock ",
        "we claim ",
        phase,
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

async fn swaps_are_listed(scene: &SwapScene) {
    let list = scene.known(Party::Taker).await;
    assert_eq!(list.len(), 2, "{list:?}");
    // The newest first: it gets coins.
    assert!(list[0]["gets"].as_str().unwrap().starts_with("10 "));
    assert!(list[1]["gets"].as_str().unwrap().starts_with("0.5 "));
    assert!(list.iter().all(|swap| swap["settled"] == true));
    let open = scene.lines(Party::Taker, &["swap", "list", "--open"]).await;
    assert!(open.is_empty(), "{open:?}");
    let text = scene.run(Party::Taker, &["swap", "list"]).await.stdout;
    let id = list[0]["swap"].as_str().unwrap();
    assert!(text.contains(&id[..10]), "{text}");
    let nothing = scene.run(Party::Taker, &["swap", "resume"]).await;
    assert_eq!(nothing.code, 0, "{nothing:?}");
    assert!(nothing.stderr.contains("no swap is open"), "{nothing:?}");
}
