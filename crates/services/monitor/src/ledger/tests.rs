use proptest::{collection::vec, prelude::*};

use super::{
    model::{Watcher, World},
    *,
};

/// What may happen next; the numbers are wishes that the world grants if its rules allow.
#[derive(Clone, Debug)]
enum Step {
    Send {
        from: Side,
        amount: u64,
        back: bool,
        lifetime: u64,
    },
    Relay {
        from: Side,
        which: usize,
        accept: bool,
    },
    Mine(Side),
    Give(Side),
    Sight {
        side: Side,
        lag: u64,
    },
    Compare,
}

/// What thieves may do.
#[derive(Clone, Debug)]
enum Theft {
    Mint(Side, u64),
    Drain(Side, u64),
    Forge(Side, u64),
    RefundReceived(Side),
}

fn sides() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::A), Just(Side::B)]
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (sides(), 1..9_u64, any::<bool>(), 1..12_u64).prop_map(
            |(from, amount, back, lifetime)| Step::Send { from, amount, back, lifetime }
        ),
        6 => (sides(), any::<usize>(), prop::bool::weighted(0.8))
            .prop_map(|(from, which, accept)| Step::Relay { from, which, accept }),
        5 => sides().prop_map(Step::Mine),
        1 => sides().prop_map(Step::Give),
        3 => (sides(), 0..3_u64).prop_map(|(side, lag)| Step::Sight { side, lag }),
        2 => Just(Step::Compare),
    ]
}

fn thefts() -> impl Strategy<Value = Theft> {
    prop_oneof![
        (sides(), 1..5_u64).prop_map(|(side, amount)| Theft::Mint(side, amount)),
        (sides(), 1..5_u64).prop_map(|(side, amount)| Theft::Drain(side, amount)),
        (sides(), 1..5_u64).prop_map(|(side, amount)| Theft::Forge(side, amount)),
        sides().prop_map(Theft::RefundReceived),
    ]
}

/// Does one step of honest traffic; answers what the watcher objects to.
fn honest(world: &mut World, watcher: &mut Watcher, step: &Step) -> Vec<Breach> {
    match *step {
        Step::Send {
            from,
            amount,
            back,
            lifetime,
        } => world.send(from, amount, back, lifetime),
        Step::Relay {
            from,
            which,
            accept,
        } => world.relay(from, which, accept),
        Step::Mine(side) => world.mine(side),
        Step::Give(side) => world.give(side, 3),
        Step::Sight { side, lag } => watcher.sight(world, side, lag),
        Step::Compare => return watcher.compare(world),
    }
    Vec::new()
}

fn steal(world: &mut World, theft: &Theft) -> bool {
    match *theft {
        Theft::Mint(side, amount) => world.mint(side, amount),
        Theft::Drain(side, amount) => return world.drain(side, amount),
        Theft::Forge(from, amount) => world.forge(from, amount),
        Theft::RefundReceived(from) => return world.refund_received(from),
    }
    true
}

/// Both chains make a block and both are looked at, the one or the other first.
fn look(world: &mut World, watcher: &mut Watcher, first: Side) -> Vec<Breach> {
    for side in [first, first.other()] {
        world.mine(side);
        watcher.sight(world, side, 0);
    }
    watcher.compare(world)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn honest_traffic_never_alarms(steps in vec(steps(), 0..120)) {
        let (mut world, mut watcher) = (World::new(), Watcher::default());
        for step in &steps {
            prop_assert_eq!(honest(&mut world, &mut watcher, step), vec![]);
        }
        prop_assert_eq!(look(&mut world, &mut watcher, Side::A), vec![]);
        prop_assert_eq!(look(&mut world, &mut watcher, Side::B), vec![]);
    }

    #[test]
    fn every_theft_alarms_within_two_looks(
        before in vec(steps(), 0..100),
        theft in thefts(),
        // What is stolen may be hidden by nothing that happens at the same time.
        after in vec(steps(), 0..6),
        first in sides(),
    ) {
        let (mut world, mut watcher) = (World::new(), Watcher::default());
        for step in &before {
            prop_assert_eq!(honest(&mut world, &mut watcher, step), vec![]);
        }
        prop_assume!(steal(&mut world, &theft));
        let after: Vec<Step> = after
            .into_iter()
            .filter(|step| !matches!(step, Step::Give(_)))
            .collect();
        let mut alarmed = false;
        for step in &after {
            alarmed |= !honest(&mut world, &mut watcher, step).is_empty();
        }
        alarmed |= !look(&mut world, &mut watcher, first).is_empty();
        alarmed |= !look(&mut world, &mut watcher, first).is_empty();
        prop_assert!(alarmed, "{theft:?}");
    }
}

#[test]
fn a_forged_receipt_is_found_while_as_much_is_honestly_in_flight() {
    let (mut world, mut watcher) = (World::new(), Watcher::default());
    world.send(Side::A, 5, false, 100);
    assert_eq!(look(&mut world, &mut watcher, Side::A), vec![]);
    world.forge(Side::A, 5);
    let breaches = look(&mut world, &mut watcher, Side::A);
    let never_sent = |breach: &Breach| matches!(breach, Breach::NeverSent { from: Side::A, .. });
    assert!(breaches.iter().any(never_sent), "{breaches:?}");
}

#[test]
fn a_gift_to_the_escrow_does_not_cover_up_an_unbacked_voucher() {
    let (mut world, mut watcher) = (World::new(), Watcher::default());
    world.give(Side::A, 1_000);
    world.mint(Side::B, 1);
    let breaches = look(&mut world, &mut watcher, Side::A);
    let unbacked = |breach: &Breach| matches!(breach, Breach::Unbacked { .. });
    assert!(breaches.iter().any(unbacked), "{breaches:?}");
}

#[test]
fn packets_that_are_over_are_let_go_of_and_do_not_come_back() {
    let (mut world, mut watcher) = (World::new(), Watcher::default());
    world.send(Side::A, 5, false, 100);
    world.mine(Side::A);
    world.relay(Side::A, 0, true);
    world.mine(Side::B);
    world.relay(Side::A, 0, true);
    assert_eq!(look(&mut world, &mut watcher, Side::A), vec![]);
    assert_eq!(watcher.open_packets(), 0);
}

#[test]
fn a_refund_of_a_received_packet_is_a_breach() {
    let (mut world, mut watcher) = (World::new(), Watcher::default());
    // Enough is locked by others for the theft to leave the sums alone at first.
    world.give(Side::A, 100);
    world.send(Side::A, 5, false, 100);
    world.mine(Side::A);
    world.relay(Side::A, 0, true);
    assert_eq!(look(&mut world, &mut watcher, Side::A), vec![]);
    assert!(world.refund_received(Side::A));
    let breaches = look(&mut world, &mut watcher, Side::A);
    let both = |breach: &Breach| matches!(breach, Breach::RefundedAndReceived { .. });
    assert!(breaches.iter().any(both), "{breaches:?}");
}

#[test]
fn vouchers_that_are_burned_as_soon_as_they_were_forged_are_found() {
    let (mut world, mut watcher) = (World::new(), Watcher::default());
    world.give(Side::A, 3);
    world.mint(Side::B, 2);
    // Sent back in the same block: the supply is as it should be when anybody looks.
    world.send(Side::B, 2, true, 1);
    let breaches = look(&mut world, &mut watcher, Side::A);
    let unbacked = |breach: &Breach| matches!(breach, Breach::Unbacked { .. });
    assert!(breaches.iter().any(unbacked), "{breaches:?}");
}
