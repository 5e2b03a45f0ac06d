//! What must hold: after every step, and once a run is at rest.

use std::collections::BTreeMap;

use causeway_engine::{EffectFilter, Filter};
use causeway_ibc::{Packet, Phase};

use super::{
    chain::{Chain, From},
    router::Told,
    sim::Sim,
    world::{World, end},
};
use crate::{
    host::EventKind,
    packet::{PacketMachine, process_key},
};

impl Sim {
    /// Nothing is minted that is not locked, nothing happens twice, and never before it is final.
    pub(super) fn audit(&self) {
        let world = self.world.lock();
        assert_eq!(world.violations, Vec::<String>::new());
        for side in 0..2 {
            let (here, there) = (&world.chains[side], &world.chains[1 - side]);
            let (state, other) = (&here.head().state, &there.head().state);
            assert!(!state.frozen, "the client on {side} is frozen");
            let mut in_flight = 0;
            for (number, told) in &state.outgoing {
                let paid_out = other
                    .incoming
                    .get(number)
                    .copied()
                    .unwrap_or_default()
                    .paid_out;
                let concluded = told.acknowledged + told.refunded;
                assert!(
                    concluded <= 1,
                    "packet {number} of {side} was concluded twice: {told:?}"
                );
                assert!(
                    paid_out <= 1,
                    "packet {number} of {side} was paid out twice"
                );
                assert!(
                    told.refunded + paid_out <= 1,
                    "packet {number} of {side} was refunded and paid out"
                );
                if !told.homeward && told.refunded + paid_out == 0 {
                    in_flight += told.amount;
                }
            }
            in_flight += going_home(there, here);
            assert_eq!(
                state.escrow,
                other.vouchers + in_flight,
                "what is locked on {side} is not what is minted and in flight"
            );
            let last = &there.final_block().state;
            for (number, told) in &state.incoming {
                let sent = last.outgoing.contains_key(number);
                assert!(
                    sent || told.paid_out == 0,
                    "packet {number} was paid out on {side} too soon"
                );
            }
        }
    }

    /// How often what happened: a run in which nothing does proves nothing.
    pub(super) fn seen(&self) -> BTreeMap<&'static str, u64> {
        let mut seen = self.seen.clone();
        let mut count = |what, times: usize| {
            *seen.entry(what).or_insert(0) += u64::try_from(times).unwrap();
        };
        for chain in &self.world.lock().chains {
            let ends = ends(chain);
            let timed_out = ends
                .iter()
                .filter(|(_, phase)| *phase == Phase::TimedOut)
                .count();
            let told = chain.head().state.outgoing.values();
            let refunded = told.filter(|told| told.refunded > 0).count();
            let txs = || chain.blocks.iter().flat_map(|block| &block.txs);
            let reverted = txs().filter(|(tx, outcome)| tx.from != From::User && outcome.is_err());
            let stranger =
                txs().filter(|(tx, outcome)| tx.from == From::Stranger && outcome.is_ok());
            count("a packet is acknowledged", ends.len() - timed_out);
            count("a packet times out", timed_out);
            count("an error acknowledgement refunds", refunded - timed_out);
            count("a batch reverts in its block", reverted.count());
            count("a stranger relays", stranger.count());
        }
        seen
    }

    /// Every packet ended, once; the chains, the application and the database agree on how.
    pub(super) async fn check_the_end(&self) {
        self.note_contradictions().await;
        self.audit();
        let open = EffectFilter {
            open_only: true,
            ..EffectFilter::default()
        };
        assert_eq!(self.engine.effects(open).await.unwrap(), vec![]);
        let processes = self
            .engine
            .processes::<PacketMachine>(Filter::default())
            .await
            .unwrap();
        let phases: BTreeMap<String, String> = processes
            .into_iter()
            .map(|process| (process.key, process.phase))
            .collect();
        let world = self.world.lock();
        let mut expected = BTreeMap::new();
        for side in 0..2 {
            let (here, there) = (&world.chains[side], &world.chains[1 - side]);
            for (packet, phase) in ends(here) {
                let number = packet.sequence.get();
                let told = here.head().state.outgoing[&number];
                let paid_out = there
                    .head()
                    .state
                    .incoming
                    .get(&number)
                    .map_or(0, |told: &Told| told.paid_out);
                assert_eq!(told.acknowledged, paid_out, "packet {number} of {side}");
                assert_eq!(told.refunded, 1 - paid_out, "packet {number} of {side}");
                expected.insert(
                    process_key(&end(side), packet.sequence),
                    phase.name().to_owned(),
                );
            }
            assert_eq!(here.head().state.outgoing.len(), ends(here).len());
        }
        assert_eq!(phases, expected);
        drop(world);
        self.world.note(format!("{phases:?}"));
    }
}

/// How many packets came to no end, and how many to more than one, as the chains stand.
pub(super) fn harm(world: &World) -> (usize, usize) {
    let (mut lost, mut duplicated) = (0, 0);
    for side in 0..2 {
        let (here, there) = (&world.chains[side], &world.chains[1 - side]);
        let incoming = &there.head().state.incoming;
        for (number, told) in &here.head().state.outgoing {
            let paid_out = incoming.get(number).map_or(0, |told| told.paid_out);
            let ends = told.acknowledged + told.refunded;
            lost += usize::from(ends == 0);
            duplicated += usize::from(ends > 1 || paid_out > 1 || told.refunded + paid_out > 1);
        }
    }
    (lost, duplicated)
}

/// What left this chain to be unlocked on the other, and has neither arrived nor come back.
fn going_home(from: &Chain, to: &Chain) -> u64 {
    let arrived = &to.head().state.incoming;
    let open = from.head().state.outgoing.iter().filter(|(number, told)| {
        let paid_out = arrived.get(number).copied().unwrap_or_default().paid_out;
        told.homeward && told.refunded + paid_out == 0
    });
    open.map(|(_, told)| told.amount).sum()
}

/// How the packets ended that left from this chain, as its events tell.
fn ends(chain: &Chain) -> Vec<(Packet, Phase)> {
    let events = chain.blocks.iter().flat_map(|block| &block.events);
    let ended = events.filter_map(|event| {
        let phase = match event.kind {
            EventKind::Acknowledged { .. } => Phase::Acknowledged,
            EventKind::TimedOut => Phase::TimedOut,
            EventKind::Sent | EventKind::Received { .. } => return None,
        };
        Some((event.packet.clone(), phase))
    });
    ended.collect()
}
