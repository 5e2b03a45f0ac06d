//! Whether swaps can be made as they are configured, and whether it is safe to.

use std::collections::BTreeMap;

use alloy::primitives::Address;
use causeway_swap::{Amount, ChainPolicy, Inequality, Leg, PerLeg, Policy, Refusal};
use causeway_swap_service::{PeerId, Seed, Spans};
use causeway_types::{AssetId, ChainId};

use super::{Patient, Report, swap_chains, swap_maker};
use crate::{
    config::{LoadedConfig, SwapsConfig},
    keys::{open_key, open_signer},
    swaps::{self, Assets},
};

/// What is known of swaps once their keys and chains were looked at.
pub(super) struct Swapping<'a> {
    pub(super) loaded: &'a LoadedConfig,
    pub(super) part: &'a SwapsConfig,
    pub(super) assets: Assets,
    /// The secret bytes, and whom others know by them.
    pub(super) seed: Option<(Vec<u8>, PeerId)>,
    /// The account on EVM chains.
    pub(super) account: Option<Address>,
    pub(super) policies: BTreeMap<ChainId, ChainPolicy>,
    pub(super) spans: BTreeMap<ChainId, Spans>,
    /// What there is to give, of what was looked at.
    pub(super) balances: BTreeMap<AssetId, Amount>,
}

impl Swapping<'_> {
    /// The key of the configuration about a chain.
    pub(super) fn field(&self, chain: &ChainId, key: &str) -> String {
        let place = self.part.chains.iter().position(|known| known.id == *chain);
        place.map_or_else(
            || "swaps.chains".to_owned(),
            |index| format!("swaps.chains[{index}].{key}"),
        )
    }
}

/// Looks at the part about swaps, if there is one. Changes nothing, and sends nothing to any chain.
pub(super) async fn examine(
    loaded: &LoadedConfig,
    patients: &BTreeMap<ChainId, Patient>,
    report: &mut Report,
) {
    let Some(part) = &loaded.config.swaps else {
        return;
    };
    let connected = patients.iter();
    let connected = connected.map(|(id, patient)| (id.clone(), patient.chain.clone()));
    let mut swapping = Swapping {
        loaded,
        part,
        assets: Assets::new(&loaded.config, Some(part)).with(connected.collect()),
        seed: open_seed(loaded, part, report),
        account: open_account(loaded, part, report).await,
        policies: BTreeMap::new(),
        spans: BTreeMap::new(),
        balances: BTreeMap::new(),
    };
    for (index, chain) in part.chains.iter().enumerate() {
        let field = format!("swaps.chains[{index}]");
        let assumed = match swaps::assumptions(loaded, chain, &field) {
            Ok(assumed) => assumed,
            Err(failure) => {
                report.failure("timing", &field, &failure);
                continue;
            }
        };
        swapping.policies.insert(chain.id.clone(), assumed.policy());
        swapping.spans.insert(chain.id.clone(), assumed.spans);
        match patients.get(&chain.id) {
            Some(patient) => {
                swap_chains::examine_evm(&mut swapping, chain, patient, &assumed, report).await;
            }
            // What is wrong with the endpoints of one of the chains was told above.
            None if chain.endpoints.is_empty() => {}
            None => {
                swap_chains::examine_coins(&mut swapping, chain, &field, &assumed, report).await;
            }
        }
    }
    examine_timing(&swapping, report);
    if let Some(maker) = &part.maker {
        swap_maker::examine(&mut swapping, maker, report).await;
    }
}

fn open_seed(
    loaded: &LoadedConfig,
    part: &SwapsConfig,
    report: &mut Report,
) -> Option<(Vec<u8>, PeerId)> {
    const FIELD: &str = "swaps.seed";
    let key = match open_key(&part.seed, FIELD, |path| loaded.resolve(path)) {
        Ok(key) => key,
        Err(error) => {
            report.fail("key", FIELD, &error, &error.remedy());
            return None;
        }
    };
    let bytes = key.to_bytes().to_vec();
    let identity = Seed::new(bytes.clone()).and_then(|seed| seed.identity());
    match identity {
        Ok(identity) => {
            let message = format!("other parties know this node as {}", identity.id());
            report.ok("key", FIELD, message);
            Some((bytes, identity.id()))
        }
        Err(error) => {
            report.fail("key", FIELD, error, "use 64 hexadecimal digits");
            None
        }
    }
}

async fn open_account(
    loaded: &LoadedConfig,
    part: &SwapsConfig,
    report: &mut Report,
) -> Option<Address> {
    const FIELD: &str = "swaps.key";
    let key = part.key.as_ref()?;
    match open_signer(key, FIELD, |path| loaded.resolve(path)).await {
        Ok(signer) => {
            report.ok("key", FIELD, signer.address());
            Some(signer.address())
        }
        Err(error) => {
            report.fail("key", FIELD, &error, &error.remedy());
            None
        }
    }
}

/// Whether swaps could be agreed on at all: between the chains of each pair that is offered, or, where
/// nothing is, from every chain to every other.
fn examine_timing(swapping: &Swapping<'_>, report: &mut Report) {
    let policy = swaps::policy(swapping.part, swapping.policies.clone());
    let offers = swapping.part.maker.as_ref().map(|maker| &maker.pairs);
    let offered = offers.into_iter().flatten().filter_map(|pair| {
        let chain = |name: &str| swapping.assets.chain(name, "swaps.maker.pairs").ok();
        let (gives, wants) = (chain(&pair.gives.chain)?, chain(&pair.wants.chain)?);
        Some(if pair.locks_first {
            (gives, wants)
        } else {
            (wants, gives)
        })
    });
    let mut legs: Vec<(&ChainId, &ChainId)> = offered.collect();
    let is_maker = !legs.is_empty();
    if !is_maker {
        let ids = || swapping.part.chains.iter().map(|chain| &chain.id);
        legs = ids()
            .flat_map(|first| ids().map(move |second| (first, second)))
            .filter(|(first, second)| first != second)
            .collect();
    }
    legs.sort_unstable();
    legs.dedup();
    for (first, second) in legs {
        examine_legs(
            swapping,
            &policy,
            &PerLeg { first, second },
            is_maker,
            report,
        );
    }
}

fn examine_legs(
    swapping: &Swapping<'_>,
    policy: &Policy,
    chains: &PerLeg<&ChainId>,
    is_offered: bool,
    report: &mut Report,
) {
    const CHECK: &str = "timing";
    let (Some(long), Some(short)) = (
        swapping.spans.get(chains.first),
        swapping.spans.get(chains.second),
    ) else {
        return;
    };
    let spans = PerLeg {
        first: long.long,
        second: short.short,
    };
    let [first, second] = Leg::BOTH.map(|leg| swapping.assets.chain_name(chains.of(leg)));
    let long = swapping.field(chains.first, "long");
    let short = swapping.field(chains.second, "short");
    let subject = format!("{long} and {short}");
    let Err(refusal) = policy.could_agree(chains, &spans) else {
        let message = format!("swaps can be agreed on that lock on {first} and then on {second}");
        report.ok(CHECK, &subject, message);
        return;
    };
    let remedy = remedy(&refusal, &long, &short);
    let message =
        format!("no swap that locks on {first} and then on {second} is agreed to: {refusal}");
    // Who only takes may want to go the other way alone.
    if is_offered {
        report.fail(CHECK, &subject, message, &remedy);
    } else {
        report.warn(CHECK, &subject, message, &remedy);
    }
}

fn remedy(refusal: &Refusal, long: &str, short: &str) -> String {
    match refusal {
        Refusal::Time(shortfall) => {
            let more =
                humantime::format_duration(std::time::Duration::from_secs(shortfall.short_by()));
            match shortfall.inequality {
                Inequality::FirstOutlivesSecond => format!(
                    "make {long} longer by {more}, {short} shorter, or swaps.down_for shorter"
                ),
                Inequality::SecondLegWindow | Inequality::TimeToReveal => {
                    format!("make {short} longer by {more}, or swaps.down_for shorter")
                }
            }
        }
        Refusal::TooLong { leg, .. } => {
            let span = match leg {
                Leg::First => long,
                Leg::Second => short,
            };
            format!("make {span} shorter, or swaps.longest longer")
        }
        _ => format!("correct {long} and {short}"),
    }
}
