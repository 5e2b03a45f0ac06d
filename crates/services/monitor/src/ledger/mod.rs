//! What the packets of a route say about its tokens.
//!
//! Why the check is sound. Take a consistent pair of blocks (see [`cut`](crate::cut)) and, of one
//! token, let `L` be what the escrow at home holds, `M` how many vouchers exist, and count packets
//! as of the pair. Sending a token from home adds to `L`; its receipt, if it succeeded, adds to `M`;
//! a refund at home (error acknowledgement or timeout) takes from `L`. On the way back sending takes
//! from `M`, receipt from `L`, and a refund adds to `M`. So, with `D ≥ 0` for what strangers gave to
//! the escrow,
//!
//! ```text
//! L − M = D + Σ (sent, neither received with success nor settled at the source), both directions
//! ```
//!
//! provided that no packet is counted as received before it is counted as sent, none as refunded
//! unless it is counted as refused or as never to be received, and none both ways: that is what the
//! pair's consistency gives. Hence honest traffic never breaks `M + in flight ≤ L`, whatever the order
//! of reading. Conversely every packet is followed by itself, not in sums: a receipt without its
//! send stays a breach even while as much is honestly in flight; and `M` is compared with what
//! packets account for, so that a stranger's gift to the escrow covers up nothing. A transfer that
//! the destination holds back before it pays out is received but not yet in `M`, or still in `L`:
//! both only add to the right side.

mod fact;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, U256};
use causeway_ibc::Packet;
use serde::{Deserialize, Serialize};

pub use fact::Fact;

use crate::{
    asset::{Asset, Ends, Motion, Side, Transfer, transfer_of},
    breach::Breach,
};

/// How a packet's life ended at its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum End {
    /// Acknowledged, with success or not.
    Acknowledged(bool),
    /// Refunded because its time was over.
    TimedOut,
}

/// What is known of one packet. Facts may come in any order; they are judged at a consistent pair.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    sent: Option<B256>,
    /// What was received, and whether the application took it.
    received: Option<(B256, bool)>,
    end: Option<(B256, End)>,
    transfer: Option<Transfer>,
    /// Whether some fact came twice, which no chain allows.
    twice: bool,
}

/// What packets account for of one token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Vouchers that were minted and not burned, by the packets.
    pub minted: U256,
    /// The voucher's contract, once one was created for it.
    pub voucher: Option<Address>,
}

/// What stands on the chains of one token, as of a consistent pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// What the escrow at home holds.
    pub locked: U256,
    /// The voucher's supply; `None` if there is no voucher of our own making, and then the packets
    /// are believed.
    pub minted: Option<U256>,
}

/// The packets of one route that are not over, and what all packets so far come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    packets: Ends<BTreeMap<u64, Entry>>,
    accounts: BTreeMap<Asset, Account>,
    /// What was wrong with facts by themselves, and is yet to be told.
    #[serde(default)]
    wrong: Vec<Breach>,
    /// Tokens that packets moved since they were last compared.
    #[serde(default)]
    moved: BTreeSet<Asset>,
}

impl Ledger {
    /// Takes down what one end's chain shows.
    pub fn see(&mut self, on: Side, fact: Fact) {
        match fact {
            Fact::Sent(packet) => self.sent(on, &packet),
            Fact::Received { packet, success } => self.received(on.other(), &packet, success),
            Fact::Acknowledged { packet, success } => {
                self.ended(on, &packet, End::Acknowledged(success));
            }
            Fact::TimedOut(packet) => self.ended(on, &packet, End::TimedOut),
            Fact::VoucherCreated { denom, voucher } => {
                let asset = Asset {
                    home: on.other(),
                    denom,
                };
                self.account(asset).voucher = Some(voucher);
            }
        }
    }

    /// Every token that ever moved.
    pub fn accounts(&self) -> &BTreeMap<Asset, Account> {
        &self.accounts
    }

    /// The tokens that moved since [`Self::compared`].
    pub fn moved(&self) -> &BTreeSet<Asset> {
        &self.moved
    }

    /// These tokens were compared with what stands on the chains.
    pub fn compared<'a>(&mut self, assets: impl IntoIterator<Item = &'a Asset>) {
        for asset in assets {
            self.moved.remove(asset);
        }
    }

    /// How many packets are not over.
    pub fn open_packets(&self) -> usize {
        self.packets.a.len() + self.packets.b.len()
    }

    /// How much of each token is on its way.
    pub fn in_flight(&self) -> BTreeMap<&Asset, U256> {
        let mut sums: BTreeMap<&Asset, U256> = BTreeMap::new();
        let entries = self.packets.a.values().chain(self.packets.b.values());
        for entry in entries {
            let taken = matches!(entry.received, Some((_, true)));
            if let (Some(_), None, false, Some(transfer)) =
                (entry.sent, entry.end, taken, &entry.transfer)
            {
                let sum = sums.entry(&transfer.asset).or_default();
                // A stranger's token may claim any amounts; too much stays too much.
                *sum = sum.saturating_add(transfer.amount);
            }
        }
        sums
    }

    /// Judges all facts so far, which must be those up to a consistent pair, and lets go of the
    /// packets that are over.
    pub fn judge_packets(&mut self) -> Vec<Breach> {
        let mut breaches = std::mem::take(&mut self.wrong);
        for from in Side::BOTH {
            self.packets.of_mut(from).retain(|sequence, entry| {
                let breach = entry.judge(from, *sequence);
                // A breach is told once; what it did to the tokens stays.
                let over = entry.end.is_some() || breach.is_some();
                breaches.extend(breach);
                !over
            });
        }
        breaches
    }

    /// Compares tokens with what stands on the chains as of the pair that was judged.
    pub fn judge_balances<'a>(
        &self,
        balances: impl IntoIterator<Item = (&'a Asset, &'a Balance)>,
    ) -> Vec<Breach> {
        let in_flight = self.in_flight();
        let mut breaches = Vec::new();
        for (asset, balance) in balances {
            let accounted = self.accounts.get(asset).map_or(U256::ZERO, |a| a.minted);
            let minted = balance.minted.unwrap_or(accounted);
            if minted > accounted {
                breaches.push(Breach::Unbacked {
                    asset: asset.clone(),
                    minted,
                    accounted,
                });
            }
            let in_flight = in_flight.get(asset).copied().unwrap_or_default();
            if minted.saturating_add(in_flight) > balance.locked {
                breaches.push(Breach::Uncovered {
                    asset: asset.clone(),
                    minted,
                    in_flight,
                    locked: balance.locked,
                });
            }
        }
        breaches
    }

    fn account(&mut self, asset: Asset) -> &mut Account {
        self.moved.insert(asset.clone());
        self.accounts.entry(asset).or_default()
    }

    fn entry(&mut self, from: Side, packet: &Packet) -> &mut Entry {
        let packets = self.packets.of_mut(from);
        packets.entry(packet.sequence.get()).or_default()
    }

    fn sent(&mut self, from: Side, packet: &Packet) {
        let transfer = transfer_of(packet, from);
        if let Some(transfer) = &transfer {
            let account = self.account(transfer.asset.clone());
            if transfer.motion == Motion::Burn {
                let accounted = account.minted;
                account.minted = accounted.saturating_sub(transfer.amount);
                // Whoever mints behind our back may burn at once, before anybody looks.
                if transfer.amount > accounted && account.voucher.is_some() {
                    self.wrong.push(Breach::Unbacked {
                        asset: transfer.asset.clone(),
                        minted: transfer.amount,
                        accounted,
                    });
                }
            }
        }
        let entry = self.entry(from, packet);
        entry.twice |= entry.sent.is_some();
        entry.sent = Some(packet.commitment());
        entry.transfer = transfer;
    }

    fn received(&mut self, from: Side, packet: &Packet, success: bool) {
        if success
            && let Some(transfer) = transfer_of(packet, from)
            && transfer.motion == Motion::Lock
        {
            let account = self.account(transfer.asset);
            account.minted = account.minted.saturating_add(transfer.amount);
        }
        let entry = self.entry(from, packet);
        entry.twice |= entry.received.is_some();
        entry.received = Some((packet.commitment(), success));
    }

    fn ended(&mut self, from: Side, packet: &Packet, end: End) {
        if let Some(transfer) = transfer_of(packet, from) {
            let refunded = end != End::Acknowledged(true);
            let account = self.account(transfer.asset);
            if refunded && transfer.motion == Motion::Burn {
                account.minted = account.minted.saturating_add(transfer.amount);
            }
        }
        let entry = self.entry(from, packet);
        entry.twice |= entry.end.is_some();
        entry.end = Some((packet.commitment(), end));
    }
}

impl Entry {
    /// What is wrong with a packet whose facts are known up to a consistent pair.
    fn judge(&self, from: Side, sequence: u64) -> Option<Breach> {
        let Some(sent) = self.sent else {
            return Some(Breach::NeverSent { from, sequence });
        };
        let others = [
            self.received.map(|(commitment, _)| commitment),
            self.end.map(|(commitment, _)| commitment),
        ];
        if self.twice || others.into_iter().flatten().any(|other| other != sent) {
            return Some(Breach::Altered { from, sequence });
        }
        match (self.end?.1, self.received) {
            (End::TimedOut, None) => None,
            (End::TimedOut, Some(_)) => Some(Breach::RefundedAndReceived { from, sequence }),
            (End::Acknowledged(told), Some((_, wrote))) if told == wrote => None,
            (End::Acknowledged(_), _) => Some(Breach::FalseAcknowledgement { from, sequence }),
        }
    }
}
