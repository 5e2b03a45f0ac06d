//! The project's own tool: set-up, contracts, local networks, checks and benchmarks.

mod chaos;
mod checks;
mod command;
mod contracts;
mod defences;
mod network;
mod nodes;
mod setup;
mod tidy;
mod web;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "The project's own tool",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the local chains need, and look for the database server that tests need; quick
    /// when all is there already.
    Setup,
    /// Build the contracts' artifacts from their sources.
    Contracts {
        /// Change nothing; fail when the artifacts are not what the sources say.
        #[arg(long)]
        check: bool,
    },
    /// Write the copy of the API's document anew, from what the handlers say.
    Openapi,
    /// Build the page that a node serves; quick when it is newer than its sources.
    Web {
        /// Check it, test it, and build it in any case.
        #[arg(long)]
        check: bool,
    },
    /// Start local chains with Causeway between them, and take the tour.
    Up {
        /// Take the tour, stop everything, and exit 0 only if every step happened.
        #[arg(long)]
        once: bool,
        /// Further arguments for `causeway-localnet up`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Run every check and every test, with all the set-up that they need.
    Test,
    /// Take each defence out of the source in turn and demand that its test fails.
    Defences(defences::Options),
    /// Measure, for instance `bench relay --blocks 1s --n 200 --json`, or `bench swap --json`.
    Bench {
        /// What to measure and how: the arguments of `causeway-bench`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        arguments: Vec<String>,
    },
    /// Try many runs with faults at random moments: `chaos --sim 1000 --kill 50 --swaps 100`.
    ///
    /// Prints how many packets and swaps were lost or duplicated, as JSON, and fails if any was. A failing
    /// simulated run is replayed with `CAUSEWAY_SIM_SEED=…`, a real one with `CAUSEWAY_TEST_SEED=…`.
    Chaos {
        /// How many simulated runs.
        #[arg(long, default_value_t = 0)]
        sim: u64,
        /// How many runs on real chains with processes that are killed.
        #[arg(long, default_value_t = 0)]
        kill: u64,
        /// How many swaps on real chains whose parties are killed.
        #[arg(long, default_value_t = 0)]
        swaps: u64,
    },
    /// Check the rules of the tree: sizes, floors, purity, lock files.
    Tidy,
    /// What a merge needs: `test`, then `up --once`.
    Ci,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let workspace = Workspace::load()?;
    match arguments.task {
        Task::Setup => setup::for_tests(&workspace),
        Task::Contracts { check } => contracts::build(check),
        Task::Openapi => checks::write_openapi(&workspace),
        Task::Web { check: false } => web::provide(&workspace),
        Task::Web { check: true } => web::build(&workspace),
        Task::Up { once, rest } => network::up(&workspace, once, &rest),
        Task::Test => checks::test(&workspace),
        Task::Defences(options) => defences::run(&workspace, &options),
        Task::Bench { arguments } => network::bench(&workspace, &arguments),
        Task::Chaos { sim, kill, swaps } => {
            let (simulated, killed) = (sim, kill);
            let runs = chaos::Runs {
                simulated,
                killed,
                swaps,
            };
            chaos::run_all(&workspace, runs)
        }
        Task::Tidy => tidy::run(&workspace),
        Task::Ci => {
            checks::test(&workspace)?;
            network::up(&workspace, true, &[])
        }
    }
}
