//! Measures what a swap costs on each chain, on real local chains.

mod bitcoin;
mod boltz;
mod contract;
mod daemon;
mod evm;
mod ours;
mod report;
mod table;
mod taker;

use anyhow::{Context, Result};
use causeway_local_bitcoin::NodeKind;

use self::{
    boltz::{Boltz, PACKAGE, Package},
    evm::Chain,
    ours::Ours,
};
use crate::say::Progress;

pub use daemon::{DaemonOptions, DaemonReport};
pub use evm::Gas;
pub use report::{SwapPeer, SwapReport};

/// What to measure of swaps.
#[derive(Clone, Debug)]
pub struct SwapOptions {
    /// Whether to measure somebody else's contracts on the same chain.
    pub peer: bool,
    /// A node that many swaps are made with at once, if that is to be measured.
    pub daemon: Option<DaemonOptions>,
}

/// Starts a node of each chain, and carries out what a swap consists of on each.
///
/// # Errors
/// When a node is missing, or a transaction fails. That the peer cannot be installed is no error.
pub async fn swap(options: &SwapOptions) -> Result<SwapReport> {
    let progress = Progress::begin();
    progress.say("starting a Bitcoin node, a Litecoin node and an EVM chain");
    let (bitcoin, litecoin, (gas, peer)) = tokio::try_join!(
        async {
            let sizes = bitcoin::measure(NodeKind::Bitcoin)
                .await
                .context("cannot measure swaps on Bitcoin");
            progress.say("Bitcoin is measured");
            sizes
        },
        async {
            let sizes = bitcoin::measure(NodeKind::Litecoin)
                .await
                .context("cannot measure swaps on Litecoin");
            progress.say("Litecoin is measured");
            sizes
        },
        async {
            on_evm(options, &progress)
                .await
                .context("cannot measure swaps on an EVM chain")
        },
    )?;
    let mut report = SwapReport::new(&bitcoin, &litecoin, gas);
    report.peer = peer;
    if let Some(options) = &options.daemon {
        progress.say("many swaps at once with one maker");
        let measured = daemon::measure(options, &progress).await;
        report.daemon = Some(measured.context("cannot measure many swaps at once")?);
    }
    progress.say(&format!("done\n{}", table::table(&report)?));
    Ok(report)
}

async fn on_evm(
    options: &SwapOptions,
    progress: &Progress,
) -> Result<(Gas<u64>, Option<SwapPeer>)> {
    let chain = Chain::start().await?;
    let ours = Ours::deploy(&chain).await?;
    let gas = evm::measure(&chain, &ours).await?;
    progress.say("our contract is measured");
    if !options.peer {
        return Ok((gas, None));
    }
    let (name, version) = PACKAGE;
    let measured = match Package::install(progress).await {
        Ok(package) => {
            let theirs = Boltz::deploy(&package, &chain).await.context(name)?;
            let measured = evm::measure(&chain, &theirs).await.context(name)?;
            progress.say(&format!("the contracts of {name} {version} are measured"));
            measured.into()
        }
        Err(error) => {
            progress.say(&format!(
                "warning: {name} {version} is not measured, because it could not be installed: {error:#}"
            ));
            Gas::default()
        }
    };
    let peer = SwapPeer {
        name: name.to_owned(),
        version: version.to_owned(),
        gas: measured,
    };
    Ok((gas, Some(peer)))
}
