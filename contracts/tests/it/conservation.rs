//! No sequence of sends, deliveries, acknowledgements and timeouts makes more vouchers than there are tokens locked,
//! delivers and refunds, or loses anything in the end.

use alloy::primitives::{Address, Bytes, U256};
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::IICS26RouterMsgs::Packet;
use causeway_contracts::test_erc20::TestERC20;
use proptest::prelude::*;

use crate::harness::chain::{ADMIN, ALICE, BOB};
use crate::harness::network::{Network, Side, TIMEOUT, home};

#[derive(Clone, Debug)]
enum Step {
    Send { side: Side, amount: u64 },
    Receive(prop::sample::Index),
    Acknowledge(prop::sample::Index),
    TimeOut(prop::sample::Index),
    Pass(u64),
    Pause(Side),
    Unpause(Side),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::A), Just(Side::B)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (side(), 1u64..300).prop_map(|(side, amount)| Step::Send { side, amount }),
        4 => any::<prop::sample::Index>().prop_map(Step::Receive),
        3 => any::<prop::sample::Index>().prop_map(Step::Acknowledge),
        2 => any::<prop::sample::Index>().prop_map(Step::TimeOut),
        1 => (1..TIMEOUT).prop_map(Step::Pass),
        1 => side().prop_map(Step::Pause),
        1 => side().prop_map(Step::Unpause),
    ]
}

/// A packet, from where it was sent, and the acknowledgement if it was delivered.
struct Flight {
    from: Side,
    packet: Packet,
    acknowledgement: Option<Bytes>,
    timed_out: bool,
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
        net.b.must(
            BOB,
            voucher,
            &TestERC20::transferCall {
                to: ALICE,
                value: U256::from(1000),
            },
        );
        let total = net.a.supply(net.token);
        Self {
            net,
            voucher,
            flights: vec![],
            total,
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Send { side, amount } => {
                let token = if side == Side::A {
                    self.net.token
                } else {
                    self.voucher
                };
                if let Ok(receipt) = self.net.try_transfer(side, token, amount) {
                    self.flights
                        .extend(receipt.sent().into_iter().map(|packet| Flight {
                            from: side,
                            packet,
                            acknowledgement: None,
                            timed_out: false,
                        }));
                }
            }
            Step::Receive(index) => self.receive(index),
            Step::Acknowledge(index) => self.acknowledge(index),
            Step::TimeOut(index) => self.time_out(index),
            Step::Pass(seconds) => self.net.pass(seconds),
            Step::Pause(side) => self.switch(side, &ICS20Transfer::pauseCall {}),
            Step::Unpause(side) => self.switch(side, &ICS20Transfer::unpauseCall {}),
        }
    }

    fn switch<C: alloy::sol_types::SolCall>(&mut self, side: Side, call: &C) {
        let chain = self.net.chain(side);
        let _ = chain.send(ADMIN, chain.transfer, call);
    }

    fn receive(&mut self, index: prop::sample::Index) {
        if self.flights.is_empty() {
            return;
        }
        let index = index.index(self.flights.len());
        let flight = &mut self.flights[index];
        if let Ok(receipt) = self.net.recv(flight.from.other(), &flight.packet) {
            assert!(!flight.timed_out, "delivered after the timeout");
            if let Some(acknowledgement) = receipt.acknowledgements().pop() {
                assert!(flight.acknowledgement.is_none(), "delivered twice");
                flight.acknowledgement = Some(acknowledgement);
            }
        }
    }

    fn acknowledge(&mut self, index: prop::sample::Index) {
        if self.flights.is_empty() {
            return;
        }
        let flight = &self.flights[index.index(self.flights.len())];
        if let Some(acknowledgement) = &flight.acknowledgement {
            self.net
                .ack(flight.from, &flight.packet, acknowledgement)
                .expect("not acknowledged");
        }
    }

    fn time_out(&mut self, index: prop::sample::Index) {
        if self.flights.is_empty() {
            return;
        }
        let index = index.index(self.flights.len());
        let flight = &mut self.flights[index];
        if self.net.timeout(flight.from, &flight.packet).is_ok() {
            assert!(flight.acknowledgement.is_none(), "timed out after delivery");
            flight.timed_out = true;
        }
    }

    fn check(&self) {
        let locked = self.net.a.balance(self.net.token, self.net.a.escrow());
        assert!(
            self.net.b.supply(self.voucher) <= locked,
            "more vouchers than tokens"
        );
        assert_eq!(self.net.a.supply(self.net.token), self.total);
    }

    /// Settles everything; then vouchers and locked tokens are the same number.
    fn settle(&mut self) {
        self.apply(Step::Unpause(Side::A));
        self.apply(Step::Unpause(Side::B));
        self.net.pass(2 * TIMEOUT);
        for flight in &self.flights {
            match &flight.acknowledgement {
                Some(ack) => self.net.ack(flight.from, &flight.packet, ack).map(drop),
                None => self.net.timeout(flight.from, &flight.packet).map(drop),
            }
            .expect("neither delivered nor refunded");
        }
        let locked = self.net.a.balance(self.net.token, self.net.a.escrow());
        assert_eq!(self.net.b.supply(self.voucher), locked);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn vouchers_never_outnumber_locked_tokens(steps in proptest::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in steps {
            world.apply(step);
            world.check();
        }
        world.settle();
    }
}
