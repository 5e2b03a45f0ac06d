//! What a lying endpoint makes of a question, and of the true answer to it.

use alloy::primitives::{Address, B256, keccak256};
use serde_json::{Value, json};

use super::Lie;

/// ERC-20's `totalSupply()`, which takes no arguments.
const TOTAL_SUPPLY: &str = "0x18160ddd";

/// What the endpoint claims about how far the chain is, given how far it is.
fn claimed_head(lies: &[Lie], head: u64) -> u64 {
    lies.iter().fold(head, |head, lie| match lie {
        Lie::Lag(blocks) => head.saturating_sub(*blocks),
        Lie::Frozen(height) => head.min(*height),
        Lie::Ahead(blocks) => head.saturating_add(*blocks),
        _ => head,
    })
}

/// Whether any of the lies is about how far the chain is.
pub(super) fn about_the_head(lies: &[Lie]) -> bool {
    let about = |lie: &Lie| matches!(lie, Lie::Lag(_) | Lie::Frozen(_) | Lie::Ahead(_));
    lies.iter().any(about)
}

/// The answer to a question that is not passed on; `None` if it is.
pub(super) fn answered_alone(lies: &[Lie], question: &Value) -> Option<Value> {
    let swallows = lies
        .iter()
        .any(|lie| matches!(lie, Lie::SwallowedTransactions));
    if swallows && question["method"] == "eth_sendRawTransaction" {
        let raw = question["params"][0].as_str()?;
        let bytes: alloy::primitives::Bytes = raw.parse().ok()?;
        return Some(json!(keccak256(bytes)));
    }
    None
}

/// What is asked of the chain so that the lies about its head can be told.
pub(super) fn rewritten(lies: &[Lie], question: &Value, head: u64) -> Value {
    let mut question = question.clone();
    if !about_the_head(lies) {
        return question;
    }
    let claimed = claimed_head(lies, head).min(head);
    let place = match question["method"].as_str() {
        Some("eth_getBlockByNumber") => "/params/0",
        Some("eth_getLogs") => "/params/0/toBlock",
        _ => return question,
    };
    if let Some(tag) = question.pointer_mut(place)
        && matches!(
            tag.as_str(),
            Some("latest" | "pending" | "finalized" | "safe")
        )
    {
        *tag = json!(format!("{claimed:#x}"));
    }
    question
}

/// What the endpoint says, given the question and the true answer.
pub(super) fn told(lies: &[Lie], question: &Value, mut answer: Value, head: u64) -> Value {
    let claimed = claimed_head(lies, head);
    let asked = question["params"][0].as_str().unwrap_or_default();
    match question["method"].as_str().unwrap_or_default() {
        "eth_call" | "eth_estimateGas" if reverts(lies, &question["params"][0]) => {
            let words = json!({ "code": 3, "message": "execution reverted", "data": "0x" });
            answer = json!({ "jsonrpc": "2.0", "id": question["id"], "error": words });
        }
        "eth_blockNumber" if about_the_head(lies) => {
            answer["result"] = json!(format!("{claimed:#x}"));
        }
        "eth_getBlockByNumber" if number(asked).is_some_and(|height| height > claimed) => {
            answer["result"] = Value::Null;
        }
        "eth_getBlockByNumber" => {
            let newest = number(asked).is_none();
            if newest && claimed > head {
                answer["result"]["number"] = json!(format!("{claimed:#x}"));
            }
            lie_about_block(lies, &mut answer["result"], claimed > head && newest);
        }
        "eth_getBlockByHash" => {
            let result = &mut answer["result"];
            if height_of(&result["number"]).is_some_and(|height| height > claimed) {
                *result = Value::Null;
            }
            lie_about_block(lies, result, false);
        }
        "eth_getStorageAt" => {
            for lie in lies {
                if let Lie::Storage { key, word } = lie
                    && question["params"][1] == json!(key)
                {
                    answer["result"] = json!(word);
                }
            }
        }
        "eth_call" => lie_about_supply(lies, &question["params"][0], &mut answer["result"]),
        "eth_getLogs" => lie_about_logs(lies, &mut answer["result"], claimed),
        "eth_getTransactionReceipt" => lie_about_receipt(lies, &mut answer["result"], claimed),
        _ => {}
    }
    answer
}

/// A head that the endpoint pushes to a subscriber.
pub(super) fn pushed(lies: &[Lie], block: &mut Value, head: u64) {
    let claimed = claimed_head(lies, head);
    if claimed > head {
        block["number"] = json!(format!("{claimed:#x}"));
    }
    lie_about_block(lies, block, claimed > head);
}

/// The height that the endpoint would push as its head.
pub(super) fn pushed_height(lies: &[Lie], head: u64) -> u64 {
    claimed_head(lies, head).min(head)
}

fn lie_about_block(lies: &[Lie], block: &mut Value, invented: bool) {
    if block.is_null() {
        return;
    }
    for lie in lies {
        match lie {
            Lie::Clock(seconds) => {
                if let Some(time) = height_of(&block["timestamp"]) {
                    block["timestamp"] = json!(format!("{:#x}", time + seconds));
                }
            }
            Lie::EmptyBlooms => block["logsBloom"] = json!(format!("0x{}", "00".repeat(256))),
            _ => {}
        }
    }
    if invented || lies.iter().any(|lie| matches!(lie, Lie::Hashes)) {
        let text = format!("{}{}", block["number"], block["hash"]);
        block["hash"] = json!(keccak256(text));
    }
}

/// Whether a call is said to revert.
fn reverts(lies: &[Lie], call: &Value) -> bool {
    let called = call["to"].as_str().and_then(|to| to.parse().ok());
    let said = |lie: &Lie| matches!(lie, Lie::Reverts(contract) if called == Some(*contract));
    lies.iter().any(said)
}

fn lie_about_supply(lies: &[Lie], call: &Value, result: &mut Value) {
    let data = call["data"].as_str().or(call["input"].as_str());
    if data != Some(TOTAL_SUPPLY) {
        return;
    }
    let called = call["to"]
        .as_str()
        .and_then(|to| to.parse::<Address>().ok());
    for lie in lies {
        if let Lie::TotalSupply { token, supply } = lie
            && called == Some(*token)
        {
            *result = json!(B256::from(*supply));
        }
    }
}

fn lie_about_logs(lies: &[Lie], logs: &mut Value, claimed: u64) {
    let Some(logs) = logs.as_array_mut() else {
        return;
    };
    logs.retain(|log| height_of(&log["blockNumber"]).is_none_or(|height| height <= claimed));
    for lie in lies {
        match lie {
            Lie::HiddenLogs(topic) => logs.retain(|log| log["topics"][0] != json!(topic)),
            Lie::AlteredLogs { find, replace } => {
                for log in logs.iter_mut() {
                    let data = log["data"].as_str().unwrap_or_default();
                    let (find, replace) = (hex_digits(find), hex_digits(replace));
                    log["data"] = json!(data.replace(&find, &replace));
                }
            }
            Lie::ExtraLogs {
                topic,
                topics,
                data,
            } => {
                let copied = logs.iter().filter(|log| log["topics"][0] == json!(topic));
                let extra: Vec<Value> = copied
                    .map(|log| {
                        let mut log = log.clone();
                        if !topics.is_empty() {
                            log["topics"] = json!(topics);
                        }
                        log["data"] = json!(data);
                        let index = height_of(&log["logIndex"]).unwrap_or_default();
                        log["logIndex"] = json!(format!("{:#x}", index + 1_000));
                        log
                    })
                    .collect();
                logs.extend(extra);
                logs.sort_by_key(|log| {
                    (height_of(&log["blockNumber"]), height_of(&log["logIndex"]))
                });
            }
            Lie::LogsOf { contract, instead } => {
                for log in logs.iter_mut() {
                    let address = log["address"].as_str().unwrap_or_default();
                    if address.parse() == Ok(*contract) {
                        log["address"] = json!(instead);
                    }
                }
            }
            Lie::Hashes => {
                for log in logs.iter_mut() {
                    log["blockHash"] = json!(keccak256(log["blockHash"].to_string()));
                }
            }
            _ => {}
        }
    }
}

fn lie_about_receipt(lies: &[Lie], receipt: &mut Value, claimed: u64) {
    if height_of(&receipt["blockNumber"]).is_some_and(|height| height > claimed) {
        *receipt = Value::Null;
    }
    for lie in lies {
        match lie {
            Lie::NoReceipts => *receipt = Value::Null,
            Lie::FailedReceipts if !receipt.is_null() => {
                receipt["status"] = json!("0x0");
                receipt["logs"] = json!([]);
            }
            _ => {}
        }
    }
}

fn hex_digits(bytes: &[u8]) -> String {
    alloy::hex::encode(bytes)
}

fn height_of(quantity: &Value) -> Option<u64> {
    number(quantity.as_str()?)
}

/// A quantity as JSON-RPC writes it; `None` for a tag.
pub(super) fn number(quantity: &str) -> Option<u64> {
    u64::from_str_radix(quantity.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U256;

    use super::*;

    fn question(method: &str, params: &Value) -> Value {
        json!({ "id": 1, "method": method, "params": params })
    }

    #[test]
    fn an_endpoint_that_lags_asks_for_an_older_head_and_knows_nothing_newer() {
        let lies = [Lie::Lag(3)];
        let latest = question("eth_getBlockByNumber", &json!(["latest", false]));
        assert_eq!(rewritten(&lies, &latest, 10)["params"][0], "0x7");
        let by_hash = question("eth_getLogs", &json!([{ "blockHash": "0x1" }]));
        assert_eq!(rewritten(&lies, &by_hash, 10), by_hash);
        let newer = question("eth_getBlockByNumber", &json!(["0x8", false]));
        let block = json!({ "id": 1, "result": { "number": "0x8" } });
        assert_eq!(told(&lies, &newer, block, 10)["result"], Value::Null);
        let logs =
            json!({ "id": 1, "result": [{ "blockNumber": "0x7" }, { "blockNumber": "0x8" }] });
        let told = told(&lies, &by_hash, logs, 10);
        assert_eq!(told["result"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn the_supply_of_one_token_is_made_up() {
        let token = Address::repeat_byte(1);
        let supply = U256::from(7);
        let lies = [Lie::TotalSupply { token, supply }];
        let call = |to: Address, data: &str| {
            let ask = question("eth_call", &json!([{ "to": to, "data": data }, "latest"]));
            told(&lies, &ask, json!({ "id": 1, "result": "0x" }), 10)["result"].clone()
        };
        assert_eq!(call(token, TOTAL_SUPPLY), json!(B256::from(supply)));
        assert_eq!(call(Address::ZERO, TOTAL_SUPPLY), "0x");
        assert_eq!(call(token, "0x70a08231"), "0x");
    }

    #[test]
    fn calls_of_one_contract_are_said_to_revert() {
        let lies = [Lie::Reverts(Address::repeat_byte(1))];
        for (to, said) in [(1, Value::Null), (2, json!("0x07"))] {
            let call = json!([{ "to": Address::repeat_byte(to), "data": "0x" }, "latest"]);
            for method in ["eth_call", "eth_estimateGas"] {
                let honest = json!({ "id": 1, "result": "0x07" });
                let answer = told(&lies, &question(method, &call), honest, 10);
                assert_eq!(answer["result"], said);
                assert_eq!(answer["error"].is_object(), said.is_null());
            }
        }
    }

    #[test]
    fn logs_are_hidden_altered_and_made_up() {
        let topic = B256::repeat_byte(1);
        let log =
            json!({ "topics": [topic], "data": "0xabcd", "logIndex": "0x1", "blockNumber": "0x1" });
        let logs = json!({ "id": 1, "result": [log] });
        let ask = question("eth_getLogs", &json!([{}]));
        let tell = |lie: Lie| told(&[lie], &ask, logs.clone(), 10)["result"].clone();
        assert_eq!(tell(Lie::HiddenLogs(topic)), json!([]));
        let altered = Lie::AlteredLogs {
            find: vec![0xab].into(),
            replace: vec![0xef].into(),
        };
        assert_eq!(tell(altered)[0]["data"], "0xefcd");
        let extra = Lie::ExtraLogs {
            topic,
            topics: Vec::new(),
            data: vec![0x77].into(),
        };
        let extra = tell(extra);
        assert_eq!(
            (&extra[0]["data"], &extra[1]["data"]),
            (&json!("0xabcd"), &json!("0x77"))
        );
    }
}
