//! The inequalities, term by term, and whether the defaults satisfy them.

use causeway_types::Timestamp;

use super::*;
use crate::{Expiry, Head, PerLeg, Role};

const NOW: u64 = 1_800_000_000;
const HEIGHT: u64 = 900_000;
const RESTART: u64 = 1_800;

const BITCOIN: ChainTiming = ChainTiming::BITCOIN;
const ETHEREUM: ChainTiming = ChainTiming::ETHEREUM;

fn secs(seconds: u64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn heads() -> PerLeg<Head> {
    let head = Head {
        height: HEIGHT,
        time: secs(NOW - 5),
        read_at: secs(NOW),
    };
    PerLeg {
        first: head,
        second: head,
    }
}

fn timing(first: ChainTiming, second: ChainTiming) -> SwapTiming {
    SwapTiming {
        legs: PerLeg { first, second },
        restart_secs: RESTART,
        cooperation: Cooperation::DEFAULT,
    }
}

fn expiries(first: Expiry, second: Expiry) -> PerLeg<Expiry> {
    PerLeg { first, second }
}

fn far() -> Expiry {
    Expiry::Time(secs(NOW + 30 * 86_400))
}

fn blocks(count: u64) -> Expiry {
    Expiry::Height(HEIGHT + count)
}

fn time(after: u64) -> Expiry {
    Expiry::Time(secs(NOW + after))
}

/// Holds at `least` seconds and fails by one second at one less.
fn check(inequality: Inequality, least: u64, check: impl Fn(u64) -> Result<(), Shortfall>) {
    assert_eq!(check(least), Ok(()), "{least} s");
    let short = check(least - 1).unwrap_err();
    assert_eq!((short.inequality, short.short_by()), (inequality, 1));
    assert!(short.to_string().contains(" is 1 s short of "), "{short}");
    let short = check(least - 500).unwrap_err();
    assert_eq!(short.short_by(), 500);
}

#[test]
fn the_second_leg_lasts_until_it_can_be_locked_and_claimed() {
    let timing = timing(BITCOIN, ETHEREUM);
    let (hi_x, hi_y, p_y) = (
        BITCOIN.settling(),
        ETHEREUM.settling(),
        ETHEREUM.inclusion(),
    );
    let at = |after| expiries(far(), time(after));
    let least = hi_x + 2 * p_y + 2 * hi_y + RESTART;
    check(Inequality::SecondLegWindow, least, |after| {
        timing.check_at_acceptance(&at(after), &heads(), secs(NOW))
    });
    // When the first leg is final, nothing is left to wait for there; the clock has gone on instead.
    check(Inequality::SecondLegWindow, least, |after| {
        timing.check_before_lock(&at(after), &heads(), secs(NOW + hi_x))
    });
}

#[test]
fn the_first_leg_outlives_the_second() {
    let timing = timing(ETHEREUM, BITCOIN);
    let t2 = BITCOIN.blocks().at_most(72);
    let least = t2
        + BITCOIN.skew()
        + BITCOIN.settling()
        + RESTART
        + ETHEREUM.inclusion()
        + ETHEREUM.settling()
        + ETHEREUM.skew();
    let at = |after| expiries(time(after), blocks(72));
    check(Inequality::FirstOutlivesSecond, least, |after| {
        timing.check_at_acceptance(&at(after), &heads(), secs(NOW))
    });
    check(Inequality::FirstOutlivesSecond, least, |after| {
        timing.check_before_lock(&at(after), &heads(), secs(NOW))
    });
}

#[test]
fn the_secret_is_shown_only_while_a_claim_has_time_to_become_final() {
    let timing = timing(BITCOIN, ETHEREUM);
    let least = RESTART + ETHEREUM.inclusion() + ETHEREUM.settling() + ETHEREUM.skew() + 1;
    check(Inequality::TimeToReveal, least, |after| {
        timing.check_before_reveal(&expiries(far(), time(after)), &heads(), secs(NOW))
    });
}

#[test]
fn an_expiry_at_a_height_is_reckoned_by_the_fastest_blocks() {
    let timing = timing(ETHEREUM, BITCOIN);
    let needed = RESTART + BITCOIN.inclusion() + BITCOIN.settling() + BITCOIN.skew() + 1;
    let least = (1..1_000)
        .find(|k| BITCOIN.blocks().at_least(*k) >= needed)
        .unwrap();
    let at =
        |count| timing.check_before_reveal(&expiries(far(), blocks(count)), &heads(), secs(NOW));
    assert!(at(least).is_ok() && at(least - 1).is_err());
    // A head that was read an hour ago is no reason to think that no block came since.
    let mut stale = heads();
    stale.second.read_at = secs(NOW - 3_600);
    let stale = timing.check_before_reveal(&expiries(far(), blocks(least)), &stale, secs(NOW));
    assert!(stale.unwrap_err().short_by() > 3_000);
}

/// Whether the default spans do with `restart` seconds of restart.
fn defaults_hold(first: ChainTiming, second: ChainTiming, spans: PerLeg<Span>) -> bool {
    let expiries = spans.expiries(&heads(), secs(NOW));
    timing(first, second)
        .check_at_acceptance(&expiries, &heads(), secs(NOW))
        .is_ok()
}

#[test]
fn the_default_expiries_are_safe() {
    let litecoin = ChainTiming::LITECOIN;
    for (first, second, spans) in [
        (BITCOIN, ETHEREUM, schedules::BITCOIN_LONG),
        (ETHEREUM, BITCOIN, schedules::BITCOIN_SHORT),
        (litecoin, ETHEREUM, schedules::LITECOIN_LONG),
        (ETHEREUM, litecoin, schedules::LITECOIN_SHORT),
        (ETHEREUM, ETHEREUM, schedules::SLOTS),
    ] {
        assert!(defaults_hold(first, second, spans), "{spans:?}");
    }
}

#[test]
fn six_confirmations_need_a_longer_short_leg_on_bitcoin() {
    let six = ChainTiming::new(Assumed {
        confirmations: 6,
        ..BITCOIN.into()
    })
    .unwrap();
    assert!(defaults_hold(six, ETHEREUM, schedules::BITCOIN_LONG));
    assert!(!defaults_hold(ETHEREUM, six, schedules::BITCOIN_SHORT));
    let longer = PerLeg {
        first: Span::Secs(32 * 3_600),
        second: Span::Blocks(96),
    };
    assert!(defaults_hold(ETHEREUM, six, longer));
}

#[test]
fn each_party_locks_what_the_other_claims() {
    for role in [Role::Initiator, Role::Responder] {
        assert_eq!(role.locks(), role.other().claims());
        assert_ne!(role.locks(), role.claims());
    }
}
