use causeway_evm::{AgreementError, EvmChain, EvmConfig, Finality};
use serde_json::{Value, json};

use crate::support::{Anvil, Contract, Proxy, Reader, config, result, word};

/// A chain with a few blocks behind three endpoints of which two must agree.
struct Three {
    anvil: Anvil,
    contract: Contract,
    endpoints: [Proxy; 3],
    chain: EvmChain,
}

async fn three(finality: Finality) -> Three {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    contract.log(&anvil, 5).await;
    anvil.mine(8).await;
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
    Three {
        anvil,
        contract,
        endpoints,
        chain,
    }
}

/// Makes an endpoint lie about each block's hash and each storage word.
fn lie(endpoint: &Proxy, lie: u64) {
    endpoint.rule(move |request, mut answer| {
        match request["method"].as_str().unwrap() {
            "eth_getBlockByNumber" if answer["result"].is_object() => {
                answer["result"]["hash"] = json!(word(lie));
            }
            "eth_getStorageAt" => return Some(result(request, json!(word(lie)))),
            _ => {}
        }
        Some(answer)
    });
}

#[tokio::test]
async fn one_liar_of_three_changes_nothing() {
    let three = three(Finality::Depth(3)).await;
    let truth = three.anvil.block(5).await;
    for liar in 0..3 {
        for endpoint in &three.endpoints {
            endpoint.honest();
        }
        lie(&three.endpoints[liar], 666);
        let block = three.chain.agreed_final_block(5).await.unwrap();
        assert_eq!(block, truth);
        let keys = [word(0), word(1)];
        let words = three
            .chain
            .agreed_storage_at(three.contract.address, &keys, &block)
            .await;
        assert_eq!(words.unwrap(), [word(5), word(0)]);
    }
}

#[tokio::test]
async fn the_newest_final_block_has_no_time_that_one_liar_invents() {
    let three = three(Finality::Depth(3)).await;
    let height = three.anvil.height().await - 3;
    let truth = three.anvil.block(height).await;
    let in_the_future = |endpoint: &Proxy| {
        endpoint.rule(|request, mut answer| {
            if request["method"] == "eth_getBlockByNumber" && answer["result"].is_object() {
                answer["result"]["timestamp"] = json!("0xffffffff");
            }
            Some(answer)
        });
    };
    in_the_future(&three.endpoints[0]);
    // The endpoint in use: its word alone would be believed.
    let alone = three.chain.final_block().await.unwrap();
    assert_ne!(alone.timestamp, truth.timestamp);
    let agreed = async || three.chain.agreed_newest_final_block().await;
    assert_eq!(agreed().await.unwrap(), truth);
    three.endpoints[2].dead();
    let error = agreed()
        .await
        .expect_err("one liar and one honest endpoint");
    assert!(error.said().len() == 3, "{error}");
}

#[tokio::test]
async fn two_liars_of_three_are_a_disagreement_that_says_who_said_what() {
    let three = three(Finality::Depth(3)).await;
    let truth = three.anvil.block(5).await;
    lie(&three.endpoints[0], 666);
    lie(&three.endpoints[1], 777);
    let error = three
        .chain
        .agreed_final_block(5)
        .await
        .expect_err("no two agree");
    assert!(
        matches!(error, AgreementError::Disagreement { needed: 2, .. }),
        "{error}"
    );
    assert_eq!(error.said().len(), 3);
    for told in [word(666), word(777), truth.hash] {
        assert!(
            error
                .said()
                .iter()
                .any(|each| each.said.contains(&told.to_string())),
            "{error}"
        );
    }
    let contract = three.contract.address;
    let error = three
        .chain
        .agreed_storage_at(contract, &[word(0)], &truth)
        .await;
    let error = error.expect_err("no two agree");
    assert!(
        matches!(error, AgreementError::Disagreement { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn one_dead_endpoint_of_three_blocks_nothing_and_two_block_everything() {
    let three = three(Finality::Depth(3)).await;
    let truth = three.anvil.block(5).await;
    three.endpoints[1].dead();
    assert_eq!(three.chain.agreed_final_block(5).await.unwrap(), truth);
    three.endpoints[0].dead();
    let error = three
        .chain
        .agreed_final_block(5)
        .await
        .expect_err("one is not enough");
    assert!(
        matches!(error, AgreementError::TooFewAnswers { .. }),
        "{error}"
    );
    let contract = three.contract.address;
    let error = three
        .chain
        .agreed_storage_at(contract, &[word(0)], &truth)
        .await;
    assert!(
        matches!(error, Err(AgreementError::TooFewAnswers { .. })),
        "{error:?}"
    );
    three.endpoints[0].honest();
    let again = async || three.chain.agreed_final_block(5).await.is_ok();
    crate::support::eventually(again).await;
}

#[tokio::test]
async fn a_silent_endpoint_does_not_hold_up_the_others() {
    let three = three(Finality::Depth(3)).await;
    // This one takes connections and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let urls = [&silent, &three.endpoints[0].url, &three.endpoints[1].url];
    let config = EvmConfig {
        agreement: 2,
        request_timeout: std::time::Duration::from_secs(1),
        ..config(&urls, Finality::Depth(3))
    };
    let chain = EvmChain::connect(config).await.unwrap();
    for _ in 0..20 {
        assert_eq!(
            chain.agreed_final_block(5).await.unwrap(),
            three.anvil.block(5).await
        );
    }
}

#[tokio::test]
async fn an_endpoint_that_is_behind_is_waited_for_only_if_it_is_needed() {
    let three = three(Finality::Depth(3)).await;
    let behind = three
        .anvil
        .rpc("eth_getBlockByNumber", json!(["0x6", false]))
        .await;
    three.endpoints[0].frozen_at(behind.clone());
    let height = three.anvil.height().await - 3;
    let truth = three.anvil.block(height).await;
    assert_eq!(three.chain.agreed_final_block(height).await.unwrap(), truth);
    three.endpoints[1].frozen_at(behind);
    let error = three
        .chain
        .agreed_final_block(height)
        .await
        .expect_err("two are behind");
    assert!(
        matches!(error, AgreementError::NotYetFinal { .. }),
        "{error}"
    );
    assert_eq!(
        three.chain.agreed_final_block(3).await.unwrap(),
        three.anvil.block(3).await
    );
}

#[tokio::test]
async fn what_no_endpoint_calls_final_is_not_yet_final() {
    let three = three(Finality::Depth(3)).await;
    let height = three.anvil.height().await;
    for height in [height - 2, height, height + 1, height + 1_000] {
        let error = three
            .chain
            .agreed_final_block(height)
            .await
            .expect_err("not final");
        assert!(
            matches!(error, AgreementError::NotYetFinal { .. }),
            "{error}"
        );
    }
    three.anvil.mine(1).await;
    three.chain.agreed_final_block(height - 2).await.unwrap();
}

#[tokio::test]
async fn a_block_that_only_a_liar_has_gets_no_state() {
    let three = three(Finality::Depth(3)).await;
    let mut invented = three.anvil.block(5).await;
    invented.hash = word(666);
    lie(&three.endpoints[2], 999);
    let contract = three.contract.address;
    let error = three
        .chain
        .agreed_storage_at(contract, &[word(0)], &invented)
        .await;
    assert!(
        matches!(error, Err(AgreementError::TooFewAnswers { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_follower_calls_final_only_what_enough_endpoints_call_final() {
    let three = three(Finality::Depth(0)).await;
    let height = three.anvil.height().await;
    // The endpoint in use invents a future; everything up to the truth stays true.
    let mut head = three
        .anvil
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let parent = head["hash"].clone();
    head["number"] = json!(format!("{:#x}", height + 1));
    head["parentHash"] = parent;
    head["hash"] = json!(word(666));
    head["logsBloom"] = Value::Null;
    three.endpoints[0].rule(move |request, answer| {
        let asked = request["params"][0].as_str().unwrap_or_default();
        match request["method"].as_str().unwrap() {
            "eth_getBlockByNumber" if asked == "latest" || asked == head["number"] => {
                Some(result(request, head.clone()))
            }
            "eth_getLogs" if request["params"][0]["blockHash"] == head["hash"] => {
                Some(result(request, json!([])))
            }
            _ => Some(answer),
        }
    });
    let mut reader = Reader::new(&three.chain, &three.contract, causeway_evm::Cursor::at(0));
    reader.read_final(height).await;
    assert_eq!(reader.final_block, Some(three.anvil.block(height).await));
    three.contract.log(&three.anvil, 6).await;
    three.anvil.mine(3).await;
    reader.read_final(height + 4).await;
    assert_eq!(reader.words(), [word(5), word(6)]);
    assert_eq!(
        reader.final_block,
        Some(three.anvil.block(height + 4).await)
    );
}
