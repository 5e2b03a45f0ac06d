//! What `causeway-bench swap` does where something that it needs is missing.
#![allow(clippy::unwrap_used)]

use std::{
    ffi::OsString,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn swap(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway-bench"));
    command.arg("swap").args(options);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn fails_with(output: &Output, words: [&str; 2]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_missing_node_ends_the_run_with_the_remedy_and_without_numbers() {
    let empty = tempfile::tempdir().unwrap();
    let output = swap(&["--no-peer", "--json"])
        .env("PATH", "")
        .env("CAUSEWAY_CACHE", empty.path())
        .env_remove("BITCOIND_EXE")
        .output()
        .unwrap();
    fails_with(&output, ["bitcoind is not installed", "cargo xtask setup"]);
    for variable in ["BITCOIND_EXE", "LITECOIND_EXE", "CAUSEWAY_ANVIL"] {
        let output = swap(&["--no-peer", "--json"])
            .env(variable, empty.path().join("nowhere"))
            .output()
            .unwrap();
        fails_with(&output, [&format!("{variable} names"), "not a file"]);
    }
}

#[test]
fn a_peer_that_cannot_be_installed_has_no_numbers_and_takes_none_of_ours_away() {
    let home = tempfile::tempdir().unwrap();
    let npm = home.path().join("npm");
    std::fs::write(&npm, "#!/bin/sh\necho no registry in sight\nexit 1\n").unwrap();
    std::fs::set_permissions(&npm, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut path = OsString::from(home.path());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let output = swap(&["--json"])
        .env("HOME", home.path())
        .env("PATH", path)
        .env("CAUSEWAY_CACHE", cache())
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("no registry in sight"), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (name, size) in [
        ("coop_claim", 99),
        ("coop_refund", 99),
        ("script_claim", 143),
        ("script_refund", 126),
        ("fund", 153),
    ] {
        for chain in ["btc", "ltc"] {
            assert_eq!(report[format!("{chain}_{name}_vb")], size, "{report}");
        }
    }
    let peer = report["peer"].as_object().unwrap();
    let names: Vec<&String> = peer.keys().filter(|name| name.ends_with("_gas")).collect();
    assert_eq!(names.len(), 8, "{report}");
    for name in names {
        assert_eq!(peer[name], Value::Null, "{report}");
        assert!(report[name].as_u64().unwrap() > 5_000, "{report}");
    }
}

/// Where set-up keeps the Bitcoin node that it built, though the home directory is another.
fn cache() -> PathBuf {
    if let Some(named) = std::env::var_os("CAUSEWAY_CACHE") {
        return named.into();
    }
    Path::new(&std::env::var_os("HOME").unwrap()).join(".cache/causeway")
}
