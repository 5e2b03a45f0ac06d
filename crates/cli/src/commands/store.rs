//! `causeway store`: copies of the node's store.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde::Serialize;
use tokio::process::Command;
use url::Url;

use crate::{
    config::{self, LoadedConfig, Store},
    failure::{Failure, chain_of},
    output::Output,
    store::{busy, open_existing},
};

/// The arguments of `causeway store`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway store backup causeway-monday.db
  causeway store restored")]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Copy the store to a file while its node runs
    Backup(BackupArgs),
    /// Tell the store that it is an old copy
    Restored(RestoredArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
An attestor must know when its store is older than what it signed. It notices a restored copy by
itself; only a snapshot of a whole disk or machine looks like the original. After restoring one, run
this before the node starts.

Examples:
  causeway store restored
  causeway store restored --config node.toml")]
struct RestoredArgs {}

#[derive(Debug, Args)]
#[command(after_help = "\
The copy shows the store as it was at one moment. Of a SQLite store it is a database like the store
itself; of a PostgreSQL database it is what pg_dump writes, for pg_restore.

To restore, stop every node of the store. Then put the copy where `store` points, or restore it into
an empty database with `pg_restore --no-owner --dbname URL FILE`. A relayer reads the chains again
from where the copy stood and delivers nothing twice. An attestor that finds itself in a copy signs
nothing about the past: only blocks that are newer than those it sees when it starts.

Examples:
  causeway store backup causeway-monday.db
  causeway store backup /backups/causeway.dump --config node.toml")]
struct BackupArgs {
    /// Where to; must not exist
    file: PathBuf,
}

#[derive(Serialize)]
struct Marked {
    restored: bool,
}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store knows that it is a copy")
    }
}

#[derive(Serialize)]
struct Copied {
    file: PathBuf,
    bytes: u64,
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "copied to {}: {} bytes", self.file.display(), self.bytes)
    }
}

/// Runs `causeway store`.
pub(crate) async fn execute(args: StoreArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let BackupArgs { file } = match args.command {
        StoreCommand::Backup(args) => args,
        StoreCommand::Restored(_) => {
            let engine = open_existing(&loaded).await?;
            let marked = engine.mark_as_copy().await;
            engine.close().await;
            marked.map_err(|error| {
                busy(&error).unwrap_or_else(|| Failure::failed("store", chain_of(&error)))
            })?;
            output.print(&Marked { restored: true });
            return Ok(());
        }
    };
    if file.exists() {
        let message = format!("{} exists already", file.display());
        return Err(Failure::usage("FILE", message, "name a file that does not"));
    }
    match loaded.store() {
        Store::File(_) => copy(&loaded, &file).await?,
        Store::Server(url) => dump(&url, &file).await?,
    }
    let metadata = std::fs::metadata(&file).map_err(|error| Failure::failed("backup", error))?;
    output.print(&Copied {
        bytes: metadata.len(),
        file,
    });
    Ok(())
}

async fn copy(loaded: &LoadedConfig, file: &Path) -> Result<(), Failure> {
    let engine = open_existing(loaded).await?;
    let copied = engine.copy_to(file).await;
    engine.close().await;
    copied.map_err(|error| {
        Failure::failed("backup", chain_of(&error))
            .remedy("check that the file's directory exists, may be written to and has space")
    })
}

/// The password travels in the environment: arguments are for everybody to see.
async fn dump(url: &Url, file: &Path) -> Result<(), Failure> {
    let mut plain = url.clone();
    let mut command = Command::new("pg_dump");
    if let Some(password) = url.password() {
        let decoded = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
        command.env("PGPASSWORD", decoded.as_ref());
        // Only a URL without a host has no place for a password, and then it had none.
        let _ = plain.set_password(None);
    }
    command
        .args(["--format=custom", "--no-owner", "--no-password", "--file"])
        .arg(file)
        .arg(plain.as_str())
        .kill_on_drop(true);
    let ended = command.output().await.map_err(|error| {
        Failure::failed("pg_dump", error)
            .remedy("install PostgreSQL's client programs, of the server's version or newer")
    })?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
    Err(Failure::failed("pg_dump", said)
        .remedy("check the server, and that pg_dump is of its version or newer"))
}
