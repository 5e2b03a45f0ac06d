//! Someone who relays by hand, while no relayer interferes.

use std::time::Duration;

use alloy::{
    primitives::{Bytes, U256},
    sol_types::SolCall,
};
use anyhow::{Context, Result, ensure};
use causeway_attestor::AttestorClient;
use causeway_contracts::ics26_router::ICS26Router;
use causeway_ibc::Packet;
use causeway_ibc_evm::{Account, client_view, encode_message, encode_update};
use causeway_localnet::{Network, Side, roles};
use causeway_relayer::{ClientEnd, ClientView, Committees, Message, Proof};

/// Someone who relays by hand.
pub(crate) struct Hand<'a> {
    pub(crate) to: &'a Side,
    from: &'a Side,
    pub(crate) client: ClientView,
    pub(crate) account: Account,
    committees: Committees,
}

impl<'a> Hand<'a> {
    pub(crate) async fn new(to: &'a Side, from: &'a Side, committees: Committees) -> Result<Self> {
        let client = client_view(&to.chain.provider(), to.contracts.router, &to.client).await?;
        Ok(Self {
            to,
            from,
            client,
            account: to.account(roles::RELAYER),
            committees,
        })
    }

    /// Delivers messages with one proof: the client update in a transaction of its own, then the
    /// messages in one multicall, or, if there is only one, by itself. Returns the gas of the
    /// update, and of the rest per message.
    pub(crate) async fn deliver(&self, messages: &[Message]) -> Result<(u64, u64)> {
        let proof = self.prove(messages).await?;
        let update = self
            .execute(encode_update(&self.client, &proof.state))
            .await?;
        let mut first = proof.packets.encode();
        let calls: Vec<Bytes> = messages
            .iter()
            .map(|message| encode_message(message, std::mem::take(&mut first), proof.height))
            .collect();
        let data = match calls.as_slice() {
            [one] => one.clone(),
            _ => ICS26Router::multicallCall { data: calls }
                .abi_encode()
                .into(),
        };
        let gas = self.execute(data).await?;
        Ok((update, gas / messages.len().max(1) as u64))
    }

    /// One proof for all of these messages.
    pub(crate) async fn prove(&self, messages: &[Message]) -> Result<Proof> {
        let end = ClientEnd {
            chain: self.to.id().clone(),
            client: self.to.client.clone(),
        };
        let paths: Vec<_> = messages
            .iter()
            .map(|message| message.proven_path().key())
            .collect();
        let height = self.from.chain.final_block().await?.height;
        let (proof, attested) = self
            .committees
            .gather(&end, &self.client, height, &paths)
            .await?;
        for (message, entry) in messages.iter().zip(&attested.packets) {
            ensure!(
                entry.commitment == message.proven_commitment(),
                "{} shows {} where {} is needed",
                self.from.name,
                entry.commitment,
                message.proven_commitment()
            );
        }
        Ok(proof)
    }

    async fn execute(&self, data: Bytes) -> Result<u64> {
        let router = self.to.contracts.router;
        let receipt = self
            .account
            .execute("a message", router, data, U256::ZERO)
            .await;
        Ok(receipt
            .with_context(|| format!("on {}", self.to.name))?
            .gas_used)
    }
}

/// The attestors of a network.
pub(crate) fn committees(network: &Network) -> Result<Committees> {
    let clients = network
        .attestor_urls()
        .into_iter()
        .map(|url| AttestorClient::new(url, Duration::from_secs(10)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Committees::new(clients))
}

/// Messages that deliver these packets.
pub(crate) fn receive(packets: &[Packet]) -> Vec<Message> {
    packets
        .iter()
        .map(|packet| Message::Receive {
            packet: packet.clone(),
        })
        .collect()
}
