use causeway_engine::{Filter, ProcessId, Step, Wake};

use crate::machine::{Adder, Store, add, at, feed, on_each_store};

on_each_store! {
    listings_filter_and_page_by_key_and_by_age,
    a_due_process_is_named_once_and_only_by_its_own_clock,
    a_wake_set_in_the_same_unit_is_found_and_stays_cleared,
    a_step_without_a_wake_takes_back_the_one_before,
    a_process_that_vanishes_can_begin_anew,
}

fn keys(processes: &[causeway_engine::Process<u64>]) -> Vec<&str> {
    processes.iter().map(|process| &*process.key).collect()
}

async fn listings_filter_and_page_by_key_and_by_age(store: Store) {
    let engine = store.open().await;
    for (time, key) in (1..).zip(["d", "b", "a", "c"]) {
        let mut step = add(time);
        if key == "b" {
            step.phase = "ended";
            step = step.done();
        }
        feed(&engine, key, step, at(time.try_into().unwrap())).await;
    }
    let list = async |filter| engine.processes::<Adder>(filter).await.unwrap();

    assert_eq!(keys(&list(Filter::default()).await), ["a", "b", "c", "d"]);
    let page = Filter {
        after: Some("a".into()),
        limit: Some(2),
        ..Filter::default()
    };
    assert_eq!(keys(&list(page).await), ["b", "c"]);
    let newest = Filter {
        newest_first: true,
        limit: Some(2),
        ..Filter::default()
    };
    assert_eq!(keys(&list(newest.clone()).await), ["c", "a"]);
    let next_page = Filter {
        after: Some("a".into()),
        ..newest
    };
    assert_eq!(keys(&list(next_page).await), ["b", "d"]);
    let open = Filter {
        open_only: true,
        ..Filter::default()
    };
    assert_eq!(keys(&list(open).await), ["a", "c", "d"]);
    let ended = Filter {
        phases: vec!["ended".into(), "unheard of".into()],
        ..Filter::default()
    };
    assert_eq!(keys(&list(ended).await), ["b"]);
    let counts = engine.counts("adder").await.unwrap();
    assert_eq!(counts, [("adding".into(), 3), ("ended".into(), 1)]);
}

async fn a_due_process_is_named_once_and_only_by_its_own_clock(store: Store) {
    let engine = store.open().await;
    feed(&engine, "early", add(1).wake("chain-a", 10), at(1)).await;
    feed(&engine, "late", add(1).wake("chain-a", 20), at(1)).await;
    feed(&engine, "other", add(1).wake("chain-b", 10), at(1)).await;
    feed(&engine, "never", add(1).wake("chain-a", u64::MAX), at(1)).await;

    let mut unit = engine.begin(at(2)).await.unwrap();
    assert!(unit.due("chain-a", 9).await.unwrap().is_empty());
    let due = unit.due("chain-a", 10).await.unwrap();
    let early = ProcessId {
        kind: "adder".into(),
        key: "early".into(),
    };
    assert_eq!(due, [early]);
    assert!(unit.due("chain-a", 10).await.unwrap().is_empty());
    unit.commit().await.unwrap();

    let process = engine.process::<Adder>("early").await.unwrap().unwrap();
    assert_eq!(process.wake, None);
    let process = engine.process::<Adder>("late").await.unwrap().unwrap();
    let wake = Wake {
        clock: "chain-a".into(),
        at: 20,
    };
    assert_eq!(process.wake, Some(wake));
}

async fn a_wake_set_in_the_same_unit_is_found_and_stays_cleared(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    let step = add(1).wake("clock", 5);
    unit.handle::<Adder>("p", Some(step)).await.unwrap();
    assert_eq!(unit.due("clock", 5).await.unwrap().len(), 1);
    let process = unit.process::<Adder>("p").await.unwrap().unwrap();
    assert_eq!(process.wake, None);
    unit.commit().await.unwrap();
    let process = engine.process::<Adder>("p").await.unwrap().unwrap();
    assert_eq!((process.state, process.wake), (1, None));
}

async fn a_step_without_a_wake_takes_back_the_one_before(store: Store) {
    let engine = store.open().await;
    feed(&engine, "p", add(1).wake("clock", 5), at(1)).await;
    feed(&engine, "p", add(1), at(2)).await;
    let mut unit = engine.begin(at(3)).await.unwrap();
    assert!(unit.due("clock", 5).await.unwrap().is_empty());
}

async fn a_process_that_vanishes_can_begin_anew(store: Store) {
    let engine = store.open().await;
    feed(&engine, "p", add(5), at(1)).await;
    feed(&engine, "p", Step::vanish(), at(2)).await;
    assert!(engine.process::<Adder>("p").await.unwrap().is_none());
    feed(&engine, "p", add(1), at(3)).await;
    let process = engine.process::<Adder>("p").await.unwrap().unwrap();
    assert_eq!((process.state, process.created_at), (1, at(3)));
}
