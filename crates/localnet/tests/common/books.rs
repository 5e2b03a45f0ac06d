//! What the chains themselves say happened: every packet's fate, and where the money is.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, U256},
    providers::Provider as _,
    rpc::types::Filter,
};
use causeway_contracts::{ics20_transfer::ICS20Transfer, test_erc20::TestERC20};
use causeway_ibc::{Packet, ics20};
use causeway_ibc_evm::{Token, decode_event, event_topics};
use causeway_localnet::Side;
use causeway_relayer::{EventKind, PacketEvent};

use super::eventually;

/// How much of a token is locked where it comes from, and how much stands for it on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Books {
    pub locked: U256,
    pub minted: U256,
}

impl Books {
    /// Books in which so much crossed and everything is accounted for.
    pub fn balanced(amount: u64) -> Self {
        let amount = U256::from(amount);
        Self {
            locked: amount,
            minted: amount,
        }
    }
}

/// The books of a token of `origin` on the route to `other`.
///
/// What is minted is read first. Unless vouchers return meanwhile, what was minted then was locked
/// before, and stays locked: `minted > locked` is a theft at any moment.
pub async fn books((origin, other): (&Side, &Side), token: Token) -> Books {
    let minted = match voucher((origin, other), token).await {
        Some(voucher) => {
            let contract = TestERC20::new(voucher, other.chain.provider());
            contract.totalSupply().call().await.unwrap()
        }
        None => U256::ZERO,
    };
    let escrow = escrow(origin).await;
    let locked = balance(origin, token, escrow).await;
    Books { locked, minted }
}

/// Where the chain keeps what is locked on the route.
async fn escrow(side: &Side) -> Address {
    let transfer = ICS20Transfer::new(side.contracts.transfer, side.chain.provider());
    let escrow = transfer.getEscrow(side.client.to_string());
    escrow.call().await.unwrap()
}

/// What somebody has of a token.
pub async fn balance(side: &Side, token: Token, owner: Address) -> U256 {
    let provider = side.chain.provider();
    match token {
        Token::Native => provider.get_balance(owner).await.unwrap(),
        Token::Erc20(token) => {
            let contract = TestERC20::new(token, provider);
            contract.balanceOf(owner).call().await.unwrap()
        }
    }
}

/// The token on `other` that stands for a token of `origin`, once there is one.
pub async fn voucher((_, other): (&Side, &Side), token: Token) -> Option<Address> {
    let denom = format!("{}/{}/{:#x}", ics20::PORT, other.client, token.address());
    let transfer = ICS20Transfer::new(other.contracts.transfer, other.chain.provider());
    match transfer.ibcERC20Contract(denom).call().await {
        Ok(voucher) => Some(voucher),
        Err(error) if error.as_revert_data().is_some() => None,
        Err(error) => panic!("{error}"),
    }
}

/// Every packet event that the chain's router ever emitted, but for those that nobody can read.
pub async fn events(side: &Side) -> Vec<PacketEvent> {
    let filter = Filter::new()
        .address(side.contracts.router)
        .event_signature(event_topics())
        .from_block(0);
    let logs = side.chain.provider().get_logs(&filter).await.unwrap();
    let events = logs.iter().filter_map(|log| {
        let (tx, index) = (log.transaction_hash.unwrap(), log.log_index.unwrap());
        decode_event(&log.inner, tx, index).ok().flatten()
    });
    events.collect()
}

/// What became of a packet, by the chains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    pub received: usize,
    pub acknowledged: usize,
    pub refused: usize,
    pub timed_out: usize,
}

impl Fate {
    /// Whether nothing more can happen to it.
    pub fn is_over(&self) -> bool {
        self.acknowledged + self.timed_out > 0
    }

    /// Delivered and acknowledged once, or refunded once and never delivered.
    pub fn is_proper(&self) -> bool {
        matches!(
            (self.received, self.acknowledged, self.timed_out),
            (1, 1, 0) | (0, 0, 1)
        )
    }
}

/// How many packets ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub acknowledged: usize,
    pub refused: usize,
    pub timed_out: usize,
}

/// The fates of all packets that left `source`. A delivery of what was never sent is a failure.
pub async fn fates((source, destination): (&Side, &Side)) -> Vec<(Packet, Fate)> {
    // Deliveries are read before what was sent: each of them must have been sent before.
    let there = events(destination).await;
    let here = events(source).await;
    let mut fates: BTreeMap<u64, (Packet, Fate)> = BTreeMap::new();
    for event in here.iter().filter(|event| event.kind == EventKind::Sent) {
        let entry = (event.packet.clone(), Fate::default());
        let earlier = fates.insert(event.packet.sequence.get(), entry);
        assert!(earlier.is_none(), "sent twice: {:?}", event.packet);
    }
    let refusal = causeway_ibc::Acknowledgement::universal_error();
    let received = |event: &&PacketEvent| matches!(event.kind, EventKind::Received { .. });
    let concluded = here
        .iter()
        .filter(|event| event.kind != EventKind::Sent && !received(event));
    for event in there.iter().filter(received).chain(concluded) {
        let entry = fates.get_mut(&event.packet.sequence.get());
        let (packet, fate) = entry.unwrap_or_else(|| panic!("never sent: {event:?}"));
        assert_eq!(packet, &event.packet, "another packet was sent");
        match &event.kind {
            EventKind::Sent => {}
            EventKind::Received { .. } => fate.received += 1,
            EventKind::Acknowledged { acks } => {
                fate.acknowledged += 1;
                fate.refused += usize::from(acks == refusal.app_acknowledgements());
            }
            EventKind::TimedOut => fate.timed_out += 1,
        }
    }
    fates.into_values().collect()
}

/// Waits until every packet from `source` came to an end, and makes sure that each did so once.
pub async fn all_over(route: (&Side, &Side)) -> Tally {
    eventually("the end of every packet", async || {
        let fates = fates(route).await;
        fates.iter().all(|(_, fate)| fate.is_over()).then_some(())
    })
    .await;
    let mut tally = Tally::default();
    // Read anew: the deliveries above were read before the conclusions.
    for (packet, fate) in fates(route).await {
        assert!(fate.is_proper(), "{fate:?}: {packet:?}");
        tally.acknowledged += fate.acknowledged - fate.refused;
        tally.refused += fate.refused;
        tally.timed_out += fate.timed_out;
    }
    tally
}
