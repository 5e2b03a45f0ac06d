//! What a service says of itself, for whoever operates it.

use std::collections::BTreeMap;

use causeway_engine::EffectFilter;
use causeway_swap::{Effect, Expiry, Leg, Phase, Role, SwapId};
use causeway_types::ChainId;
use serde::{Deserialize, Serialize};

use crate::{
    SwapError,
    desk::{Stake, stake},
    ledger::Attention,
    maker::Pair,
    record::{Record, TALK, lane},
    service::SwapService,
};

/// Tasks that have failed are counted up to here.
const MOST_FAILING: usize = 1_000;

/// A service at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapsStatus {
    /// Whether this process is the one that works on the swaps of its store.
    pub leads: bool,
    /// How many swaps of the store are in each phase, those included that are over.
    pub phases: BTreeMap<Phase, u64>,
    /// The swaps with something of ours at stake, those together that are alike.
    pub under_way: Vec<Alike>,
    /// What a person should look at.
    pub attention: Vec<Attention>,
    /// The chains that are swapped on.
    pub chains: Vec<SwapChainStatus>,
    /// What is still to be done.
    pub lanes: Vec<SwapLane>,
    /// How many claims wait for the other party's signature.
    pub claims_unanswered: u64,
    /// How many refunds do.
    pub refunds_unanswered: u64,
    /// How many swaps, ours and those that are watched over, have locks that are looked out for.
    pub watched: u64,
    /// How many swaps of others are watched over.
    pub wards: u64,
}

/// Swaps that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alike {
    /// The chain of the first leg.
    pub first: ChainId,
    /// The chain of the second leg.
    pub second: ChainId,
    /// Who we are in them.
    pub role: Role,
    /// Where they stand.
    pub phase: Phase,
    /// How many.
    pub swaps: u64,
}

/// A chain, as far as swaps have been told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapChainStatus {
    /// The chain.
    pub chain: ChainId,
    /// The newest height that was read.
    pub head: Option<u64>,
    /// The newest height of which swaps were told.
    pub told: Option<u64>,
    /// How old that block is by our clock, in seconds; unknown until a block was told since the start.
    pub told_age_secs: Option<u64>,
    /// So long, in seconds, the next block may take.
    pub patience_secs: u64,
    /// The first of our locks there that can be taken back by anybody but the other party's claim.
    pub next_expiry: Option<NextExpiry>,
}

/// What is left until a lock of ours can be taken back; negative once it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextExpiry {
    /// The swap.
    pub swap: SwapId,
    /// So many seconds at least.
    pub seconds: i64,
    /// So many blocks, where it is blocks that count.
    pub blocks: Option<i64>,
}

/// The tasks of one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapLane {
    /// `swap/CHAIN` for what is done on a chain, `swap/talk` for what is said to other parties.
    pub lane: String,
    /// How many are to be done.
    pub waiting: u64,
    /// How many of them have failed and are tried again; counted up to 1,000 in all lanes.
    pub failing: u64,
}

impl SwapService {
    /// The swaps at this moment, by the store and by what was read of the chains last. Asks no chain.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn status(&self) -> Result<SwapsStatus, SwapError> {
        let ledger = self.ledger();
        let open = ledger.records(true).await?;
        let counts = ledger.phases().await?;
        let asks = |leg_of: fn(&Effect) -> bool| {
            let wants = |record: &&Record| record.swap.wanted().iter().any(leg_of);
            count(open.iter().filter(wants).count())
        };
        let mut chains = Vec::new();
        for chain in self.chains() {
            chains.push(self.chain_status(chain.id(), &open).await?);
        }
        Ok(SwapsStatus {
            leads: self.is_leading(),
            phases: counts,
            under_way: alike(&open),
            attention: ledger.attention().await?,
            chains,
            lanes: self.lanes_status().await?,
            claims_unanswered: asks(|effect| matches!(effect, Effect::AskToClaim { .. })),
            refunds_unanswered: asks(|effect| matches!(effect, Effect::AskForRefund { .. })),
            watched: count(self.watched()),
            wards: count(ledger.watches(true).await?.len()),
        })
    }

    /// What is offered, if anything is.
    pub fn pairs(&self) -> &[Pair] {
        self.maker().map_or(&[], |maker| maker.pairs())
    }

    /// What all swaps of ours have a hold on of what each of the pairs gives, in their order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stakes(&self) -> Result<Vec<Stake>, SwapError> {
        let ledger = self.ledger();
        let (open, now) = (ledger.records(true).await?, ledger.clock.now());
        let pairs = self.pairs().iter();
        Ok(pairs.map(|pair| stake(&open, &pair.gives, now)).collect())
    }

    async fn chain_status(
        &self,
        chain: &ChainId,
        open: &[Record],
    ) -> Result<SwapChainStatus, SwapError> {
        let ledger = self.ledger();
        let (now, heads) = (ledger.clock.now().as_secs(), &ledger.heads);
        let told = heads.newest_told(chain);
        let height = match told {
            Some(block) => Some(block.height),
            None => ledger.told_up_to(chain).await?,
        };
        Ok(SwapChainStatus {
            chain: chain.clone(),
            head: heads.of(chain).map(|head| head.height),
            told: height,
            told_age_secs: told.map(|block| now.saturating_sub(block.timestamp.as_secs())),
            patience_secs: self.patience(chain),
            next_expiry: open
                .iter()
                .filter_map(|record| self.next_expiry(record, chain))
                .min_by_key(|next| next.seconds),
        })
    }

    /// What is left until our lock in a swap can be taken back, if it is on this chain and not spent.
    fn next_expiry(&self, record: &Record, chain: &ChainId) -> Option<NextExpiry> {
        let leg = record.swap.role().locks();
        let facts = record.swap.facts().legs.of(leg);
        if record.chain(leg) != chain || !facts.is_open() {
            return None;
        }
        let ledger = self.ledger();
        let head = ledger.heads.of(chain).unwrap_or(facts.head);
        let expiry = record.terms().legs.of(leg).expiry;
        let earliest = record.swap.timing().legs.of(leg).earliest(expiry, &head);
        let left = |until: u64, now: u64| {
            i64::try_from(i128::from(until) - i128::from(now)).unwrap_or(i64::MAX)
        };
        Some(NextExpiry {
            swap: record.id(),
            seconds: left(earliest.as_secs(), ledger.clock.now().as_secs()),
            blocks: match expiry {
                Expiry::Height(height) => Some(left(height, head.height)),
                Expiry::Time(_) => None,
            },
        })
    }

    async fn lanes_status(&self) -> Result<Vec<SwapLane>, SwapError> {
        let engine = &self.ledger().engine;
        let names = self.chains().map(|chain| lane(chain.id()));
        let mut lanes: Vec<SwapLane> = names
            .chain([TALK.to_owned()])
            .map(|lane| SwapLane {
                lane,
                waiting: 0,
                failing: 0,
            })
            .collect();
        for backlog in engine.lanes().await? {
            if let Some(lane) = lanes.iter_mut().find(|lane| lane.lane == backlog.lane) {
                lane.waiting = backlog.open;
            }
        }
        let failing = EffectFilter {
            lane_prefix: Some("swap/".to_owned()),
            open_only: true,
            troubled_only: true,
            limit: Some(MOST_FAILING),
            ..EffectFilter::default()
        };
        for effect in engine.effects(failing).await? {
            if let Some(lane) = lanes.iter_mut().find(|lane| lane.lane == effect.lane) {
                lane.failing += 1;
            }
        }
        Ok(lanes)
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn alike(open: &[Record]) -> Vec<Alike> {
    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    for record in open {
        let [first, second] = Leg::BOTH.map(|leg| record.chain(leg).clone());
        let (role, phase) = (record.swap.role(), record.swap.phase());
        *counts.entry((first, second, role, phase)).or_default() += 1;
    }
    let counts = counts.into_iter();
    counts
        .map(|((first, second, role, phase), swaps)| Alike {
            first,
            second,
            role,
            phase,
            swaps,
        })
        .collect()
}
