//! Endpoints that lie about logs, and followers that end up with the right ones all the same.

use alloy_primitives::B256;
use causeway_evm::{Cursor, EvmChain, EvmConfig, EvmError, Finality, Severity, Update};
use serde_json::{Value, json};

use crate::support::{Anvil, Contract, Proxy, Reader, config, error, eventually, soon, word};

/// A chain behind three endpoints of which two must agree.
struct Scene {
    anvil: Anvil,
    contract: Contract,
    endpoints: [Proxy; 3],
    chain: EvmChain,
}

async fn scene(finality: Finality) -> Scene {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let endpoints = [
        Proxy::start(&anvil).await,
        Proxy::start(&anvil).await,
        Proxy::start(&anvil).await,
    ];
    let urls = endpoints.each_ref().map(|endpoint| &endpoint.url);
    let config = EvmConfig {
        agreement: 2,
        ..config(&urls, finality)
    };
    let chain = EvmChain::connect(config).await.unwrap();
    Scene {
        anvil,
        contract,
        endpoints,
        chain,
    }
}

/// Makes an endpoint give these logs instead of the true ones, and empty bloom filters.
fn lie(endpoint: &Proxy, lie: fn(&mut Vec<Value>)) {
    endpoint.rule(move |request, mut answer| {
        match request["method"].as_str().unwrap() {
            "eth_getLogs" => lie(answer["result"].as_array_mut().unwrap()),
            "eth_getBlockByNumber" if answer["result"].is_object() => {
                answer["result"]["logsBloom"] = json!(format!("0x{}", "00".repeat(256)));
            }
            _ => {}
        }
        Some(answer)
    });
}

const LIES: [fn(&mut Vec<Value>); 4] = [
    Vec::clear,
    |logs| {
        logs.pop();
    },
    |logs| {
        for log in logs {
            log["data"] = json!(word(666));
        }
    },
    |logs| {
        if let Some(mut log) = logs.last().cloned() {
            log["logIndex"] = json!("0x99");
            log["data"] = json!(word(667));
            logs.push(log);
        }
    },
];

#[tokio::test]
async fn what_becomes_final_has_the_logs_that_enough_endpoints_give() {
    for (number, wrong) in LIES.into_iter().enumerate() {
        let scene = scene(Finality::Depth(2)).await;
        lie(&scene.endpoints[0], wrong);
        let mut reader = Reader::new(&scene.chain, &scene.contract, Cursor::at(0));
        for number in 0..4 {
            scene.contract.log(&scene.anvil, number).await;
        }
        scene.anvil.mine(3).await;
        let last = scene.anvil.height().await - 2;
        reader.read_final(last).await;
        let truth: Vec<B256> = (0..4).map(word).collect();
        assert_eq!(reader.words(), truth, "lie {number}");
        let doubted = async || scene.chain.endpoints_health()[0].last_error.is_some();
        eventually(doubted).await;
    }
}

#[tokio::test]
async fn a_range_far_behind_has_the_logs_that_enough_endpoints_give() {
    for (number, wrong) in LIES.into_iter().enumerate() {
        let scene = scene(Finality::Depth(0)).await;
        for number in 0..4 {
            scene.contract.log(&scene.anvil, number).await;
            scene.anvil.mine(20).await;
        }
        lie(&scene.endpoints[0], wrong);
        let mut reader = Reader::new(&scene.chain, &scene.contract, Cursor::at(0));
        reader.read_final(scene.anvil.height().await).await;
        let truth: Vec<B256> = (0..4).map(word).collect();
        assert_eq!(reader.words(), truth, "lie {number}");
    }
}

#[tokio::test]
async fn what_was_told_wrongly_before_a_crash_is_put_right_after_it() {
    let scene = scene(Finality::Depth(3)).await;
    lie(&scene.endpoints[0], Vec::clear);
    let mut reader = Reader::new(&scene.chain, &scene.contract, Cursor::at(0));
    scene.contract.log(&scene.anvil, 7).await;
    let height = scene.anvil.height().await;
    while reader
        .branch
        .last()
        .is_none_or(|(tip, _)| tip.height < height)
    {
        reader.read().await;
    }
    assert!(reader.words().is_empty(), "it was hidden");
    let saved = serde_json::to_string(&reader.follower.cursor()).unwrap();
    let branch = reader.branch;

    let cursor = serde_json::from_str(&saved).unwrap();
    let mut reader = Reader::new(&scene.chain, &scene.contract, cursor);
    reader.branch = branch;
    scene.anvil.mine(4).await;
    reader.read_final(height).await;
    assert_eq!(reader.words(), [word(7)]);
}

#[tokio::test]
async fn where_too_few_endpoints_agree_on_logs_nothing_becomes_final_until_they_do() {
    let scene = scene(Finality::Depth(1)).await;
    lie(&scene.endpoints[0], LIES[0]);
    lie(&scene.endpoints[1], LIES[2]);
    let mut reader = Reader::new(&scene.chain, &scene.contract, Cursor::at(0));
    let before = scene.anvil.height().await;
    scene.contract.log(&scene.anvil, 7).await;
    let height = scene.anvil.height().await;
    scene.anvil.mine(60).await;
    let noticed = eventually(async || scene.chain.disagreement().is_some());
    tokio::select! {
        () = reader.read_final(height) => panic!("it is not agreed on"),
        () = noticed => {}
    }
    assert!(reader.final_block.is_none_or(|last| last.height <= before));
    let said = scene.chain.disagreement().expect("it says so");
    assert!(said.contains("disagree on the logs"), "{said}");
    scene.endpoints.iter().for_each(Proxy::honest);
    reader.read_final(height).await;
    assert_eq!(reader.words(), [word(7)]);
    eventually(async || scene.chain.disagreement().is_none()).await;
}

#[tokio::test]
async fn logs_of_another_contract_are_never_told() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let proxy = Proxy::start(&anvil).await;
    proxy.rule(|request, mut answer| {
        if request["method"] == "eth_getLogs" {
            for log in answer["result"].as_array_mut().unwrap() {
                log["address"] = json!("0x00000000000000000000000000000000000000ff");
            }
        }
        Some(answer)
    });
    let chain = crate::support::connect(&[&proxy.url], Finality::Depth(0)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    contract.log(&anvil, 7).await;
    let refused = soon(async {
        loop {
            match reader.follower.next().await {
                Ok(update) => {
                    let empty = matches!(&update, Update::Block { logs, .. } if logs.is_empty());
                    assert!(
                        empty || matches!(update, Update::Final { .. }),
                        "{update:?}"
                    );
                    reader.take(&update);
                }
                Err(error) => return error,
            }
        }
    });
    let error = refused.await;
    assert!(matches!(error, EvmError::Rpc(_)), "{error}");
    proxy.honest();
    reader.read_logs(1).await;
    assert_eq!(reader.words(), [word(7)]);
}

#[tokio::test]
async fn whatever_one_endpoint_answers_following_can_go_on() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let proxy = Proxy::start(&anvil).await;
    let chain = crate::support::connect(&[&proxy.url], Finality::Depth(0)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    contract.log(&anvil, 7).await;
    let answers = [
        (
            -32602,
            "BlockOutOfRangeError: block height is 1 but requested was 2",
        ),
        (-32601, "method not found"),
        (3, "execution reverted"),
    ];
    for (code, message) in answers {
        proxy.rule(move |request, answer| {
            let asked = request["method"] == "eth_getLogs";
            Some(if asked {
                error(request, code, message)
            } else {
                answer
            })
        });
        let refused = soon(async {
            loop {
                match reader.follower.next().await {
                    Ok(update) => reader.take(&update),
                    Err(error) => return error,
                }
            }
        });
        assert_eq!(refused.await.severity(), Severity::Retry, "{message}");
    }
    proxy.honest();
    reader.read_logs(1).await;
    assert_eq!(reader.words(), [word(7)]);
}
