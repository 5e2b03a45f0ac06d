//! Proofs, and the transactions that bring them.

use alloy::{
    primitives::{Address, B256, Bytes, TxKind},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use causeway_evm::LaneConfig;
use causeway_ibc_evm::{client_view, encode_batch, encode_update, explain_revert};
use causeway_relayer::{ClientEnd, ClientView, Message, Proof};
use causeway_types::ChainId;

use crate::{OneShot, OneShotError, Place, find::transport};

/// Messages to one light client, with one proof for all of them.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The light client.
    pub to: ClientEnd,
    /// What it is.
    pub client: ClientView,
    /// The proof.
    pub proof: Proof,
    /// The messages that it proves.
    pub messages: Vec<Message>,
    /// The messages that it does not prove, with the reason.
    pub setbacks: Vec<Setback>,
}

/// A message that cannot be delivered, and why.
#[derive(Clone, Debug)]
pub struct Setback {
    /// The message.
    pub message: Message,
    /// Why it cannot be delivered.
    pub reason: String,
}

/// A transaction for somebody's own wallet. It carries no coin.
#[derive(Clone, Debug)]
pub struct UnsignedTx {
    /// The chain that it is for.
    pub chain: ChainId,
    /// The chain's EIP-155 number.
    pub chain_number: u64,
    /// The contract that it calls; none if it creates one.
    pub to: Option<Address>,
    /// The call.
    pub data: Bytes,
    /// A gas limit that is enough now, with headroom.
    pub gas_limit: u64,
    /// What it delivers.
    pub messages: Vec<Message>,
}

impl OneShot {
    /// Gathers one proof for these messages to a light client, of the counterparty's state at this
    /// height. A message that the attested state does not show is set aside.
    ///
    /// # Errors
    /// If the client cannot be read or too few attestors sign.
    pub async fn prove(
        &self,
        to: &ClientEnd,
        height: u64,
        messages: Vec<Message>,
    ) -> Result<Proven, OneShotError> {
        let (_, client) = self.client(to).await?;
        let paths: Vec<B256> = messages
            .iter()
            .map(|message| message.proven_path().key())
            .collect();
        let (proof, shown) = self.committees.gather(to, &client, height, &paths).await?;
        let (mut proven, mut setbacks) = (Vec::new(), Vec::new());
        for (message, shown) in messages.into_iter().zip(shown.packets) {
            let expected = message.proven_commitment();
            if shown.commitment == expected {
                proven.push(message);
            } else {
                let shown = shown.commitment;
                let reason = format!(
                    "the attested state at height {height} shows {shown}, the message needs {expected}"
                );
                setbacks.push(Setback { message, reason });
            }
        }
        Ok(Proven {
            to: to.clone(),
            client,
            proof,
            messages: proven,
            setbacks,
        })
    }

    /// The transactions by which this account would deliver what is proven: one, unless a message
    /// among them reverts or they are too much for one. Messages that revert are set aside.
    ///
    /// # Errors
    /// If the chain cannot be asked.
    pub async fn unsigned(
        &self,
        proven: &Proven,
        from: Option<Address>,
    ) -> Result<(Vec<UnsignedTx>, Vec<Setback>), OneShotError> {
        let place = self.place(&proven.to.chain)?;
        let (mut transactions, mut setbacks) = (Vec::new(), Vec::new());
        let mut batches = vec![proven.messages.clone()];
        while let Some(mut messages) = batches.pop() {
            if messages.is_empty() {
                continue;
            }
            let data = encode_batch(&proven.client, &proven.proof, &messages);
            match estimate(place, from, &data).await? {
                Estimate::Gas(gas) => transactions.push(UnsignedTx {
                    chain: proven.to.chain.clone(),
                    chain_number: proven.to.chain.eip155_id().unwrap_or_default(),
                    to: Some(place.router),
                    data,
                    gas_limit: with_headroom(gas),
                    messages,
                }),
                // The culprit is found by halving; the first half is looked at next.
                Estimate::Refused(_) if messages.len() > 1 => {
                    let rest = messages.split_off(messages.len() / 2);
                    batches.push(rest);
                    batches.push(messages);
                }
                Estimate::Refused(reason) => {
                    setbacks.extend(messages.into_iter().map(|message| Setback {
                        message,
                        reason: reason.clone(),
                    }));
                }
            }
        }
        Ok((transactions, setbacks))
    }
}

impl OneShot {
    /// The transaction that tells a light client of this height of the chain that it follows.
    ///
    /// # Errors
    /// If the client cannot be read, too few attestors sign or the router refuses.
    pub async fn update(
        &self,
        to: &ClientEnd,
        height: u64,
        from: Option<Address>,
    ) -> Result<UnsignedTx, OneShotError> {
        let (place, client) = self.client(to).await?;
        let state = self.committees.gather_state(to, &client, height).await?;
        let data = encode_update(&client, &state);
        let gas = match estimate(place, from, &data).await? {
            Estimate::Gas(gas) => gas,
            Estimate::Refused(reason) => {
                let client = to.clone();
                return Err(OneShotError::Refused { client, reason });
            }
        };
        Ok(UnsignedTx {
            chain: to.chain.clone(),
            chain_number: to.chain.eip155_id().unwrap_or_default(),
            to: Some(place.router),
            data,
            gas_limit: with_headroom(gas),
            messages: Vec::new(),
        })
    }

    /// The nonce of an account's next transaction on a chain.
    ///
    /// # Errors
    /// If the chain cannot be asked.
    pub async fn next_nonce(&self, place: &Place, account: Address) -> Result<u64, OneShotError> {
        let count = place.chain.provider().get_transaction_count(account);
        count
            .pending()
            .await
            .map_err(|source| transport(place, source))
    }

    async fn client(&self, to: &ClientEnd) -> Result<(&Place, ClientView), OneShotError> {
        self.counterparty(to)?;
        let place = self.place(&to.chain)?;
        let client = client_view(&place.chain.provider(), place.router, &to.client)
            .await
            .map_err(|source| OneShotError::Client {
                client: to.clone(),
                source: Box::new(source),
            })?;
        Ok((place, client))
    }
}

/// What the router would do with a call.
enum Estimate {
    /// Take it, for this much gas.
    Gas(u64),
    /// Refuse it, in these words.
    Refused(String),
}

/// The gas that a call of the router takes, or why the router refuses it.
async fn estimate(
    place: &Place,
    from: Option<Address>,
    data: &Bytes,
) -> Result<Estimate, OneShotError> {
    let request = TransactionRequest {
        from,
        to: Some(TxKind::Call(place.router)),
        input: data.clone().into(),
        ..TransactionRequest::default()
    };
    match place.chain.provider().estimate_gas(request).await {
        Ok(gas) => Ok(Estimate::Gas(gas)),
        Err(error) => match error.as_error_resp() {
            Some(response) => Ok(Estimate::Refused(response.as_revert_data().map_or_else(
                || response.message.to_string(),
                |data| explain_revert(&data),
            ))),
            None => Err(transport(place, error)),
        },
    }
}

fn with_headroom(gas: u64) -> u64 {
    gas.saturating_add(gas / 100 * LaneConfig::default().gas_headroom_percent)
}
