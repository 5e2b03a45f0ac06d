//! What must be told to people: packets without an end, and packets that are hidden.

use std::time::Duration;

use super::{
    chain::From,
    router::{Call, Order, POISON},
    sim::{Setting, Sim},
    world::end,
};
use crate::{clock::Clock, overdue};

fn order(sim: &Sim, receiver: &'static str) {
    let mut world = sim.world.lock();
    let timeout = world.seconds().plus_secs(100_000);
    let order = Order {
        homeward: false,
        amount: 5,
        receiver,
        timeout,
    };
    world.chains[0].submit(From::User, Call::Send(order));
}

#[tokio::test]
async fn a_packet_without_an_end_is_an_alarm_that_says_what_it_waits_for() {
    let mut sim = Sim::new(Setting::calm()).await;
    for receiver in ["somebody", POISON, "somebody"] {
        order(&sim, receiver);
    }
    let world = sim.world.clone();
    let clock = Clock::new(move || world.lock().now);
    for _ in 0..4 {
        sim.round(true).await;
    }
    let after = Duration::from_secs(60);
    let found = overdue::find(&sim.engine, &clock, after).await.unwrap();
    assert_eq!(found, [], "too soon");
    sim.world.lock().advance(after);
    let found = overdue::find(&sim.engine, &clock, after).await.unwrap();
    let [stuck] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((&stuck.client, stuck.packets, stuck.first), (&end(0), 1, 2));
    assert_eq!(stuck.waits_for, "its delivery");
}

#[tokio::test]
async fn a_packet_that_is_never_shown_is_an_alarm_when_the_next_one_is_final() {
    let mut sim = Sim::new(Setting::calm()).await;
    order(&sim, "somebody");
    sim.mine_all(0);
    while sim.observe(0, 10).await > 0 {}
    order(&sim, "somebody");
    sim.mine_all(0);
    // All endpoints hide it, and so the driver does.
    sim.world.lock().chains[0].blocks[2].events.clear();
    while sim.observe(0, 10).await > 0 {}
    let alarm = async |sim: &Sim| {
        let status = sim.relayer.status().await.unwrap();
        status.chains[0].contradiction.clone()
    };
    assert_eq!(alarm(&sim).await, None, "nobody can know yet");
    order(&sim, "somebody");
    sim.mine_all(0);
    while sim.observe(0, 10).await > 0 {}
    let alarm = alarm(&sim).await.expect("an alarm");
    assert!(alarm.contains("the packets 2 to 2"), "{alarm}");
}
