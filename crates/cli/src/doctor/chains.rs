//! Each endpoint alone, and all of them against each other; clocks; balances.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256};
use causeway_evm::{EvmChain, EvmError};
use causeway_types::{BlockRef, ChainId};

use super::{Patient, Report};
use crate::{
    amount::{format_amount, parse_amount},
    config::ChainConfig,
    failure::chain_of,
    network::driver_config,
    redact::redact_url,
};

/// More than this is slow.
const SLOW: Duration = Duration::from_secs(1);
/// How many seconds the newest block may be away from the system's clock.
const SKEW: u64 = 60;
/// How many blocks an endpoint may be behind the others.
const LAG: u64 = 5;
/// How far back state is looked for, the farthest first.
const DEPTHS: [u64; 3] = [10_000, 128, 16];
const COIN_DECIMALS: u8 = 18;

/// What one endpoint says.
struct Seen {
    subject: String,
    head: BlockRef,
    chain: EvmChain,
}

/// Looks at every endpoint; answers the chain as the node would use it.
pub(super) async fn examine(
    index: usize,
    config: &ChainConfig,
    report: &mut Report,
) -> Option<EvmChain> {
    let mut seen = Vec::new();
    for url in &config.endpoints {
        let subject = format!("{} of {}", redact_url(url), config.label());
        let mut alone = driver_config(config);
        alone.endpoints = vec![url.clone()];
        alone.agreement = 1;
        alone.request_timeout = Duration::from_secs(5);
        match look(alone, subject.clone()).await {
            Ok((found, latency)) => {
                tell_latency(&subject, latency, report);
                tell_final(&found, report).await;
                tell_depth(&found, config.router, report).await;
                seen.push(found);
            }
            Err(error) => {
                let remedy = match error {
                    EvmError::WrongChain { .. } => "correct the endpoint or the chain's id",
                    _ => "check the URL, and that the node is running and reachable from here",
                };
                report.fail("endpoint", &subject, chain_of(&error), remedy);
            }
        }
    }
    compare(config, &seen, report).await;
    if let Some(newest) = seen
        .iter()
        .map(|seen| seen.head)
        .max_by_key(|head| head.height)
    {
        tell_clock(config, &newest, report);
    }
    let needed = config.required_agreement();
    if seen.len() < needed {
        let message = format!(
            "{} of {} endpoints answer, {needed} must agree",
            seen.len(),
            config.endpoints.len()
        );
        let subject = format!("chains[{index}]");
        report.fail(
            "quorum",
            &subject,
            message,
            "nothing can be signed or checked until more answer",
        );
    }
    let first = seen.into_iter().next()?;
    // All of them together, as the node uses them; one that fails was told of above.
    Some(
        EvmChain::connect(driver_config(config))
            .await
            .unwrap_or(first.chain),
    )
}

async fn look(
    config: causeway_evm::EvmConfig,
    subject: String,
) -> Result<(Seen, Duration), EvmError> {
    let chain = EvmChain::connect(config).await?;
    let began = Instant::now();
    let head = chain.head().await?;
    let latency = began.elapsed();
    let seen = Seen {
        subject,
        head,
        chain,
    };
    Ok((seen, latency))
}

fn tell_latency(subject: &str, latency: Duration, report: &mut Report) {
    let message = format!("it answers within {} ms", latency.as_millis());
    if latency > SLOW {
        let remedy = "use a closer endpoint: attestations and deliveries wait for it";
        report.warn("endpoint", subject, message, remedy);
    } else {
        report.ok("endpoint", subject, message);
    }
}

/// Whether the endpoint knows the rule by which blocks are believed.
async fn tell_final(seen: &Seen, report: &mut Report) {
    match seen.chain.final_block().await {
        Ok(last) => {
            let behind = seen.head.height.saturating_sub(last.height);
            let message = format!(
                "head {}, final {} ({behind} behind)",
                seen.head.height, last.height
            );
            report.ok("finality", &seen.subject, message);
        }
        Err(error) => report.fail(
            "finality",
            &seen.subject,
            format!("it does not tell of a final block: {}", chain_of(&error)),
            "use an endpoint that knows the tag, or set finality = { depth = … }",
        ),
    }
}

/// How far back the endpoint knows the state: proofs and the monitor read at final blocks.
async fn tell_depth(seen: &Seen, router: Option<Address>, report: &mut Report) {
    let final_height = seen.chain.final_block().await.map(|block| block.height);
    let needed = seen
        .head
        .height
        .saturating_sub(final_height.unwrap_or(seen.head.height));
    let contract = router.unwrap_or_default();
    let mut known = 0;
    for depth in DEPTHS.into_iter().chain([needed]) {
        let Some(height) = seen.head.height.checked_sub(depth) else {
            continue;
        };
        let Ok(Some(block)) = seen.chain.block(height).await else {
            continue;
        };
        let read = seen.chain.storage_at(contract, &[B256::ZERO], &block).await;
        if read.is_ok() {
            known = known.max(depth);
            break;
        }
    }
    if known < needed {
        let message = format!(
            "it knows the state of the last {known} blocks only, final blocks are {needed} old"
        );
        report.fail(
            "archive",
            &seen.subject,
            message,
            "use an endpoint that keeps more state",
        );
    } else {
        let message = format!("it knows the state {known} blocks ago");
        report.ok("archive", &seen.subject, message);
    }
}

/// Whether the endpoints tell the same story.
async fn compare(config: &ChainConfig, seen: &[Seen], report: &mut Report) {
    let Some(highest) = seen.iter().map(|seen| seen.head.height).max() else {
        return;
    };
    for each in seen {
        let behind = highest - each.head.height;
        if behind > LAG {
            let message = format!("it is {behind} blocks behind the others");
            report.warn(
                "lag",
                &each.subject,
                message,
                "use an endpoint that keeps up",
            );
        }
    }
    if seen.len() < 2 {
        return;
    }
    let mut finals = Vec::new();
    for each in seen {
        finals.extend(each.chain.final_block().await.map(|block| block.height));
    }
    let Some(common) = finals.into_iter().min() else {
        return;
    };
    let mut hashes: BTreeMap<B256, Vec<&str>> = BTreeMap::new();
    for each in seen {
        if let Ok(Some(block)) = each.chain.block(common).await {
            hashes.entry(block.hash).or_default().push(&each.subject);
        }
    }
    if hashes.len() > 1 {
        let message =
            format!("they name different blocks at the final height {common}: {hashes:?}");
        let remedy = "find out who lies: one of them is on another chain, or was broken into";
        report.fail("agreement", config.label(), message, remedy);
    } else {
        let message = format!("{} endpoints name the same block {common}", seen.len());
        report.ok("agreement", config.label(), message);
    }
}

/// Timeouts are set by the system's clock and judged by the chains'.
fn tell_clock(config: &ChainConfig, newest: &BlockRef, report: &mut Report) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    let block = newest.timestamp.as_secs();
    if block > now + SKEW {
        let message = format!(
            "its newest block is {} s in the future of this machine",
            block - now
        );
        let remedy = "set this machine's clock by NTP: timeouts would be wrong";
        report.fail("clock", config.label(), message, remedy);
    } else if now > block + SKEW {
        let message = format!("its newest block is {} s old", now - block);
        let remedy = "check that the chain makes blocks, that the endpoints keep up, and this machine's clock";
        report.warn("clock", config.label(), message, remedy);
    } else {
        report.ok("clock", config.label(), "its time and this machine's agree");
    }
}

/// Whether those who send can pay.
pub(super) async fn examine_balances(
    patients: &BTreeMap<ChainId, Patient>,
    signers: &[(&'static str, Address)],
    least: &str,
    report: &mut Report,
) {
    let least = parse_amount(least, COIN_DECIMALS).unwrap_or_default();
    // An attestor signs off the chain and pays for nothing.
    let payers = signers.iter().filter(|(service, _)| *service != "attestor");
    for (service, address) in payers {
        for (id, patient) in patients {
            let subject = format!("{service} {address} on {id}");
            let balance = match patient.chain.balance(*address).await {
                Ok(balance) => balance,
                Err(error) => {
                    let remedy = "see what is said of the chain's endpoints";
                    report.fail("balance", &subject, chain_of(&error), remedy);
                    continue;
                }
            };
            let has = format_amount(balance, COIN_DECIMALS);
            let remedy = "send it some of the chain's coin";
            if balance.is_zero() {
                report.fail("balance", &subject, "it has nothing to pay with", remedy);
            } else if balance < least {
                let needs = format_amount(least, COIN_DECIMALS);
                report.warn(
                    "balance",
                    &subject,
                    format!("{has}, less than {needs}"),
                    remedy,
                );
            } else {
                report.ok("balance", &subject, has);
            }
        }
    }
}
