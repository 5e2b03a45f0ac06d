//! `causeway doctor`: is everything there that it takes, and is it safe?

use std::path::Path;

use clap::Args;

use crate::{
    config,
    doctor::{self, Level},
    failure::Failure,
    output::Output,
};

/// The arguments of `causeway doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Looks at the configuration, keys, store, every endpoint alone, clocks, balances, contracts, roles,
light clients, attestors and everything about swaps, and says what is wrong and what to do about it.
Sends no transaction.

Exit codes: 0 when there is no error, also with warnings; 1 when there is; 2 when the configuration
cannot be read.

Examples:
  causeway doctor
  causeway doctor --json")]
pub(crate) struct DoctorArgs {}

/// Runs `causeway doctor`.
pub(crate) async fn execute(path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let report = doctor::examine(&loaded).await;
    output.print(&report);
    match report.count(Level::Error) {
        0 => Ok(()),
        errors => Err(Failure::failed("doctor", format!("{errors} checks failed"))
            .remedy("each line marked ✗ says what to do")),
    }
}
