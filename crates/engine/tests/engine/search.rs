use std::convert::Infallible;

use causeway_engine::{Engine, Index, Machine, Place, Process, Step, Tag};

use crate::machine::{Store, at, on_each_store};

on_each_store! {
    what_has_a_tag_is_listed_newest_first_and_page_by_page,
    several_indexes_make_one_list,
    tags_follow_the_state_and_go_with_it,
    tags_of_another_version_are_written_anew,
    no_list_looks_at_more_than_it_shows,
}

/// Is found by what its state says.
struct Labelled;

impl Machine for Labelled {
    const KIND: &'static str = "labelled";
    const TAGS: u32 = 1;
    type State = Vec<String>;
    type Input = Option<Vec<String>>;
    type Effect = ();
    type Error = Infallible;

    fn handle(
        _state: Option<Vec<String>>,
        input: Option<Vec<String>>,
    ) -> Result<Step<Vec<String>, ()>, Infallible> {
        Ok(match input {
            Some(labels) => Step::to(labels, "open"),
            None => Step::vanish(),
        })
    }

    fn tags(state: &Vec<String>) -> Vec<Tag> {
        state.iter().map(|label| Tag::new("label", label)).collect()
    }
}

/// The same processes as a later version finds them.
struct Relabelled;

impl Machine for Relabelled {
    const KIND: &'static str = Labelled::KIND;
    const TAGS: u32 = 2;
    type State = Vec<String>;
    type Input = Option<Vec<String>>;
    type Effect = ();
    type Error = Infallible;

    fn handle(
        state: Option<Vec<String>>,
        input: Option<Vec<String>>,
    ) -> Result<Step<Vec<String>, ()>, Infallible> {
        Labelled::handle(state, input)
    }

    fn tags(state: &Vec<String>) -> Vec<Tag> {
        let upper = state.iter().map(|label| label.to_uppercase());
        upper.map(|label| Tag::new("label", label)).collect()
    }
}

async fn label(engine: &Engine, key: &str, labels: Option<&[&str]>, time: i64) {
    let labels = labels.map(|labels| labels.iter().map(ToString::to_string).collect());
    let mut unit = engine.begin(at(time)).await.unwrap();
    unit.handle::<Labelled>(key, labels).await.unwrap();
    unit.commit().await.unwrap();
}

fn tag(value: &str) -> Index {
    Index::Tag("label", value.to_owned())
}

async fn list(engine: &Engine, indexes: &[Index]) -> Vec<String> {
    let found = engine.newest::<Labelled>(indexes, None, 100).await.unwrap();
    found.into_iter().map(|process| process.key).collect()
}

async fn what_has_a_tag_is_listed_newest_first_and_page_by_page(store: Store) {
    let engine = store.open().await;
    for n in 0..7 {
        let labels: &[&str] = if n == 3 {
            &["other"]
        } else {
            &["red", "round"]
        };
        // Two of them at the same time, whose order is that of their keys.
        label(&engine, &format!("p{n}"), Some(labels), 10 + n / 2).await;
    }
    assert_eq!(
        list(&engine, &[tag("red")]).await,
        ["p6", "p5", "p4", "p2", "p1", "p0"]
    );
    assert_eq!(list(&engine, &[tag("other")]).await, ["p3"]);
    assert_eq!(list(&engine, &[tag("re")]).await, Vec::<String>::new());

    let mut paged = Vec::new();
    let mut before = None;
    loop {
        let indexes = [tag("red")];
        let page = engine.newest::<Labelled>(&indexes, before.as_ref(), 2);
        let page: Vec<Process<_>> = page.await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(Place::of(last));
        paged.extend(page.into_iter().map(|process| process.key));
    }
    assert_eq!(paged, ["p6", "p5", "p4", "p2", "p1", "p0"]);
}

async fn several_indexes_make_one_list(store: Store) {
    let engine = store.open().await;
    for (time, labels) in (1..).zip([&["red"][..], &["green"], &["red", "green"], &["blue"]]) {
        label(&engine, &format!("p{time}"), Some(labels), time).await;
    }
    let both = [tag("red"), tag("green")];
    assert_eq!(list(&engine, &both).await, ["p3", "p2", "p1"]);
    let found = engine.newest::<Labelled>(&both, None, 2).await.unwrap();
    let keys: Vec<_> = found.iter().map(|process| &*process.key).collect();
    assert_eq!(keys, ["p3", "p2"]);
    assert_eq!(list(&engine, &[Index::All]).await.len(), 4);
    let open = [Index::Phase("open".to_owned())];
    assert_eq!(list(&engine, &open).await, ["p4", "p3", "p2", "p1"]);
    let shut = [Index::Phase("shut".to_owned())];
    assert_eq!(list(&engine, &shut).await, Vec::<String>::new());
}

async fn tags_follow_the_state_and_go_with_it(store: Store) {
    let engine = store.open().await;
    label(&engine, "p", Some(&["red", "round"]), 1).await;
    label(&engine, "p", Some(&["round", "late"]), 2).await;
    assert_eq!(list(&engine, &[tag("red")]).await, Vec::<String>::new());
    assert_eq!(list(&engine, &[tag("round")]).await, ["p"]);
    assert_eq!(list(&engine, &[tag("late")]).await, ["p"]);

    // In one unit, what counts is what was before it and what is after it.
    let mut unit = engine.begin(at(3)).await.unwrap();
    for labels in [vec!["between".to_owned()], vec!["late".to_owned()]] {
        unit.handle::<Labelled>("p", Some(labels)).await.unwrap();
    }
    unit.commit().await.unwrap();
    assert_eq!(list(&engine, &[tag("between")]).await, Vec::<String>::new());
    assert_eq!(list(&engine, &[tag("round")]).await, Vec::<String>::new());
    assert_eq!(list(&engine, &[tag("late")]).await, ["p"]);

    // A process that begins anew in the unit in which it vanished is a new one, also in the lists.
    label(&engine, "q", Some(&["late"]), 4).await;
    let mut unit = engine.begin(at(5)).await.unwrap();
    unit.handle::<Labelled>("p", None).await.unwrap();
    let labels = Some(vec!["late".to_owned()]);
    unit.handle::<Labelled>("p", labels).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(list(&engine, &[tag("late")]).await, ["p", "q"]);
    label(&engine, "p", None, 6).await;
    assert_eq!(list(&engine, &[tag("late")]).await, ["q"]);
}

async fn tags_of_another_version_are_written_anew(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    for n in 0..600 {
        let labels = Some(vec!["red".to_owned()]);
        unit.handle::<Labelled>(&format!("p{n:03}"), labels)
            .await
            .unwrap();
    }
    unit.commit().await.unwrap();
    // As in a store from before there were tags.
    store.sql("DELETE FROM tags").await.unwrap();
    assert_eq!(engine.retag::<Labelled>().await.unwrap(), 600);
    let count = async |value| {
        let found = engine.newest::<Labelled>(&[tag(value)], None, 1_000).await;
        found.unwrap().len()
    };
    assert_eq!((count("red").await, count("RED").await), (600, 0));
    assert_eq!(engine.retag::<Labelled>().await.unwrap(), 0);
    assert_eq!(engine.retag::<Relabelled>().await.unwrap(), 600);
    assert_eq!((count("red").await, count("RED").await), (0, 600));
}

/// The plans of both databases name the index, and neither sorts nor reads the whole table.
async fn no_list_looks_at_more_than_it_shows(store: Store) {
    let engine = store.open().await;
    for round in 0..40 {
        let mut unit = engine.begin(at(round)).await.unwrap();
        for n in 0..500 {
            let labels = vec!["common".to_owned(), format!("rare{}", n % 50)];
            let key = format!("{round:03}-{n:03}");
            unit.handle::<Labelled>(&key, Some(labels)).await.unwrap();
        }
        unit.commit().await.unwrap();
    }
    store.sql("ANALYZE").await.unwrap();
    let before = Place {
        created_at: at(20),
        key: "020-100".to_owned(),
    };
    for (index, name) in [
        (Index::All, "processes_by_"),
        (Index::Phase("open".to_owned()), "processes_by_"),
        (tag("common"), "t"),
        (tag("rare7"), "t"),
    ] {
        for before in [None, Some(&before)] {
            let plan = engine.explain_newest::<Labelled>(&index, before, 50);
            let plan = plan.await.unwrap().join("\n");
            let refused = ["SCAN", "Seq Scan", "Sort", "B-TREE", "Hash"];
            let found = refused.iter().find(|word| plan.contains(**word));
            assert_eq!(found, None, "{index:?} from {before:?}:\n{plan}");
            assert!(plan.contains(name), "{plan}");
        }
        let found = engine.newest::<Labelled>(std::slice::from_ref(&index), Some(&before), 50);
        assert_eq!(found.await.unwrap().len(), 50, "{index:?}");
    }
}
