//! `causeway config`: the starter, the check and the schema.

use std::{
    fmt, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::online;
use crate::{
    config::{self, ConfigError, Problem, STARTER},
    failure::Failure,
    output::Output,
};

/// The arguments of `causeway config`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway config init
  causeway config validate
  causeway config schema")]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Write a commented configuration for two local chains; an existing file is left alone
    #[command(after_help = "\
Examples:
  causeway config init
  causeway config init --config node/causeway.toml")]
    Init,
    /// Check the configuration, and with --online what it points to
    #[command(after_help = "\
Examples:
  causeway config validate
  causeway config validate --online --json")]
    Validate {
        /// Ask every endpoint for its chain id and every router for its code
        #[arg(long)]
        online: bool,
    },
    /// Print the configuration's JSON Schema
    #[command(after_help = "\
Examples:
  causeway config schema > causeway.schema.json")]
    Schema,
}

#[derive(Serialize)]
struct Written {
    path: PathBuf,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(
            f,
            "wrote {path}: two local chains; next, `causeway deploy --from alpha --to beta`"
        )
    }
}

#[derive(Serialize)]
struct Sound {
    path: PathBuf,
    chains: usize,
    routes: usize,
    relayer: bool,
    attestor: bool,
    online: bool,
}

impl fmt::Display for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |here, name| {
            if here {
                format!(", {name}")
            } else {
                String::new()
            }
        };
        write!(
            f,
            "{} is sound: {} chains, {} routes{}{}{}",
            self.path.display(),
            self.chains,
            self.routes,
            part(self.relayer, "a relayer"),
            part(self.attestor, "an attestor"),
            part(self.online, "all endpoints answer for their chains"),
        )
    }
}

/// Runs `causeway config`.
pub(crate) async fn execute(args: ConfigArgs, path: &Path, output: Output) -> Result<(), Failure> {
    match args.command {
        ConfigCommand::Init => {
            write_starter(path)?;
            output.print(&Written {
                path: path.to_owned(),
            });
        }
        ConfigCommand::Validate { online } => {
            let loaded = config::load(path)?;
            if online {
                online::check(&loaded.config).await?;
            }
            let config = &loaded.config;
            output.print(&Sound {
                path: loaded.path.clone(),
                chains: config.chains.len(),
                routes: config.routes.len(),
                relayer: config.relayer.is_some(),
                attestor: config.attestor.is_some(),
                online,
            });
        }
        ConfigCommand::Schema => output.print(&Schema(config::schema())),
    }
    Ok(())
}

#[derive(Serialize)]
struct Schema(schemars::Schema);

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string_pretty(&self.0).map_err(|_| fmt::Error)?)
    }
}

fn write_starter(path: &Path) -> Result<(), ConfigError> {
    let write = || fs::File::create_new(path)?.write_all(STARTER.as_bytes());
    write().map_err(|error: io::Error| {
        let path = path.to_owned();
        ConfigError::of_file(match error.kind() {
            io::ErrorKind::AlreadyExists => Problem::Exists(path),
            _ => Problem::Unwritable {
                path,
                reason: error.to_string(),
            },
        })
    })
}
