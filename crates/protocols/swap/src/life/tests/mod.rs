//! One party's life: bitcoin on the first leg until height 1,144, ether on the second until six hours
//! after the beginning. Each story is told in inputs; what is asked for is read as keys.

mod cooperation;
mod danger;
mod properties;
mod way;

use alloy_primitives::B256;
use causeway_types::{BlockRef, Timestamp};

use super::*;
use crate::{
    Amount, ChainTiming, Cooperation, Leg, Terms,
    test_values::{self, secret},
};

const HOUR: u64 = 3_600;

struct Life {
    swap: Swap,
    now: u64,
    /// The height of the first leg's chain.
    height: u64,
    wake: Option<u64>,
}

fn timing() -> SwapTiming {
    SwapTiming {
        legs: PerLeg {
            first: ChainTiming::BITCOIN,
            second: ChainTiming::ETHEREUM,
        },
        restart_secs: 1_800,
        cooperation: Cooperation::DEFAULT,
    }
}

fn heads(now: u64, height: u64) -> PerLeg<Head> {
    let head = |height| Head {
        height,
        time: Timestamp::from_secs(now),
        read_at: Timestamp::from_secs(now),
    };
    PerLeg {
        first: head(height),
        second: head(20_000_000 + now / 12),
    }
}

fn begin(role: Role, terms: Terms, now: u64) -> Result<Transition, BeginError> {
    let (heads, at) = (heads(now, 1_000), Timestamp::from_secs(now));
    match role {
        Role::Initiator => Swap::initiate(terms, secret(), timing(), heads, at),
        Role::Responder => Swap::respond(terms, timing(), heads, at),
    }
}

fn keys(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(Effect::key).collect()
}

/// A block of a leg's chain.
fn block(number: u8) -> BlockRef {
    BlockRef {
        height: u64::from(number),
        hash: B256::repeat_byte(number),
        parent: B256::ZERO,
        timestamp: Timestamp::from_secs(u64::from(number)),
    }
}

/// The agreed lock of a leg, in a block.
fn locked(leg: Leg, number: u8) -> Input {
    Input::Locked {
        leg,
        lock: "the lock".to_owned(),
        amount: test_values::terms().legs.of(leg).amount,
        block: block(number),
    }
}

fn spent(leg: Leg, by: SpentBy, number: u8) -> Input {
    Input::Spent {
        leg,
        by,
        block: block(number),
    }
}

fn claimed(leg: Leg, number: u8) -> Input {
    let secret = Some(secret());
    spent(leg, SpentBy::Claim { secret }, number)
}

fn settled(leg: Leg, number: u8) -> Input {
    Input::Final {
        leg,
        block_hash: block(number).hash,
    }
}

fn gone(leg: Leg, number: u8) -> Input {
    Input::Withdrawn {
        leg,
        block_hash: block(number).hash,
    }
}

fn says(message: Message) -> Input {
    Input::Message { message }
}

impl Life {
    fn of(role: Role) -> Self {
        Self::with(role, test_values::terms())
    }

    fn with(role: Role, terms: Terms) -> Self {
        let begun = begin(role, terms, 0).unwrap();
        Self {
            wake: begun.wake.map(Timestamp::as_secs),
            swap: begun.next,
            now: 0,
            height: 1_000,
        }
    }

    /// Takes in an input; the keys of what is newly asked for.
    fn take(&mut self, input: Input) -> Vec<String> {
        let now = Timestamp::from_secs(self.now);
        let transition = self.swap.clone().handle(now, input);
        // Whatever is stored comes back as it was.
        let stored = serde_json::to_string(&transition.next).unwrap();
        assert_eq!(
            serde_json::from_str::<Swap>(&stored).unwrap(),
            transition.next
        );
        self.swap = transition.next;
        self.wake = transition.wake.map(Timestamp::as_secs);
        keys(&transition.effects)
    }

    /// Takes in several; the keys of what the last newly asks for.
    fn take_all<const N: usize>(&mut self, inputs: [Input; N]) -> Vec<String> {
        let news = inputs.into_iter().map(|input| self.take(input));
        news.last().unwrap_or_default()
    }

    /// The clocks show this.
    fn at(&mut self, now: u64, height: u64) -> Vec<String> {
        (self.now, self.height) = (now, height);
        let heads = heads(now, height);
        self.take(Input::Clock {
            heads: PerLeg {
                first: Some(heads.first),
                second: Some(heads.second),
            },
        })
    }

    fn wanted(&self) -> Vec<String> {
        keys(self.swap.wanted())
    }

    fn phase(&self) -> Phase {
        self.swap.phase()
    }

    /// Both legs are locked for good.
    fn both_locked(role: Role) -> Self {
        let mut life = Self::of(role);
        life.take_all([
            locked(Leg::First, 1),
            settled(Leg::First, 1),
            locked(Leg::Second, 2),
            settled(Leg::Second, 2),
        ]);
        life
    }
}
