//! Endpoints that are down, wrong, too talkative, or liars.

use bitcoin::hashes::Hash as _;
use causeway_bitcoin::{
    AgreementError, BitcoinChain, BitcoinError, BlockEvent, Cursor, LockForm, Network, RpcAuth,
    RpcClient, RpcEndpoint, RpcErrorKind, RpcLimits, Severity, Update, Watch,
};
use causeway_local_bitcoin::NodeKind;
use serde_json::{Value, json};

use crate::support::{Fixture, Liar, config, endpoint};

/// One that nobody listens at.
async fn nowhere() -> RpcEndpoint {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    RpcEndpoint {
        url: url.parse().unwrap(),
        auth: RpcAuth::Password {
            user: String::new(),
            password: String::new(),
        },
    }
}

fn client(endpoint: RpcEndpoint, limits: RpcLimits) -> RpcClient {
    RpcClient::new(endpoint, Network::LITECOIN_REGTEST, limits).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minority_that_lies_about_confirmations_convinces_nobody() {
    let mut fixture = Fixture::new(NodeKind::Litecoin).await;
    let liar = Liar::before(&fixture.rpc).await;
    let honest = endpoint(&fixture.node);
    let endpoints = vec![liar.endpoint.clone(), honest.clone(), honest];
    let chain = BitcoinChain::new(config(fixture.network, endpoints)).unwrap();
    let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
    let (paid, coin) = fixture.pay(&lock.script_pubkey(), 1_000_000).await;
    fixture.mine(2).await;
    let (_, tip) = fixture.rpc.head().await.unwrap();
    let block = fixture
        .rpc
        .block_hash_at(u64::from(fixture.height().await) - 1)
        .await
        .unwrap();
    liar.lies(|method, mut result| {
        if let ("gettxout" | "getblock", Value::Object(fields)) = (method, &mut result) {
            fields.insert("confirmations".to_owned(), json!(1_000));
        }
        result
    });
    let agreed = chain.agreed_coin(coin.outpoint).await.unwrap().unwrap();
    assert_eq!((agreed.value, agreed.confirmations), (coin.value, 2));
    assert_eq!(agreed.script, lock.script_pubkey());
    let deep = chain
        .agreed_confirmations(paid.txid(), block.unwrap())
        .await
        .unwrap();
    assert_eq!(deep, 2);
    // In another block it is not, whatever the block's depth.
    assert_eq!(
        chain.agreed_confirmations(paid.txid(), tip).await.unwrap(),
        0
    );

    liar.lies(|method, mut result| {
        if let ("gettxout", Value::Object(fields)) = (method, &mut result) {
            fields.insert("value".to_owned(), json!(50.0));
        }
        result
    });
    let agreed = chain.agreed_coin(coin.outpoint).await.unwrap().unwrap();
    assert_eq!((agreed.value, agreed.confirmations), (coin.value, 2));
    liar.lies(|method, result| {
        if method == "gettxout" {
            Value::Null
        } else {
            result
        }
    });
    assert!(chain.agreed_coin(coin.outpoint).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_agreed_on_with_too_few() {
    let mut fixture = Fixture::new(NodeKind::Litecoin).await;
    let liar = Liar::before(&fixture.rpc).await;
    let endpoints = vec![
        liar.endpoint.clone(),
        endpoint(&fixture.node),
        nowhere().await,
    ];
    let chain = BitcoinChain::new(config(fixture.network, endpoints)).unwrap();
    let to = fixture.own_script();
    let (_, coin) = fixture.pay(&to, 1_000_000).await;
    fixture.mine(1).await;
    // Two of three answer alike.
    assert!(chain.agreed_coin(coin.outpoint).await.unwrap().is_some());
    chain.agreed_head().await.unwrap();
    liar.lies(|method, result| match method {
        "gettxout" => Value::Null,
        "getblockhash" => json!(bitcoin::BlockHash::all_zeros()),
        _ => result,
    });
    let AgreementError { needed, said, .. } = chain.agreed_coin(coin.outpoint).await.unwrap_err();
    assert_eq!((needed, said.len()), (2, 3));
    assert!(said[2].said.contains("no answer"), "{said:?}");
    chain.agreed_head().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_height_is_what_enough_have_reached_and_a_boast_is_kept_apart() {
    let fixture = Fixture::new(NodeKind::Litecoin).await;
    let liar = Liar::before(&fixture.rpc).await;
    let honest = endpoint(&fixture.node);
    let endpoints = vec![liar.endpoint.clone(), honest.clone(), honest];
    let chain = BitcoinChain::new(config(fixture.network, endpoints)).unwrap();
    let (height, hash) = fixture.rpc.head().await.unwrap();
    liar.lies(|method, mut result| {
        if method == "getblockchaininfo" {
            result["blocks"] = json!(1_000_000);
        }
        result
    });
    let head = chain.agreed_head().await.unwrap();
    assert_eq!((head.height, head.hash), (height, hash));
    assert_eq!(head.highest_told, 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_one_endpoint_invents_never_becomes_final() {
    let fixture = Fixture::new(NodeKind::Litecoin).await;
    let height = u64::from(fixture.height().await);
    let liar = Liar::before(&fixture.rpc).await;
    let honest = endpoint(&fixture.node);
    // The liar is the one that is followed at first.
    let endpoints = vec![liar.endpoint.clone(), honest.clone(), honest];
    let chain = BitcoinChain::new(config(fixture.network, endpoints)).unwrap();
    let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
    let script = lock.script_pubkey();
    let mut follower = chain.follow(Watch::default(), Cursor::at(height + 1));
    follower.watch_script(script.clone());
    liar.lies(move |method, mut result| {
        if method == "getblock" && result["tx"][0].is_object() {
            result["tx"][0]["vout"][0]["scriptPubKey"]["hex"] = json!(script.to_hex_string());
        }
        result
    });
    fixture.mine(3).await;
    let mut standing = Vec::new();
    let mut lied = false;
    loop {
        match follower.next().await.unwrap() {
            Update::Block { block, events } => {
                lied |= events
                    .iter()
                    .any(|event| matches!(event, BlockEvent::Paid { .. }));
                standing.push((block, events));
            }
            Update::Withdrawn { block } => {
                assert_eq!(standing.pop().map(|(standing, _)| standing), Some(block));
            }
            Update::Final { block } if block.height == height + 1 => break,
            Update::Final { block } => panic!("{block:?}"),
        }
    }
    assert!(lied, "the liar was not followed");
    let (first, events) = &standing[0];
    assert_eq!((first.height, &events[..]), (height + 1, &[][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn following_goes_on_with_the_endpoints_that_answer() {
    let fixture = Fixture::new(NodeKind::Litecoin).await;
    let next = u64::from(fixture.height().await) + 1;
    let endpoints = vec![nowhere().await, endpoint(&fixture.node)];
    let mut config = config(fixture.network, endpoints);
    config.agreement = 1;
    let chain = BitcoinChain::new(config).unwrap();
    let mut follower = chain.follow(Watch::default(), Cursor::at(next));
    fixture.mine(1).await;
    let update = follower.next().await.unwrap();
    assert!(matches!(update, Update::Block { block, .. } if block.height == next));
    // That one is down is no error while there is nothing new.
    assert_eq!(follower.try_next().await.unwrap(), None);
    // What is broadcast goes wherever it can.
    let paid = fixture.wallet.pay(
        &fixture.own_script(),
        bitcoin::Amount::from_sat(100_000),
        crate::support::ONE,
        0,
    );
    chain.broadcast(&paid.unwrap().bytes()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_of_another_chain_is_not_asked_anything() {
    let fixture = Fixture::bare(NodeKind::Litecoin).await;
    let limits = RpcLimits::default();
    let wrong = RpcClient::new(endpoint(&fixture.node), Network::BITCOIN_REGTEST, limits).unwrap();
    let error = wrong.head().await.unwrap_err();
    assert!(
        matches!(error.kind, RpcErrorKind::WrongChain { .. }),
        "{error}"
    );
    assert_eq!(error.severity(), Severity::Stop);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_wrong_or_missing_are_said_to_be() {
    let fixture = Fixture::bare(NodeKind::Litecoin).await;
    let with = |auth| {
        let url = endpoint(&fixture.node).url;
        client(RpcEndpoint { url, auth }, RpcLimits::default())
    };
    let wrong = with(RpcAuth::Password {
        user: "user".to_owned(),
        password: "wrong".to_owned(),
    });
    let error = wrong.head().await.unwrap_err();
    assert_eq!(error.kind, RpcErrorKind::Http { status: 401 });
    assert_eq!(error.severity(), Severity::Stop);
    let missing = with(RpcAuth::Cookie("/nowhere/.cookie".into()));
    let error = missing.head().await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/.cookie"), "{error}");
    assert_eq!(error.severity(), Severity::Retry);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_is_cut_off() {
    let fixture = Fixture::bare(NodeKind::Litecoin).await;
    let liar = Liar::before(&fixture.rpc).await;
    liar.lies(|method, result| match method {
        "getblockchaininfo" => json!("x".repeat(100_000)),
        _ => result,
    });
    let limits = RpcLimits {
        max_answer_bytes: 10_000,
        ..RpcLimits::default()
    };
    let error = client(liar.endpoint.clone(), limits)
        .head()
        .await
        .unwrap_err();
    assert_eq!(error.kind, RpcErrorKind::TooLarge { limit: 10_000 });
    // Read whole, it is still no answer.
    let error = client(liar.endpoint, RpcLimits::default())
        .head()
        .await
        .unwrap_err();
    assert!(matches!(error.kind, RpcErrorKind::Malformed(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_node_does_not_have_is_an_error_for_good() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let fixture = Fixture::bare(kind).await;
        let error = fixture
            .rpc
            .call::<Value>("nosuchmethod", json!([]))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(-32_601));
        assert_eq!(error.severity(), Severity::Stop);
        let beyond = fixture.rpc.block_hash_at(1_000_000).await.unwrap();
        assert_eq!(beyond, None);
    }
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    let network = Network::LITECOIN_REGTEST;
    let refused = |config| match BitcoinChain::new(config).unwrap_err() {
        BitcoinError::Config { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(refused(config(network, Vec::new())), "endpoints");
    let mut greedy = config(network, vec![nowhere().await]);
    greedy.agreement = 2;
    assert_eq!(refused(greedy), "agreement");
    let mut hasty = config(network, vec![nowhere().await]);
    hasty.confirmations = 0;
    assert_eq!(refused(hasty), "confirmations");
}

/// Says nothing but that the future may go to another thread.
fn can_be_spawned<F: Future + Send>(_: &F) {}

#[tokio::test]
async fn whatever_is_awaited_can_be_spawned_as_a_task() {
    let network = Network::LITECOIN_REGTEST;
    let chain = BitcoinChain::new(config(network, vec![nowhere().await])).unwrap();
    let mut wallet = causeway_bitcoin::Wallet::new(crate::support::keys(network), 1).unwrap();
    let mut follower = chain.follow(Watch::default(), Cursor::at(0));
    can_be_spawned(&wallet.scan(&chain));
    can_be_spawned(&follower.next());
    can_be_spawned(&chain.broadcast(&[]));
    can_be_spawned(&chain.agreed_head());
    can_be_spawned(&chain.agreed_coin(bitcoin::OutPoint::null()));
    can_be_spawned(&chain.any(|node| async move { node.head().await }));
}
