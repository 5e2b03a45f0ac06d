//! No sequence of sends, deliveries, answers, timeouts, limits, pauses, holds, vetoes, releases, replays and forgeries
//! makes or loses a token: after every step, what is locked on one chain is what was minted on the other, is on its way,
//! or is held. A failing sequence is printed whole and shrunk; it runs again as a unit test of its own.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::IICS26RouterMsgs::Packet;
use causeway_contracts::test_erc20::TestERC20;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::harness::attestors::Attestors;
use crate::harness::chain::{ADMIN, ALICE, BOB, RELAYER};
use crate::harness::network::{Network, Side, TIMEOUT, home};
use crate::harness::safeguards::{HELD, INCOMING, OUTGOING, VETOED};

#[derive(Clone, Debug)]
enum Step {
    Send {
        side: Side,
        amount: u64,
    },
    Receive(Index),
    Acknowledge(Index),
    TimeOut(Index),
    /// A delivery that a committee of strangers proves.
    Forge {
        side: Side,
        amount: u64,
    },
    Pass(u64),
    Pause {
        side: Side,
        client: bool,
        on: bool,
    },
    Limit {
        side: Side,
        outgoing: bool,
        capacity: u64,
        period: u32,
    },
    RequireLimits {
        side: Side,
        required: bool,
    },
    Hold {
        side: Side,
        from: u64,
        seconds: u32,
    },
    Release {
        side: Side,
        id: Index,
    },
    Veto {
        side: Side,
        id: Index,
    },
    ReleaseVetoed {
        side: Side,
        id: Index,
    },
    ReturnVetoed {
        side: Side,
        id: Index,
    },
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::A), Just(Side::B)]
}

fn step() -> impl Strategy<Value = Step> {
    let id = any::<Index>;
    prop_oneof![
        6 => (side(), 1u64..300).prop_map(|(side, amount)| Step::Send { side, amount }),
        8 => id().prop_map(Step::Receive),
        4 => id().prop_map(Step::Acknowledge),
        3 => id().prop_map(Step::TimeOut),
        1 => (side(), 1u64..300).prop_map(|(side, amount)| Step::Forge { side, amount }),
        2 => (1..TIMEOUT).prop_map(Step::Pass),
        1 => (side(), any::<bool>(), any::<bool>()).prop_map(|(side, client, on)| Step::Pause { side, client, on }),
        1 => (side(), any::<bool>(), 0u64..600, 0u32..3000).prop_map(|(side, outgoing, capacity, period)| Step::Limit {
            side,
            outgoing,
            capacity: if period == 0 { 0 } else { capacity },
            period,
        }),
        1 => (side(), any::<bool>()).prop_map(|(side, required)| Step::RequireLimits { side, required }),
        2 => (side(), 0u64..200, 0u32..2000).prop_map(|(side, from, seconds)| Step::Hold { side, from, seconds }),
        3 => (side(), id()).prop_map(|(side, id)| Step::Release { side, id }),
        3 => (side(), id()).prop_map(|(side, id)| Step::Veto { side, id }),
        1 => (side(), id()).prop_map(|(side, id)| Step::ReleaseVetoed { side, id }),
        2 => (side(), id()).prop_map(|(side, id)| Step::ReturnVetoed { side, id }),
    ]
}

/// A packet, from where it was sent, and what has become of it.
struct Flight {
    from: Side,
    packet: Packet,
    amount: U256,
    acknowledgement: Option<Bytes>,
    refunded: bool,
}

impl Flight {
    fn arrived(&self) -> bool {
        self.acknowledgement
            .as_ref()
            .is_some_and(|ack| ack.len() != 32)
    }

    /// It has left, and has neither arrived nor come back.
    fn is_under_way(&self) -> bool {
        !self.arrived() && !self.refunded
    }
}

struct World {
    net: Network,
    voucher: Address,
    flights: Vec<Flight>,
    total: U256,
}

impl World {
    fn new() -> Self {
        let mut net = Network::new();
        net.cross(Side::A, net.token, 1000);
        let voucher = net.b.voucher(&home(net.token));
        let value = U256::from(1000);
        let give = TestERC20::transferCall { to: ALICE, value };
        net.b.must(BOB, voucher, &give);
        let total = net.a.supply(net.token);
        Self {
            net,
            voucher,
            flights: vec![],
            total,
        }
    }

    fn token(&self, side: Side) -> Address {
        if side == Side::A {
            self.net.token
        } else {
            self.voucher
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Send { side, amount } => {
                let token = self.token(side);
                if let Ok(receipt) = self.net.try_transfer(side, token, amount) {
                    self.took_off(side, receipt.sent(), U256::from(amount));
                }
            }
            Step::Receive(index) => self.receive(index),
            Step::Acknowledge(index) => self.acknowledge(index),
            Step::TimeOut(index) => self.time_out(index),
            Step::Forge { side, amount } => self.forge(side, amount),
            Step::Pass(seconds) => self.net.pass(seconds),
            Step::Pause { side, client, on } => self.pause(side, client, on),
            Step::Limit {
                side,
                outgoing,
                capacity,
                period,
            } => {
                let token = self.token(side);
                let direction = if outgoing { OUTGOING } else { INCOMING };
                self.net
                    .chain(side)
                    .limit(token, direction, capacity.into(), period);
            }
            Step::RequireLimits { side, required } => self.net.chain(side).require_limits(required),
            Step::Hold {
                side,
                from,
                seconds,
            } => {
                let token = self.token(side);
                self.net.chain(side).hold(token, from.into(), seconds);
            }
            Step::Release { side, id } => self.release(side, id),
            Step::Veto { side, id } => self.veto(side, id),
            Step::ReleaseVetoed { side, id } => self.release_vetoed(side, id),
            Step::ReturnVetoed { side, id } => self.return_vetoed(side, id),
        }
    }

    fn took_off(&mut self, from: Side, packets: Vec<Packet>, amount: U256) {
        self.flights
            .extend(packets.into_iter().map(|packet| Flight {
                from,
                packet,
                amount,
                acknowledgement: None,
                refunded: false,
            }));
    }

    fn pause(&mut self, side: Side, client: bool, on: bool) {
        let chain = self.net.chain(side);
        let transfer = chain.transfer;
        let clientId = chain.client_id.clone();
        use causeway_contracts::transfer_safeguards::TransferSafeguards as S;
        let call = match (client, on) {
            (false, true) => ICS20Transfer::pauseCall {}.abi_encode(),
            (false, false) => ICS20Transfer::unpauseCall {}.abi_encode(),
            (true, true) => S::pauseClientCall { clientId }.abi_encode(),
            (true, false) => S::unpauseClientCall { clientId }.abi_encode(),
        };
        // Pausing what is paused is refused.
        let _ = chain.send_raw(ADMIN, transfer, U256::ZERO, call.into());
    }

    fn pick(&self, index: Index) -> Option<usize> {
        (!self.flights.is_empty()).then(|| index.index(self.flights.len()))
    }

    fn receive(&mut self, index: Index) {
        let Some(index) = self.pick(index) else {
            return;
        };
        let flight = &mut self.flights[index];
        if let Ok(receipt) = self.net.recv(flight.from.other(), &flight.packet) {
            if let Some(acknowledgement) = receipt.acknowledgements().pop() {
                assert!(!flight.refunded, "delivered after the refund");
                assert!(flight.acknowledgement.is_none(), "delivered twice");
                flight.acknowledgement = Some(acknowledgement);
            } else {
                assert!(receipt.was_noop());
            }
        }
    }

    fn acknowledge(&mut self, index: Index) {
        let Some(index) = self.pick(index) else {
            return;
        };
        let flight = &mut self.flights[index];
        if let Some(acknowledgement) = &flight.acknowledgement {
            let result = self.net.ack(flight.from, &flight.packet, acknowledgement);
            result.expect("an answer was held back");
            flight.refunded |= acknowledgement.len() == 32;
        }
    }

    fn time_out(&mut self, index: Index) {
        let Some(index) = self.pick(index) else {
            return;
        };
        let flight = &mut self.flights[index];
        match self.net.timeout(flight.from, &flight.packet) {
            Ok(receipt) if receipt.was_noop() => {
                assert!(flight.refunded || flight.acknowledgement.is_some())
            }
            Ok(_) => {
                assert!(flight.acknowledgement.is_none(), "timed out after delivery");
                flight.refunded = true;
            }
            Err(_) => {
                let now = self.net.chain_ref(flight.from.other()).timestamp;
                let late = now > flight.packet.timeoutTimestamp;
                assert!(
                    !late || flight.acknowledgement.is_some(),
                    "a refund was held back"
                );
            }
        }
    }

    fn forge(&mut self, side: Side, amount: u64) {
        let denom = match side {
            Side::A => self.net.b.trace(&home(self.net.token)),
            Side::B => home(self.net.token),
        };
        let packet = self.net.forge(side, amount, &denom, U256::from(amount));
        let height = self.net.update(side);
        let honest = std::mem::replace(&mut self.net.attestors, Attestors::new(3, 5, 100));
        let strangers = self.net.recv_forged_at(side, &packet, height);
        self.net.attestors = honest;
        assert!(strangers.is_err(), "believed");
    }

    /// One of the transfers that were held on this side.
    fn pick_held(&self, side: Side, index: Index) -> Option<(u64, u8, u64, U256)> {
        let held = self.net.chain_ref(side).held();
        (!held.is_empty()).then(|| {
            let index = index.index(held.len());
            let transfer = &held[index];
            (
                index as u64 + 1,
                transfer.status,
                transfer.releaseAt,
                transfer.amount,
            )
        })
    }

    fn release(&mut self, side: Side, id: Index) {
        let Some((id, status, release_at, _)) = self.pick_held(side, id) else {
            return;
        };
        let chain = self.net.chain(side);
        if chain.release(RELAYER, id).is_ok() {
            assert!(
                status == HELD && chain.timestamp >= release_at,
                "released too early"
            );
        }
    }

    fn veto(&mut self, side: Side, id: Index) {
        let Some((id, status, ..)) = self.pick_held(side, id) else {
            return;
        };
        assert_eq!(self.net.chain(side).veto(ADMIN, id).is_ok(), status == HELD);
    }

    fn release_vetoed(&mut self, side: Side, id: Index) {
        let Some((id, status, ..)) = self.pick_held(side, id) else {
            return;
        };
        if self.net.chain(side).release_vetoed(ADMIN, id).is_ok() {
            assert_eq!(status, VETOED);
        }
    }

    fn return_vetoed(&mut self, side: Side, id: Index) {
        let Some((id, status, _, amount)) = self.pick_held(side, id) else {
            return;
        };
        let result = self.net.chain(side).return_vetoed(ADMIN, id);
        assert_eq!(result.is_ok(), status == VETOED);
        if let Ok(receipt) = result {
            self.took_off(side, receipt.sent(), amount);
        }
    }

    fn held(&self, side: Side) -> U256 {
        let chain = self.net.chain_ref(side);
        let listed = chain.held().into_iter();
        let listed = listed.filter(|transfer| [HELD, VETOED].contains(&transfer.status));
        let sum = listed.map(|transfer| transfer.amount).sum();
        assert_eq!(
            chain.total_held(self.token(side)),
            sum,
            "the list and the total differ"
        );
        sum
    }

    fn check(&self) {
        let locked = self.net.a.balance(self.net.token, self.net.a.escrow());
        let under_way = self.flights.iter().filter(|flight| flight.is_under_way());
        let under_way: U256 = under_way.map(|flight| flight.amount).sum();
        let minted = self.net.b.supply(self.voucher);
        let held = self.held(Side::A) + self.held(Side::B);
        assert_eq!(
            minted + under_way + held,
            locked,
            "minted, under way and held, against locked"
        );
        assert_eq!(self.net.a.supply(self.net.token), self.total);
    }

    /// Settles everything; then vouchers and locked tokens are the same number.
    fn settle(&mut self) {
        for side in [Side::A, Side::B] {
            for client in [false, true] {
                self.pause(side, client, false);
            }
        }
        self.net.pass(2 * TIMEOUT);
        for flight in &mut self.flights {
            match &flight.acknowledgement {
                Some(ack) => {
                    self.net
                        .ack(flight.from, &flight.packet, ack)
                        .expect("not acknowledged");
                    flight.refunded |= ack.len() == 32;
                }
                None => {
                    self.net
                        .timeout(flight.from, &flight.packet)
                        .expect("not refunded");
                    flight.refunded = true;
                }
            }
        }
        for side in [Side::A, Side::B] {
            for (index, transfer) in self.net.chain_ref(side).held().into_iter().enumerate() {
                let id = index as u64 + 1;
                let chain = self.net.chain(side);
                match transfer.status {
                    HELD => drop(chain.release(RELAYER, id).expect("not released")),
                    VETOED => drop(chain.release_vetoed(ADMIN, id).expect("not released")),
                    _ => {}
                }
            }
        }
        self.check();
        let locked = self.net.a.balance(self.net.token, self.net.a.escrow());
        assert_eq!(self.net.b.supply(self.voucher), locked);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_locked_is_minted_or_under_way_or_held(steps in proptest::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        world.check();
        for step in steps {
            world.apply(step);
            world.check();
        }
        world.settle();
    }
}
