//! `causeway attestors rotate`: propose, sign, submit.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use causeway_ibc::{ClientId, Committee, Rotation};
use causeway_ibc_evm::rotate;
use causeway_types::ChainId;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    OpenClient, one_client,
    proposal::{Proposal, check_strength},
    show::written,
};
use crate::{
    address::parse_address,
    config::{self, Config, RouteEnd},
    failure::{Failure, chain_of},
    keys::KeyArgs,
    output::Output,
};

/// The arguments of `causeway attestors rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
A rotation is a file. One proposes it, as many current attestors as must sign add their signatures
(all to one file, or each to a copy), and anybody submits it. Each light client is rotated by itself.

Before you submit, let the new attestors run and name them in `relayer.attestors`, beside the old
ones: then nothing stops, and nothing has to be restarted.

Examples:
  causeway attestors rotate propose --on beta --attestors 0x70997970C51812dc3A010C7d01b50e0d17dc79C8,0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC,0x90F79bf6EB2c4f870365E785982E1f101E93b906 --threshold 2 --out rotation.json
  causeway attestors rotate sign rotation.json --key attestor
  causeway attestors rotate submit rotation.json --key relayer")]
pub(super) struct RotateArgs {
    #[command(subcommand)]
    command: RotateCommand,
}

#[derive(Debug, Subcommand)]
enum RotateCommand {
    /// Write a rotation to a file, for the current attestors to sign
    Propose(ProposeArgs),
    /// Add the signature of a current attestor to the file
    Sign(SignArgs),
    /// Bring a rotation that enough attestors signed to its light client
    Submit(SubmitArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway attestors rotate propose --on beta --attestors 0x70997970C51812dc3A010C7d01b50e0d17dc79C8,0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC,0x90F79bf6EB2c4f870365E785982E1f101E93b906 --threshold 2 --overlap 1h --out rotation.json
  causeway attestors rotate propose --on eip155:10 --client attest-1-on-10 --attestors 0x70997970C51812dc3A010C7d01b50e0d17dc79C8,0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC --overlap 0s --out now.json --json")]
struct ProposeArgs {
    /// Chain that the light client is on: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    on: String,
    /// The light client, where there are several
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Addresses of the new attestors
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',', required = true)]
    attestors: Vec<String>,
    /// How many of them must sign [default: a majority]
    #[arg(long, value_name = "M")]
    threshold: Option<u8>,
    /// How long the old set is still believed, at most 24h; 0s when its keys are in bad hands
    #[arg(long, value_name = "TIME", default_value = "1h")]
    overlap: String,
    /// File to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
What is signed is computed from this machine's configuration and from the chain, and shown; nothing
in the file is believed.

Examples:
  causeway attestors rotate sign rotation.json --key attestor
  causeway attestors rotate sign rotation.json --key env:ATTESTOR_KEY --json")]
struct SignArgs {
    /// The rotation
    file: PathBuf,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway attestors rotate submit rotation.json --key relayer
  causeway attestors rotate submit from-alice.json from-bob.json --key env:RELAYER_KEY --json")]
struct SubmitArgs {
    /// The rotation: one file, or several with the same rotation and different signatures
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Serialize)]
struct Step {
    event: &'static str,
    chain: ChainId,
    client: ClientId,
    set_number: u64,
    threshold: u8,
    attestors: Vec<String>,
    overlap_seconds: u64,
    /// What is signed.
    digest: String,
    /// Who signed so far.
    signed_by: Vec<String>,
    /// How many of the current attestors must.
    signatures_needed: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    tx: Option<String>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            event,
            client,
            chain,
            set_number,
            threshold,
            overlap_seconds,
            digest,
            ..
        } = self;
        let n = self.attestors.len();
        writeln!(
            f,
            "{event}: {client} on {chain} to set {set_number}, {threshold} of {n} attestors:"
        )?;
        for attestor in &self.attestors {
            writeln!(f, "  {attestor}")?;
        }
        writeln!(f, "the old set is believed for {overlap_seconds} s more")?;
        write!(
            f,
            "digest {digest}, signed by {} of {}",
            self.signed_by.len(),
            self.signatures_needed
        )?;
        match &self.tx {
            Some(tx) => write!(f, "\ntransaction {tx}"),
            None => Ok(()),
        }
    }
}

/// Runs `causeway attestors rotate`.
pub(super) async fn execute(args: RotateArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let config = config::load(path)?.config;
    let step = match args.command {
        RotateCommand::Propose(args) => propose(&args, &config).await,
        RotateCommand::Sign(args) => sign(&args, &config).await,
        RotateCommand::Submit(args) => submit(&args, &config).await,
    }?;
    output.print(&step);
    Ok(())
}

async fn propose(args: &ProposeArgs, config: &Config) -> Result<Step, Failure> {
    let end = one_client(config, &args.on, args.client.as_deref())?;
    let mut members = Vec::new();
    for text in &args.attestors {
        let member = parse_address(text.trim());
        members.push(member.map_err(|error| Failure::address("--attestors", &error))?);
    }
    let majority = Committee::least_threshold(members.len());
    // One alone is the majority of one; whether it is enough is checked below.
    let majority = majority.min(u8::try_from(members.len()).unwrap_or(u8::MAX));
    let committee =
        Committee::new(members, args.threshold.unwrap_or(majority)).map_err(|error| {
            let remedy = "name each attestor once, and a threshold they can reach";
            Failure::usage("--attestors", error, remedy)
        })?;
    let mut rotation = Rotation {
        set_number: 0,
        overlap_seconds: parse_overlap(&args.overlap)?.as_secs(),
        committee,
    };
    check_strength(&rotation, config.dev)?;
    let client = OpenClient::open(config, &end).await?;
    rotation.set_number = client.view.set_number.saturating_add(1);
    let proposal = Proposal {
        chain: end.chain,
        client: end.client,
        router: client.side.contracts.router,
        rotation,
        signatures: Vec::new(),
    };
    let step = step("proposed", &proposal, &client, config.dev)?;
    proposal.write(&args.out)?;
    Ok(step)
}

async fn sign(args: &SignArgs, config: &Config) -> Result<Step, Failure> {
    let mut proposal = Proposal::read(&args.file)?;
    let key = args.key.open()?;
    let client = open(config, &proposal).await?;
    let digest = proposal.digest(&client, config.dev)?;
    if proposal.sign(digest, &key, &client)? {
        proposal.write(&args.file)?;
    }
    step("signed", &proposal, &client, config.dev)
}

async fn submit(args: &SubmitArgs, config: &Config) -> Result<Step, Failure> {
    let mut files = args
        .files
        .iter()
        .map(|file| Proposal::read(file).map(|read| (file, read)));
    let (_, mut proposal) = files
        .next()
        .ok_or_else(|| Failure::usage("FILE", "no file is named", "name the rotation's file"))??;
    for file in files {
        let (file, other) = file?;
        let unsigned = Proposal {
            signatures: proposal.signatures.clone(),
            ..other.clone()
        };
        if unsigned != proposal {
            let message = format!(
                "{} holds another rotation than the first file",
                file.display()
            );
            return Err(Failure::usage(
                "FILE",
                message,
                "submit one rotation at a time",
            ));
        }
        proposal.signatures.extend(other.signatures);
    }
    let key = args.key.open()?;
    let client = open(config, &proposal).await?;
    let digest = proposal.digest(&client, config.dev)?;
    let signed = proposal.signed(digest, &client)?;
    let mut step = step("rotated", &proposal, &client, config.dev)?;
    let account = client.side.account(key);
    let tx = rotate(&account, client.view.address, &signed)
        .await
        .map_err(|error| {
            Failure::failed("rotation", chain_of(&error))
                .remedy("see `causeway attestors show`; somebody may have rotated before")
        })?;
    step.tx = Some(tx.to_string());
    Ok(step)
}

/// The proposal's light client, which must be one of the routes'.
async fn open(config: &Config, proposal: &Proposal) -> Result<OpenClient, Failure> {
    let end = RouteEnd {
        chain: proposal.chain.clone(),
        client: proposal.client.clone(),
    };
    if !config
        .routes
        .iter()
        .any(|route| route.a == end || route.b == end)
    {
        let message = format!("no route has {} on {}", end.client, end.chain);
        return Err(Failure::usage(
            "FILE",
            message,
            "use the configuration of the rotation's route",
        ));
    }
    OpenClient::open(config, &end).await
}

fn step(
    event: &'static str,
    proposal: &Proposal,
    client: &OpenClient,
    dev: bool,
) -> Result<Step, Failure> {
    let digest = proposal.digest(client, dev)?;
    let current = &client.view.committee;
    let mut signers = proposal.signers(digest);
    signers.retain(|signer| current.members().contains(signer));
    signers.sort_unstable();
    signers.dedup();
    let Rotation {
        set_number,
        overlap_seconds,
        committee,
    } = &proposal.rotation;
    Ok(Step {
        event,
        chain: proposal.chain.clone(),
        client: proposal.client.clone(),
        set_number: *set_number,
        threshold: committee.threshold(),
        attestors: written(committee.members()),
        overlap_seconds: *overlap_seconds,
        digest: digest.to_string(),
        signed_by: written(&signers),
        signatures_needed: current.threshold(),
        tx: None,
    })
}

fn parse_overlap(text: &str) -> Result<Duration, Failure> {
    let refuse = |message: String| {
        Failure::usage(
            "--overlap",
            message,
            "write a time such as 1h or 0s, at most 24h",
        )
    };
    let overlap = humantime::parse_duration(text)
        .map_err(|error| refuse(format!("{text:?} is no time: {error}")))?;
    if overlap.as_secs() > Rotation::MAX_OVERLAP_SECONDS {
        return Err(refuse(format!("{text} is longer than any packet lives")));
    }
    Ok(overlap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_at_most_a_day() {
        assert_eq!(parse_overlap("90m").unwrap(), Duration::from_secs(5400));
        assert_eq!(parse_overlap("0s").unwrap(), Duration::ZERO);
        assert!(parse_overlap("24h").is_ok());
        for wrong in ["25h", "soon", ""] {
            assert!(
                parse_overlap(wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("--overlap")
            );
        }
    }
}
