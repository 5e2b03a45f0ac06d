use alloy::{providers::Provider as _, sol};
use causeway_evm::{EvmChain, EvmConfig, EvmError, Finality};
use serde_json::json;
use url::Url;

use crate::support::{ACCOUNTS, Anvil, Contract, Proxy, bad, config, connect, eventually, word};

async fn refused(config: EvmConfig) -> EvmError {
    EvmChain::connect(config)
        .await
        .expect_err("it must not connect")
}

/// A port of this machine where nothing listens.
fn nowhere() -> Url {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap()
}

#[tokio::test]
async fn an_endpoint_of_another_chain_is_named_with_both_ids() {
    let (right, wrong) = (Anvil::start(&[]).await, Anvil::start_chain(1, &[]).await);
    let error = refused(config(&[&right.ws, &wrong.ws], Finality::Depth(0))).await;
    let text = error.to_string();
    let EvmError::WrongChain {
        endpoint, got: 1, ..
    } = error
    else {
        panic!("{error}")
    };
    let port = wrong.ws.port().unwrap().to_string();
    assert!(endpoint.contains(&port), "{endpoint}");
    for part in [port.as_str(), "eip155:1,", "eip155:31337"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn one_reachable_endpoint_is_enough_to_start_and_none_is_an_error() {
    let anvil = Anvil::start(&[]).await;
    let (nowhere, nowhere_else) = (nowhere(), nowhere());
    let error = refused(config(&[&nowhere, &nowhere_else], Finality::Depth(0))).await;
    assert!(matches!(error, EvmError::Unreachable { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&nowhere.port().unwrap().to_string()),
        "{error}"
    );
    let chain = connect(&[&nowhere, &anvil.ws], Finality::Depth(0)).await;
    assert_eq!(chain.head().await.unwrap(), anvil.block(0).await);
    let health = chain.endpoints_health();
    assert_eq!((health[0].healthy, health[1].healthy), (false, true));
    assert!(health[0].last_error.is_some());
}

#[tokio::test]
async fn configurations_that_cannot_work_name_the_field() {
    let url: Url = "http://127.0.0.1:1".parse().unwrap();
    let good = || config(&[&url], Finality::Depth(0));
    let ftp: Url = "ftp://127.0.0.1".parse().unwrap();
    let cases = [
        (
            "agreement",
            EvmConfig {
                agreement: 2,
                ..good()
            },
        ),
        (
            "agreement",
            EvmConfig {
                agreement: 0,
                ..good()
            },
        ),
        (
            "endpoints",
            EvmConfig {
                endpoints: vec![url.clone(), url.clone()],
                ..good()
            },
        ),
        (
            "endpoints",
            EvmConfig {
                endpoints: Vec::new(),
                ..good()
            },
        ),
        (
            "endpoints",
            EvmConfig {
                endpoints: vec![ftp],
                ..good()
            },
        ),
        (
            "chain",
            EvmConfig {
                chain: "cosmos:hub-4".parse().unwrap(),
                ..good()
            },
        ),
        (
            "max_log_range",
            EvmConfig {
                max_log_range: 0,
                ..good()
            },
        ),
    ];
    for (expected, config) in cases {
        let error = refused(config).await;
        let EvmError::Config { field, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(field, expected);
    }
}

#[tokio::test]
async fn reads_go_to_another_endpoint_when_one_dies_and_return_when_it_lives() {
    let anvil = Anvil::start(&[]).await;
    let (first, second) = (Proxy::start(&anvil).await, Proxy::start(&anvil).await);
    let chain = connect(&[&first.url, &second.url], Finality::Depth(0)).await;
    let provider = chain.provider();
    first.dead();
    anvil.mine(3).await;
    assert_eq!(provider.get_block_number().await.unwrap(), 3);
    assert_eq!(chain.head().await.unwrap(), anvil.block(3).await);
    let healths = async || {
        let health = chain.endpoints_health();
        (health[0].healthy, health[1].healthy)
    };
    eventually(async || healths().await == (false, true)).await;
    first.honest();
    eventually(async || healths().await == (true, true)).await;
    second.dead();
    assert_eq!(provider.get_block_number().await.unwrap(), 3);
}

#[tokio::test]
async fn the_head_that_is_watched_goes_on_when_its_endpoint_dies() {
    let anvil = Anvil::start(&[]).await;
    let (first, second) = (Proxy::start(&anvil).await, Proxy::start(&anvil).await);
    let chain = connect(&[&first.url, &second.url], Finality::Depth(0)).await;
    let mut heads = chain.watch_head();
    for height in 1..10 {
        if height == 4 {
            first.dead();
        }
        anvil.mine(1).await;
        let reached = heads.wait_for(|head| head.is_some_and(|head| head.height == height));
        crate::support::soon(reached).await.unwrap();
    }
}

#[tokio::test]
async fn answers_that_make_no_sense_are_errors_and_never_believed() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let proxy = Proxy::start(&anvil).await;
    let chain = connect(&[&proxy.url], Finality::Depth(0)).await;
    let block = chain.head().await.unwrap();
    let nonsense = [
        json!({}),
        json!([]),
        json!("0x"),
        json!("x".repeat(100_000)),
        json!({ "number": "0xffffffffffffffffff", "hash": 7 }),
        json!(-1),
    ];
    for answer in nonsense {
        let lie = answer.clone();
        proxy.rule(move |request, _| {
            Some(json!({ "jsonrpc": "2.0", "id": request["id"], "result": lie }))
        });
        let error = chain.block(0).await.expect_err("no block");
        assert!(error.to_string().len() < 1_000, "{answer}");
        chain
            .storage_at(contract.address, &[word(0)], &block)
            .await
            .expect_err("no word");
    }
    // A true block, but not the one that was asked for.
    proxy.honest();
    let other = anvil
        .rpc("eth_getBlockByNumber", json!(["0x1", false]))
        .await;
    proxy.rule(move |request, _| {
        Some(json!({ "jsonrpc": "2.0", "id": request["id"], "result": other }))
    });
    chain.block(0).await.expect_err("another block");
}

#[tokio::test]
async fn storage_is_read_as_of_exactly_one_block() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    contract.log(&anvil, 5).await;
    let before = chain.head().await.unwrap();
    contract.log(&anvil, 6).await;
    let after = chain.head().await.unwrap();
    let keys = [word(0), word(1)];
    let words = chain
        .storage_at(contract.address, &keys, &before)
        .await
        .unwrap();
    assert_eq!(words, [word(5), word(0)]);
    let words = chain
        .storage_at(contract.address, &keys, &after)
        .await
        .unwrap();
    assert_eq!(words, [word(6), word(0)]);
    let many: Vec<_> = (0..250).map(word).collect();
    let words = chain
        .storage_at(contract.address, &many, &after)
        .await
        .unwrap();
    assert_eq!((words.len(), words[0]), (250, word(6)));
    // A block that is no longer part of the chain has no state.
    anvil.reorg(1).await;
    chain
        .storage_at(contract.address, &keys, &after)
        .await
        .expect_err("the block is gone");
}

#[tokio::test]
async fn readers_that_share_a_connection_get_their_own_answers() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    contract.log(&anvil, 5).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let head = chain.head().await.unwrap();
    let provider = chain.provider();
    for _ in 0..50 {
        let (keys, gas_price) = ([word(0), word(1)], provider.get_gas_price());
        let (number, block, words, agreed, gas_price, balance) = tokio::join!(
            provider.get_block_number(),
            chain.block(1),
            chain.storage_at(contract.address, &keys, &head),
            chain.agreed_storage_at(contract.address, &keys, &head),
            gas_price,
            chain.balance(ACCOUNTS[1]),
        );
        assert_eq!(number.unwrap(), head.height);
        assert_eq!(block.unwrap().unwrap().height, 1);
        assert_eq!(words.unwrap(), [word(5), word(0)]);
        assert_eq!(agreed.unwrap(), [word(5), word(0)]);
        assert!(gas_price.unwrap() > 0);
        assert!(balance.unwrap() > alloy_primitives::U256::ZERO);
    }
}

#[tokio::test]
async fn an_endpoint_that_talks_nonsense_is_left_for_another() {
    let anvil = Anvil::start(&[]).await;
    let (first, second) = (Proxy::start(&anvil).await, Proxy::start(&anvil).await);
    let chain = connect(&[&first.url, &second.url], Finality::Depth(0)).await;
    first.rule(
        |request, answer| match request["method"].as_str().unwrap() {
            "eth_getBalance" => Some(crate::support::result(request, "a lot")),
            _ => Some(answer),
        },
    );
    chain.balance(ACCOUNTS[0]).await.expect_err("no number");
    chain.balance(ACCOUNTS[0]).await.unwrap();
    assert!(!chain.endpoints_health()[0].healthy);
}

sol! {
    #[sol(rpc)]
    contract Plain {
        function anything() external returns (uint256);
    }
}

#[tokio::test]
async fn calls_work_through_bindings_and_reverts_keep_their_data() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    // The contract takes the selector for a word and returns nothing.
    let binding = Plain::new(contract.address, chain.provider());
    binding
        .anything()
        .call()
        .await
        .expect_err("nothing is no number");
    let error = chain
        .call(contract.address, bad(3).into())
        .await
        .expect_err("it reverts");
    let EvmError::Rpc(error) = error else {
        panic!("{error}")
    };
    assert_eq!(error.revert(), Some(&bad(3).into()));
    assert!(chain.balance(ACCOUNTS[0]).await.unwrap() > alloy_primitives::U256::ZERO);
}

#[tokio::test]
async fn an_endpoint_that_sends_elsewhere_is_not_followed() {
    let anvil = Anvil::start(&[]).await;
    let target = anvil.http.to_string();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let elsewhere =
        axum::Router::new().fallback(async move || axum::response::Redirect::temporary(&target));
    tokio::spawn(async { axum::serve(listener, elsewhere).await });
    let error = refused(config(&[&url], Finality::Depth(0))).await;
    assert!(matches!(error, EvmError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let anvil = Anvil::start(&[]).await;
    let proxy = Proxy::start(&anvil).await;
    let chain = EvmChain::connect(EvmConfig {
        max_response_bytes: 100_000,
        ..config(&[&proxy.url], Finality::Depth(0))
    })
    .await
    .unwrap();
    proxy.rule(|request, mut answer| {
        if request["method"] == "eth_getBalance" {
            // Well-formed and right but for its length.
            answer["padding"] = json!("x".repeat(200_000));
        }
        Some(answer)
    });
    let error = chain.balance(ACCOUNTS[0]).await.expect_err("too long");
    assert!(error.to_string().contains("exceeds the limit"), "{error}");
    proxy.honest();
    eventually(async || chain.balance(ACCOUNTS[0]).await.is_ok()).await;
}
