//! A person's account on one chain: sends transfers and calls.

use std::time::Duration;

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, B256, Bytes, TxKind, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol_types::SolCall,
    transports::TransportError,
};
use causeway_contracts::{
    ics27_gmp::{ICS27GMP, IICS27GMPMsgs},
    test_erc20::TestERC20 as Erc20,
};
use causeway_evm::EvmChain;
use causeway_ibc::{Packet, ics20};
use causeway_relayer::EventKind;
use thiserror::Error;

use crate::{
    contracts::IbcContracts,
    events::packet_events,
    order::{CallOrder, Token, TokenInfo, TransferOrder, transfer_call},
    revert::explain_revert,
};

/// How long a transaction may take to get into a block.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(300);

/// A packet that is on its way.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The packet.
    pub packet: Packet,
    /// The transaction that sent it.
    pub tx: B256,
    /// The height of its block.
    pub height: u64,
    /// What it cost.
    pub gas_used: u64,
}

/// Why nothing was sent.
#[derive(Debug, Error)]
pub enum SendError {
    /// No token contract stands at the address.
    #[error("there is no ERC-20 token at {token} on {chain}")]
    UnknownToken {
        /// The chain that was asked.
        chain: String,
        /// The address.
        token: Address,
    },
    /// The account does not have what it wants to send.
    #[error("{account} has {balance} of the token's smallest units, {amount} are to be sent")]
    AmountAboveBalance {
        /// The sender.
        account: Address,
        /// What it has.
        balance: U256,
        /// What it wants to send.
        amount: U256,
    },
    /// The chain would refuse, or refused, the transaction.
    #[error("{what} is refused: {reason}")]
    Refused {
        /// Which transaction.
        what: &'static str,
        /// The contract's own words.
        reason: String,
    },
    /// The transaction went through but sent no packet, which the contracts never do.
    #[error("the transaction {0} sent no packet")]
    NoPacket(B256),
    /// The chain deployed nothing although the transaction succeeded.
    #[error("deploying {0} gave no contract")]
    NoContract(&'static str),
    /// The chain could not be asked.
    #[error("the chain cannot be asked: {0}")]
    Transport(#[from] TransportError),
    /// The transaction was broadcast, but what became of it is not known.
    #[error(
        "the transaction {tx} was broadcast, but is in no block after {waited:?}; look for it before sending again"
    )]
    NotMined {
        /// The transaction.
        tx: B256,
        /// For how long its receipt was waited for.
        waited: Duration,
    },
    /// A contract could not be read.
    #[error("a contract cannot be read: {0}")]
    Contract(#[from] alloy::contract::Error),
}

/// What a token says of itself, on the chain that it is on.
pub async fn token_info(chain: &EvmChain, token: Token) -> Result<TokenInfo, SendError> {
    let Token::Erc20(address) = token else {
        return Ok(TokenInfo {
            name: "Ether".into(),
            symbol: "ETH".into(),
            decimals: 18,
        });
    };
    let unknown = || SendError::UnknownToken {
        chain: chain.id().to_string(),
        token: address,
    };
    let provider = chain.provider();
    if provider.get_code_at(address).await?.is_empty() {
        return Err(unknown());
    }
    let contract = Erc20::new(address, &provider);
    let (decimals, name, symbol) = (contract.decimals(), contract.name(), contract.symbol());
    let (decimals, name, symbol) = tokio::join!(decimals.call(), name.call(), symbol.call());
    Ok(TokenInfo {
        decimals: decimals.map_err(|_| unknown())?,
        name: name.unwrap_or_default(),
        symbol: symbol.unwrap_or_default(),
    })
}

/// An account on one chain, with its key. It sends one transaction after another, never two at once.
#[derive(Clone)]
pub struct Account {
    chain: EvmChain,
    provider: DynProvider,
    address: Address,
    contracts: IbcContracts,
}

impl Account {
    /// The account of this key.
    pub fn new(chain: &EvmChain, contracts: IbcContracts, key: PrivateKeySigner) -> Self {
        let address = key.address();
        // The nonce is asked for each time: one that is counted here would be used up by a transaction
        // that the chain then refuses, and everything after it would wait for ever.
        let provider = ProviderBuilder::default()
            .with_gas_estimation()
            .with_simple_nonce_management()
            .fetch_chain_id()
            .wallet(EthereumWallet::from(key))
            .connect_provider(chain.provider())
            .erased();
        Self {
            chain: chain.clone(),
            provider,
            address,
            contracts,
        }
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// A provider that signs with the account's key.
    pub fn provider(&self) -> &DynProvider {
        &self.provider
    }

    /// The contracts that it sends through.
    pub fn contracts(&self) -> &IbcContracts {
        &self.contracts
    }

    /// What the token says of itself.
    pub async fn token_info(&self, token: Token) -> Result<TokenInfo, SendError> {
        token_info(&self.chain, token).await
    }

    /// How much of the token the account has, in the token's smallest units.
    pub async fn balance(&self, token: Token) -> Result<U256, SendError> {
        match token {
            Token::Native => Ok(self.provider.get_balance(self.address).await?),
            Token::Erc20(address) => Ok(Erc20::new(address, &self.provider)
                .balanceOf(self.address)
                .call()
                .await?),
        }
    }

    /// Sends a transfer, after allowing the transfer contract to take the amount if it must.
    pub async fn transfer(&self, order: &TransferOrder) -> Result<Sent, SendError> {
        let balance = self.balance(order.token).await?;
        if balance < order.amount {
            return Err(SendError::AmountAboveBalance {
                account: self.address,
                balance,
                amount: order.amount,
            });
        }
        self.allow(order.token, order.amount).await?;
        let (call, value) = transfer_call(order);
        let receipt = self
            .execute(
                "the transfer",
                self.contracts.transfer,
                call.abi_encode().into(),
                value,
            )
            .await?;
        self.sent(&receipt, |packet| {
            packet
                .payloads
                .iter()
                .any(|payload| payload.version == ics20::VERSION)
        })
    }

    /// Allows the transfer contract to take this much of a token, unless it already may.
    pub async fn allow(&self, token: Token, amount: U256) -> Result<(), SendError> {
        let Token::Erc20(address) = token else {
            return Ok(());
        };
        let contract = Erc20::new(address, &self.provider);
        if contract
            .allowance(self.address, self.contracts.transfer)
            .call()
            .await?
            >= amount
        {
            return Ok(());
        }
        let call = Erc20::approveCall {
            spender: self.contracts.transfer,
            value: amount,
        };
        self.execute(
            "the approval",
            address,
            call.abi_encode().into(),
            U256::ZERO,
        )
        .await?;
        Ok(())
    }

    /// Sends a contract call.
    pub async fn call(&self, order: &CallOrder) -> Result<Sent, SendError> {
        let call = ICS27GMP::sendCallCall {
            msg_: IICS27GMPMsgs::SendCallMsg {
                sourceClient: order.client.to_string(),
                receiver: order.target.to_string(),
                salt: order.salt.clone(),
                payload: order.data.clone(),
                timeoutTimestamp: order.timeout.as_secs(),
                memo: order.memo.clone(),
            },
        };
        let receipt = self
            .execute(
                "the call",
                self.contracts.gmp,
                call.abi_encode().into(),
                U256::ZERO,
            )
            .await?;
        self.sent(&receipt, |_| true)
    }

    /// Sends a transaction and waits until it is in a block. One that would revert is not sent.
    pub async fn execute(
        &self,
        what: &'static str,
        to: Address,
        data: Bytes,
        value: U256,
    ) -> Result<TransactionReceipt, SendError> {
        let request = TransactionRequest::default()
            .with_kind(TxKind::Call(to))
            .with_input(data)
            .with_value(value);
        self.send(what, request).await
    }

    /// Deploys a contract: its bytecode, followed by the encoded arguments of its constructor.
    /// Returns its address and the gas that it took.
    pub async fn deploy(
        &self,
        what: &'static str,
        bytecode: &Bytes,
        arguments: &[u8],
    ) -> Result<(Address, u64), SendError> {
        let code = Bytes::from([bytecode.as_ref(), arguments].concat());
        let request = TransactionRequest::default()
            .with_kind(TxKind::Create)
            .with_input(code);
        let receipt = self.send(what, request).await?;
        let address = receipt
            .contract_address
            .ok_or(SendError::NoContract(what))?;
        Ok((address, receipt.gas_used))
    }

    /// Sends a prepared transaction; see [`Account::execute`].
    async fn send(
        &self,
        what: &'static str,
        request: TransactionRequest,
    ) -> Result<TransactionReceipt, SendError> {
        let refused = |error: &TransportError| {
            error.as_error_resp().map(|response| SendError::Refused {
                what,
                reason: response.as_revert_data().map_or_else(
                    || response.message.to_string(),
                    |data| explain_revert(&data),
                ),
            })
        };
        let pending = match self
            .provider
            .send_transaction(request.with_from(self.address))
            .await
        {
            Ok(pending) => pending,
            Err(error) => return Err(refused(&error).unwrap_or(SendError::Transport(error))),
        };
        let receipt = self.receipt(*pending.tx_hash()).await?;
        if !receipt.status() {
            return Err(SendError::Refused {
                what,
                reason: "it reverted when it was mined".into(),
            });
        }
        Ok(receipt)
    }

    /// Waits for a receipt by the chain's own beat: a look at every new block.
    async fn receipt(&self, tx: B256) -> Result<TransactionReceipt, SendError> {
        let mut heads = self.chain.watch_head();
        let look = async {
            loop {
                heads.borrow_and_update();
                if let Some(receipt) = self.provider.get_transaction_receipt(tx).await? {
                    return Ok(receipt);
                }
                // A head that never comes must not hang the wait: look again by the clock too.
                let _ = tokio::time::timeout(Duration::from_secs(1), heads.changed()).await;
            }
        };
        tokio::time::timeout(RECEIPT_PATIENCE, look)
            .await
            .unwrap_or(Err(SendError::NotMined {
                tx,
                waited: RECEIPT_PATIENCE,
            }))
    }

    fn sent(
        &self,
        receipt: &TransactionReceipt,
        wanted: impl Fn(&Packet) -> bool,
    ) -> Result<Sent, SendError> {
        let packet = packet_events(self.contracts.router, receipt.logs())
            .find(|event| event.kind == EventKind::Sent && wanted(&event.packet))
            .ok_or(SendError::NoPacket(receipt.transaction_hash))?
            .packet;
        Ok(Sent {
            packet,
            tx: receipt.transaction_hash,
            height: receipt.block_number.unwrap_or_default(),
            gas_used: receipt.gas_used,
        })
    }
}
