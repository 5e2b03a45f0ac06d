//! The chains that are swapped on: their endpoints, their contract, what there is to swap with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use causeway_bitcoin::{
    BitcoinChain, BitcoinConfig, BitcoinError, KeyChain, RpcClient, RpcError, RpcErrorKind, Wallet,
};
use causeway_swap::Amount;
use causeway_swap_service::{bitcoin::BitcoinSettings, evm};
use causeway_types::{AssetId, BlockRef};
use serde::Deserialize;
use serde_json::json;

use super::{Patient, Report, swaps::Swapping};
use crate::{
    config::SwapChainConfig,
    failure::chain_of,
    redact::redact_url,
    swaps::{Assumptions, bitcoin_config},
};

/// How long a node may take to answer, and to search the coins of the wallet.
const PATIENCE: Duration = Duration::from_secs(5);
const SEARCH: Duration = Duration::from_secs(90);
/// So far miners may set a block's time ahead of their own clocks.
const AHEAD: u64 = 7_200;
/// How many blocks a node may be behind the others.
const LAG: u64 = 2;

/// Whether the contract is what holds locks, the clock is near the chain's, and the account can pay.
/// Endpoints of one of the chains were looked at with the others.
pub(super) async fn examine_evm(
    swapping: &mut Swapping<'_>,
    chain: &SwapChainConfig,
    patient: &Patient,
    assumed: &Assumptions,
    report: &mut Report,
) {
    let at = |key: &str| swapping.field(&chain.id, key);
    let deploy = format!(
        "run `causeway swap deploy --on {}`, which writes the address",
        chain.id
    );
    match chain.contract {
        None => {
            let message = "there is no contract that holds locks";
            report.fail("contract", &at("contract"), message, &deploy);
        }
        Some(contract) => match evm::check_contract(&patient.chain, contract).await {
            Ok(()) => {
                let message = format!("{contract} is the hash time lock of this release");
                report.ok("contract", &at("contract"), message);
            }
            Err(error) if error.passes => {
                let remedy = "see what is said of the chain's endpoints: enough of them must agree";
                report.fail("contract", &at("contract"), &error.message, remedy);
            }
            Err(error) => report.fail("contract", &at("contract"), &error.message, &deploy),
        },
    }
    if let Ok(head) = patient.chain.head().await {
        tell_clock(&at("skew"), assumed.timing.skew(), assumed, &head, report);
    }
    let Some(account) = swapping.account else {
        return;
    };
    let coin = match swapping.assets.coin(&chain.id).await {
        Ok(coin) => coin,
        Err(failure) => return report.failure("balance", &at("id"), &failure),
    };
    let subject = format!("swaps {account} on {}", chain.id);
    match evm::balance_of(&patient.chain, account, &coin.id).await {
        Ok(balance) => {
            let reserve = Amount::new(evm::EvmSettings::default().fee_reserve);
            let remedy = format!("send {account} some of the chain's coin");
            if balance == Amount::ZERO {
                let message = "it has nothing to pay for claims and refunds with";
                report.warn("balance", &subject, message, &remedy);
            } else if balance < reserve {
                let (has, needs) = (coin.show(balance), coin.show(reserve));
                let message = format!("{has}, less than the {needs} that are kept for fees");
                report.warn("balance", &subject, message, &remedy);
            } else {
                report.ok("balance", &subject, coin.show(balance));
            }
            let left = balance.units().saturating_sub(reserve.units());
            swapping.balances.insert(coin.id, Amount::new(left));
        }
        Err(error) => {
            let remedy = "see what is said of the chain's endpoints";
            report.fail("balance", &subject, &error.message, remedy);
        }
    }
}

/// What one node says.
struct Seen {
    subject: String,
    tip: BlockRef,
}

/// The few fields of `getblockchaininfo` that say whether a node is where the chain is.
#[derive(Deserialize)]
struct Progress {
    initialblockdownload: bool,
    blocks: u64,
    headers: u64,
}

/// Each node alone, all of them against each other, the clock, and the coins of the wallet.
pub(super) async fn examine_coins(
    swapping: &mut Swapping<'_>,
    chain: &SwapChainConfig,
    field: &str,
    assumed: &Assumptions,
    report: &mut Report,
) {
    let mut config = match bitcoin_config(swapping.loaded, chain, field, assumed) {
        Ok(config) => config,
        Err(failure) => return report.failure("endpoint", field, &failure),
    };
    config.limits.timeout = PATIENCE;
    config.limits.scan_timeout = SEARCH;
    let name = swapping.assets.chain_name(&chain.id);
    let mut seen = Vec::new();
    for (nth, endpoint) in config.endpoints.iter().enumerate() {
        let subject = format!("{} of {name}", redact_url(&endpoint.url));
        let node = RpcClient::new(endpoint.clone(), config.network, config.limits);
        let looked = match node {
            Ok(node) => look(&node).await,
            Err(error) => Err(error),
        };
        match looked {
            Ok((tip, progress)) => {
                tell_progress(&subject, &tip, &progress, report);
                seen.push(Seen { subject, tip });
            }
            Err(error) => {
                let remedy = remedy(&error, field, nth);
                report.fail("endpoint", &subject, &error.kind, &remedy);
            }
        }
    }
    compare(&config, field, &name, &seen, report).await;
    if let Some(newest) = seen.iter().max_by_key(|seen| seen.tip.height) {
        tell_clock(
            &format!("{field}.skew"),
            AHEAD,
            assumed,
            &newest.tip,
            report,
        );
        examine_wallet(swapping, config, field, report).await;
    }
}

async fn look(node: &RpcClient) -> Result<(BlockRef, Progress), RpcError> {
    const METHOD: &str = "getblockchaininfo";
    let (_, hash) = node.head().await?;
    let tip = node.block_ref(hash).await?.ok_or_else(|| RpcError {
        endpoint: node.label().to_owned(),
        method: METHOD,
        kind: RpcErrorKind::Malformed(format!("it does not know its newest block {hash}")),
    })?;
    Ok((tip, node.call(METHOD, json!([])).await?))
}

/// What there is to do about a node that does not answer as it should.
fn remedy(error: &RpcError, field: &str, nth: usize) -> String {
    let url = format!("{field}.endpoints[{nth}]");
    match &error.kind {
        RpcErrorKind::WrongChain { .. } => {
            format!("correct {url}, or {field}.id: they are of different chains")
        }
        RpcErrorKind::Cookie { .. } => format!(
            "correct {field}.cookie: the node writes that file when it starts, and this user must be allowed to read it"
        ),
        RpcErrorKind::Http { status: 401 | 403 } => format!(
            "correct user and password in {url}, or {field}.cookie, and that the node lets this machine ask (rpcallowip)"
        ),
        _ => format!("check {url}, and that the node is running and reachable from here"),
    }
}

fn tell_progress(subject: &str, tip: &BlockRef, progress: &Progress, report: &mut Report) {
    let Progress {
        initialblockdownload,
        blocks,
        headers,
    } = progress;
    if *initialblockdownload || headers.saturating_sub(*blocks) > LAG {
        let message = format!("it is still reading the chain: {blocks} of {headers} blocks");
        let remedy = "wait until the node has caught up: it does not see what happens now";
        report.fail("endpoint", subject, message, remedy);
    } else {
        let message = format!("it answers, and its newest block is {}", tip.height);
        report.ok("endpoint", subject, message);
    }
}

/// Whether enough nodes tell the same story.
async fn compare(
    config: &BitcoinConfig,
    field: &str,
    name: &str,
    seen: &[Seen],
    report: &mut Report,
) {
    let at = format!("{field}.agreement");
    let (answer, all, needed) = (seen.len(), config.endpoints.len(), config.agreement);
    if answer < needed {
        let message = format!("{answer} of {all} endpoints answer, {needed} must agree");
        let remedy = "nothing can be locked or claimed until more answer: see each of them above";
        report.fail("quorum", &at, message, remedy);
        return;
    }
    if needed < 2 {
        let message = format!("{needed} of {all} endpoints decides what is true on {name}");
        let remedy = "list three nodes of different owners, two of which must agree";
        report.warn("config", &at, message, remedy);
    }
    let highest = seen.iter().map(|seen| seen.tip.height).max();
    for each in seen {
        let behind = highest.unwrap_or_default() - each.tip.height;
        if behind > LAG {
            let message = format!("it is {behind} blocks behind the others");
            let remedy = "see that it has peers, or use a node that keeps up";
            report.warn("lag", &each.subject, message, remedy);
        }
    }
    let agreed = match BitcoinChain::new(config.clone()) {
        Ok(chain) => chain.agreed_head().await.map_err(BitcoinError::from),
        Err(error) => Err(error),
    };
    match agreed {
        Ok(head) => {
            let message = format!("enough endpoints name the same block {}", head.height);
            report.ok("agreement", name, message);
        }
        Err(error) => {
            let remedy = "find out who lies or is behind: one of them may be on another branch";
            report.fail("agreement", name, chain_of(&error), remedy);
        }
    }
}

/// Expiries are judged by this machine's clock and by the chain's. `ahead` is how far the newest block's time
/// may be ahead of ours.
fn tell_clock(at: &str, ahead: u64, assumed: &Assumptions, newest: &BlockRef, report: &mut Report) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs());
    let (block, skew) = (newest.timestamp.as_secs(), assumed.timing.skew());
    let oldest = assumed.timing.blocks().at_most(1).saturating_add(skew);
    if block > now.saturating_add(ahead) {
        let message = format!(
            "the newest block is {} s in the future of this machine (expected {ahead} s at most)",
            block - now
        );
        let remedy = "set this machine's clock by NTP: time locks would be judged wrongly";
        report.fail("clock", at, message, remedy);
    } else if now > block.saturating_add(oldest) {
        let message = format!(
            "the newest block is {} s old (expected {oldest} s at most, as block_time is assumed)",
            now - block
        );
        let remedy = "check that the chain makes blocks, that the endpoints keep up, this machine's clock, and block_time";
        report.warn("clock", at, message, remedy);
    } else {
        report.ok("clock", at, "the chain's time and this machine's agree");
    }
}

/// What the wallet has, searched as a node would, without the store.
async fn examine_wallet(
    swapping: &mut Swapping<'_>,
    config: BitcoinConfig,
    field: &str,
    report: &mut Report,
) {
    let (Some((seed, _)), Some(policy)) = (
        &swapping.seed,
        swapping.policies.get(&config.network.chain_id()),
    ) else {
        return;
    };
    let network = config.network;
    let addresses = BitcoinSettings::new(policy.timing).addresses;
    let asset = AssetId::coin(network.chain_id(), network.coin_type);
    let wallet = KeyChain::from_seed(seed, network).and_then(|keys| Wallet::new(keys, addresses));
    let (mut wallet, chain) = match (wallet, BitcoinChain::new(config)) {
        (Ok(wallet), Ok(chain)) => (wallet, chain),
        (Err(error), _) => {
            return report.fail(
                "balance",
                "swaps.seed",
                chain_of(&error),
                "use another seed",
            );
        }
        (_, Err(error)) => {
            return report.fail("balance", field, chain_of(&error), "correct the endpoints");
        }
    };
    let subject = format!(
        "wallet of {}",
        swapping.assets.chain_name(&network.chain_id())
    );
    if let Err(error) = wallet.scan(&chain).await {
        let message = format!("its coins could not be searched: {}", chain_of(&error));
        let remedy = "see what is said of the endpoints; a first search of a long chain takes minutes, and one is done at a time";
        return report.warn("balance", &subject, message, remedy);
    }
    let balance = Amount::new(wallet.balance().to_sat().into());
    swapping.balances.insert(asset.clone(), balance);
    let shown = match swapping.assets.info(&asset).await {
        Ok(info) => info.show(balance),
        Err(_) => balance.to_string(),
    };
    if balance == Amount::ZERO {
        let message = "it has no coins: nothing can be given there";
        report.warn(
            "balance",
            &subject,
            message,
            "send some to what `causeway swap wallet` shows",
        );
    } else {
        report.ok("balance", &subject, shown);
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use causeway_swap::{ChainTiming, Span};
    use causeway_swap_service::Spans;
    use causeway_types::Timestamp;

    use super::{super::Level, *};

    #[test]
    fn a_clock_is_told_of_that_is_behind_a_chain_and_a_chain_that_is_behind_the_clock() {
        let assumed = Assumptions {
            timing: ChainTiming::ETHEREUM,
            spans: Spans {
                long: Span::Secs(1),
                short: Span::Secs(1),
            },
            dust: 0,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let level = |secs: i64| {
            let at = now.as_secs().saturating_add_signed(secs);
            let newest = BlockRef {
                height: 1,
                hash: B256::ZERO,
                parent: B256::ZERO,
                timestamp: Timestamp::from_secs(at),
            };
            let mut report = Report::default();
            tell_clock("skew", 30, &assumed, &newest, &mut report);
            report.findings[0].level
        };
        // A block may take eleven slots of 12 seconds, and clocks may differ by 30.
        for (secs, expected) in [
            (60, Level::Error),
            (20, Level::Ok),
            (-100, Level::Ok),
            (-300, Level::Warning),
        ] {
            assert_eq!(level(secs), expected, "{secs}");
        }
    }
}
