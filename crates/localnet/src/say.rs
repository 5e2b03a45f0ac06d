//! What the tour prints, in one form.

use std::{fmt::Display, path::Path, time::Instant};

use alloy::primitives::B256;
use causeway_ibc_evm::SeenOn;

/// How many lines of a log are shown.
const TAIL: usize = 12;

/// A heading, with what is at stake.
pub fn step(title: &str, stake: impl Display) {
    println!("\n● {title}  ({stake})");
}

/// Something that is so.
pub fn fact(name: &str, value: impl Display) {
    println!("  {name:<13} {value}");
}

/// A transaction, the seconds since `started`, and its gas.
pub fn transaction(what: &str, chain: &str, tx: B256, height: u64, gas: u64, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!("  {what:<13} {seconds:>5.1} s  {gas:>9} gas  {chain:<5} block {height:<5} {tx}");
}

/// A fact about a packet, as [`transaction`].
pub fn seen(what: &str, chain: &str, seen: &SeenOn, started: Instant) {
    transaction(what, chain, seen.tx, seen.height, seen.gas_used, started);
}

/// A step that did not happen, with the end of the log to be read.
pub fn failure(error: &anyhow::Error, log: &Path) {
    println!("\n✗ {error:#}");
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    println!("\nThe end of {} (the others are beside it):", log.display());
    for line in &lines[lines.len().saturating_sub(TAIL)..] {
        println!("  {line}");
    }
}
