//! What a swap's transactions cost on an EVM chain, from their receipts.

use alloy::{
    network::TransactionBuilder as _,
    primitives::{Address, Bytes, U256, keccak256},
    providers::{DynProvider, Provider as _, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
    sol_types::{SolCall as _, SolConstructor as _},
};
use anyhow::{Context, Result, ensure};
use causeway_contracts::test_erc20::TestERC20;
use causeway_localnet::{Anvil, AnvilBinary, AnvilOptions, dev_key};
use serde::Serialize;
use serde_json::Value;

use super::contract::{Call, Clock, Contracts, Swap};
use crate::burst::mined;

const CHAIN: u64 = 31_337;
/// The development accounts: who deploys, who locks, who claims. The latter two have native coin.
const DEPLOYER: usize = 0;
const REFUNDER: usize = 1;
const CLAIMER: usize = 2;
/// Above what anything here takes. What is left over is not paid for.
const GAS_LIMIT: u64 = 5_000_000;
/// 1.2345 of a coin with 18 decimals, and of a token with 6.
const COINS: u64 = 1_234_500_000_000_000_000;
const TOKENS: u64 = 1_234_500;
/// How far ahead timelocks lie.
const SECONDS: u64 = 6 * 3600;
const BLOCKS: u64 = 200;
/// Swaps that are claimed at once.
const BATCH: usize = 10;

/// Gas of whole transactions, by the parties themselves.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Gas<N> {
    /// Native coin is locked.
    pub evm_lock_gas: N,
    /// It is claimed, by somebody who has some already.
    pub evm_claim_gas: N,
    /// It is taken back after the timelock.
    pub evm_refund_gas: N,
    /// Each of ten claims in one transaction, rounded up.
    pub evm_batch_claim_gas: N,
    /// The first tokens of their kind are locked, with an allowance of just as much.
    pub erc20_lock_gas: N,
    /// Tokens are claimed, by somebody who has some already, while others remain locked.
    pub erc20_claim_gas: N,
    /// Tokens are taken back after the timelock, by somebody who has more, while others remain locked.
    pub erc20_refund_gas: N,
    /// Native coin is taken back before the timelock, with the claimer's signature.
    pub evm_coop_refund_gas: N,
}

impl From<Gas<u64>> for Gas<Option<u64>> {
    fn from(gas: Gas<u64>) -> Self {
        Self {
            evm_lock_gas: Some(gas.evm_lock_gas),
            evm_claim_gas: Some(gas.evm_claim_gas),
            evm_refund_gas: Some(gas.evm_refund_gas),
            evm_batch_claim_gas: Some(gas.evm_batch_claim_gas),
            erc20_lock_gas: Some(gas.erc20_lock_gas),
            erc20_claim_gas: Some(gas.erc20_claim_gas),
            erc20_refund_gas: Some(gas.erc20_refund_gas),
            evm_coop_refund_gas: Some(gas.evm_coop_refund_gas),
        }
    }
}

/// Puts contracts to each of their uses.
pub(super) async fn measure(chain: &Chain, contracts: &impl Contracts) -> Result<Gas<u64>> {
    let mut gas = Gas::default();
    let mut desk = Desk {
        chain,
        contracts,
        secrets: 0,
    };
    coins(&mut desk, &mut gas).await?;
    tokens(&mut desk, &mut gas).await?;
    Ok(gas)
}

async fn coins<C: Contracts>(desk: &mut Desk<'_, C>, gas: &mut Gas<u64>) -> Result<()> {
    let swap = desk.swap(None).await?;
    gas.evm_lock_gas = desk.lock(&swap).await?;
    gas.evm_claim_gas = desk.claim(&swap).await?;

    let swap = desk.swap(None).await?;
    desk.lock(&swap).await?;
    gas.evm_refund_gas = desk.refund(&swap).await?;

    let swap = desk.swap(None).await?;
    desk.lock(&swap).await?;
    let call = desk
        .contracts
        .refund_cooperatively(&swap, &dev_key(CLAIMER))?;
    gas.evm_coop_refund_gas = desk.send("a cooperative refund", REFUNDER, call, 1).await?;

    let mut batch = Vec::new();
    for _ in 0..BATCH {
        let swap = desk.swap(None).await?;
        desk.lock(&swap).await?;
        batch.push(swap);
    }
    let call = desk.contracts.claim_batch(&batch);
    let used = desk.send("a batch of claims", CLAIMER, call, BATCH).await?;
    gas.evm_batch_claim_gas = used.div_ceil(BATCH as u64);
    Ok(())
}

async fn tokens<C: Contracts>(desk: &mut Desk<'_, C>, gas: &mut Gas<u64>) -> Result<()> {
    let token = desk.chain.new_token().await?;
    let spender = desk.contracts.token_spender();
    let first = desk.swap(Some(token)).await?;
    desk.chain.approve(token, spender, first.amount).await?;
    gas.erc20_lock_gas = desk.lock(&first).await?;

    desk.chain.approve(token, spender, U256::MAX).await?;
    let mut more = Vec::new();
    for _ in 0..3 {
        let swap = desk.swap(Some(token)).await?;
        desk.lock(&swap).await?;
        more.push(swap);
    }
    // The claimer's first tokens of the kind; and the last stay locked, as on contracts that are used.
    desk.claim(&first).await?;
    gas.erc20_claim_gas = desk.claim(&more[0]).await?;
    gas.erc20_refund_gas = desk.refund(&more[1]).await?;
    Ok(())
}

/// The parties, in front of some contracts.
struct Desk<'a, C> {
    chain: &'a Chain,
    contracts: &'a C,
    secrets: u64,
}

impl<C: Contracts> Desk<'_, C> {
    /// A swap like none before. All contracts see the same secrets and amounts.
    async fn swap(&mut self, token: Option<Address>) -> Result<Swap> {
        self.secrets += 1;
        let now = self.chain.now(self.contracts.clock()).await?;
        Ok(Swap {
            secret: keccak256(self.secrets.to_be_bytes()),
            amount: U256::from(if token.is_some() { TOKENS } else { COINS }),
            token,
            claimer: dev_key(CLAIMER).address(),
            refunder: dev_key(REFUNDER).address(),
            timelock: now
                + match self.contracts.clock() {
                    Clock::Timestamps => SECONDS,
                    Clock::Heights => BLOCKS,
                },
        })
    }

    async fn lock(&self, swap: &Swap) -> Result<u64> {
        let call = self.contracts.lock(swap);
        self.send("a lock", REFUNDER, call, 1).await
    }

    async fn claim(&self, swap: &Swap) -> Result<u64> {
        let call = self.contracts.claim(swap);
        self.send("a claim", CLAIMER, call, 1).await
    }

    /// After the timelock.
    async fn refund(&self, swap: &Swap) -> Result<u64> {
        let clock = self.contracts.clock();
        self.chain.wait_until(clock, swap.timelock).await?;
        let call = self.contracts.refund(swap);
        self.send("a refund", REFUNDER, call, 1).await
    }

    /// Sends a call and answers its gas. The contract tells of every swap in one event, and has to tell
    /// of so many: one that did nothing would be cheap.
    async fn send(&self, what: &str, from: usize, call: Call, swaps: usize) -> Result<u64> {
        let contract = call.to;
        let receipt = self.chain.send(from, call).await;
        let receipt = receipt.with_context(|| format!("{what} at {contract} failed"))?;
        let logs = receipt.logs().iter();
        let told = logs.filter(|log| log.address() == contract).count();
        ensure!(
            told == swaps,
            "{what} at {contract} told of {told} swaps, expected {swaps}"
        );
        Ok(receipt.gas_used)
    }
}

/// A chain that mines every transaction at once.
pub(super) struct Chain {
    provider: DynProvider,
    anvil: Anvil,
}

impl Chain {
    pub(super) async fn start() -> Result<Self> {
        let anvil = Anvil::spawn(&AnvilBinary::locate()?, &AnvilOptions::new(CHAIN)).await?;
        // The node signs for its development accounts, and knows their nonces and fees.
        let provider = ProviderBuilder::new()
            .disable_recommended_fillers()
            .connect_http(anvil.http_url())
            .erased();
        Ok(Self { provider, anvil })
    }

    pub(super) fn id(&self) -> u64 {
        self.anvil.chain_id()
    }

    pub(super) async fn deploy(&self, code: Bytes) -> Result<Address> {
        let request = TransactionRequest::default()
            .from(address(DEPLOYER))
            .with_deploy_code(code)
            .gas_limit(GAS_LIMIT);
        let receipt = self.receipt(request).await?;
        receipt
            .contract_address
            .context("a deployment made no contract")
    }

    /// A token of which the refunder has plenty.
    async fn new_token(&self) -> Result<Address> {
        let arguments = TestERC20::constructorCall {
            name_: "Harbour".to_owned(),
            symbol_: "HBR".to_owned(),
            decimals_: 6,
        };
        let code = [&TestERC20::BYTECODE[..], &arguments.abi_encode()].concat();
        let token = self.deploy(code.into()).await?;
        let mint = TestERC20::mintCall {
            to: address(REFUNDER),
            amount: U256::from(u64::MAX),
        };
        self.call_token(token, mint.abi_encode()).await?;
        Ok(token)
    }

    /// Lets a contract take this much of the refunder's tokens.
    async fn approve(&self, token: Address, spender: Address, value: U256) -> Result<()> {
        let approve = TestERC20::approveCall { spender, value };
        self.call_token(token, approve.abi_encode()).await
    }

    async fn call_token(&self, token: Address, data: Vec<u8>) -> Result<()> {
        let call = Call {
            to: token,
            value: U256::ZERO,
            data: data.into(),
        };
        self.send(REFUNDER, call).await.map(drop)
    }

    async fn send(&self, from: usize, call: Call) -> Result<TransactionReceipt> {
        let request = TransactionRequest::default()
            .from(address(from))
            .to(call.to)
            .value(call.value)
            .input(call.data.into())
            .gas_limit(GAS_LIMIT);
        self.receipt(request).await
    }

    async fn receipt(&self, request: TransactionRequest) -> Result<TransactionReceipt> {
        let sent = self.provider.send_transaction(request).await?;
        mined(&self.provider, *sent.tx_hash()).await
    }

    /// What a clock shows in the newest block.
    async fn now(&self, clock: Clock) -> Result<u64> {
        let block = self
            .provider
            .get_block(alloy::eips::BlockId::latest())
            .await?;
        let header = block.context("the chain has no block")?.header;
        Ok(match clock {
            Clock::Timestamps => header.timestamp,
            Clock::Heights => header.number,
        })
    }

    /// Lets time or blocks pass.
    async fn wait_until(&self, clock: Clock, then: u64) -> Result<()> {
        match clock {
            Clock::Timestamps => {
                self.ask("evm_setNextBlockTimestamp", then).await?;
                self.ask("anvil_mine", 1).await
            }
            Clock::Heights => {
                let blocks = then.saturating_sub(self.now(clock).await?);
                self.ask("anvil_mine", blocks).await
            }
        }
    }

    async fn ask(&self, method: &'static str, parameter: u64) -> Result<()> {
        let answer = self
            .provider
            .raw_request::<_, Value>(method.into(), [parameter]);
        answer.await.with_context(|| method).map(drop)
    }
}

fn address(account: usize) -> Address {
    dev_key(account).address()
}
