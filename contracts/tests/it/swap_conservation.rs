//! Whatever happens in whatever order: the contract holds exactly what is locked and posted, everything goes to whom
//! the terms name, and once.

use std::collections::BTreeMap;

use alloy::primitives::{Address, U256};
use k256::ecdsa::SigningKey;
use proptest::prelude::*;

use crate::harness::attestors;
use crate::harness::chain::RELAYER;
use crate::harness::swap::{BOND_POSTED, CANCELLED, LOCKED, NONE, SIX_HOURS, Swap, Swaps};
use crate::harness::swap_signing::consent;

/// What somebody does with the swap of a number.
#[derive(Clone, Debug)]
enum Step {
    Lock(usize),
    PostBond(usize),
    WithdrawBond(usize),
    LockBonded(usize),
    Claim(usize),
    ClaimBatch(Vec<usize>),
    Refund(usize),
    RefundCooperatively(usize),
    Wait(u64),
}

/// How many swaps there are: of coin and of a token in turn, the latter half with a bond.
const SWAPS: usize = 8;
const WITHOUT_BOND: usize = SWAPS / 2;

fn step() -> impl Strategy<Value = Step> {
    let number = || 0..SWAPS;
    prop_oneof![
        3 => (0..WITHOUT_BOND).prop_map(Step::Lock),
        2 => number().prop_map(Step::PostBond),
        1 => number().prop_map(Step::WithdrawBond),
        2 => number().prop_map(Step::LockBonded),
        2 => number().prop_map(Step::Claim),
        1 => proptest::collection::vec(number(), 1..6).prop_map(Step::ClaimBatch),
        2 => number().prop_map(Step::Refund),
        1 => number().prop_map(Step::RefundCooperatively),
        1 => (1..SIX_HOURS / 2).prop_map(Step::Wait),
    ]
}

/// The contract and what it should be doing.
struct World {
    swaps: Swaps,
    all: Vec<Swap>,
    states: Vec<u8>,
    key: SigningKey,
    token: Address,
    /// What the parties should hold, by token and account.
    owned: BTreeMap<(Address, Address), U256>,
}

impl World {
    fn new() -> Self {
        let mut swaps = Swaps::new();
        let token = swaps.new_token();
        let key = attestors::key(7);
        let claimer = attestors::address(&key);
        swaps.chain.fund(claimer, U256::from(10u128.pow(24)));
        let all: Vec<Swap> = (0..SWAPS)
            .map(|number| Swap {
                claimer,
                timelock: swaps.chain.timestamp + SIX_HOURS + 1000 * number as u64,
                bond: if number < WITHOUT_BOND {
                    0
                } else {
                    10_000 + number as u64
                },
                ..swaps.of_token(
                    number as u8,
                    if number % 2 == 0 {
                        Address::ZERO
                    } else {
                        token
                    },
                    // Sums of different swaps differ.
                    1 << number,
                )
            })
            .collect();
        let mut world = Self {
            states: vec![NONE; SWAPS],
            key,
            token,
            owned: BTreeMap::new(),
            swaps,
            all,
        };
        world.owned = world.actual();
        world
    }

    fn parties(&self) -> [Address; 3] {
        [self.all[0].refunder, self.all[0].claimer, RELAYER]
    }

    fn actual(&self) -> BTreeMap<(Address, Address), U256> {
        let parties = self.parties();
        [Address::ZERO, self.token]
            .into_iter()
            .flat_map(|token| parties.map(|account| (token, account)))
            .map(|(token, account)| ((token, account), self.swaps.balance(token, account)))
            .collect()
    }

    fn now(&self) -> u64 {
        self.swaps.chain.timestamp
    }

    fn gives(&mut self, token: Address, account: Address, amount: U256) {
        *self.owned.get_mut(&(token, account)).unwrap() -= amount;
    }

    fn gets(&mut self, token: Address, account: Address, amount: U256) {
        *self.owned.get_mut(&(token, account)).unwrap() += amount;
    }

    /// Amount and bond to one of the two.
    fn pays(&mut self, number: usize, receiver: Address, state: u8) {
        let swap = self.all[number].clone();
        self.gets(swap.token, receiver, swap.amount);
        self.gets(Address::ZERO, receiver, U256::from(swap.bond));
        self.states[number] = state;
    }

    /// Does a step. Returns whether it should be possible, and whether it was.
    fn take(&mut self, step: &Step) -> (bool, bool) {
        let now = self.now();
        // A bond waits until two hours before the timelock.
        let lock_by = |swap: &Swap| swap.timelock - 7200;
        match step {
            Step::Wait(seconds) => {
                self.swaps.chain.timestamp += seconds;
                (true, true)
            }
            Step::Lock(number) => {
                let swap = self.all[*number].clone();
                let possible = self.states[*number] == NONE && now < swap.timelock;
                if possible {
                    self.gives(swap.token, swap.refunder, swap.amount);
                    self.states[*number] = LOCKED;
                }
                (possible, self.swaps.lock(&swap).is_ok())
            }
            Step::PostBond(number) => {
                let swap = self.all[*number].clone();
                let possible =
                    swap.bond != 0 && self.states[*number] == NONE && now <= lock_by(&swap);
                if possible {
                    self.gives(Address::ZERO, swap.claimer, U256::from(swap.bond));
                    self.states[*number] = BOND_POSTED;
                }
                let posted = self.swaps.post_bond(&swap, lock_by(&swap));
                (possible, posted.is_ok())
            }
            Step::WithdrawBond(number) => {
                let swap = self.all[*number].clone();
                let possible = self.states[*number] == BOND_POSTED;
                if possible {
                    self.gets(Address::ZERO, swap.claimer, U256::from(swap.bond));
                    self.states[*number] = NONE;
                }
                let withdrawn = self.swaps.withdraw_bond(swap.claimer, &swap);
                (possible, withdrawn.is_ok())
            }
            Step::LockBonded(number) => {
                let swap = self.all[*number].clone();
                let possible = self.states[*number] == BOND_POSTED && now <= lock_by(&swap);
                if possible {
                    self.gives(swap.token, swap.refunder, swap.amount);
                    self.states[*number] = LOCKED;
                }
                (possible, self.swaps.lock_bonded(&swap).is_ok())
            }
            Step::Claim(number) => {
                let swap = self.all[*number].clone();
                let possible = self.states[*number] == LOCKED;
                if possible {
                    self.pays(*number, swap.claimer, NONE);
                }
                (possible, self.swaps.claim(RELAYER, &swap).is_ok())
            }
            Step::ClaimBatch(numbers) => self.claim_batch(numbers),
            Step::Refund(number) => {
                let swap = self.all[*number].clone();
                let possible = self.states[*number] == LOCKED && now >= swap.timelock;
                if possible {
                    self.pays(*number, swap.refunder, NONE);
                }
                (possible, self.swaps.refund(RELAYER, &swap).is_ok())
            }
            Step::RefundCooperatively(number) => {
                let swap = self.all[*number].clone();
                let possible = self.states[*number] == LOCKED;
                if possible {
                    self.pays(*number, swap.refunder, CANCELLED);
                }
                let signature = consent(&self.swaps, &swap, &self.key);
                let refunded = self.swaps.refund_cooperatively(RELAYER, &swap, signature);
                (possible, refunded.is_ok())
            }
        }
    }

    /// Claims a batch in the first one's token; what is of another token, or has a bond, is in it in vain.
    fn claim_batch(&mut self, numbers: &[usize]) -> (bool, bool) {
        let token = self.all[numbers[0]].token;
        let batch: Vec<Swap> = numbers.iter().map(|&n| self.all[n].clone()).collect();
        let mut possible = false;
        for &number in numbers {
            let swap = &self.all[number];
            if self.states[number] == LOCKED && swap.token == token && swap.bond == 0 {
                let claimer = swap.claimer;
                self.pays(number, claimer, NONE);
                possible = true;
            }
        }
        let claimer = self.all[0].claimer;
        let claimed = self.swaps.claim_batch_for(claimer, token, &batch);
        (possible, claimed.is_ok())
    }

    /// What the contract should hold of a token.
    fn held(&self, token: Address) -> U256 {
        let mut held = U256::ZERO;
        for (swap, &state) in self.all.iter().zip(&self.states) {
            if state == LOCKED && swap.token == token {
                held += swap.amount;
            }
            if (state == LOCKED || state == BOND_POSTED) && token == Address::ZERO {
                held += U256::from(swap.bond);
            }
        }
        held
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everything_goes_to_whom_the_terms_name_and_once(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new();
        for step in &steps {
            let (possible, happened) = world.take(step);
            prop_assert_eq!(possible, happened, "{:?}", step);
            for token in [Address::ZERO, world.token] {
                let actual = world.swaps.balance(token, world.swaps.contract);
                prop_assert_eq!(actual, world.held(token), "{:?}", step);
            }
            prop_assert_eq!(world.actual(), world.owned.clone(), "{:?}", step);
        }
        for (swap, &state) in world.all.iter().zip(&world.states) {
            prop_assert_eq!(world.swaps.state(swap), state);
        }
    }
}
