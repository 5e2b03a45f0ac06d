use std::collections::BTreeMap;

use causeway_types::{ChainId, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Amount, BlockTimes, ChainTiming, Cooperation, Expiry, HashLock, Head, Leg, LegTerms, Offer,
    PerLeg, Quote, QuoteError, Shortfall, Span, SwapTiming, Terms, TermsError,
};

/// What somebody takes part in, as configured. Either party checks by its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The chains that are swapped on.
    pub chains: BTreeMap<ChainId, ChainPolicy>,
    /// R: for so many seconds altogether we may be down, or blind, during a swap.
    pub restart_secs: u64,
    /// Nothing of ours is locked for longer than so many seconds.
    pub longest_secs: u64,
    /// How long we wait for the other party's signature.
    pub cooperation: Cooperation,
}

/// What is asked of a leg on one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainPolicy {
    /// What is assumed about the chain's time.
    pub timing: ChainTiming,
    /// The least that is worth a lock, in the smallest units of any asset there: more than what its claim
    /// or its refund costs, and than what nodes refuse to relay.
    pub dust: Amount,
}

/// What is to be judged, before anybody signs.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// The maker's offer.
    pub offer: &'a Offer,
    /// The maker's quote.
    pub quote: &'a Quote,
    /// The terms.
    pub terms: &'a Terms,
    /// Whether no other swap that we know of has the same hash lock. Whoever knows the secret from there
    /// could take the first leg for nothing.
    pub hash_lock_is_new: bool,
}

/// Why a proposal is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The terms make no sense in themselves.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// The terms are not what was quoted.
    #[error(transparent)]
    Quote(#[from] QuoteError),
    /// Another swap has the same hash lock.
    #[error("the hash lock {0} belongs to another swap already: make a new secret")]
    HashLockUsed(HashLock),
    /// A chain that is not swapped on.
    #[error("the {leg} is on {chain}, which is not among the chains to swap on")]
    UnknownChain {
        /// Which leg.
        leg: Leg,
        /// Its chain.
        chain: Box<ChainId>,
    },
    /// Too little to be worth a lock.
    #[error(
        "the {leg} is of {amount} units (expected {least} or more: less does not pay its fees)"
    )]
    Dust {
        /// Which leg.
        leg: Leg,
        /// The least.
        least: Amount,
        /// What the terms say.
        amount: Amount,
    },
    /// An expiry of the kind that the chain cannot be held to.
    #[error("the {leg} expires at {expiry} (expected a {expected})")]
    ExpiryKind {
        /// Which leg.
        leg: Leg,
        /// `height` for chains of work, `time` for chains with slots.
        expected: &'static str,
        /// What the terms say.
        expiry: Expiry,
    },
    /// Locked for too long.
    #[error("the {leg} may be locked until {latest} (expected {most} at the latest)")]
    TooLong {
        /// Which leg.
        leg: Leg,
        /// The latest that we agree to.
        most: Timestamp,
        /// When the lock may last until.
        latest: Timestamp,
    },
    /// The expiries leave too little time.
    #[error(transparent)]
    Time(#[from] Shortfall),
}

impl Policy {
    /// Whether to sign these terms, now; and what is assumed about time while the swap lasts.
    ///
    /// # Errors
    /// The first reason not to.
    pub fn accept(
        &self,
        proposal: Proposal<'_>,
        heads: &PerLeg<Head>,
        now: Timestamp,
    ) -> Result<SwapTiming, Refusal> {
        let terms = proposal.terms;
        terms.check()?;
        proposal.offer.check(proposal.quote, terms, now)?;
        if !proposal.hash_lock_is_new {
            return Err(Refusal::HashLockUsed(terms.hash_lock));
        }
        for leg in Leg::BOTH {
            self.check_amount(leg, terms.legs.of(leg))?;
        }
        let chains = PerLeg {
            first: terms.legs.first.asset.chain(),
            second: terms.legs.second.asset.chain(),
        };
        self.check_time(&chains, &terms.expiries(), heads, now)
    }

    /// Whether terms between these chains could be agreed on at all, if locks lasted so long from now on.
    ///
    /// # Errors
    /// The first reason for which they could not.
    pub fn could_agree(
        &self,
        chains: &PerLeg<&ChainId>,
        spans: &PerLeg<Span>,
    ) -> Result<(), Refusal> {
        let now = Timestamp::default();
        let head = Head {
            height: 0,
            time: now,
            read_at: now,
        };
        let heads = PerLeg {
            first: head,
            second: head,
        };
        let expiries = spans.expiries(&heads, now);
        self.check_time(chains, &expiries, &heads, now).map(drop)
    }

    fn check_amount(&self, leg: Leg, terms: &LegTerms) -> Result<(), Refusal> {
        let (least, amount) = (self.chain(leg, terms.asset.chain())?.dust, terms.amount);
        if amount < least {
            return Err(Refusal::Dust { leg, least, amount });
        }
        Ok(())
    }

    fn chain(&self, leg: Leg, chain: &ChainId) -> Result<ChainPolicy, Refusal> {
        let unknown = || Refusal::UnknownChain {
            leg,
            chain: chain.clone().into(),
        };
        self.chains.get(chain).copied().ok_or_else(unknown)
    }

    fn check_time(
        &self,
        chains: &PerLeg<&ChainId>,
        expiries: &PerLeg<Expiry>,
        heads: &PerLeg<Head>,
        now: Timestamp,
    ) -> Result<SwapTiming, Refusal> {
        let timing = |leg| {
            let expiry = *expiries.of(leg);
            self.check_leg(leg, chains.of(leg), expiry, heads, now)
        };
        let timing = SwapTiming {
            legs: PerLeg {
                first: timing(Leg::First)?,
                second: timing(Leg::Second)?,
            },
            restart_secs: self.restart_secs,
            cooperation: self.cooperation,
        };
        timing.check_at_acceptance(expiries, heads, now)?;
        Ok(timing)
    }

    fn check_leg(
        &self,
        leg: Leg,
        chain: &ChainId,
        expiry: Expiry,
        heads: &PerLeg<Head>,
        now: Timestamp,
    ) -> Result<ChainTiming, Refusal> {
        let timing = self.chain(leg, chain)?.timing;
        // Miners bend the time of blocks, by hours on Bitcoin; a slot's time cannot be bent, while the
        // number of blocks until a moment can.
        let expected = match (timing.blocks(), expiry) {
            (BlockTimes::Poisson { .. }, Expiry::Time(_)) => Some("height"),
            (BlockTimes::Slots { .. }, Expiry::Height(_)) => Some("time"),
            _ => None,
        };
        if let Some(expected) = expected {
            return Err(Refusal::ExpiryKind {
                leg,
                expected,
                expiry,
            });
        }
        let latest = timing.latest(expiry, heads.of(leg));
        let most = now.plus_secs(self.longest_secs);
        if latest > most {
            return Err(Refusal::TooLong { leg, most, latest });
        }
        Ok(timing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Inequality, Price, Role, schedules,
        test_values::{self, bitcoin, ethereum},
    };

    const NOW: Timestamp = Timestamp::from_secs(0);

    struct Case {
        policy: Policy,
        offer: Offer,
        quote: Quote,
        terms: Terms,
        hash_lock_is_new: bool,
    }

    fn case() -> Case {
        let mut terms = test_values::terms();
        let offer = Offer {
            gives: terms.legs.second.asset.clone(),
            wants: terms.legs.first.asset.clone(),
            price: Price::new(1, 20_000_000_000_000).unwrap(),
            least: Amount::new(1),
            most: Amount::new(u128::MAX),
            maker: Role::Responder,
            until: Timestamp::from_secs(600),
        };
        let quote = offer.quote(terms.legs.second.amount, NOW, 60).unwrap();
        terms.quote = quote.id();
        let chain = |timing, dust| ChainPolicy {
            timing,
            dust: Amount::new(dust),
        };
        Case {
            policy: Policy {
                chains: BTreeMap::from([
                    (bitcoin(), chain(ChainTiming::BITCOIN, 10_000)),
                    (ethereum(), chain(ChainTiming::ETHEREUM, 0)),
                ]),
                restart_secs: 1_800,
                longest_secs: 3 * 86_400,
                cooperation: Cooperation::DEFAULT,
            },
            offer,
            quote,
            terms,
            hash_lock_is_new: true,
        }
    }

    impl Case {
        fn judge(&self) -> Result<SwapTiming, Refusal> {
            let head = Head {
                height: 1_000,
                time: NOW,
                read_at: NOW,
            };
            let heads = PerLeg {
                first: head,
                second: head,
            };
            let proposal = Proposal {
                offer: &self.offer,
                quote: &self.quote,
                terms: &self.terms,
                hash_lock_is_new: self.hash_lock_is_new,
            };
            self.policy.accept(proposal, &heads, NOW)
        }
    }

    fn refused(change: impl FnOnce(&mut Case)) -> Refusal {
        let mut case = case();
        change(&mut case);
        case.judge().unwrap_err()
    }

    #[test]
    fn good_terms_are_accepted_with_the_timing_of_their_chains() {
        let timing = case().judge().unwrap();
        assert_eq!(timing.legs.first, ChainTiming::BITCOIN);
        assert_eq!(timing.legs.second, ChainTiming::ETHEREUM);
        assert_eq!(timing.restart_secs, 1_800);
    }

    #[test]
    fn what_could_never_be_agreed_on_is_known_beforehand() {
        let (bitcoin, ethereum) = (bitcoin(), ethereum());
        let chains = PerLeg {
            first: &bitcoin,
            second: &ethereum,
        };
        let mut policy = case().policy;
        let spans = schedules::BITCOIN_LONG;
        assert_eq!(policy.could_agree(&chains, &spans), Ok(()));
        let short = PerLeg {
            first: Span::Blocks(36),
            ..spans
        };
        let refusal = policy.could_agree(&chains, &short);
        assert!(matches!(refusal, Err(Refusal::Time(_))), "{refusal:?}");
        policy.restart_secs = 6 * 3_600;
        let refusal = policy.could_agree(&chains, &spans);
        assert!(matches!(refusal, Err(Refusal::Time(_))), "{refusal:?}");
        policy.longest_secs = 3_600;
        let refusal = policy.could_agree(&chains, &spans);
        assert!(
            matches!(refusal, Err(Refusal::TooLong { .. })),
            "{refusal:?}"
        );
    }

    #[test]
    fn a_hash_lock_serves_once() {
        let refusal = refused(|case| case.hash_lock_is_new = false);
        assert!(matches!(refusal, Refusal::HashLockUsed(_)));
    }

    #[test]
    fn chains_that_are_not_configured_are_refused() {
        let refusal = refused(|case| {
            case.policy.chains.remove(&bitcoin());
        });
        assert!(matches!(
            refusal,
            Refusal::UnknownChain {
                leg: Leg::First,
                ..
            }
        ));
    }

    #[test]
    fn dust_is_refused() {
        let refusal = refused(|case| {
            let bitcoin = case.policy.chains.get_mut(&bitcoin()).unwrap();
            bitcoin.dust = Amount::new(100_001);
        });
        let expected = Refusal::Dust {
            leg: Leg::First,
            least: Amount::new(100_001),
            amount: Amount::new(100_000),
        };
        assert_eq!(refusal, expected);
    }

    #[test]
    fn expiries_are_heights_under_work_and_times_in_slots() {
        let refusal = refused(|case| {
            case.terms.legs.first.expiry = Expiry::Time(Timestamp::from_secs(86_400));
        });
        assert!(matches!(
            refusal,
            Refusal::ExpiryKind {
                expected: "height",
                ..
            }
        ));
        let refusal = refused(|case| case.terms.legs.second.expiry = Expiry::Height(9_000));
        assert!(matches!(
            refusal,
            Refusal::ExpiryKind {
                expected: "time",
                ..
            }
        ));
    }

    #[test]
    fn nothing_is_locked_for_too_long() {
        let refusal = refused(|case| case.terms.legs.first.expiry = Expiry::Height(u64::MAX));
        assert!(matches!(
            refusal,
            Refusal::TooLong {
                leg: Leg::First,
                ..
            }
        ));
        let refusal = refused(|case| {
            case.terms.legs.second.expiry = Expiry::Time(Timestamp::from_secs(u64::MAX));
        });
        assert!(matches!(
            refusal,
            Refusal::TooLong {
                leg: Leg::Second,
                ..
            }
        ));
    }

    #[test]
    fn expiries_that_leave_too_little_time_are_refused() {
        let refusal = refused(|case| {
            case.terms.legs.second.expiry = Expiry::Time(Timestamp::from_secs(3 * 3_600));
        });
        let Refusal::Time(short) = refusal else {
            panic!("{refusal:?}")
        };
        assert_eq!(short.inequality, Inequality::SecondLegWindow);
        let refusal = refused(|case| case.terms.legs.first.expiry = Expiry::Height(1_060));
        let Refusal::Time(short) = refusal else {
            panic!("{refusal:?}")
        };
        assert_eq!(short.inequality, Inequality::FirstOutlivesSecond);
    }

    #[test]
    fn terms_that_were_not_quoted_or_make_no_sense_are_refused() {
        let refusal = refused(|case| case.terms.legs.first.amount = Amount::new(99_999));
        assert!(matches!(refusal, Refusal::Quote(QuoteError::Leg { .. })));
        let refusal = refused(|case| case.terms.legs.first.bond = Amount::new(1));
        assert!(matches!(refusal, Refusal::Terms(TermsError::Bond { .. })));
    }
}
