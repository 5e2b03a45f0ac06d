//! Single failures, told one by one.

use std::time::Duration;

use causeway_engine::{EffectFilter, EffectView, Filter};
use causeway_types::Timestamp;

use super::{
    chain::From,
    job::{Plan, Point},
    router::{Call, Order, POISON},
    sim::{Setting, Sim},
    world::{Mood, end},
};
use crate::{packet::PacketMachine, status::LaneStatus};

impl Sim {
    fn order(&self, side: usize, receiver: &'static str, seconds: u64) {
        let mut world = self.world.lock();
        let timeout = world.seconds().plus_secs(seconds);
        let order = Order {
            homeward: false,
            amount: 5,
            receiver,
            timeout,
        };
        world.chains[side].submit(From::User, Call::Send(order));
    }

    async fn phases(&self) -> Vec<String> {
        let all = self
            .engine
            .processes::<PacketMachine>(Filter::default())
            .await
            .unwrap();
        all.into_iter().map(|process| process.phase).collect()
    }

    async fn open_effects(&self) -> Vec<EffectView> {
        let open = EffectFilter {
            open_only: true,
            ..EffectFilter::default()
        };
        self.engine.effects(open).await.unwrap()
    }

    /// What the status says of the lane to this side's client.
    async fn lane(&self, side: usize) -> LaneStatus {
        let status = self.relayer.status().await.unwrap();
        let mut lanes = status.routes.into_iter().flat_map(|route| route.lanes);
        lanes.find(|lane| lane.client == end(side)).unwrap()
    }

    async fn rounds(&mut self, count: usize) {
        for _ in 0..count {
            self.round(true).await;
            self.audit();
        }
    }

    /// Everything is observed, nothing is carried.
    async fn observe_all(&mut self) {
        for side in 0..2 {
            while self.observe(side, 10).await > 0 {}
        }
    }
}

async fn calm() -> Sim {
    Sim::new(Setting::calm()).await
}

#[tokio::test]
async fn a_message_that_always_reverts_delays_no_neighbour_and_is_tried_ever_more_rarely() {
    let mut sim = calm().await;
    for receiver in ["somebody", POISON, "somebody", "somebody"] {
        sim.order(0, receiver, 10_000);
    }
    sim.rounds(4).await;
    assert_eq!(
        sim.phases().await,
        ["acknowledged", "proven", "acknowledged", "acknowledged"]
    );
    let lane = sim.lane(1).await;
    assert_eq!(lane.waiting, 1);
    assert!(lane.problem.unwrap().contains("ran out of gas"));

    let mut waits = Vec::new();
    for _ in 0..40 {
        sim.rounds(1).await;
        let effect = sim.open_effects().await.remove(0);
        waits.push((effect.attempts, effect.due_at.since(effect.updated_at)));
    }
    let (attempts, longest) = waits.last().unwrap();
    assert!(
        (5..15).contains(attempts),
        "{attempts} attempts in two minutes"
    );
    assert!(*longest >= Duration::from_secs(15), "{longest:?}");

    // While it waits, others pass it by.
    sim.order(0, "somebody", 10_000);
    sim.rounds(4).await;
    assert_eq!(
        sim.phases()
            .await
            .iter()
            .filter(|phase| *phase == "acknowledged")
            .count(),
        4
    );
}

#[tokio::test]
async fn good_packets_wait_for_none_of_many_poisoned_ones_that_are_long_due() {
    let mut sim = calm().await;
    for _ in 0..120 {
        sim.order(0, POISON, 10_000);
    }
    sim.rounds(4).await;
    let failed = sim.open_effects().await;
    assert_eq!(failed.len(), 120);
    assert!(failed.iter().all(|effect| effect.attempts > 0));

    sim.world.lock().advance(Duration::from_secs(60));
    for _ in 0..3 {
        sim.order(0, "somebody", 10_000);
    }
    sim.mine_all(0);
    sim.observe_all().await;
    assert!(sim.carry(1, Plan::default()).await);
    sim.mine_all(1);
    sim.observe_all().await;
    let phases = sim.phases().await;
    let delivered = phases.iter().filter(|phase| *phase == "delivered").count();
    assert_eq!(delivered, 3, "the first batch held the good ones alone");
}

#[tokio::test]
async fn below_the_threshold_nothing_moves_the_status_says_why_and_it_recovers_by_itself() {
    let mut sim = calm().await;
    sim.world.lock().attestors = [Mood::Well, Mood::Down, Mood::Down];
    sim.order(0, "somebody", 10_000);
    sim.rounds(3).await;
    assert_eq!(sim.phases().await, ["final"]);
    let lane = sim.lane(1).await;
    assert_eq!(lane.waiting, 1);
    let problem = lane.problem.unwrap();
    for part in ["1 of the 2 attestations needed", "0 endpoints answer"] {
        assert!(problem.contains(part), "{problem}");
    }
    sim.world.lock().attestors[2] = Mood::Well;
    sim.rounds(4).await;
    assert_eq!(sim.phases().await, ["acknowledged"]);
    assert_eq!(sim.lane(1).await.problem, None);
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_told_and_the_lane_recovers_by_itself() {
    let mut sim = calm().await;
    sim.order(0, "somebody", 10_000);
    sim.mine_all(0);
    sim.observe_all().await;
    sim.world.lock().chains[1].down = true;
    sim.rounds(2).await;
    assert!(
        sim.lane(1)
            .await
            .problem
            .unwrap()
            .contains("the endpoint does not answer")
    );
    sim.world.lock().chains[1].down = false;
    sim.rounds(4).await;
    assert_eq!(sim.phases().await, ["acknowledged"]);
    assert_eq!(sim.lane(1).await.problem, None);
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_no_problem_any_more() {
    let mut sim = calm().await;
    sim.order(0, POISON, 20);
    sim.rounds(3).await;
    assert!(sim.lane(1).await.problem.is_some());
    sim.world.lock().advance(Duration::from_secs(60));
    sim.mine_all(1);
    sim.rounds(3).await;
    assert_eq!(sim.phases().await, ["timed_out"]);
    assert_eq!(
        (sim.lane(1).await.waiting, sim.lane(1).await.problem),
        (0, None)
    );
}

#[tokio::test]
async fn after_a_restart_a_chain_without_new_blocks_can_still_be_proven_from() {
    let mut sim = calm().await;
    sim.order(0, "somebody", 10_000);
    sim.mine_all(0);
    sim.observe_all().await;
    sim.crash().await;
    let deaths = Plan {
        slow_at: None,
        dies_at: Some(Point::Sent),
    };
    assert!(sim.carry(1, deaths).await, "nothing to carry");
    sim.world.lock().advance(Duration::from_secs(61));
    sim.rounds(4).await;
    assert_eq!(sim.phases().await, ["acknowledged"]);
}

#[tokio::test]
async fn a_packet_first_seen_after_its_time_is_refunded_without_another_block_of_its_destination() {
    let mut sim = calm().await;
    sim.order(0, "somebody", 5);
    sim.mine_all(0);
    sim.world.lock().advance(Duration::from_secs(30));
    sim.mine_all(1);
    while sim.observe(1, 10).await > 0 {}
    let height = sim.world.lock().chains[1].head().name.height;
    sim.rounds(4).await;
    assert_eq!(sim.phases().await, ["timed_out"]);
    assert_eq!(sim.world.lock().chains[1].head().name.height, height);
}

#[tokio::test]
async fn a_transaction_sent_by_a_relayer_that_died_is_not_sent_again() {
    let mut sim = calm().await;
    sim.order(0, "somebody", 10_000);
    sim.mine_all(0);
    sim.observe_all().await;
    sim.carry(
        1,
        Plan {
            slow_at: None,
            dies_at: Some(Point::Sent),
        },
    )
    .await;
    sim.world.lock().advance(Duration::from_secs(61));
    sim.carry(1, Plan::default()).await;
    assert_eq!(sim.world.lock().chains[1].mempool.len(), 1);
    sim.rounds(3).await;
    assert_eq!(sim.phases().await, ["acknowledged"]);
}

#[tokio::test]
async fn an_effect_that_is_cancelled_while_it_is_carried_stays_cancelled() {
    let mut sim = calm().await;
    sim.order(0, "somebody", 10_000);
    sim.mine_all(0);
    sim.observe_all().await;
    sim.carry(
        1,
        Plan {
            slow_at: Some(Point::Mined),
            dies_at: None,
        },
    )
    .await;
    sim.mine_all(1);
    sim.turn(0).await;
    // The receipt is seen before the batch hears of its transaction.
    sim.observe_all().await;
    assert_eq!(sim.jobs.len(), 1);
    while !sim.jobs.is_empty() {
        sim.turn(0).await;
    }
    let open: Vec<_> = sim
        .open_effects()
        .await
        .into_iter()
        .map(|effect| effect.key)
        .collect();
    assert_eq!(open.len(), 1);
    assert!(open[0].ends_with("#acknowledge"), "{open:?}");
}

#[tokio::test]
async fn a_packet_received_while_its_name_still_stands_for_another_is_acknowledged() {
    let setting = Setting {
        depths: [1, 0],
        ..Setting::calm()
    };
    let mut sim = Sim::new(setting).await;
    sim.order(0, "somebody", 10_000);
    sim.mine_all(0);
    while sim.observe(0, 10).await > 0 {}
    // The source replaces the packet, and a stranger delivers the new one, before the relayer hears
    // of the reorganisation.
    {
        let mut world = sim.world.lock();
        let now = world.seconds();
        world.chains[0].take_back(1, || false);
        world.chains[0].mine(now, |_| true);
    }
    sim.order(0, "somebody", 20_000);
    (0..2).for_each(|_| sim.mine_all(0));
    sim.stranger_delivers(1).await;
    sim.mine_all(1);
    while sim.observe(1, 10).await > 0 {}
    sim.note_contradictions().await;
    sim.audit();
    for _ in 0..5 {
        sim.round(false).await;
    }
    assert_eq!(sim.phases().await, ["acknowledged"]);
    sim.check_the_end().await;
}

#[tokio::test]
async fn a_send_that_is_taken_back_before_it_is_final_leaves_nothing_behind() {
    let mut sim = Sim::new(Setting {
        depths: [2, 0],
        ..Setting::calm()
    })
    .await;
    sim.order(0, "somebody", 10_000);
    sim.mine_all(0);
    sim.observe_all().await;
    assert_eq!(sim.phases().await, ["observed"]);
    {
        let mut world = sim.world.lock();
        let now: Timestamp = world.seconds();
        world.chains[0].take_back(1, || false);
        (0..4).for_each(|_| world.chains[0].mine(now, |_| true));
    }
    sim.observe_all().await;
    sim.rounds(2).await;
    assert_eq!(sim.phases().await, Vec::<String>::new());
    assert_eq!(sim.open_effects().await, vec![]);
}

#[tokio::test]
async fn a_delivery_that_is_taken_back_before_anybody_observed_it_is_made_again() {
    let setting = Setting {
        depths: [0, 2],
        ..Setting::calm()
    };
    let mut sim = Sim::new(setting).await;
    sim.order(0, "somebody", 1_000_000);
    sim.mine_all(0);
    sim.observe_all().await;
    sim.carry(1, Plan::default()).await;
    sim.mine_all(1);
    sim.turn(0).await;
    assert!(
        sim.jobs.is_empty(),
        "the batch has been told that it arrived"
    );
    {
        let mut world = sim.world.lock();
        let now = world.seconds();
        world.chains[1].take_back(1, || false);
        world.chains[1].mine(now, |_| true);
    }
    for _ in 0..20 {
        sim.round(false).await;
    }
    assert_eq!(sim.phases().await, ["acknowledged"]);
}

#[tokio::test]
async fn an_attempt_without_a_message_that_was_needless_then_is_not_taken_for_one_with_it() {
    let setting = Setting {
        depths: [0, 1],
        ..Setting::calm()
    };
    let mut sim = Sim::new(setting).await;
    sim.order(0, "somebody", 1_000_000);
    sim.mine_all(0);
    sim.stranger_delivers(1).await;
    sim.mine_all(1);
    sim.order(0, "somebody", 1_000_000);
    sim.mine_all(0);
    while sim.observe(0, 10).await > 0 {}
    // A stranger has delivered the first, the relayer dies delivering the second alone. Then the
    // stranger's delivery is taken back, and the source makes no block that would make a difference.
    let dies = Plan {
        slow_at: None,
        dies_at: Some(Point::Sent),
    };
    sim.carry(1, dies).await;
    {
        let mut world = sim.world.lock();
        let now = world.seconds();
        world.chains[1].take_back(1, || false);
        world.chains[1].mine(now, |_| true);
        world.advance(Duration::from_secs(61));
    }
    while sim.carry(1, Plan::default()).await {}
    sim.audit();
    for _ in 0..2 {
        sim.mine_all(1);
        while !sim.jobs.is_empty() {
            sim.turn(0).await;
        }
        sim.observe_all().await;
    }
    let delivered = sim.world.lock().chains[1].head().state.incoming.len();
    assert_eq!(delivered, 2);
}

#[tokio::test]
async fn an_observer_that_wakes_up_too_late_records_nothing() {
    let mut sim = calm().await;
    sim.order(0, "somebody", 10_000);
    sim.rounds(4).await;
    let before = sim.observers[0].cursor().await.unwrap();
    // It has just read the chain from its beginning, and falls asleep before it records that.
    let host = sim.observers[0].host.clone();
    sim.follows[0] = host.follow(None).await.ok();
    let late = sim.read(0, 2).await;
    assert!(!late.is_empty());
    let now = sim.world.lock().now.plus(Duration::from_secs(60));
    let name = sim.observers[0].leadership.term().unwrap();
    let another = sim
        .engine
        .lead(name.name(), "another", Duration::from_secs(60), now);
    assert!(another.await.unwrap().is_some());

    let error = sim.observers[0].record(late).await.unwrap_err();
    assert!(error.passes(), "{error}");
    assert_eq!(sim.observers[0].cursor().await.unwrap(), before);
}
