//! What is assumed about the time of a chain, and how prices are written.

use std::time::Duration;

use causeway_bitcoin::Network;
use causeway_swap::{Amount, Assumed, BlockTimes, ChainPolicy, ChainTiming, Price, Span};
use causeway_swap_service::Spans;

use super::assets::AssetInfo;
use crate::{
    config::{FinalityConfig, Lasts, LoadedConfig, SwapChainConfig},
    failure::Failure,
};

const HOUR: u64 = 3_600;
/// What a lock of bitcoin is to hold at least, in satoshis, and one of litecoin ten times that: a claim
/// by its script is 143 virtual bytes.
const DUST: u128 = 10_000;

/// What is assumed about a chain.
pub(crate) struct Assumptions {
    pub(crate) timing: ChainTiming,
    pub(crate) spans: Spans,
    pub(crate) dust: u128,
}

impl Assumptions {
    /// What is asked of a leg there.
    pub(crate) const fn policy(&self) -> ChainPolicy {
        ChainPolicy {
            timing: self.timing,
            dust: Amount::new(self.dust),
        }
    }
}

/// What is assumed about a chain: what is configured, and else what the chain is known for.
pub(crate) fn assumptions(
    loaded: &LoadedConfig,
    chain: &SwapChainConfig,
    field: &str,
) -> Result<Assumptions, Failure> {
    let network = Network::by_chain_id(&chain.id);
    let is_litecoin = network.is_some_and(|network| network.hrp.contains("ltc"));
    let (timing, long, short, dust) = match network {
        Some(_) if is_litecoin => (
            ChainTiming::LITECOIN,
            Span::Blocks(576),
            Span::Blocks(288),
            10 * DUST,
        ),
        Some(_) => (
            ChainTiming::BITCOIN,
            Span::Blocks(144),
            Span::Blocks(72),
            DUST,
        ),
        None => (
            ChainTiming::ETHEREUM,
            Span::Secs(24 * HOUR),
            Span::Secs(6 * HOUR),
            0,
        ),
    };
    let mut assumed = Assumed::from(timing);
    if network.is_none() {
        assumed.confirmations = match evm_finality(loaded, chain) {
            FinalityConfig::Depth(depth) => depth.saturating_add(1),
            FinalityConfig::Safe | FinalityConfig::Finalized => assumed.confirmations,
        };
    }
    assumed.confirmations = chain.confirmations.unwrap_or(assumed.confirmations);
    assumed.blocks = blocks(assumed.blocks, chain);
    assumed.inclusion_secs = secs(chain.inclusion, assumed.inclusion_secs);
    assumed.skew_secs = secs(chain.skew, assumed.skew_secs);
    let timing = ChainTiming::new(assumed).map_err(|error| {
        let remedy = "correct block_time, confirmations, inclusion or missed_slots";
        Failure::usage(field, error, remedy)
    })?;
    let dust = match &chain.dust {
        Some(text) => text.parse().map_err(|_| {
            let message = format!("{text:?} is no number of smallest units");
            Failure::usage(&format!("{field}.dust"), message, "use a whole number")
        })?,
        None => dust,
    };
    let lasts = |configured: Option<Lasts>, usual| configured.map_or(usual, |lasts| lasts.0);
    let spans = Spans {
        long: lasts(chain.long, long),
        short: lasts(chain.short, short),
    };
    Ok(Assumptions {
        timing,
        spans,
        dust,
    })
}

fn evm_finality(loaded: &LoadedConfig, chain: &SwapChainConfig) -> FinalityConfig {
    let known = loaded
        .config
        .chains
        .iter()
        .find(|known| known.id == chain.id);
    known.map_or(FinalityConfig::Finalized, |known| known.finality)
}

fn blocks(usual: BlockTimes, chain: &SwapChainConfig) -> BlockTimes {
    match usual {
        BlockTimes::Poisson {
            mean_secs,
            drift_percent,
        } => BlockTimes::Poisson {
            mean_secs: secs(chain.block_time, mean_secs),
            drift_percent,
        },
        BlockTimes::Slots { slot_secs, missed } => BlockTimes::Slots {
            slot_secs: secs(chain.block_time, slot_secs),
            missed: chain.missed_slots.unwrap_or(missed),
        },
    }
}

fn secs(configured: Option<Duration>, usual: u64) -> u64 {
    configured.map_or(usual, |time| time.as_secs())
}

/// A price in whole units, such as `0.05`, as a ratio of smallest units.
pub(super) fn price(
    text: &str,
    gives: &AssetInfo,
    wants: &AssetInfo,
    field: &str,
) -> Result<Price, Failure> {
    let wrong = || {
        Failure::usage(
            field,
            format!("{text:?} is no price"),
            "write what one whole unit costs, such as \"0.05\"",
        )
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}");
    let is_number = !whole.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let places = u32::try_from(fraction.len()).map_err(|_| wrong())?;
    let digits: u128 = is_number
        .then(|| digits.parse().ok())
        .flatten()
        .ok_or_else(wrong)?;
    let power = |exponent: u32| 10_u128.checked_pow(exponent).ok_or_else(wrong);
    // Powers of ten on both sides cancel, so that fewer digits are needed.
    let (up, down) = (
        u32::from(wants.decimals),
        u32::from(gives.decimals) + places,
    );
    let shared = up.min(down);
    let wanted = digits.checked_mul(power(up - shared)?).ok_or_else(wrong)?;
    Price::new(wanted, power(down - shared)?).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use causeway_types::{AssetId, ChainId};

    use super::*;

    fn asset(decimals: u8) -> AssetInfo {
        AssetInfo {
            id: AssetId::coin(ChainId::eip155(1), 60),
            label: String::new(),
            decimals,
        }
    }

    #[test]
    fn a_price_in_whole_units_is_an_exact_ratio_of_smallest_ones() {
        let price = |text: &str, gives, wants| {
            price(text, &asset(gives), &asset(wants), "price").map(|price| price.to_string())
        };
        // One ether for 0.05 bitcoin: 5,000,000 satoshis for 10^18 wei.
        assert_eq!(price("0.05", 18, 8).unwrap(), "1/200000000000");
        // One bitcoin for 20 ether.
        assert_eq!(price("20", 8, 18).unwrap(), "200000000000/1");
        assert_eq!(price("1.50", 6, 6).unwrap(), "3/2");
        for wrong in ["", ".5", "-1", "1e3", "0", "0.00", "1.2.3", "one"] {
            assert!(price(wrong, 18, 8).is_err(), "{wrong}");
        }
    }
}
