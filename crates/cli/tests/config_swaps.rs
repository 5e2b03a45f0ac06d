//! The part of the configuration about swaps: what is accepted, and how everything else is refused.

mod common;

use common::{Sandbox, check};

/// Every key of the part, each with a sound value.
const SWAPS: &str = r#"
[swaps]
seed = { file = "swaps.seed" }
key = { env = "CAUSEWAY_SWAP_KEY" }
down_for = "30m"
longest = "3days"
cooperation = "15m"
script_path = "2h"

[[swaps.chains]]
id = "eip155:31337"
contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
confirmations = 64
block_time = "12s"
missed_slots = 30
inclusion = "3m"
skew = "30s"
long = "24h"
short = "6h"
dust = "1000"

[[swaps.chains]]
id = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"
name = "bitcoin"
endpoints = ["http://127.0.0.1:18443"]
cookie = "regtest/.cookie"
agreement = 1
block_time = "600s"
long = "144 blocks"
short = "72 blocks"
fee_cap = 500
fee_percent = 10

[swaps.maker]
offer = "5m"
quote = "1m"

[[swaps.maker.pairs]]
gives = { chain = "alpha" }
wants = { chain = "bitcoin" }
price = "0.05"
spread = 50
least = "0.01"
most = "5"
inventory = "20"
locks_first = false

[[swaps.maker.pairs]]
gives = { chain = "bitcoin" }
wants = { chain = "eip155:31337", token = "0x5FbDB2315678afecb367f032d93F642f64180aa3" }
price_url = "http://127.0.0.1:9000/price"
least = "0.001"
most = "1"
"#;

/// What in the part | is replaced by what | the field that is named | words of the message | words of
/// the remedy.
const MISTAKES: &str = r#"
seed = { file = "swaps.seed" } |  | swaps.seed | missing field | { env
seed = { file = "swaps.seed" } | seed = "4d4d" | swaps.seed | never written in the configuration | { file
{ file = "swaps.seed" } | { file = "a", env = "B" } | swaps.seed | more than one | { env
{ file = "swaps.seed" } | {} | swaps.seed | names no place | { env
key = { env = "CAUSEWAY_SWAP_KEY" } |  | swaps.key | no key to swap with on eip155:31337 | swaps.key
key = { env = "CAUSEWAY_SWAP_KEY" } | key = { env = "no name" } | swaps.key | no name | { env
down_for = "30m" | down_for = 30 | swaps.down_for | `30` | "10m"
down_for = "30m" | down_for = "1500ms" | swaps.down_for | 1s 500ms is no number of whole seconds | "2s"
down_for = "30m" | down_for_long = "30m" | swaps.down_for_long | unknown field | correct its name
longest = "3days" | longest = "soon" | swaps.longest | "soon" | "10m"
longest = "3days" | longest = "0s" | swaps.longest | no time at all | above zero
cooperation = "15m" | cooperation = "1ms" | swaps.cooperation | 1ms is no number of whole seconds | "2s"
script_path = "2h" | script_path = "2" | swaps.script_path | "2" | "10m"
id = "eip155:31337" | id = "31337" | swaps.chains[0].id | "31337" | CAIP-2
id = "eip155:31337" | id = "eip155:5" | swaps.chains[0].id | eip155:5 is no chain | eip155:31337, eip155:31338
bip122:0f9188f13cb7b2c71f2a335e3a4fc328 | eip155:31337 | swaps.chains[1].id | also swaps.chains[0] | join
0x5FbDB2315678afecb367f032d93F642f64180aa3"\nconf | 0x12"\nconf | swaps.chains[0].contract | 0x12 | causeway swap deploy
confirmations = 64 | confirmations = 0 | swaps.chains[0].confirmations | 0 is outside | 1 to
confirmations = 64 | confirmations = "many" | swaps.chains[0].confirmations | whole number | whole number
block_time = "12s" | block_time = "0s" | swaps.chains[0].block_time | no time at all | above zero
block_time = "12s" | block_time = "250ms" | swaps.chains[0].block_time | 250ms is no number of whole seconds | "2s"
missed_slots = 30 | missed_slots = -1 | swaps.chains[0].missed_slots | -1 | whole number
inclusion = "3m" | inclusion = "0s" | swaps.chains[0].inclusion | no time at all | above zero
skew = "30s" | skew = "half" | swaps.chains[0].skew | "half" | "10m"
long = "24h" | long = "144 blocks" | swaps.chains[0].long | end by the clock | "6h"
short = "6h" | short = "six hours" | swaps.chains[0].short | "six hours" is no time | "144 blocks"
short = "6h" | short = "0s" | swaps.chains[0].short | no time at all | above zero
dust = "1000" | dust = "0.1" | swaps.chains[0].dust | "0.1" is no number of smallest units | "10000"
dust = "1000" | fee_cap = 5 | swaps.chains[0].fee_cap | not of the Bitcoin family | leave it out
dust = "1000" | endpoints = ["http://127.0.0.1:1"] | swaps.chains[0].endpoints | not of the Bitcoin family | [[chains]]
dust = "1000" | name = "ethereum" | swaps.chains[0].name | not of the Bitcoin family | [[chains]]
bip122:0f9188f13cb7b2c71f2a335e3a4fc328 | bip122:00000000000000000000000000000000 | swaps.chains[1].id | no chain of the Bitcoin family | Bitcoin regtest
name = "bitcoin" | name = "Bit Coin" | swaps.chains[1].name | Bit Coin | a-z
name = "bitcoin" | name = "alpha" | swaps.chains[1].name | also names chains[0] | of its own
["http://127.0.0.1:18443"] | [] | swaps.chains[1].endpoints | no endpoint | URL
["http://127.0.0.1:18443"] | ["ws://127.0.0.1:18443"] | swaps.chains[1].endpoints[0] | ws | http://
["http://127.0.0.1:18443"] | ["18443"] | swaps.chains[1].endpoints[0] | "18443" | list of URLs
["http://127.0.0.1:18443"] | ["http://a", "http://a"] | swaps.chains[1].endpoints[1] | twice | once
cookie = "regtest/.cookie" |  | swaps.chains[1].cookie | who may ask | cookie file
agreement = 1\nblock | agreement = 2\nblock | swaps.chains[1].agreement | 2 of 1 | from 1 to 1
block_time = "600s" | contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3" | swaps.chains[1].contract | of the Bitcoin family | leave it out
block_time = "600s" | missed_slots = 3 | swaps.chains[1].missed_slots | of the Bitcoin family | leave it out
long = "144 blocks" | long = "24h" | swaps.chains[1].long | end by the number of a block | "144 blocks"
long = "144 blocks" | long = "0 blocks" | swaps.chains[1].long | no time at all | above zero
fee_cap = 500 | fee_cap = 0 | swaps.chains[1].fee_cap | 0 is outside | 1 to
fee_percent = 10 | fee_percent = 101 | swaps.chains[1].fee_percent | 101 is outside | 1 to 100
offer = "5m" | offer = "0s" | swaps.maker.offer | no time at all | above zero
quote = "1m" | quote = 60 | swaps.maker.quote | `60` | "10m"
{ chain = "alpha" } | { chain = "gamma" } | swaps.maker.pairs[0].gives.chain | "gamma" is no chain to swap on | alpha, bitcoin
{ chain = "alpha" } | "alpha" | swaps.maker.pairs[0].gives | string "alpha", expected a table | { chain = "alpha" }
{ chain = "alpha" } | { chain = "bitcoin" } | swaps.maker.pairs[0].wants.chain | both are on | another chain
{ chain = "bitcoin" } | { chain = "bitcoin", token = "0x5FbDB2315678afecb367f032d93F642f64180aa3" } | swaps.maker.pairs[0].wants.token | of the Bitcoin family | leave it out
price = "0.05" |  | swaps.maker.pairs[0].price | no price | price_url
price = "0.05" | price = "0" | swaps.maker.pairs[0].price | "0" is no price | "0.05"
price = "0.05" | price = "1/2" | swaps.maker.pairs[0].price | "1/2" is no price | "0.05"
price = "0.05" | price = 0.05 | swaps.maker.pairs[0].price | 0.05 | "0.05"
price = "0.05" | price = "1"\nprice_url = "http://a" | swaps.maker.pairs[0].price_url | two prices | keep one
spread = 50 | spread = 10001 | swaps.maker.pairs[0].spread | 10001 is outside | 0 to 10000
least = "0.01" | least = "-1" | swaps.maker.pairs[0].least | "-1" is no amount | "0.05"
least = "0.01" | least = "6" | swaps.maker.pairs[0].least | 6 is more than 5 | exchange the two
most = "5" | most = "all" | swaps.maker.pairs[0].most | "all" is no amount | "0.05"
most = "5" |  | swaps.maker.pairs[0].most | missing field | "0.05"
inventory = "20" | inventory = "0" | swaps.maker.pairs[0].inventory | "0" is no amount | "0.05"
locks_first = false | locks_first = "no" | swaps.maker.pairs[0].locks_first | "no" | true or false
price_url = "http://127.0.0.1:9000/price" | price_url = "ftp://a" | swaps.maker.pairs[1].price_url | ftp | https://
"#;

fn with_swaps(replace: &str, by: &str) -> Sandbox {
    let sandbox = Sandbox::with_starter("", "");
    assert!(SWAPS.contains(replace), "the part has no {replace:?}");
    let config = sandbox.read("causeway.toml") + &SWAPS.replacen(replace, by, 1);
    sandbox.write("causeway.toml", &config);
    sandbox
}

#[test]
fn a_part_with_every_key_is_sound() {
    let outcome = with_swaps("", "").run(&["config", "validate"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
}

#[test]
fn every_mistake_names_the_key_the_value_and_the_remedy() {
    for case in MISTAKES.trim().lines() {
        eprintln!("{case}");
        let columns: Vec<String> = case
            .split(" | ")
            .map(|column| column.replace("\\n", "\n"))
            .collect();
        let [replace, by, field, message, remedy] = columns.as_slice() else {
            panic!("a case has five columns");
        };
        let error = with_swaps(replace, by).refused(&["config", "validate"]);
        check(&error, field, message, remedy);
        assert_eq!(error["code"], "config");
    }
}

#[test]
fn chains_and_pairs_are_needed() {
    let (chains, maker) = SWAPS.split_once("[swaps.maker]").unwrap();
    let (head, _) = chains.split_once("[[swaps.chains]]").unwrap();
    let sandbox = Sandbox::with_starter("", "");
    let starter = sandbox.read("causeway.toml");
    for (part, field, message, remedy) in [
        (
            format!("{head}chains = []\n"),
            "swaps.chains",
            "no chain to swap on",
            "[[swaps.chains]]",
        ),
        (
            head.to_owned(),
            "swaps.chains",
            "missing field",
            "[[swaps.chains]]",
        ),
        (
            format!("{chains}[swaps.maker]\npairs = []\n"),
            "swaps.maker.pairs",
            "no pair to exchange",
            "[[swaps.maker.pairs]]",
        ),
    ] {
        sandbox.write("causeway.toml", &format!("{starter}{part}"));
        let error = sandbox.refused(&["config", "validate"]);
        check(&error, field, message, remedy);
    }
    assert!(maker.contains("pairs"));
}

#[test]
fn outside_dev_mode_one_node_alone_is_not_believed() {
    let sandbox = with_swaps("", "");
    let config = sandbox.read("causeway.toml");
    sandbox.write("causeway.toml", &config.replace("dev = true\n", ""));
    let error = sandbox.refused(&["config", "validate"]);
    let more = error["more"].as_array().unwrap();
    let found = more
        .iter()
        .find(|e| e["field"] == "swaps.chains[1].endpoints");
    check(
        found.unwrap_or(&error),
        "swaps.chains[1].endpoints",
        "could lie",
        "dev = true",
    );
}

#[test]
fn a_command_without_the_part_says_what_to_add() {
    let sandbox = Sandbox::with_starter("", "");
    for arguments in [
        vec!["swap", "wallet"],
        vec!["swap", "offers", "--maker", "http://127.0.0.1:1"],
        vec!["swap", "list"],
        vec!["swap", "resume"],
        vec!["swap", "show", "0x12"],
    ] {
        let error = sandbox.refused(&arguments);
        check(&error, "swaps", "no part about swaps", "[[swaps.chains]]");
        assert_eq!(error["code"], "usage", "{arguments:?}: {error}");
    }
}

#[test]
fn a_seed_that_others_can_read_or_that_is_none_is_refused() {
    let mut sandbox = with_swaps("", "");
    sandbox.set(
        "CAUSEWAY_SWAP_KEY",
        "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    );
    let wallet = ["swap", "wallet"];
    let error = sandbox.refused(&wallet);
    check(&error, "swaps.seed", "swaps.seed", "");
    sandbox.write("swaps.seed", &"4d".repeat(32));
    sandbox.set_mode("swaps.seed", 0o644);
    let error = sandbox.refused(&wallet);
    check(&error, "swaps.seed", "swaps.seed", "chmod 600");
    sandbox.write_secret("swaps.seed", "4d4d");
    let error = sandbox.refused(&wallet);
    check(&error, "swaps.seed", "", "64 hexadecimal digits");
}
