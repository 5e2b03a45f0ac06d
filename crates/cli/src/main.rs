//! The `causeway` command: deploys, runs and uses the connections between chains.
//!
//! Arguments and the configuration are read and checked here, turned into the plain values that the
//! services take, and what the services answer is printed. Nothing else is decided here.

// The comments on arguments are the help texts, printed as they stand.
#![allow(clippy::doc_markdown)]

mod address;
mod amount;
mod args;
mod commands;
mod config;
mod doctor;
mod failure;
mod keys;
mod logging;
mod network;
mod node;
mod one_shot;
mod output;
mod progress;
mod redact;
mod server;
mod store;
mod swaps;
mod telemetry;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use failure::{Exit, Failure};
use output::Output;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let output = Output::new(cli.json);
    match Box::pin(execute(cli, output)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit() as u8)
        }
    }
}

async fn execute(cli: Cli, output: Output) -> Result<(), Failure> {
    match cli.command {
        Command::Config(args) => commands::config::execute(args, &cli.config, output).await,
        Command::Deploy(args) => {
            Box::pin(commands::deploy::execute(args, &cli.config, output)).await
        }
        Command::Run(_) => Box::pin(commands::run::execute(&cli.config, output)).await,
        Command::Packets(args) => commands::packets::execute(args, &cli.config, output).await,
        Command::Api(args) => commands::api::execute(args, &cli.config, output).await,
        Command::Store(args) => commands::store::execute(args, &cli.config, output).await,
        Command::Status(args) => commands::status::execute(args, &cli.config, output).await,
        Command::Transfer(args) => commands::transfer::execute(args, &cli.config, output).await,
        Command::Relay(args) => commands::relay::execute(args, &cli.config, output).await,
        Command::Call(args) => commands::call::execute(args, &cli.config, output).await,
        Command::Limits(args) => commands::limits::execute(args, &cli.config, output).await,
        Command::Transfers(args) => commands::held::execute(args, &cli.config, output).await,
        Command::Pause(args) => commands::pause::pause(args, &cli.config, output).await,
        Command::Unpause(args) => commands::pause::unpause(args, &cli.config, output).await,
        Command::Attestors(args) => commands::attestors::execute(args, &cli.config, output).await,
        Command::Client(args) => commands::client::execute(args, &cli.config, output).await,
        Command::Swap(args) => commands::swap::execute(args, &cli.config, output).await,
        Command::Doctor(_) => commands::doctor::execute(&cli.config, output).await,
        Command::Keys(args) => commands::keys::execute(args, output),
    }
}

/// Answers a command line that cannot be read: with text, or with the same JSON error object as
/// any other failure if --json is somewhere on it.
fn refuse(error: &clap::Error) -> ExitCode {
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if asked || !std::env::args_os().any(|arg| arg == "--json") {
        let _ = error.print();
    } else {
        Output::new(true).failure(&usage(error));
    }
    if asked {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(Exit::Usage as u8)
    }
}

/// The parser's words without its drawing: everything before the usage line, in one line.
fn usage(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let said = text.split("\n\nUsage:").next().unwrap_or_default();
    let said: Vec<&str> = said
        .trim_start_matches("error: ")
        .split_whitespace()
        .collect();
    let failure = Failure::new(Exit::Usage, "usage", said.join(" "))
        .remedy("see `causeway --help`, or --help after the command");
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => failure.at(argument),
        Some(ContextValue::Strings(arguments)) => failure.at(arguments.join(", ")),
        _ => failure,
    }
}
