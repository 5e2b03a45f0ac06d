//! `causeway api`: who may use the node's API, and what it offers.

use std::{
    collections::BTreeSet,
    fmt,
    path::Path,
    time::{Duration, SystemTime},
};

use causeway_api::{ApiKey, KeyError, KeyRing, NewKey, OpenApi, Scope, model::Time};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use crate::{
    config::{self, LoadedConfig},
    failure::Failure,
    output::Output,
    store::{open_existing, open_store},
};

/// The arguments of `causeway api`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway api keys new --name dashboard
  causeway api document > openapi.json")]
pub(crate) struct ApiArgs {
    #[command(subcommand)]
    command: ApiCommand,
}

#[derive(Debug, Subcommand)]
enum ApiCommand {
    /// Make, list and revoke the keys of the API
    Keys(KeysArgs),
    /// Print the OpenAPI document that clients are generated from
    Document(DocumentArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway api document > openapi.json")]
struct DocumentArgs {}

#[derive(Debug, Args)]
#[command(after_help = "\
Keys are kept, as hashes, in the store of the configuration; its nodes know of a change within a
second. To replace a key, make another, hand it out, and revoke the old one.

Examples:
  causeway api keys new --name dashboard
  causeway api keys list
  causeway api keys revoke 5f0c9a3e1b77")]
struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key, and show it once
    New(NewArgs),
    /// List all keys, without what is secret of them
    List(ListArgs),
    /// Make a key invalid at once
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway api keys new --name dashboard
  causeway api keys new --name ci --scope read --scope operate --expires 90d --json")]
struct NewArgs {
    /// Whose it is, or what for
    #[arg(long)]
    name: String,
    /// What it allows
    #[arg(long, value_enum, default_values = ["read"])]
    scope: Vec<ScopeArg>,
    /// How long it is valid, such as 90d [default: until it is revoked]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    expires: Option<Duration>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway api keys list
  causeway api keys list --json")]
struct ListArgs {}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway api keys revoke 5f0c9a3e1b77")]
struct RevokeArgs {
    /// The key, as the list names it
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ScopeArg {
    /// Reading all that the API says
    Read,
    /// Acting with the node's own keys
    Operate,
}

/// A key, without what is secret of it.
#[derive(Serialize)]
struct KeyLine {
    id: String,
    name: String,
    scopes: BTreeSet<Scope>,
    status: &'static str,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
}

impl From<ApiKey> for KeyLine {
    fn from(key: ApiKey) -> Self {
        let status = match key.revoked_at {
            Some(_) => "revoked",
            None if key.is_valid(Time::now()) => "valid",
            None => "expired",
        };
        Self {
            status,
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
        }
    }
}

impl fmt::Display for KeyLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes: Vec<_> = self.scopes.iter().map(|scope| scope.name()).collect();
        let scopes = scopes.join(",");
        write!(
            f,
            "{}  {:<8} {scopes:<13} {}",
            self.id, self.status, self.name
        )?;
        self.expires_at
            .map_or(Ok(()), |end| write!(f, ", until {end}"))
    }
}

#[derive(Serialize)]
struct Made {
    #[serde(flatten)]
    line: KeyLine,
    key: String,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\nThis is the key. It is kept nowhere: put it where it is used, now.\n{}",
            self.line, self.key
        )
    }
}

#[derive(Serialize)]
struct Keys {
    keys: Vec<KeyLine>,
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.keys.is_empty() {
            return f.write_str("no keys");
        }
        let lines: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Document(OpenApi);

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_pretty_json().map_err(|_| fmt::Error)?)
    }
}

/// Runs `causeway api`.
pub(crate) async fn execute(args: ApiArgs, path: &Path, output: Output) -> Result<(), Failure> {
    match args.command {
        ApiCommand::Document(DocumentArgs {}) => {
            output.print(&Document(causeway_api::document()));
            Ok(())
        }
        ApiCommand::Keys(args) => keys(args.command, &config::load(path)?, output).await,
    }
}

async fn keys(command: KeysCommand, loaded: &LoadedConfig, output: Output) -> Result<(), Failure> {
    match command {
        KeysCommand::New(args) => {
            // A node's first key may be made before the node has run.
            let ring = KeyRing::new(open_store(&loaded.store()).await?);
            let expires = args
                .expires
                .map(|lasts| Time::from(SystemTime::now() + lasts));
            let scopes = args.scope.iter().map(|scope| match scope {
                ScopeArg::Read => Scope::Read,
                ScopeArg::Operate => Scope::Operate,
            });
            let made = ring.create(&args.name, scopes.collect(), expires).await;
            let NewKey { key, text } = made.map_err(|error| failed(&error))?;
            output.print(&Made {
                line: key.into(),
                key: text,
            });
        }
        KeysCommand::List(ListArgs {}) => {
            let ring = KeyRing::new(open_existing(loaded).await?);
            let keys = ring.list().await.map_err(|error| failed(&error))?;
            output.print(&Keys {
                keys: keys.into_iter().map(KeyLine::from).collect(),
            });
        }
        KeysCommand::Revoke(args) => {
            let ring = KeyRing::new(open_existing(loaded).await?);
            let revoked = ring
                .revoke(&args.id)
                .await
                .map_err(|error| failed(&error))?;
            output.print(&KeyLine::from(revoked));
        }
    }
    Ok(())
}

fn failed(error: &KeyError) -> Failure {
    match error {
        KeyError::Unknown(_) => Failure::usage("ID", error, "see `causeway api keys list`"),
        _ => Failure::failed("keys", error)
            .at("store")
            .remedy("check that the store is this node's own and whole"),
    }
}
