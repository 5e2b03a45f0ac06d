//! One run: chance picks what happens next, and the books are audited after every step.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use causeway_engine::{Engine, EngineOptions, RetryPolicy};
use futures::FutureExt as _;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use super::{
    chain::{Chain, Place},
    host::ModelHost,
    job::{Job, Plan, Turn},
    world::{MoodyWitness, Shared, route},
};
use crate::{
    attestations::Committees,
    carrier::{Carrier, Share},
    clock::Clock,
    host::{Follow, Host, HostUpdate},
    observer::Observer,
    relayer::{Relayer, RelayerConfig, RelayerError},
    route::Routes,
};

/// What a run is made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) seed: u64,
    pub(super) depths: [u64; 2],
    pub(super) ahead_secs: [u64; 2],
    pub(super) batch: usize,
    /// Whether every crash also closes the database file and opens it again.
    pub(super) reopens: bool,
}

impl Setting {
    /// Two chains without delays or faults of their own.
    pub(super) fn calm() -> Self {
        Self {
            seed: 0,
            depths: [0; 2],
            ahead_secs: [0; 2],
            batch: 50,
            reopens: false,
        }
    }

    pub(super) fn of_seed(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed);
        let instant = rng.random_bool(0.2);
        let mut depth = || if instant { 0 } else { rng.random_range(0..=3) };
        let depths = [depth(), depth()];
        let batches = [1, 2, 5, 50];
        Self {
            seed,
            depths,
            ahead_secs: [rng.random_range(0..4), rng.random_range(0..4)],
            batch: batches[rng.random_range(0..batches.len())],
            // Synced files are slow: some runs are enough to show that nothing hides in memory.
            reopens: seed.is_multiple_of(25),
        }
    }
}

pub(super) struct Sim {
    pub(super) setting: Setting,
    pub(super) rng: StdRng,
    pub(super) world: Shared,
    pub(super) committees: Committees,
    pub(super) engine: Engine,
    directory: TempDir,
    pub(super) relayer: Relayer,
    pub(super) observers: Vec<Observer>,
    pub(super) carriers: Vec<Arc<Carrier>>,
    pub(super) follows: [Option<Box<dyn Follow>>; 2],
    pub(super) jobs: Vec<Job<Result<(), RelayerError>>>,
    /// Cursors that were saved, oldest first.
    cursors: [Vec<String>; 2],
    lives: u32,
    /// How often what happened.
    pub(super) seen: BTreeMap<&'static str, u64>,
}

fn options(setting: &Setting) -> EngineOptions {
    let retry = RetryPolicy {
        max: Duration::from_secs(20),
        ..RetryPolicy::default()
    };
    EngineOptions {
        retry,
        seed: Some(setting.seed),
    }
}

fn relayer(
    world: &Shared,
    engine: &Engine,
    committees: &Committees,
    batch: usize,
    owner: String,
) -> Relayer {
    let host = |side| Arc::new(ModelHost::new(world, side)) as Arc<dyn Host>;
    let routes = Routes::new(vec![host(0), host(1)], vec![route()]).unwrap();
    let config = RelayerConfig {
        batch,
        in_flight: 3,
        owner,
        ..RelayerConfig::default()
    };
    let world = world.clone();
    Relayer::new(engine.clone(), routes, committees.clone(), config)
        .with_clock(Clock::new(move || world.lock().now))
}

impl Sim {
    pub(super) async fn new(setting: Setting) -> Self {
        let world = Shared::new(setting.depths, setting.ahead_secs);
        let mut witnesses = Vec::new();
        for number in 0..3 {
            witnesses.push(MoodyWitness::new(&world, number).await);
        }
        let committees = Committees::new(witnesses);
        let directory = TempDir::new().unwrap();
        let url = if setting.reopens {
            format!("sqlite://{}/engine.sqlite", directory.path().display())
        } else {
            "sqlite::memory:".to_owned()
        };
        let engine = Engine::open_with(&url, options(&setting)).await.unwrap();
        let relayer = relayer(
            &world,
            &engine,
            &committees,
            setting.batch,
            "relayer".to_owned(),
        );
        let (observers, carriers) = relayer.begin().await.unwrap();
        Self {
            rng: StdRng::seed_from_u64(setting.seed),
            world,
            committees,
            engine,
            directory,
            relayer,
            observers,
            carriers: carriers.into_iter().map(Arc::new).collect(),
            follows: [None, None],
            jobs: vec![],
            cursors: [vec![], vec![]],
            lives: 1,
            seen: BTreeMap::from([
                ("a block is withdrawn", 0),
                ("a lie of an endpoint is put right", 0),
                ("the relayer dies", 0),
                ("the relayer dies with its transaction sent", 0),
                ("a chain is read again from further back", 0),
            ]),
            setting,
        }
    }

    pub(super) fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_insert(0) += 1;
    }

    /// Brings an observer up to this many updates; returns how many there were.
    pub(super) async fn observe(&mut self, side: usize, most: usize) -> usize {
        if !self.leads(side).await {
            return 0;
        }
        let updates = self.read(side, most).await;
        let count = updates.len();
        for (update, _) in &updates {
            self.world.note(format!("  {side} tells {}", told(update)));
        }
        if let Some((_, cursor)) = updates.last() {
            let cursor = cursor.clone();
            for (update, _) in &updates {
                if let HostUpdate::Withdrawn { block } = update {
                    let stands = self.world.lock().chains[side].is_canonical(block);
                    self.saw(if stands {
                        "a lie of an endpoint is put right"
                    } else {
                        "a block is withdrawn"
                    });
                }
            }
            self.observers[side].record(updates).await.unwrap();
            self.cursors[side].push(cursor);
        }
        count
    }

    /// Whether the observer may record: after a restart under another name, the term of the former
    /// life has to run out.
    pub(super) async fn leads(&self, side: usize) -> bool {
        let leadership = &self.observers[side].leadership;
        leadership.term().is_some() || leadership.begin().await.unwrap().is_some()
    }

    /// What the observer would be told next, not recorded yet.
    pub(super) async fn read(&mut self, side: usize, most: usize) -> Vec<(HostUpdate, String)> {
        if self.follows[side].is_none() {
            let cursor = self.observers[side].cursor().await.unwrap();
            let host = self.observers[side].host.clone();
            self.follows[side] = host.follow(cursor.as_deref()).await.ok();
        }
        let mut updates = Vec::new();
        while let Some(follow) = &mut self.follows[side]
            && updates.len() < most
        {
            match follow.next().now_or_never() {
                Some(Ok(update)) => updates.push((update, follow.cursor())),
                Some(Err(_)) => self.follows[side] = None,
                None => break,
            }
        }
        updates
    }

    /// Tells an observer once more what it was told before.
    pub(super) async fn repeat(&mut self, side: usize) {
        if !self.leads(side).await {
            return;
        }
        let Some(follow) = &self.follows[side] else {
            return;
        };
        let cursor = follow.cursor();
        let blocks: Vec<_> = {
            let chain = &self.world.lock().chains[side];
            let told: Vec<_> = serde_json::from_str::<Place>(&cursor).unwrap().told(chain);
            told.into_iter()
                .map(|block| (block, cursor.clone()))
                .collect()
        };
        self.observers[side].record(blocks).await.unwrap();
    }

    /// Lets a carrier take up a batch; false if there is none.
    pub(super) async fn carry(&mut self, side: usize, plan: Plan) -> bool {
        let carrier = self.carriers[side].clone();
        let mut cargo = carrier.claim(Share::Fresh).await.unwrap();
        if cargo.is_empty() {
            cargo = carrier.claim(Share::Failed).await.unwrap();
        }
        if cargo.is_empty() {
            return false;
        }
        let keys: Vec<_> = cargo.iter().map(|claimed| claimed.key.as_str()).collect();
        self.world
            .note(format!("  carry to {side} {plan:?}: {keys:?}"));
        let job = Job::new(plan, async move { carrier.carry_out(&cargo).await });
        self.jobs.push(job);
        self.turn(self.jobs.len() - 1).await;
        true
    }

    /// Gives a batch a turn; false if that killed the relayer.
    pub(super) async fn turn(&mut self, number: usize) -> bool {
        match self.jobs[number].turn().await {
            Turn::Waits => true,
            Turn::Done(done) => {
                done.unwrap();
                self.world.note(format!("  batch {number} is done"));
                self.jobs.remove(number);
                true
            }
            Turn::Dies => {
                self.world
                    .note(format!("  the relayer dies in batch {number}"));
                self.crash().await;
                false
            }
        }
    }

    /// Everything in memory is gone; what follows knows only the database.
    pub(super) async fn crash(&mut self) {
        self.note_contradictions().await;
        self.jobs.clear();
        self.follows = [None, None];
        self.observers.clear();
        self.carriers.clear();
        if self.setting.reopens {
            self.engine.close().await;
            let url = format!("sqlite://{}/engine.sqlite", self.directory.path().display());
            self.engine = Engine::open_with(&url, options(&self.setting))
                .await
                .unwrap();
        }
        self.lives += 1;
        self.saw("the relayer dies");
        if self.world.lock().chains.iter().any(Chain::has_of_relayer) {
            self.saw("the relayer dies with its transaction sent");
        }
        // Under another name, the claims of the former life have to run out.
        let same = self.rng.random_bool(0.75);
        let owner = if same {
            "relayer".to_owned()
        } else {
            format!("relayer {}", self.lives)
        };
        self.relayer = relayer(
            &self.world,
            &self.engine,
            &self.committees,
            self.setting.batch,
            owner,
        );
        let (observers, carriers) = self.relayer.begin().await.unwrap();
        self.observers = observers;
        self.carriers = carriers.into_iter().map(Arc::new).collect();
        for side in 0..2 {
            if self.rng.random_bool(0.3) {
                self.follow_from_further_back(side).await;
            }
        }
    }

    /// Replays what was recorded already. Only where nothing recorded has been taken back since:
    /// a cursor does not know of blocks that came after it.
    async fn follow_from_further_back(&mut self, side: usize) {
        if !self.leads(side).await {
            return;
        }
        let Some(saved) = self.observers[side].cursor().await.unwrap() else {
            return;
        };
        let place = |cursor: &str| serde_json::from_str::<Place>(cursor).unwrap();
        let count = self.cursors[side].len();
        let older = self.cursors[side][self.rng.random_range(0..count)].clone();
        let stands = {
            let chain = &self.world.lock().chains[side];
            place(&saved).stands_on(chain) && place(&older).stands_on(chain)
        };
        if stands {
            self.world
                .note(format!("  chain {side} is read again from {older}"));
            self.saw("a chain is read again from further back");
            // What was final is read again as it was told last.
            let lying = std::mem::take(&mut self.world.lock().chains[side].lying);
            let host = self.observers[side].host.clone();
            self.follows[side] = host.follow(Some(&older)).await.ok();
            // All of it before the chain goes on, which might take back what this cursor does not
            // know of yet.
            while self.observe(side, 3).await > 0 {}
            self.world.lock().chains[side].lying = lying;
        }
    }

    /// The chains of this world are honest, whatever else befalls them. What an endpoint lies about
    /// may well raise the alarm.
    pub(super) async fn note_contradictions(&self) {
        if self.world.lock().chains.iter().any(|chain| chain.has_lied) {
            return;
        }
        for chain in self.relayer.status().await.unwrap().chains {
            if let Some(contradiction) = chain.contradiction {
                self.world.lock().violations.push(contradiction);
            }
        }
    }
}

/// An update in a few words.
fn told(update: &HostUpdate) -> String {
    match update {
        HostUpdate::Block { block, events } => {
            let events = events.iter();
            let events: Vec<_> = events
                .map(|event| {
                    format!(
                        "{} {} {}",
                        event.kind.event(),
                        event.packet.sequence,
                        event.packet.commitment()
                    )
                })
                .collect();
            format!("block {} {} {events:?}", block.height, block.hash)
        }
        HostUpdate::Withdrawn { block } => format!("{} is gone", block.hash),
        HostUpdate::Final { block } => format!("{} {} is final", block.height, block.hash),
    }
}
