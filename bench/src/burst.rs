//! Transfers signed beforehand, so that broadcasting is all that is left to do.

use std::time::{Duration, Instant};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    network::TxSignerSync,
    primitives::{Address, B256, Bytes, TxKind, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::{client::BatchRequest, types::TransactionReceipt},
    signers::local::PrivateKeySigner,
    sol_types::SolCall,
};
use anyhow::{Context, Result, ensure};
use causeway_contracts::test_erc20::TestERC20;
use causeway_ibc::Packet;
use causeway_ibc_evm::{Token, TransferOrder, decode_event, transfer_call};
use causeway_localnet::{Side, dev_key, roles};

/// The development accounts that send: none of those with a part of their own.
const SENDERS: [usize; 8] = [2, 3, 4, 5, 6, 7, 8, 9];

/// Gas limit of a transfer: above what any warm one takes, and small enough that a block holds
/// as many as it has room for.
const GAS_LIMIT: u64 = 200_000;

/// Sends transfers of one token from several accounts.
pub(crate) struct Senders {
    provider: DynProvider,
    chain_id: u64,
    router: Address,
    transfer: Address,
    order: TransferOrder,
    accounts: Vec<(PrivateKeySigner, u64)>,
    turn: usize,
}

/// A transfer ready to be broadcast.
pub(crate) struct Prepared {
    raw: Bytes,
    pub(crate) hash: B256,
}

impl Senders {
    /// Endows the accounts with the token and lets the transfer contract take it.
    pub(crate) async fn prepare(src: &Side, dst: &Side, token: Address) -> Result<Self> {
        let deployer = src.account(roles::DEPLOYER);
        let mut accounts = Vec::new();
        for role in SENDERS {
            let account = src.account(role);
            let mint = TestERC20::mintCall {
                to: account.address(),
                amount: U256::from(u64::MAX),
            };
            deployer
                .execute("minting", token, mint.abi_encode().into(), U256::ZERO)
                .await?;
            account.allow(Token::Erc20(token), U256::MAX >> 1).await?;
            let nonce = account
                .provider()
                .get_transaction_count(account.address())
                .await?;
            accounts.push((dev_key(role), nonce));
        }
        let order = TransferOrder {
            token: Token::Erc20(token),
            amount: U256::from(1),
            receiver: dst.account(roles::BOB).address().to_string(),
            client: src.client.clone(),
            timeout: dst.chain.head().await?.timestamp.plus_secs(12 * 3600),
            memo: String::new(),
        };
        Ok(Self {
            provider: ProviderBuilder::new()
                .connect_http(src.anvil.http_url())
                .erased(),
            chain_id: src.id().eip155_id().context("not an EVM chain")?,
            router: src.contracts.router,
            transfer: src.contracts.transfer,
            order,
            accounts,
            turn: 0,
        })
    }

    /// Asks the chain where the accounts stand, after something else has sent from them.
    pub(crate) async fn refresh_nonces(&mut self) -> Result<()> {
        for (key, nonce) in &mut self.accounts {
            *nonce = self.provider.get_transaction_count(key.address()).await?;
        }
        Ok(())
    }

    /// Signs the next transfer, of the next account in turn.
    pub(crate) fn sign(&mut self, order: Option<&TransferOrder>) -> Result<Prepared> {
        let places = self.accounts.len();
        let (key, nonce) = &mut self.accounts[self.turn % places];
        self.turn += 1;
        let (call, value) = transfer_call(order.unwrap_or(&self.order));
        let mut transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce: *nonce,
            gas_limit: GAS_LIMIT,
            max_fee_per_gas: 100_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(self.transfer),
            value,
            input: call.abi_encode().into(),
            ..TxEip1559::default()
        };
        *nonce += 1;
        let signature = key.sign_transaction_sync(&mut transaction)?;
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        Ok(Prepared {
            raw: envelope.encoded_2718().into(),
            hash: *envelope.tx_hash(),
        })
    }

    /// The order that all transfers follow unless told otherwise.
    pub(crate) fn order(&self) -> &TransferOrder {
        &self.order
    }

    /// Broadcasts all at once; returns when each was handed over.
    pub(crate) async fn broadcast(&self, prepared: &[Prepared]) -> Result<Vec<Instant>> {
        let mut handed_over = Vec::with_capacity(prepared.len());
        for some in prepared.chunks(50) {
            let mut batch = BatchRequest::new(self.provider.client());
            let mut answers = Vec::with_capacity(some.len());
            for one in some {
                answers.push(batch.add_call::<_, B256>("eth_sendRawTransaction", &(&one.raw,))?);
            }
            handed_over.extend(std::iter::repeat_n(Instant::now(), some.len()));
            batch.send().await?;
            for answer in answers {
                answer.await?;
            }
        }
        Ok(handed_over)
    }

    /// The receipt and the packet of a transfer, once it is in a block.
    pub(crate) async fn sent(&self, prepared: &Prepared) -> Result<(Packet, TransactionReceipt)> {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            if let Some(receipt) = self.provider.get_transaction_receipt(prepared.hash).await? {
                ensure!(receipt.status(), "the transfer {} reverted", prepared.hash);
                let packet = receipt
                    .logs()
                    .iter()
                    .filter(|log| log.address() == self.router)
                    .find_map(|log| decode_event(&log.inner, prepared.hash, 0).ok().flatten())
                    .with_context(|| format!("the transfer {} sent no packet", prepared.hash))?
                    .packet;
                return Ok((packet, receipt));
            }
            ensure!(
                Instant::now() < deadline,
                "the transfer {} is in no block",
                prepared.hash
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
