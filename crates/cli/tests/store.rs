//! Copies of the store, made by the command and restored.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::Path;

use causeway_engine::{Engine, UnixMillis};
use causeway_local_postgres::PostgresServer;
use common::Sandbox;

async fn set(url: &str, value: &str) {
    let engine = Engine::open(url).await.unwrap();
    let mut unit = engine.begin(UnixMillis::now()).await.unwrap();
    unit.set_cursor("stream", value).await.unwrap();
    unit.commit().await.unwrap();
    engine.close().await;
}

/// What a store holds, and where it thinks that it is.
async fn look(url: &str) -> (Option<String>, String) {
    let engine = Engine::open(url).await.unwrap();
    let value = engine.cursor("stream").await.unwrap();
    let place = engine.place().await.unwrap();
    engine.close().await;
    (value, place)
}

fn backup(sandbox: &Sandbox, file: &Path) {
    let outcome = sandbox.run(&["store", "backup", "--json", file.to_str().unwrap()]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let said: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert!(said["bytes"].as_u64().unwrap() > 0, "{said}");
    // Never over something else.
    let again = sandbox.run(&["store", "backup", file.to_str().unwrap()]);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.stderr.contains("exists already"), "{again:?}");
}

#[tokio::test]
async fn a_sqlite_store_is_copied_while_it_is_in_use_and_the_copy_is_known_as_one() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["config", "init"]).code, 0);
    let url = format!("sqlite://{}", sandbox.path("causeway.db").display());
    set(&url, "old").await;
    let in_use = Engine::open(&url).await.unwrap();
    let unit = in_use.begin(UnixMillis::now()).await.unwrap();
    let file = sandbox.path("copy.db");
    drop(unit);
    backup(&sandbox, &file);
    in_use.close().await;
    set(&url, "new").await;
    let (value, place) = look(&url).await;
    assert_eq!(value.as_deref(), Some("new"));

    // Restored in the worst way: over the file itself.
    for leftover in ["causeway.db-wal", "causeway.db-shm"] {
        let _ = std::fs::remove_file(sandbox.path(leftover));
    }
    std::fs::copy(&file, sandbox.path("causeway.db")).unwrap();
    let (restored, place_of_copy) = look(&url).await;
    assert_eq!(restored.as_deref(), Some("old"));
    assert_ne!(place, place_of_copy);
    assert_eq!(look(&url).await.1, place_of_copy);
}

#[tokio::test]
async fn a_postgres_store_is_copied_and_restored_and_the_copy_is_known_as_one() {
    let server = PostgresServer::start().unwrap();
    let url = server.create_database().unwrap();
    let sandbox = Sandbox::with_starter("sqlite://causeway.db", &url);
    set(&url, "old").await;
    let file = sandbox.path("copy.dump");
    backup(&sandbox, &file);
    set(&url, "new").await;
    let (value, place) = look(&url).await;
    assert_eq!(value.as_deref(), Some("new"));
    assert_eq!(look(&url).await.1, place);

    let restored = server.restore(&file).unwrap();
    let (value, place_of_copy) = look(&restored).await;
    assert_eq!(value.as_deref(), Some("old"));
    assert_ne!(place, place_of_copy);
}

/// A part of a configuration that lets commands about swaps look into the store.
const SWAPS: &str = r#"
[swaps]
seed = { file = "swaps.seed" }

[[swaps.chains]]
id = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"
name = "bitcoin"
endpoints = ["http://127.0.0.1:18443"]
cookie = "regtest/.cookie"
long = "144 blocks"
short = "72 blocks"
"#;

#[tokio::test]
async fn who_only_reads_waits_for_no_writer_and_who_writes_is_told_whom_it_waits_for() {
    let sqlite = Sandbox::with_starter("sqlite://causeway.db", "sqlite://causeway.db");
    let file = format!("sqlite://{}", sqlite.path("causeway.db").display());
    let server = PostgresServer::start().unwrap();
    let database = server.create_database().unwrap();
    let postgres = Sandbox::with_starter("sqlite://causeway.db", &database);
    for (sandbox, url) in [(sqlite, file), (postgres, database)] {
        let config = sandbox.read("causeway.toml");
        sandbox.write("causeway.toml", &format!("{config}{SWAPS}"));
        set(&url, "there").await;
        let engine = Engine::open(&url).await.unwrap();
        let mut unit = engine.begin(UnixMillis::now()).await.unwrap();
        unit.set_cursor("stream", "not yet").await.unwrap();
        for (reading, code) in [
            (&["swap", "list"][..], 0),
            (&["swap", "show", "0x7b21"], 2),
            (&["packets", "list"], 0),
        ] {
            let outcome = sandbox.run(reading);
            assert_eq!(outcome.code, code, "{reading:?}: {outcome:?}");
            assert!(!outcome.stderr.contains("busy"), "{outcome:?}");
        }
        let unknown = sandbox.run(&["swap", "show", "0x7b21"]);
        assert!(unknown.stderr.contains("none that begins"), "{unknown:?}");
        if url.starts_with("sqlite") {
            let marked = sandbox.run(&["store", "restored"]);
            assert_eq!(marked.code, 1, "{marked:?}");
            for words in ["store: the store is busy", "help: try again"] {
                assert!(marked.stderr.contains(words), "{words:?}: {marked:?}");
            }
        }
        drop(unit);
        engine.close().await;
    }
}
