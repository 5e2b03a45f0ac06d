//! The rules of the part about swaps. What only chains can tell is found out when they are opened.

use std::time::Duration;

use causeway_bitcoin::Network;
use causeway_swap::Span;

use super::{
    Config, Lasts, PairConfig, Problem, SwapAsset, SwapChainConfig, SwapProblem, SwapsConfig,
};
use crate::amount::parse_amount;

/// More than any asset has, for amounts of which only the chain knows how fine they may be.
const DECIMALS: u8 = 38;

impl Config {
    pub(super) fn check_swaps(
        &self,
        swaps: &SwapsConfig,
        refuse: &mut impl FnMut(String, Problem),
    ) {
        for (key, time) in [
            ("down_for", swaps.down_for),
            ("longest", swaps.longest),
            ("cooperation", swaps.cooperation),
            ("script_path", swaps.script_path),
        ] {
            check_time(&format!("swaps.{key}"), time, key == "longest", refuse);
        }
        for (index, chain) in swaps.chains.iter().enumerate() {
            let at = |key: &str| format!("swaps.chains[{index}].{key}");
            let id = chain.id.clone();
            let earlier = &swaps.chains[..index];
            if let Some(other) = earlier.iter().position(|other| other.id == id) {
                refuse(at("id"), SwapProblem::DuplicateChain { id, other }.into());
                continue;
            }
            if id.namespace() == "bip122" {
                self.check_bitcoin(index, chain, refuse);
            } else {
                self.check_slots(index, chain, swaps, refuse);
            }
            check_numbers(&at, chain, refuse);
        }
        if swaps.chains.is_empty() {
            refuse("swaps.chains".to_owned(), SwapProblem::NoChains.into());
        }
        let Some(maker) = &swaps.maker else { return };
        for (key, time) in [("offer", maker.offer), ("quote", maker.quote)] {
            check_time(&format!("swaps.maker.{key}"), time, true, refuse);
        }
        if maker.pairs.is_empty() {
            let at = "swaps.maker.pairs".to_owned();
            refuse(at, SwapProblem::NoPairs.into());
        }
        for (index, pair) in maker.pairs.iter().enumerate() {
            self.check_pair(index, pair, swaps, refuse);
        }
    }

    /// Whoever tells us that money is there must not be one alone.
    fn check_bitcoin(
        &self,
        index: usize,
        chain: &SwapChainConfig,
        refuse: &mut impl FnMut(String, Problem),
    ) {
        let prefix = format!("swaps.chains[{index}]");
        let at = |key: &str| format!("{prefix}.{key}");
        if Network::by_chain_id(&chain.id).is_none() {
            let known = Network::ALL.map(|known| format!("{} ({})", known.chain_id(), known.name));
            let (id, known) = (chain.id.clone(), known.to_vec());
            refuse(at("id"), SwapProblem::UnknownNetwork { id, known }.into());
        }
        self.check_name(index, chain, refuse);
        self.check_endpoints(&prefix, &chain.endpoints, chain.agreement, refuse);
        for (nth, url) in chain.endpoints.iter().enumerate() {
            if matches!(url.scheme(), "ws" | "wss") {
                let (url, scheme) = (crate::redact::redact_url(url), url.scheme().to_owned());
                let allowed = "http:// or https://";
                let problem = Problem::BadScheme {
                    url,
                    scheme,
                    allowed,
                };
                refuse(at(&format!("endpoints[{nth}]")), problem);
            }
        }
        let without = chain.endpoints.iter().any(|url| url.password().is_none());
        if without && chain.cookie.is_none() {
            refuse(at("cookie"), SwapProblem::NoCookie.into());
        }
        for (key, is_set) in [
            ("contract", chain.contract.is_some()),
            ("missed_slots", chain.missed_slots.is_some()),
        ] {
            if is_set {
                refuse(at(key), SwapProblem::OfBitcoin(chain.id.clone()).into());
            }
        }
        for (key, lasts) in spans(chain) {
            if !matches!(lasts.0, Span::Blocks(_)) {
                let (id, blocks) = (chain.id.clone(), true);
                refuse(at(key), SwapProblem::WrongSpan { id, blocks }.into());
            }
        }
    }

    fn check_name(
        &self,
        index: usize,
        chain: &SwapChainConfig,
        refuse: &mut impl FnMut(String, Problem),
    ) {
        let Some(name) = &chain.name else { return };
        let at = format!("swaps.chains[{index}].name");
        let plain = |b: u8| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit();
        let other = |known: &&str| known == name;
        if !(1..=32).contains(&name.len()) || !name.bytes().all(plain) {
            refuse(at, Problem::BadName(name.clone()));
        } else if let Some(other) = self.chains.iter().position(|known| known.label() == name) {
            let name = name.clone();
            refuse(at, Problem::DuplicateName { name, other });
        } else {
            let names = self.swaps.iter().flat_map(|swaps| &swaps.chains);
            let names = names.take(index).filter_map(|chain| chain.name.as_deref());
            if let Some(other) = names.clone().position(|known| other(&known)) {
                let name = name.clone();
                refuse(at, SwapProblem::DuplicateName { name, other }.into());
            }
        }
    }

    /// A chain whose blocks come in slots is one of the chains of the configuration.
    fn check_slots(
        &self,
        index: usize,
        chain: &SwapChainConfig,
        swaps: &SwapsConfig,
        refuse: &mut impl FnMut(String, Problem),
    ) {
        let at = |key: &str| format!("swaps.chains[{index}].{key}");
        let id = || chain.id.clone();
        if self.chains.iter().all(|known| known.id != chain.id) {
            let known = self.chains.iter().map(|known| known.id.to_string());
            let (chain, known) = (id(), known.collect());
            refuse(at("id"), Problem::UnknownChain { chain, known });
        } else if swaps.key.is_none() {
            refuse("swaps.key".to_owned(), SwapProblem::NoKey(id()).into());
        }
        for (key, is_set) in [
            ("name", chain.name.is_some()),
            ("endpoints", !chain.endpoints.is_empty()),
            ("cookie", chain.cookie.is_some()),
            ("agreement", chain.agreement.is_some()),
            ("fee_cap", chain.fee_cap.is_some()),
            ("fee_percent", chain.fee_percent.is_some()),
        ] {
            if is_set {
                refuse(at(key), SwapProblem::NotOfBitcoin(id()).into());
            }
        }
        for (key, lasts) in spans(chain) {
            if !matches!(lasts.0, Span::Secs(_)) {
                let (id, blocks) = (id(), false);
                refuse(at(key), SwapProblem::WrongSpan { id, blocks }.into());
            }
        }
    }

    fn check_pair(
        &self,
        index: usize,
        pair: &PairConfig,
        swaps: &SwapsConfig,
        refuse: &mut impl FnMut(String, Problem),
    ) {
        let at = |key: &str| format!("swaps.maker.pairs[{index}].{key}");
        let gives = self.check_asset(&pair.gives, &at("gives"), swaps, refuse);
        let wants = self.check_asset(&pair.wants, &at("wants"), swaps, refuse);
        if let (Some(gives), Some(wants)) = (gives, wants)
            && gives == wants
        {
            let chain = swaps.chains[gives].id.to_string();
            refuse(at("wants.chain"), SwapProblem::OneChain(chain).into());
        }
        match (&pair.price, &pair.price_url) {
            (None, None) => refuse(at("price"), SwapProblem::NoPrice.into()),
            (Some(_), Some(_)) => refuse(at("price_url"), SwapProblem::TwoPrices.into()),
            (Some(price), None) if parse_amount(price, DECIMALS).is_err() => {
                refuse(at("price"), SwapProblem::BadPrice(price.clone()).into());
            }
            (None, Some(url)) if !matches!(url.scheme(), "http" | "https") => {
                let problem = Problem::BadScheme {
                    url: crate::redact::redact_url(url),
                    scheme: url.scheme().to_owned(),
                    allowed: "http:// or https://",
                };
                refuse(at("price_url"), problem);
            }
            _ => {}
        }
        check_range(&at("spread"), pair.spread.into(), 0, 10_000, refuse);
        let mut amount = |key: &str, given: &str| {
            let parsed = parse_amount(given, DECIMALS);
            if let Err(error) = &parsed {
                let (given, reason) = (given.to_owned(), error.to_string());
                refuse(at(key), SwapProblem::BadAmount { given, reason }.into());
            }
            parsed.ok()
        };
        let least = amount("least", &pair.least);
        let most = amount("most", &pair.most);
        if let Some(inventory) = &pair.inventory {
            amount("inventory", inventory);
        }
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            let (least, most) = (pair.least.clone(), pair.most.clone());
            refuse(
                at("least"),
                SwapProblem::LeastAboveMost { least, most }.into(),
            );
        }
    }

    /// Which of the chains to swap on an asset is on.
    fn check_asset(
        &self,
        asset: &SwapAsset,
        field: &str,
        swaps: &SwapsConfig,
        refuse: &mut impl FnMut(String, Problem),
    ) -> Option<usize> {
        let label = |chain: &SwapChainConfig| {
            let named = self.chains.iter().find(|known| known.id == chain.id);
            let configured = named.map(|known| known.label().to_owned());
            chain.name.clone().or(configured)
        };
        let is_meant = |chain: &SwapChainConfig| {
            chain.id.as_str() == asset.chain || label(chain).as_deref() == Some(&asset.chain)
        };
        let found = swaps.chains.iter().position(is_meant);
        match found.map(|index| &swaps.chains[index]) {
            None => {
                let known = swaps
                    .chains
                    .iter()
                    .map(|chain| label(chain).unwrap_or_else(|| chain.id.to_string()));
                let (chain, known) = (asset.chain.clone(), known.collect());
                let problem = SwapProblem::UnknownChain { chain, known };
                refuse(format!("{field}.chain"), problem.into());
            }
            Some(chain) if chain.id.namespace() == "bip122" && asset.token.is_some() => {
                let problem = SwapProblem::OfBitcoin(chain.id.clone());
                refuse(format!("{field}.token"), problem.into());
            }
            Some(_) => {}
        }
        found
    }
}

fn spans(chain: &SwapChainConfig) -> impl Iterator<Item = (&'static str, Lasts)> {
    let spans = [("long", chain.long), ("short", chain.short)];
    spans
        .into_iter()
        .filter_map(|(key, lasts)| Some((key, lasts?)))
}

/// What holds for all chains.
fn check_numbers(
    at: &impl Fn(&str) -> String,
    chain: &SwapChainConfig,
    refuse: &mut impl FnMut(String, Problem),
) {
    for (key, time, needed) in [
        ("block_time", chain.block_time, true),
        ("inclusion", chain.inclusion, true),
        ("skew", chain.skew, false),
    ] {
        if let Some(time) = time {
            check_time(&at(key), time, needed, refuse);
        }
    }
    for (key, lasts) in spans(chain) {
        if matches!(lasts.0, Span::Blocks(0) | Span::Secs(0)) {
            refuse(at(key), SwapProblem::NoTime.into());
        }
    }
    if let Some(percent) = chain.fee_percent {
        check_range(&at("fee_percent"), percent.into(), 1, 100, refuse);
    }
    if let Some(cap) = chain.fee_cap {
        check_range(&at("fee_cap"), cap, 1, MOST_FEE, refuse);
    }
    if let Some(confirmations) = chain.confirmations {
        let at = at("confirmations");
        check_range(&at, confirmations, 1, MOST_CONFIRMATIONS, refuse);
    }
    if let Some(dust) = &chain.dust
        && dust.parse::<u128>().is_err()
    {
        refuse(at("dust"), SwapProblem::BadUnits(dust.clone()).into());
    }
}

/// In satoshis per virtual byte: more has never been asked for.
const MOST_FEE: u64 = 100_000;
/// Longer than anybody waits.
const MOST_CONFIRMATIONS: u64 = 10_000;

fn check_range(
    at: &str,
    given: u64,
    least: u64,
    most: u64,
    refuse: &mut impl FnMut(String, Problem),
) {
    if !(least..=most).contains(&given) {
        let problem = SwapProblem::Outside { given, least, most };
        refuse(at.to_owned(), problem.into());
    }
}

fn check_time(at: &str, time: Duration, needed: bool, refuse: &mut impl FnMut(String, Problem)) {
    if time.subsec_nanos() != 0 {
        refuse(at.to_owned(), SwapProblem::Fraction(time).into());
    } else if needed && time.is_zero() {
        refuse(at.to_owned(), SwapProblem::NoTime.into());
    }
}
