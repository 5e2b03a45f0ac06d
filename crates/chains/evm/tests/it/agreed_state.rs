use alloy_primitives::{Address, Bytes};
use causeway_evm::{AgreementError, EvmChain, EvmConfig, Finality, LogQuery, StateQuery};
use causeway_types::BlockRef;
use serde_json::json;

use crate::support::{Anvil, Contract, Proxy, TOPIC, config, result, word};

/// A chain with one log in it, behind three endpoints of which two must agree.
struct Three {
    anvil: Anvil,
    contract: Contract,
    endpoints: [Proxy; 3],
    chain: EvmChain,
}

async fn three() -> Three {
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
        ..config(&urls, Finality::Depth(3))
    };
    let chain = EvmChain::connect(config).await.unwrap();
    Three {
        anvil,
        contract,
        endpoints,
        chain,
    }
}

impl Three {
    fn logs(&self) -> [LogQuery; 1] {
        [LogQuery {
            addresses: vec![self.contract.address],
            topics0: vec![TOPIC],
            topic1: None,
        }]
    }

    async fn newest(&self) -> BlockRef {
        let height = self.anvil.height().await - 3;
        self.chain.agreed_final_block(height).await.unwrap()
    }
}

#[tokio::test]
async fn one_endpoint_that_lies_about_state_or_logs_is_outvoted() {
    let three = three().await;
    let block = three.newest().await;
    let queries = [
        StateQuery::Code(three.contract.address),
        StateQuery::Balance(Address::repeat_byte(1)),
    ];
    let truth = three.chain.agreed_state(&queries, &block).await.unwrap();
    assert!(truth[0].as_ref().is_some_and(|code| !code.is_empty()));
    assert_eq!(truth[1], Some(Bytes::from(word(0).0)));
    for liar in 0..3 {
        for endpoint in &three.endpoints {
            endpoint.honest();
        }
        three.endpoints[liar].rule(
            |request, answer| match request["method"].as_str().unwrap() {
                "eth_getBalance" => Some(result(request, json!("0x77"))),
                "eth_getLogs" => Some(result(request, json!([]))),
                _ => Some(answer),
            },
        );
        let told = three.chain.agreed_state(&queries, &block).await.unwrap();
        assert_eq!(told, truth);
        let logs = three
            .chain
            .agreed_log_queries(&three.logs(), 0, &block)
            .await
            .unwrap();
        assert_eq!(logs[0].len(), 1, "a log was hidden");
    }
}

#[tokio::test]
async fn endpoints_that_do_not_have_a_block_yet_do_not_say_that_nothing_happened() {
    let three = three().await;
    let mut block = three.newest().await;
    block.hash = word(7);
    let error = three
        .chain
        .agreed_log_queries(&three.logs(), 0, &block)
        .await
        .unwrap_err();
    assert!(
        matches!(error, AgreementError::TooFewAnswers { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn logs_that_were_not_asked_for_are_no_answer() {
    let three = three().await;
    let block = three.newest().await;
    let honest = three
        .chain
        .agreed_log_queries(&three.logs(), 0, &block)
        .await
        .unwrap();
    for liar in &three.endpoints[..2] {
        liar.rule(|request, mut answer| {
            if request["method"] == "eth_getLogs" {
                for log in answer["result"].as_array_mut().unwrap() {
                    log["address"] = json!(Address::repeat_byte(9));
                }
            }
            Some(answer)
        });
    }
    assert_eq!(honest[0].len(), 1);
    let refused = three
        .chain
        .agreed_log_queries(&three.logs(), 0, &block)
        .await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn a_contract_that_fails_is_told_apart_from_an_endpoint_that_does() {
    let three = three().await;
    let block = three.newest().await;
    // An address without code answers with nothing; a precompile that is fed too little gas fails.
    let call = |to, stranger| StateQuery::Call {
        to,
        data: Bytes::new(),
        stranger,
    };
    let queries = [
        StateQuery::Balance(Address::ZERO),
        call(Address::repeat_byte(0x44), true),
    ];
    let told = three.chain.agreed_state(&queries, &block).await.unwrap();
    assert_eq!(told[1], Some(Bytes::new()));
    // Two endpoints that know nothing of the block give no answer at all.
    let mut gone = block;
    gone.hash = word(9);
    assert!(three.chain.agreed_state(&queries, &gone).await.is_err());
}
