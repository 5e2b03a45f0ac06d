//! The tour: every crossing once, on real chains, each step checked by what the chains then show.

use std::time::{Duration, Instant};

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::{SolCall, SolConstructor},
};
use anyhow::{Context, Result, bail, ensure};
use causeway_contracts::{
    counter::Counter,
    ics20_transfer::ICS20Transfer,
    ics27_gmp::{ICS27GMP, IICS27GMPMsgs},
    test_erc20::TestERC20,
};
use causeway_ibc::ics20;
use causeway_ibc_evm::{CallOrder, SeenOn, Sent, Token, Tracker, TransferOrder};
use causeway_relayer::EventKind;

use crate::{
    network::{Network, Side},
    options::roles,
    say,
};

/// How long a crossing may take before the tour gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the packet that is to time out has.
const SHORT_TIMEOUT: u64 = 5;

/// The contracts that the tour plays with.
pub struct Playground {
    /// An ERC-20 token on the first chain, of which Alice has plenty.
    pub token: Address,
    /// A contract on the second chain to be called.
    pub counter: Address,
}

impl Playground {
    /// Deploys the token and the counter.
    pub async fn deploy(network: &Network) -> Result<Self> {
        let _hurry = (network.a.hurry(), network.b.hurry());
        let deployer_a = network.a.account(roles::DEPLOYER);
        let deployer_b = network.b.account(roles::DEPLOYER);
        let terms = TestERC20::constructorCall {
            name_: "Test Dollar".to_owned(),
            symbol_: "TUSD".to_owned(),
            decimals_: 6,
        }
        .abi_encode();
        let ((token, _), (counter, _)) = tokio::try_join!(
            deployer_a.deploy("the test token", &TestERC20::BYTECODE, &terms),
            deployer_b.deploy("the counter", &Counter::BYTECODE, &[])
        )?;
        let mint = TestERC20::mintCall {
            to: network.a.account(roles::ALICE).address(),
            amount: U256::from(1_000_000_000_000_u64),
        };
        deployer_a
            .execute("minting", token, mint.abi_encode().into(), U256::ZERO)
            .await?;
        Ok(Self { token, counter })
    }
}

/// Takes the whole tour; fails at the first step that did not happen.
pub async fn tour(network: &mut Network, playground: &Playground) -> Result<()> {
    erc20_there_and_back(network, playground.token)
        .await
        .context("the ERC-20 transfer")?;
    native_there_and_back(network)
        .await
        .context("the transfer of native coin")?;
    contract_call(network, playground.counter)
        .await
        .context("the contract call")?;
    timeout_and_refund(network, playground.token)
        .await
        .context("the timeout")
}

async fn erc20_there_and_back(network: &Network, token: Address) -> Result<()> {
    let (alice_a, alice_b) = (
        network.a.account(roles::ALICE),
        network.b.account(roles::ALICE),
    );
    let amount = U256::from(125_500_000);
    let before = alice_a.balance(Token::Erc20(token)).await?;

    say::step("ERC-20 transfer, alpha → beta: lock and mint", "125.5 TUSD");
    cross_transfer(&network.a, &network.b, Token::Erc20(token), amount).await?;
    let voucher = voucher(&network.b, &format!("{token:#x}")).await?;
    let info = alice_b.token_info(Token::Erc20(voucher)).await?;
    ensure!(
        info.symbol == "TUSD" && info.decimals == 6,
        "the voucher calls itself {info:?}"
    );
    ensure!(
        alice_b.balance(Token::Erc20(voucher)).await? == amount,
        "the voucher was not minted"
    );
    let left = alice_a.balance(Token::Erc20(token)).await?;
    ensure!(before - left == amount, "the tokens were not locked");
    say::fact(
        "voucher",
        format!(
            "{voucher} {} ({}, {} decimals)",
            info.name, info.symbol, info.decimals
        ),
    );

    say::step(
        "ERC-20 transfer, beta → alpha: burn and unlock",
        "125.5 TUSD",
    );
    cross_transfer(&network.b, &network.a, Token::Erc20(voucher), amount).await?;
    let supply = TestERC20::new(voucher, alice_b.provider())
        .totalSupply()
        .call()
        .await?;
    ensure!(supply.is_zero(), "{supply} of the voucher are left");
    ensure!(
        alice_a.balance(Token::Erc20(token)).await? == before,
        "the tokens were not unlocked"
    );
    say::fact("balance", "as before; no voucher is left");
    Ok(())
}

async fn native_there_and_back(network: &Network) -> Result<()> {
    let amount = U256::from(250_000_000_000_000_000_u64);
    say::step("native coin, alpha → beta: lock and mint", "0.25 ETH");
    cross_transfer(&network.a, &network.b, Token::Native, amount).await?;
    let voucher = voucher(&network.b, ics20::NATIVE_COIN).await?;
    let alice_b = network.b.account(roles::ALICE);
    ensure!(
        alice_b.balance(Token::Erc20(voucher)).await? == amount,
        "the voucher was not minted"
    );
    let info = alice_b.token_info(Token::Erc20(voucher)).await?;
    say::fact(
        "voucher",
        format!(
            "{voucher} {} ({}, {} decimals)",
            info.name, info.symbol, info.decimals
        ),
    );

    say::step("native coin, beta → alpha: burn and unlock", "0.25 ETH");
    let bob_a = network.a.account(roles::BOB);
    let before = bob_a.balance(Token::Native).await?;
    let order = order(
        &network.b,
        &network.a,
        Token::Erc20(voucher),
        amount,
        bob_a.address(),
        600,
    )
    .await?;
    let sent = watch(&network.b, &network.a, async || {
        Ok(alice_b.transfer(&order).await?)
    })
    .await?;
    expect_success(&sent)?;
    ensure!(
        bob_a.balance(Token::Native).await? - before == amount,
        "the coin was not unlocked"
    );
    say::fact("balance", "Bob on alpha has 0.25 ETH more");
    Ok(())
}

async fn contract_call(network: &Network, counter: Address) -> Result<()> {
    say::step(
        "contract call, alpha → beta, and its acknowledgement",
        "Counter.increment(7)",
    );
    let alice = network.a.account(roles::ALICE);
    let contract = Counter::new(counter, network.b.chain.provider());
    let before = contract.total().call().await?;
    let call = CallOrder {
        target: counter,
        data: Counter::incrementCall { by: U256::from(7) }
            .abi_encode()
            .into(),
        salt: Bytes::new(),
        client: network.a.client.clone(),
        timeout: network.a.chain.head().await?.timestamp.plus_secs(600),
        memo: String::new(),
    };
    let crossing = watch(&network.a, &network.b, async || {
        Ok(alice.call(&call).await?)
    })
    .await?;
    expect_success(&crossing)?;
    let after = contract.total().call().await?;
    ensure!(
        after - before == U256::from(7),
        "the counter went from {before} to {after}"
    );
    let account = ICS27GMP::new(network.b.contracts.gmp, network.b.chain.provider())
        .getOrComputeAccountAddress(IICS27GMPMsgs::AccountIdentifier {
            clientId: network.b.client.to_string(),
            sender: alice.address().to_string(),
            salt: Bytes::new(),
        })
        .call()
        .await?;
    say::fact(
        "counter",
        format!("{before} → {after}, called by Alice's account on beta, {account}"),
    );
    Ok(())
}

async fn timeout_and_refund(network: &mut Network, token: Address) -> Result<()> {
    say::step(
        "a transfer that cannot be delivered: timeout and refund",
        "40 TUSD",
    );
    network.stop_relayer().await?;
    say::fact("relayer", "stopped, so that nobody delivers");
    let alice = network.a.account(roles::ALICE);
    let token = Token::Erc20(token);
    let before = alice.balance(token).await?;
    let started = Instant::now();
    let receiver = network.b.account(roles::ALICE).address();
    let amount = U256::from(40_000_000);
    let order = order(
        &network.a,
        &network.b,
        token,
        amount,
        receiver,
        SHORT_TIMEOUT,
    )
    .await?;
    let tracker = Tracker::begin(&network.a.chain, network.a.contracts.router).await?;
    let sent = alice.transfer(&order).await?;
    say::transaction(
        "sent",
        network.a.name,
        sent.tx,
        sent.height,
        sent.gas_used,
        started,
    );
    ensure!(
        alice.balance(token).await? == before - amount,
        "the tokens were not locked"
    );
    while network.b.chain.head().await?.timestamp < sent.packet.timeout {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    say::fact(
        "time",
        format!("beta has passed the timeout of {SHORT_TIMEOUT} s without the packet"),
    );
    network.start_relayer().await?;
    say::fact("relayer", "running again; it finds the packet by itself");
    let concluded = tracker.concluded(&sent.packet, PATIENCE).await?;
    say::seen("refunded", network.a.name, &concluded, started);
    ensure!(
        concluded.kind == EventKind::TimedOut,
        "the packet was {:?}",
        concluded.kind
    );
    ensure!(
        alice.balance(token).await? == before,
        "the tokens were not refunded"
    );
    say::fact("balance", "as before");
    Ok(())
}

/// A packet that crossed, and how its acknowledgement returned.
struct Crossing {
    received: SeenOn,
    concluded: SeenOn,
}

/// Sends something and follows it until its acknowledgement is back, printing each step.
async fn watch(
    src: &Side,
    dst: &Side,
    send: impl AsyncFnOnce() -> Result<Sent>,
) -> Result<Crossing> {
    let (at_src, at_dst) = tokio::try_join!(
        Tracker::begin(&src.chain, src.contracts.router),
        Tracker::begin(&dst.chain, dst.contracts.router)
    )?;
    let started = Instant::now();
    let sent = send().await?;
    say::transaction(
        "sent",
        src.name,
        sent.tx,
        sent.height,
        sent.gas_used,
        started,
    );
    let received = at_dst.received(&sent.packet, PATIENCE).await?;
    say::seen("delivered", dst.name, &received, started);
    let concluded = at_src.concluded(&sent.packet, PATIENCE).await?;
    say::seen("acknowledged", src.name, &concluded, started);
    Ok(Crossing {
        received,
        concluded,
    })
}

fn expect_success(crossing: &Crossing) -> Result<()> {
    let failed = causeway_ibc::UNIVERSAL_ERROR_ACKNOWLEDGEMENT;
    let acks = crossing.received.acks().unwrap_or_default();
    ensure!(
        !acks.is_empty() && acks.iter().all(|ack| ack.as_ref() != failed.as_slice()),
        "the destination answered with an error"
    );
    match &crossing.concluded.kind {
        EventKind::Acknowledged { .. } => Ok(()),
        other => bail!("the source learnt {other:?} instead of the acknowledgement"),
    }
}

async fn cross_transfer(src: &Side, dst: &Side, token: Token, amount: U256) -> Result<()> {
    let alice = src.account(roles::ALICE);
    let receiver = dst.account(roles::ALICE).address();
    let order = order(src, dst, token, amount, receiver, 600).await?;
    let crossing = watch(src, dst, async || Ok(alice.transfer(&order).await?)).await?;
    expect_success(&crossing)
}

async fn order(
    src: &Side,
    dst: &Side,
    token: Token,
    amount: U256,
    receiver: Address,
    seconds: u64,
) -> Result<TransferOrder> {
    let (src_head, dst_head) = tokio::try_join!(src.chain.head(), dst.chain.head())?;
    let now = src_head.timestamp.max(dst_head.timestamp);
    Ok(TransferOrder {
        token,
        amount,
        receiver: receiver.to_string(),
        client: src.client.clone(),
        timeout: now.plus_secs(seconds),
        memo: String::new(),
    })
}

/// The token on `side` that stands for a token of the other chain.
async fn voucher(side: &Side, denom: &str) -> Result<Address> {
    let path = format!("{}/{}/{denom}", ics20::PORT, side.client);
    let transfer = ICS20Transfer::new(side.contracts.transfer, side.chain.provider());
    Ok(transfer.ibcERC20Contract(path).call().await?)
}
