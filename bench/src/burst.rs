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
use causeway_contracts::{ics20_transfer::ICS20Transfer, test_erc20::TestERC20};
use causeway_ibc::Packet;
use causeway_ibc_evm::{Token, TransferOrder, decode_event, transfer_call};
use causeway_localnet::{Side, dev_key, roles};

/// The development accounts that send: none of those with a part of their own.
const SENDERS: [usize; 8] = [2, 3, 4, 5, 6, 7, 8, 9];

/// Gas limits: above what any warm transfer takes, and so low that a block holds about as many as
/// it has room for.
const GAS_LIMIT: u64 = 200_000;
const GAS_LIMIT_MORE: u64 = 100_000;

/// How many bytes of transactions go into one request: a chain takes 2 MB, and every byte is two
/// characters there.
const REQUEST: usize = 500_000;

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

/// A transaction ready to be broadcast.
pub(crate) struct Prepared {
    pub(crate) raw: Bytes,
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

    /// Signs the next transaction, of the next account in turn, with so many equal transfers.
    pub(crate) fn sign(
        &mut self,
        order: Option<&TransferOrder>,
        transfers: usize,
    ) -> Result<Prepared> {
        let places = self.accounts.len();
        let (key, nonce) = &mut self.accounts[self.turn % places];
        self.turn += 1;
        let (call, value) = transfer_call(order.unwrap_or(&self.order));
        let one: Bytes = call.abi_encode().into();
        let input = match transfers {
            1 => one,
            _ => ICS20Transfer::multicallCall {
                data: vec![one; transfers],
            }
            .abi_encode()
            .into(),
        };
        let gas_limit = GAS_LIMIT + GAS_LIMIT_MORE * (transfers as u64).saturating_sub(1);
        let signed = sign(
            key,
            self.chain_id,
            *nonce,
            gas_limit,
            self.transfer,
            input,
            value,
        )?;
        *nonce += 1;
        Ok(signed)
    }

    /// Signs as many transactions as it takes to send `n` transfers, `per_transaction` in each.
    pub(crate) fn sign_all(&mut self, n: usize, per_transaction: usize) -> Result<Vec<Prepared>> {
        let mut prepared = Vec::new();
        let mut left = n;
        while left > 0 {
            let some = left.min(per_transaction.max(1));
            prepared.push(self.sign(None, some)?);
            left -= some;
        }
        Ok(prepared)
    }

    /// The order that all transfers follow unless told otherwise.
    pub(crate) fn order(&self) -> &TransferOrder {
        &self.order
    }

    /// Broadcasts all at once; returns when each was handed over.
    pub(crate) async fn broadcast(&self, prepared: &[Prepared]) -> Result<Vec<Instant>> {
        broadcast(&self.provider, prepared).await
    }

    /// The receipt and the packets of a transaction, once it is in a block.
    pub(crate) async fn sent(
        &self,
        prepared: &Prepared,
    ) -> Result<(Vec<Packet>, TransactionReceipt)> {
        let receipt = mined(&self.provider, prepared.hash).await?;
        let packets: Vec<Packet> = receipt
            .logs()
            .iter()
            .filter(|log| log.address() == self.router)
            .filter_map(|log| decode_event(&log.inner, prepared.hash, 0).ok().flatten())
            .map(|event| event.packet)
            .collect();
        ensure!(
            !packets.is_empty(),
            "the transaction {} sent no packet",
            prepared.hash
        );
        Ok((packets, receipt))
    }
}

/// A transaction of this key, signed.
pub(crate) fn sign(
    key: &PrivateKeySigner,
    chain_id: u64,
    nonce: u64,
    gas_limit: u64,
    to: Address,
    input: Bytes,
    value: U256,
) -> Result<Prepared> {
    let mut transaction = TxEip1559 {
        chain_id,
        nonce,
        gas_limit,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(to),
        value,
        input,
        ..TxEip1559::default()
    };
    let signature = key.sign_transaction_sync(&mut transaction)?;
    let envelope = TxEnvelope::from(transaction.into_signed(signature));
    Ok(Prepared {
        raw: envelope.encoded_2718().into(),
        hash: *envelope.tx_hash(),
    })
}

/// Broadcasts all at once; returns when each was handed over.
pub(crate) async fn broadcast(
    provider: &DynProvider,
    prepared: &[Prepared],
) -> Result<Vec<Instant>> {
    let mut handed_over = Vec::with_capacity(prepared.len());
    for some in requests(prepared) {
        let mut batch = BatchRequest::new(provider.client());
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

/// Transactions in as few requests as hold them.
fn requests(prepared: &[Prepared]) -> Vec<&[Prepared]> {
    let (mut requests, mut begin, mut size) = (Vec::new(), 0, 0);
    for (place, one) in prepared.iter().enumerate() {
        if place > begin && size + one.raw.len() > REQUEST {
            requests.push(&prepared[begin..place]);
            (begin, size) = (place, 0);
        }
        size += one.raw.len();
    }
    requests.push(&prepared[begin..]);
    requests
}

/// The receipt of a transaction that must succeed, once it is in a block.
pub(crate) async fn mined(provider: &DynProvider, hash: B256) -> Result<TransactionReceipt> {
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        if let Some(receipt) = provider.get_transaction_receipt(hash).await? {
            ensure!(receipt.status(), "the transaction {hash} reverted");
            return Ok(receipt);
        }
        ensure!(
            Instant::now() < deadline,
            "the transaction {hash} is in no block"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_holds_no_more_than_a_chain_takes_unless_one_transaction_is_larger() {
        let sizes = [200_000, 300_000, 1, 600_000, 10];
        let prepared = sizes.map(|size| Prepared {
            raw: vec![0; size].into(),
            hash: B256::ZERO,
        });
        let lengths: Vec<_> = requests(&prepared).iter().map(|some| some.len()).collect();
        assert_eq!(lengths, [2, 1, 1, 1]);
    }
}
