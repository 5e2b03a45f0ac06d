//! `causeway keys`: encrypted keys, by name.

use std::{fmt, io::Read, path::PathBuf};

use alloy::signers::local::PrivateKeySigner;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    config::KeySource,
    failure::Failure,
    keys::{
        KeysDirectory, NewPassword, StoredKey, open_key, open_stored, parse_key, read_password,
    },
    output::Output,
};

/// The arguments of `causeway keys`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway keys new relayer
  causeway keys import deployer --from env:DEPLOYER_KEY
  causeway keys list
  causeway keys show relayer")]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a new key and keep it encrypted
    New(NewArgs),
    /// Keep a key that exists, encrypted
    Import(ImportArgs),
    /// List the keys and their addresses
    List(ListArgs),
    /// Show one key's address and file
    Show(ShowArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway keys new relayer
  causeway keys new relayer --password-file relayer.password
  causeway keys new relayer --password-env RELAYER_PASSWORD --json")]
struct NewArgs {
    /// Name of the key
    name: String,
    #[command(flatten)]
    directory: KeysDirectory,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The key itself is never an argument: command lines end up in histories and process lists.

Examples:
  causeway keys import deployer --from env:DEPLOYER_KEY
  causeway keys import deployer --from file:deployer.key
  causeway keys import deployer --from stdin --password-file deployer.password")]
struct ImportArgs {
    /// Name of the key
    name: String,
    /// Where the key is read from: env:NAME, file:PATH or stdin
    #[arg(long, value_name = "PLACE")]
    from: String,
    #[command(flatten)]
    directory: KeysDirectory,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway keys list
  causeway keys list --keys-dir ./keys --json")]
struct ListArgs {
    #[command(flatten)]
    directory: KeysDirectory,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway keys show relayer
  causeway keys show relayer --reveal --password-file relayer.password")]
struct ShowArgs {
    /// Name of the key
    name: String,
    /// Print the private key: whoever sees it owns what the key owns
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    directory: KeysDirectory,
}

#[derive(Serialize)]
struct KeyLine {
    name: String,
    address: Option<String>,
    path: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
}

impl From<StoredKey> for KeyLine {
    fn from(key: StoredKey) -> Self {
        Self {
            name: key.name,
            address: key.address.map(|address| address.to_checksum(None)),
            path: key.path,
            private_key: None,
        }
    }
}

impl fmt::Display for KeyLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "{:<16} {address}  {}", self.name, self.path.display())?,
            None => write!(
                f,
                "{:<16} (address unknown)  {}",
                self.name,
                self.path.display()
            )?,
        }
        self.private_key
            .as_ref()
            .map_or(Ok(()), |key| write!(f, "\nprivate key: {key}"))
    }
}

#[derive(Serialize)]
struct KeyList {
    keys: Vec<KeyLine>,
}

impl fmt::Display for KeyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.keys.is_empty() {
            return f.write_str("no keys yet: make one with `causeway keys new NAME`");
        }
        let lines: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Runs `causeway keys`.
pub(crate) fn execute(args: KeysArgs, output: Output) -> Result<(), Failure> {
    match args.command {
        KeysCommand::New(args) => {
            let keystore = args.directory.keystore()?;
            keystore.check_new(&args.name)?;
            let password = read_password(&args.directory.password(), NewPassword::Yes)?;
            let key = keystore.add(&args.name, &PrivateKeySigner::random(), &password)?;
            output.print(&KeyLine::from(key));
        }
        KeysCommand::Import(args) => {
            let keystore = args.directory.keystore()?;
            keystore.check_new(&args.name)?;
            let key = read_place(&args.from)?;
            let password = read_password(&args.directory.password(), NewPassword::Yes)?;
            output.print(&KeyLine::from(keystore.add(&args.name, &key, &password)?));
        }
        KeysCommand::List(args) => {
            let keys = args.directory.keystore()?.list()?;
            output.print(&KeyList {
                keys: keys.into_iter().map(KeyLine::from).collect(),
            });
        }
        KeysCommand::Show(args) => {
            let stored = args.directory.keystore()?.find(&args.name)?;
            let mut line = KeyLine::from(stored.clone());
            if args.reveal || line.address.is_none() {
                let key = open_stored(&stored, args.directory.password())?;
                line.address = Some(key.address().to_checksum(None));
                line.private_key = args.reveal.then(|| key.to_bytes().to_string());
            }
            output.print(&line);
        }
    }
    Ok(())
}

fn read_place(place: &str) -> Result<PrivateKeySigner, Failure> {
    let source = match place.split_once(':') {
        Some(("env", name)) => KeySource::Env(name.to_owned()),
        Some(("file", path)) => KeySource::File(path.into()),
        None if place == "stdin" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| {
                    Failure::usage(
                        "--from",
                        format!("stdin cannot be read: {error}"),
                        "pipe the key in",
                    )
                })?;
            return Ok(parse_key(&text, "--from", "stdin")?);
        }
        // What was typed may be the key itself, so it is not repeated.
        _ => {
            return Err(Failure::usage(
                "--from",
                "this is no place to read a key from",
                "use env:NAME, file:PATH or stdin",
            ));
        }
    };
    Ok(open_key(&source, "--from", std::path::Path::to_owned)?)
}
