//! Two small chains with a bridge between them, and thieves, for the ledger to be tested against.
//! A chain is its blocks; everything that happens goes into the block that is being made.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, U256};
use causeway_ibc::{ClientId, Packet, Sequence, ics20};
use causeway_types::{BlockRef, Timestamp};

use super::{Balance, Fact, Ledger};
use crate::{
    asset::{Asset, Ends, Side},
    breach::Breach,
    cut::{Sighting, Sightings},
};

/// One block: what happened in it, and what stands after it.
#[derive(Clone, Default)]
struct Block {
    facts: Vec<Fact>,
    seen_of_other: u64,
    /// What the escrow holds of the token that is at home here.
    locked: u64,
    /// The supply of the voucher for the other end's token.
    minted: u64,
}

#[derive(Clone)]
struct Sent {
    packet: Packet,
    amount: u64,
    burned: bool,
    at: u64,
    received: Option<(bool, u64)>,
    over: bool,
}

/// The whole world.
pub(super) struct World {
    chains: Ends<Vec<Block>>,
    making: Ends<Block>,
    sent: Ends<Vec<Sent>>,
    gifts: Ends<u64>,
}

fn client(side: Side) -> ClientId {
    let name = if side == Side::A {
        "client-on-a"
    } else {
        "client-on-b"
    };
    name.parse().unwrap()
}

pub(super) fn asset(home: Side) -> Asset {
    let denom = if home == Side::A { "0xaa" } else { "0xbb" };
    Asset {
        home,
        denom: denom.to_owned(),
    }
}

impl World {
    pub(super) fn new() -> Self {
        let genesis = || vec![Block::default()];
        let mut making: Ends<Block> = Ends::default();
        for home in Side::BOTH {
            let created = Fact::VoucherCreated {
                denom: asset(home).denom,
                voucher: Address::repeat_byte(1),
            };
            making.of_mut(home.other()).facts.push(created);
        }
        Self {
            chains: Ends {
                a: genesis(),
                b: genesis(),
            },
            making,
            sent: Ends {
                a: Vec::new(),
                b: Vec::new(),
            },
            gifts: Ends::default(),
        }
    }

    pub(super) fn height(&self, side: Side) -> u64 {
        self.chains.of(side).len() as u64 - 1
    }

    pub(super) fn mine(&mut self, side: Side) {
        let next = self.making.of(side).clone();
        self.making.of_mut(side).facts.clear();
        self.chains.of_mut(side).push(next);
    }

    fn emit(&mut self, side: Side, fact: Fact) {
        self.making.of_mut(side).facts.push(fact);
    }

    /// The light client at this end learns of the newest block of the other end.
    fn update_client(&mut self, side: Side) -> u64 {
        let height = self.height(side.other());
        self.making.of_mut(side).seen_of_other = height;
        height
    }

    /// Sends the home token, or its counterpart back if there is enough.
    pub(super) fn send(&mut self, from: Side, amount: u64, back: bool, lifetime: u64) {
        let here = self.making.of_mut(from);
        let denom = if back {
            if here.minted < amount {
                return;
            }
            here.minted -= amount;
            asset(from.other()).voucher_denom(&client(from))
        } else {
            here.locked += amount;
            asset(from).denom
        };
        let sequence = self.sent.of(from).len() as u64 + 1;
        let payload = ics20::FungibleTokenPacketData {
            denom,
            sender: "0x01".to_owned(),
            receiver: "0x02".to_owned(),
            amount: U256::from(amount),
            memo: String::new(),
        };
        let packet = Packet {
            sequence: Sequence::try_from(sequence).unwrap(),
            source_client: client(from),
            dest_client: client(from.other()),
            timeout: Timestamp::from_secs(self.height(from.other()) + lifetime),
            payloads: vec![payload.payload()],
        };
        self.emit(from, Fact::Sent(packet.clone()));
        let at = self.height(from) + 1;
        let sent = Sent {
            packet,
            amount,
            burned: back,
            at,
            received: None,
            over: false,
        };
        self.sent.of_mut(from).push(sent);
    }

    fn pay(&mut self, at: Side, amount: u64, unlock: bool) {
        let there = self.making.of_mut(at);
        if unlock {
            there.locked -= amount;
        } else {
            there.minted += amount;
        }
    }

    /// Somebody relays one packet as far as the rules allow: receives, acknowledges or times it out.
    pub(super) fn relay(&mut self, from: Side, which: usize, accept: bool) {
        if self.sent.of(from).is_empty() {
            return;
        }
        let index = which % self.sent.of(from).len();
        let sent = self.sent.of(from)[index].clone();
        let (there, time_there) = (from.other(), self.height(from.other()) + 1);
        let expired = time_there >= sent.packet.timeout.as_secs();
        // After a theft there may be too little to pay out: then the transaction fails.
        let (pays, unlocks) = match sent.received {
            None if !expired => (there, sent.burned),
            _ => (from, !sent.burned),
        };
        if unlocks && self.making.of(pays).locked < sent.amount {
            return;
        }
        match sent.received {
            _ if sent.over => {}
            None if !expired && sent.at <= self.height(from) => {
                self.update_client(there);
                if accept {
                    self.pay(there, sent.amount, sent.burned);
                }
                let packet = sent.packet;
                self.emit(
                    there,
                    Fact::Received {
                        packet,
                        success: accept,
                    },
                );
                self.sent.of_mut(from)[index].received = Some((accept, time_there));
            }
            None if self.height(there) >= sent.packet.timeout.as_secs() => {
                self.update_client(from);
                self.pay(from, sent.amount, !sent.burned);
                self.emit(from, Fact::TimedOut(sent.packet));
                self.sent.of_mut(from)[index].over = true;
            }
            Some((success, at)) if at <= self.height(there) => {
                self.update_client(from);
                if !success {
                    self.pay(from, sent.amount, !sent.burned);
                }
                let packet = sent.packet;
                self.emit(from, Fact::Acknowledged { packet, success });
                self.sent.of_mut(from)[index].over = true;
            }
            _ => {}
        }
    }

    /// A stranger gives tokens to the escrow.
    pub(super) fn give(&mut self, side: Side, amount: u64) {
        self.making.of_mut(side).locked += amount;
        *self.gifts.of_mut(side) += amount;
    }

    /// Takes more out of the escrow than strangers gave; returns whether there was something.
    pub(super) fn drain(&mut self, side: Side, amount: u64) -> bool {
        let gifts = *self.gifts.of(side);
        let here = self.making.of_mut(side);
        let possible = here.locked >= gifts + amount;
        if possible {
            here.locked -= gifts + amount;
        }
        possible
    }

    /// Mints without any packet.
    pub(super) fn mint(&mut self, side: Side, amount: u64) {
        self.making.of_mut(side).minted += amount;
    }

    /// Has a packet received that was never sent, with forged signatures over a real height.
    pub(super) fn forge(&mut self, from: Side, amount: u64) {
        let sequence = 1_000_000 + self.sent.of(from).len() as u64;
        let payload = ics20::FungibleTokenPacketData {
            denom: asset(from).denom,
            sender: "0x01".to_owned(),
            receiver: "0x03".to_owned(),
            amount: U256::from(amount),
            memo: String::new(),
        };
        let packet = Packet {
            sequence: Sequence::try_from(sequence).unwrap(),
            source_client: client(from),
            dest_client: client(from.other()),
            timeout: Timestamp::from_secs(u64::MAX),
            payloads: vec![payload.payload()],
        };
        self.update_client(from.other());
        self.pay(from.other(), amount, false);
        let fact = Fact::Received {
            packet,
            success: true,
        };
        self.emit(from.other(), fact);
    }

    /// Has a packet refunded that was received; returns whether there was one.
    pub(super) fn refund_received(&mut self, from: Side) -> bool {
        let taken = |sent: &Sent| matches!(sent.received, Some((true, _))) && !sent.over;
        let Some(index) = self.sent.of(from).iter().position(taken) else {
            return false;
        };
        let sent = self.sent.of(from)[index].clone();
        if !sent.burned && self.making.of(from).locked < sent.amount {
            return false;
        }
        self.update_client(from);
        self.pay(from, sent.amount, !sent.burned);
        self.emit(from, Fact::TimedOut(sent.packet));
        self.sent.of_mut(from)[index].over = true;
        true
    }
}

/// A monitor that looks at the world now and then, at each chain as late as it likes.
#[derive(Default)]
pub(super) struct Watcher {
    sightings: Sightings,
    ledger: Ledger,
    at: Ends<u64>,
}

impl Watcher {
    /// Sees a chain as it was some blocks ago.
    pub(super) fn sight(&mut self, world: &World, side: Side, lag: u64) {
        let height = world.height(side).saturating_sub(lag);
        let block = BlockRef {
            height,
            hash: B256::ZERO,
            parent: B256::ZERO,
            timestamp: Timestamp::from_secs(height),
        };
        let seen_of_other = world.chains.of(side)[usize::try_from(height).unwrap()].seen_of_other;
        self.sightings.add(
            side,
            Sighting {
                block,
                seen_of_other,
            },
        );
    }

    /// Compares as of the newest consistent pair.
    pub(super) fn compare(&mut self, world: &World) -> Vec<Breach> {
        let Some(pair) = self.sightings.newest_pair(self.at) else {
            return Vec::new();
        };
        let index = |height: u64| usize::try_from(height).unwrap();
        for side in Side::BOTH {
            let (from, to) = (*self.at.of(side), pair.of(side).block.height);
            let blocks = &world.chains.of(side)[index(from + 1)..=index(to)];
            for fact in blocks.iter().flat_map(|block| &block.facts) {
                self.ledger.see(side, fact.clone());
            }
            *self.at.of_mut(side) = to;
        }
        let mut breaches = self.ledger.judge_packets();
        let blocks = |side| &world.chains.of(side)[index(*self.at.of(side))];
        let balances: BTreeMap<Asset, Balance> = Side::BOTH
            .map(|home| {
                let balance = Balance {
                    locked: U256::from(blocks(home).locked),
                    minted: Some(U256::from(blocks(home.other()).minted)),
                };
                (asset(home), balance)
            })
            .into();
        breaches.extend(self.ledger.judge_balances(&balances));
        breaches
    }

    pub(super) fn open_packets(&self) -> usize {
        self.ledger.open_packets()
    }
}
