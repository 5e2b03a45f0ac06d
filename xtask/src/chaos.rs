//! Many runs with faults at random moments, and what came of them.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use crate::{
    command::{cargo, run},
    network::{CAUSEWAY_VARIABLE, build_causeway},
    nodes, setup,
    workspace::Workspace,
};

/// The file that the tests write their figures to.
const REPORT_VARIABLE: &str = "CAUSEWAY_CHAOS_REPORT";

/// How many runs of each kind; a zero leaves them out.
#[derive(Clone, Copy)]
pub(crate) struct Runs {
    /// Simulated.
    pub(crate) simulated: u64,
    /// Real ones in which the relayer is killed.
    pub(crate) killed: u64,
    /// Swaps, two of which make a run, in which both parties are killed.
    pub(crate) swaps: u64,
}

/// Simulated runs, then real ones. Prints one JSON object for each kind.
pub(crate) fn run_all(workspace: &Workspace, runs: Runs) -> Result<()> {
    let Runs {
        simulated,
        killed,
        swaps,
    } = runs;
    ensure!(
        simulated + killed + swaps > 0,
        "say what to run, for instance `chaos --sim 1000 --kill 50 --swaps 100`"
    );
    let directory = workspace.built("chaos", "");
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    if simulated > 0 {
        let report = directory.join("sim.json");
        let name = "whatever_happens_every_packet_ends_once";
        let mut command = test(workspace, "causeway-relayer", &["--lib"], name);
        command.env("CAUSEWAY_SIM_SEEDS", simulated.to_string());
        report_of("simulated", &mut command, &report)?;
    }
    if killed > 0 {
        setup::run(workspace)?;
        let causeway = build_causeway(workspace)?;
        let report = directory.join("kill.json");
        let name = "however_often_the_relayer_is_killed";
        let target = ["--test", "relayer_killed_at_any_moment"];
        let mut command = test(workspace, "causeway-localnet", &target, name);
        command
            .env("CAUSEWAY_CHAOS_RUNS", killed.to_string())
            .env(CAUSEWAY_VARIABLE, causeway);
        report_of("killed", &mut command, &report)?;
    }
    if swaps > 0 {
        setup::run(workspace)?;
        nodes::provide(workspace)?;
        let causeway = build_causeway(workspace)?;
        let report = directory.join("swaps.json");
        let name = "however_often_both_parties_are_killed";
        let target = ["--test", "swaps_killed_at_any_moment"];
        let mut command = test(workspace, "causeway-localnet", &target, name);
        command
            .env("CAUSEWAY_CHAOS_RUNS", swaps.div_ceil(2).to_string())
            .env(CAUSEWAY_VARIABLE, causeway);
        report_of("swaps", &mut command, &report)?;
    }
    Ok(())
}

/// One test, without nextest: its limit of time is for stories, not for many of them.
fn test(workspace: &Workspace, package: &str, target: &[&str], name: &str) -> Command {
    let mut command = cargo(&workspace.root);
    command.args(["test", "--package", package]).args(target);
    command.args([name, "--", "--nocapture"]);
    command
}

/// Runs it and prints the figures that it left, also when it failed.
fn report_of(kind: &str, command: &mut Command, report: &Path) -> Result<()> {
    if report.exists() {
        std::fs::remove_file(report).context("the figures of an earlier run are in the way")?;
    }
    let outcome = run(command.env(REPORT_VARIABLE, report));
    if let Ok(figures) = std::fs::read_to_string(report) {
        println!("{{\"{kind}\":{}}}", figures.trim());
    }
    outcome
}
