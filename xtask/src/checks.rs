//! Every check that a change must pass, in the order in which they fail fastest.

use std::{
    ffi::OsStr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{
    command::{cargo, run, works},
    contracts,
    network::{CAUSEWAY_VARIABLE, build_causeway},
    setup, tidy, web,
    workspace::Workspace,
};

type Step = (&'static str, fn(&Workspace) -> Result<()>);

const STEPS: [Step; 10] = [
    ("set-up", setup::for_tests),
    ("tree rules", tidy::run),
    ("formatting", formatting),
    ("contract artifacts", |_| contracts::build(true)),
    ("licences and sources", licences),
    // Before anything that is made of it.
    ("page", web::build),
    ("lints", lints),
    ("causeway binary", |workspace| {
        build_causeway(workspace).map(drop)
    }),
    ("tests", tests),
    ("page in a browser", web::browse),
];

/// Runs every step and stops at the first that fails.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    let start = Instant::now();
    let mut times = Vec::new();
    for (index, (name, step)) in STEPS.iter().enumerate() {
        let place = format!("{}/{}", index + 1, STEPS.len());
        eprintln!("── {place} {name}");
        let step_start = Instant::now();
        step(workspace).with_context(|| {
            format!(
                "step {place}, {name}, failed after {}",
                seconds(step_start.elapsed())
            )
        })?;
        times.push((name, step_start.elapsed()));
    }
    eprintln!("── every step passed in {}", seconds(start.elapsed()));
    for (name, time) in times {
        eprintln!("   {:>8}  {name}", seconds(time));
    }
    Ok(())
}

/// Writes the copy of the API's document anew: the test that compares it does so when it is told to.
pub(crate) fn write_openapi(workspace: &Workspace) -> Result<()> {
    let mut command = cargo(&workspace.root);
    command
        .args(["test", "--package", "causeway-api", "--test", "api"])
        .args([
            "--",
            "--exact",
            "document::the_checked_in_document_is_the_one_that_is_served",
        ])
        .env("CAUSEWAY_WRITE_OPENAPI", "1");
    run(&mut command)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn formatting(workspace: &Workspace) -> Result<()> {
    run(cargo(&workspace.root).args(["fmt", "--all", "--check"]))
        .context("run `cargo fmt --all` and look at what it changed")
}

fn lints(workspace: &Workspace) -> Result<()> {
    run(cargo(&workspace.root).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn licences(workspace: &Workspace) -> Result<()> {
    if !works(cargo(&workspace.root).args(["deny", "--version"])) {
        eprintln!("   skipped: cargo-deny is not installed (`cargo install cargo-deny --locked`)");
        return Ok(());
    }
    // Advisories change from day to day and need the network: not a property of the change.
    run(cargo(&workspace.root).args(["deny", "check", "licenses", "bans", "sources"]))
}

fn tests(workspace: &Workspace) -> Result<()> {
    let causeway = workspace.built("debug", "causeway");
    let mut command = cargo(&workspace.root);
    if works(cargo(&workspace.root).args(["nextest", "--version"])) {
        command.args(["nextest", "run", "--workspace"]);
    } else {
        command.args(["test", "--workspace", "--all-targets"]);
    }
    run(command.env(CAUSEWAY_VARIABLE, AsRef::<OsStr>::as_ref(&causeway)))
}
