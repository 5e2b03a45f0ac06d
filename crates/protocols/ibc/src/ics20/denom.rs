use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::PORT;
use crate::ClientId;

/// A token by its full trace: the token's own name at its origin, with one `port/client/` in front
/// for every crossing, the latest first (ICS-20, "Denomination traces").
///
/// The text is kept exactly as it came, because the contracts compare texts: two writings of one
/// address are two denominations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Denom(String);

/// One crossing in a token's trace: where it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The application that received it.
    pub port: String,
    /// The receiving chain's client of the chain that it came from.
    pub client: ClientId,
}

/// Why a text is no denomination.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseDenomError {
    /// There is nothing.
    #[error("a denomination is empty")]
    Empty,
    /// There is a trace, but no token at its end.
    #[error("the denomination {0:?} is a trace without a token")]
    NoBase(String),
}

impl Denom {
    /// Reads a denomination, with or without a trace.
    pub fn parse(text: &str) -> Result<Self, ParseDenomError> {
        if text.is_empty() {
            return Err(ParseDenomError::Empty);
        }
        if split(text).1.is_empty() {
            return Err(ParseDenomError::NoBase(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The crossings behind the token, the latest first; empty where it is at home.
    pub fn trace(&self) -> Vec<Hop> {
        split(&self.0).0
    }

    /// The token's own name at its origin. It may contain slashes.
    pub fn base(&self) -> &str {
        split(&self.0).1
    }

    /// What the token is called after it came in through this port and client of the destination.
    #[must_use]
    pub fn received_through(&self, dest_port: &str, dest_client: &ClientId) -> Self {
        Self(format!("{dest_port}/{dest_client}/{}", self.0))
    }

    /// Whether the token, sent from this port and client, goes back where it came from, so that the
    /// destination unlocks instead of minting.
    pub fn returns_to_origin(&self, source_port: &str, source_client: &ClientId) -> bool {
        self.unprefixed(source_port, source_client).is_some()
    }

    /// What the token is called where it came from, if it came in through this port and client.
    pub fn unprefixed(&self, source_port: &str, source_client: &ClientId) -> Option<Self> {
        let rest = self.0.strip_prefix(source_port)?.strip_prefix('/')?;
        let rest = rest
            .strip_prefix(source_client.as_str())?
            .strip_prefix('/')?;
        Self::parse(rest).ok()
    }
}

/// Splits a text into its hops and what follows them.
fn split(text: &str) -> (Vec<Hop>, &str) {
    let mut trace = Vec::new();
    let mut rest = text;
    while let Some((client, after)) = rest
        .strip_prefix(PORT)
        .and_then(|r| r.strip_prefix('/'))
        .and_then(|r| r.split_once('/'))
        && let Ok(client) = client.parse()
    {
        trace.push(Hop {
            port: PORT.to_owned(),
            client,
        });
        rest = after;
    }
    (trace, rest)
}

impl FromStr for Denom {
    type Err = ParseDenomError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Denom {
    type Error = ParseDenomError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Denom> for String {
    fn from(denom: Denom) -> Self {
        denom.0
    }
}

impl fmt::Display for Denom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::test_values::client_ids;

    fn client(text: &str) -> ClientId {
        text.parse().unwrap()
    }

    #[test]
    fn a_trace_is_cut_into_its_crossings() {
        let check = |text: &str, clients: &[&str], base: &str| {
            let denom = Denom::parse(text).unwrap();
            let trace: Vec<_> = denom.trace().into_iter().map(|hop| hop.client).collect();
            assert_eq!(
                trace,
                clients.iter().map(|text| client(text)).collect::<Vec<_>>(),
                "{text}"
            );
            assert_eq!(denom.base(), base, "{text}");
            assert_eq!(denom.to_string(), text);
        };
        check("uatom", &[], "uatom");
        check("transfer/client-0/uatom", &["client-0"], "uatom");
        check(
            "transfer/client-1/transfer/client-0/0xab",
            &["client-1", "client-0"],
            "0xab",
        );
        check(
            "transfer/client-0/gamm/pool/1",
            &["client-0"],
            "gamm/pool/1",
        );
        check(
            "factory/transfer/client-0/x",
            &[],
            "factory/transfer/client-0/x",
        );
        check("transfer/abc/uatom", &[], "transfer/abc/uatom");
        check("transfer", &[], "transfer");
        check("transfer/client-0", &[], "transfer/client-0");
        check("Transfer/client-0/uatom", &[], "Transfer/client-0/uatom");
    }

    #[test]
    fn a_denomination_without_a_token_is_refused() {
        assert_eq!(Denom::parse(""), Err(ParseDenomError::Empty));
        for text in ["transfer/client-0/", "transfer/client-1/transfer/client-0/"] {
            assert_eq!(
                Denom::parse(text),
                Err(ParseDenomError::NoBase(text.to_owned()))
            );
        }
        assert!(serde_json::from_str::<Denom>("\"\"").is_err());
    }

    #[test]
    fn a_token_that_goes_back_is_recognised_by_the_sending_side() {
        let voucher = Denom::parse("transfer/client-7/0xab").unwrap();
        assert!(voucher.returns_to_origin(PORT, &client("client-7")));
        assert!(!voucher.returns_to_origin(PORT, &client("client-77")));
        assert!(!voucher.returns_to_origin("other", &client("client-7")));
        assert!(
            !Denom::parse("0xab")
                .unwrap()
                .returns_to_origin(PORT, &client("client-7"))
        );
        let prefix_of_another = Denom::parse("transfer/client-77/0xab").unwrap();
        assert!(!prefix_of_another.returns_to_origin(PORT, &client("client-7")));
        assert_eq!(
            voucher.unprefixed(PORT, &client("client-7")),
            Denom::parse("0xab").ok()
        );
    }

    #[test]
    fn the_native_coin_is_a_token_at_home() {
        let coin = Denom::parse(super::super::NATIVE_COIN).unwrap();
        assert!(coin.trace().is_empty());
        assert_eq!(coin.as_str().to_lowercase(), coin.as_str());
        assert_eq!(
            coin.as_str().parse(),
            Ok(alloy_primitives::address!(
                "EeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
            ))
        );
    }

    proptest! {
        #[test]
        fn every_crossing_is_undone_by_the_way_back(
            base in "0x[0-9a-f]{40}",
            crossings in vec(client_ids(), 1..5),
        ) {
            let origin = Denom::parse(&base).unwrap();
            let mut denoms = vec![origin];
            for dest_client in &crossings {
                let arrived = denoms[denoms.len() - 1].received_through(PORT, dest_client);
                denoms.push(arrived);
            }
            let mut denom = denoms.pop().unwrap();
            prop_assert_eq!(denom.base(), base);
            prop_assert_eq!(denom.trace().len(), crossings.len());
            for dest_client in crossings.iter().rev() {
                denom = denom.unprefixed(PORT, dest_client).unwrap();
                prop_assert_eq!(Some(denom.clone()), denoms.pop());
            }
        }

        #[test]
        fn no_text_is_changed_by_being_read(text in "(transfer|[a-z]{1,5}|/|client-[0-9]){1,9}") {
            if let Ok(denom) = Denom::parse(&text) {
                let trace = denom.trace();
                let hops = trace.iter().flat_map(|hop| [hop.port.as_str(), hop.client.as_str()]);
                let whole: Vec<_> = hops.chain([denom.base()]).collect();
                prop_assert_eq!(whole.join("/"), text);
            }
        }
    }
}
