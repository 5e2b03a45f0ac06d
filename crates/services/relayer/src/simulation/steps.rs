//! What can happen, and how a run comes to rest.

use std::time::Duration;

use causeway_engine::{EffectFilter, Filter};
use rand::Rng;

use super::{
    chain::From,
    job::{POINTS, Plan},
    router::{Call, NOBODY, Order, POISON, Told},
    sim::Sim,
    world::Mood,
};
use crate::packet::PacketMachine;

/// How many rounds a run may take to come to rest once nothing goes wrong any more.
const PATIENCE: usize = 150;
/// How much time passes in one of them.
const ROUND: Duration = Duration::from_secs(3);

impl Sim {
    /// One thing that chance picks.
    pub(super) async fn step(&mut self) {
        let side = self.rng.random_range(0..2);
        let choice = self.rng.random_range(0..100);
        let heads = self
            .world
            .lock()
            .chains
            .each_ref()
            .map(|chain| chain.head().name);
        let heads = heads.map(|head| (head.height, head.hash));
        self.world
            .note(format!("{choice} on {side}, heads {heads:?}"));
        match choice {
            0..20 => self.mine(side),
            20..38 => {
                let most = self.rng.random_range(1..=6);
                self.observe(side, most).await;
            }
            38..55 => {
                let plan = self.plan();
                self.carry(side, plan).await;
            }
            55..67 => {
                if !self.jobs.is_empty() {
                    let number = self.rng.random_range(0..self.jobs.len());
                    self.turn(number).await;
                }
            }
            67..76 => self.send(side),
            76..79 => self.stranger_delivers(side).await,
            79 => self.thief_forges(side),
            80..85 => self.reorganise(side),
            85..87 => self.crash().await,
            87 => {
                // The relayer dies between being told and recording.
                self.read(side, 5).await;
                self.crash().await;
            }
            88..90 => {
                let attestor = self.rng.random_range(0..3);
                let moods = [Mood::Well, Mood::Down, Mood::Slow, Mood::Lying];
                let mood = moods[self.rng.random_range(0..4)];
                let moods = &mut self.world.lock().attestors;
                // One liar is what the threshold is for; two together are beyond it.
                if mood != Mood::Lying || !moods.contains(&Mood::Lying) {
                    moods[attestor] = mood;
                }
            }
            90..92 => {
                let chain = &mut self.world.lock().chains[side];
                chain.down = !chain.down;
            }
            92..95 => self.repeat(side).await,
            95 => {
                let chain = &mut self.world.lock().chains[side];
                chain.lying = !chain.lying;
                chain.has_lied = true;
            }
            _ => {
                let by = Duration::from_millis(self.rng.random_range(50..8_000));
                self.world.lock().advance(by);
            }
        }
    }

    fn plan(&mut self) -> Plan {
        let mut some = |chance| {
            let point = POINTS[self.rng.random_range(0..POINTS.len())];
            self.rng.random_bool(chance).then_some(point)
        };
        Plan {
            slow_at: some(0.3),
            dies_at: some(0.12),
        }
    }

    fn mine(&mut self, side: usize) {
        let rng = &mut self.rng;
        let mut world = self.world.lock();
        let now = world.seconds();
        world.chains[side].mine(now, |_| rng.random_bool(0.8));
    }

    fn send(&mut self, side: usize) {
        let seconds = match self.rng.random_range(0..3) {
            0 => self.rng.random_range(1..10),
            1 => self.rng.random_range(10..60),
            _ => self.rng.random_range(60..200),
        };
        let receiver = match self.rng.random_range(0..10) {
            0 => NOBODY,
            1 => POISON,
            _ => "somebody",
        };
        // What can be delivered and has all the time there is must be delivered in the end.
        let patient = receiver != POISON && self.rng.random_bool(0.3);
        let seconds = if patient { 1_000_000 } else { seconds };
        let homeward = self.rng.random_bool(0.4);
        let amount = self.rng.random_range(1..1000);
        let mut world = self.world.lock();
        let ahead = world.chains[1 - side].ahead_secs;
        let timeout = world.seconds().plus_secs(ahead + seconds);
        let order = Order {
            homeward,
            amount,
            receiver,
            timeout,
        };
        world.chains[side].submit(From::User, Call::Send(order));
    }

    fn reorganise(&mut self, side: usize) {
        let rng = &mut self.rng;
        let mut world = self.world.lock();
        let now = world.seconds();
        let chain = &mut world.chains[side];
        let most = chain.depth.min(chain.head().name.height);
        if most == 0 {
            return;
        }
        let blocks = rng.random_range(1..=most);
        chain.take_back(blocks, || rng.random_bool(0.6));
        for _ in 0..blocks + rng.random_range(0..2) {
            chain.mine(now, |_| rng.random_bool(0.5));
        }
    }

    /// Lets everything come to rest: nothing fails any more, time passes, blocks are made.
    pub(super) async fn drain(&mut self) {
        {
            let mut world = self.world.lock();
            for mood in &mut world.attestors {
                if *mood != Mood::Lying {
                    *mood = Mood::Well;
                }
            }
            world.chains.iter_mut().for_each(|chain| chain.down = false);
        }
        // Where every block is final at once, one more block is all that the chains make of
        // themselves, as chains do that make blocks on demand.
        let on_demand = self.setting.depths == [0, 0];
        if on_demand {
            self.world.lock().advance(Duration::from_secs(250));
            (0..2).for_each(|side| self.mine_all(side));
            if self.rng.random_bool(0.5) {
                self.crash().await;
            }
        }
        for _ in 0..PATIENCE {
            self.round(on_demand).await;
            self.audit();
            if self.is_at_rest().await {
                return;
            }
        }
        let effects = self.engine.effects(EffectFilter {
            open_only: true,
            ..EffectFilter::default()
        });
        let effects = effects.await.unwrap();
        let open = effects
            .iter()
            .map(|effect| (&effect.key, effect.attempts, &effect.last_error));
        let status = self.relayer.status().await.unwrap();
        panic!(
            "does not come to rest: {:?}\n{status:?}",
            open.collect::<Vec<_>>()
        );
    }

    /// A moment in which every part of the world does all that it can.
    pub(super) async fn round(&mut self, on_demand: bool) {
        self.world.lock().advance(ROUND);
        for side in 0..2 {
            let waiting = !self.world.lock().chains[side].mempool.is_empty();
            if waiting || !on_demand {
                self.mine_all(side);
            }
        }
        for side in 0..2 {
            while self.observe(side, 10).await > 0 {}
        }
        for number in (0..self.jobs.len()).rev() {
            if !self.turn(number).await {
                break;
            }
        }
        for side in 0..2 {
            while self.carry(side, Plan::default()).await {}
        }
    }

    pub(super) fn mine_all(&mut self, side: usize) {
        let mut world = self.world.lock();
        let now = world.seconds();
        world.chains[side].mine(now, |_| true);
    }

    async fn is_at_rest(&mut self) -> bool {
        let nothing_moves = {
            let world = self.world.lock();
            self.jobs.is_empty()
                && world.chains.iter().all(|chain| {
                    let concluded = |told: &Told| told.acknowledged + told.refunded > 0;
                    let state = &chain.final_block().state;
                    let last = &chain.head().state;
                    chain.mempool.is_empty()
                        && state.outgoing.len() == last.outgoing.len()
                        && state.outgoing.values().all(concluded)
                })
        };
        if !nothing_moves {
            return false;
        }
        let open = Filter {
            open_only: true,
            ..Filter::default()
        };
        self.engine
            .processes::<PacketMachine>(open)
            .await
            .unwrap()
            .is_empty()
    }
}
