//! Programs of others, installed from npm to be measured beside ours.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// Where they are installed: once per user, and never in the tree.
pub(crate) fn cache() -> Result<PathBuf> {
    let home = std::env::var_os("HOME").context("HOME is not set")?;
    Ok(PathBuf::from(home).join(".cache/causeway/bench-peer"))
}

/// Installs these packages, each in exactly this version, into a directory. No script of theirs is run.
pub(crate) async fn install<const N: usize>(
    directory: &Path,
    packages: [(&str, &str); N],
) -> Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let dependencies = BTreeMap::from(packages);
    let manifest = serde_json::json!({ "private": true, "dependencies": dependencies });
    std::fs::write(directory.join("package.json"), manifest.to_string())?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
        // The lock file is the same whichever registry was asked; and what a package expects others to
        // bring along is not needed for what is measured here.
        .args(["--omit-lockfile-registry-resolved", "--legacy-peer-deps"])
        .current_dir(directory);
    run(&mut npm, "npm install").await
}

/// Runs a command to its end; an error holds its last words.
pub(crate) async fn run(command: &mut Command, what: &str) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().await;
    let output = output.with_context(|| format!("{what} cannot be run"))?;
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    let tail: Vec<&str> = words.lines().rev().take(12).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    ensure!(
        output.status.success(),
        "{what} failed:\n{}",
        tail.join("\n")
    );
    Ok(())
}
