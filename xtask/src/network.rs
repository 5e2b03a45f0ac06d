//! The local network and the benchmarks: builds the programs and becomes the one that was asked for.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    command::{become_program, cargo, run},
    nodes, setup, web,
    workspace::Workspace,
};

/// Names the `causeway` binary to the programs that start nodes.
pub(crate) const CAUSEWAY_VARIABLE: &str = "CAUSEWAY_BINARY";

/// Starts the chains and takes the tour.
pub(crate) fn up(workspace: &Workspace, once: bool, rest: &[String]) -> Result<()> {
    setup::run(workspace)?;
    nodes::provide_litecoin()?;
    web::provide(workspace)?;
    build(workspace, &["causeway", "causeway-localnet"], &[])?;
    let mut command = Command::new(workspace.built("debug", "causeway-localnet"));
    // The network's files go to the root of the workspace, where git ignores them.
    command.current_dir(&workspace.root).arg("up");
    if once {
        command.arg("--once");
    }
    command
        .arg("--causeway")
        .arg(workspace.built("debug", "causeway"))
        .args(rest);
    become_program(&mut command)
}

/// Measures: relaying with optimised programs, and what swaps cost, which is no matter of time, with those
/// that the tests use.
pub(crate) fn bench(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    setup::run(workspace)?;
    if arguments.first().is_some_and(|what| what == "swap") {
        nodes::provide(workspace)?;
        let with_node = arguments.iter().any(|argument| argument == "--daemon");
        let programs = ["causeway-bench", "causeway"];
        build(workspace, &programs[..=usize::from(with_node)], &[])?;
        let mut command = Command::new(workspace.built("debug", "causeway-bench"));
        if with_node {
            command.env(CAUSEWAY_VARIABLE, workspace.built("debug", "causeway"));
        }
        return become_program(command.args(arguments));
    }
    build(workspace, &["causeway", "causeway-bench"], &["--release"])?;
    let mut command = Command::new(workspace.built("release", "causeway-bench"));
    command
        .env(CAUSEWAY_VARIABLE, workspace.built("release", "causeway"))
        .args(arguments);
    become_program(&mut command)
}

/// Builds the `causeway` binary and says where it is.
pub(crate) fn build_causeway(workspace: &Workspace) -> Result<PathBuf> {
    build(workspace, &["causeway"], &[])?;
    Ok(workspace.built("debug", "causeway"))
}

/// Builds the program that starts local networks and says where it is.
pub(crate) fn build_localnet(workspace: &Workspace) -> Result<PathBuf> {
    build(workspace, &["causeway", "causeway-localnet"], &[])?;
    Ok(workspace.built("debug", "causeway-localnet"))
}

/// Builds programs. The whole workspace is named so that every build chooses the same features of
/// the libraries and none is compiled twice.
fn build(workspace: &Workspace, programs: &[&str], options: &[&str]) -> Result<()> {
    let mut command = cargo(&workspace.root);
    command.args(["build", "--workspace"]).args(options);
    for program in programs {
        command.args(["--bin", program]);
    }
    run(&mut command)
}
