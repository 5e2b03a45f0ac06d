use alloy_primitives::B256;
use causeway_types::{AssetId, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Amount, Leg, Price, PriceOverflow, Role, Terms,
    canonical::{Canonical, digest},
};

/// The hash that names an offer or a quote, and commits to all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuoteId(pub B256);

/// What a maker is ready to exchange with anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// What the maker gives.
    pub gives: AssetId,
    /// What the maker wants for it.
    pub wants: AssetId,
    /// How much is wanted for how much.
    pub price: Price,
    /// The least that the maker gives in one swap.
    pub least: Amount,
    /// The most that the maker gives in one swap.
    pub most: Amount,
    /// Who the maker is in the swap.
    pub maker: Role,
    /// When the offer ends.
    pub until: Timestamp,
}

/// Exact amounts that a maker exchanges until a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// The offer that it follows from.
    pub offer: QuoteId,
    /// What the maker gives.
    pub gives: Amount,
    /// What the maker gets.
    pub wants: Amount,
    /// When the quote ends: terms must be agreed on before.
    pub until: Timestamp,
}

/// Why an offer, a quote and terms do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuoteError {
    /// An amount that the offer does not cover.
    #[error("{amount} are outside the offer's limits (expected {least} to {most})")]
    OutsideLimits {
        /// The least that the maker gives.
        least: Amount,
        /// The most that the maker gives.
        most: Amount,
        /// The amount asked for.
        amount: Amount,
    },
    /// It is too late.
    #[error("it is {now} and this ended at {until}")]
    Ended {
        /// When it ended.
        until: Timestamp,
        /// When it was to be used.
        now: Timestamp,
    },
    /// A quote of another offer, or terms of another quote.
    #[error("made of {found} (expected {expected})", found = .found.0, expected = .expected.0)]
    Other {
        /// What it should name.
        expected: QuoteId,
        /// What it names.
        found: QuoteId,
    },
    /// A quote at another price than the offer's.
    #[error("{found} wanted (expected {expected})")]
    Price {
        /// What the offer's price makes.
        expected: Amount,
        /// What the quote says.
        found: Amount,
    },
    /// Terms whose leg does not hold what was quoted.
    #[error("the {leg} holds {amount} of {asset} (expected {quoted} of {quoted_asset})")]
    Leg {
        /// Which leg.
        leg: Leg,
        /// How much the terms say.
        amount: Amount,
        /// Of what.
        asset: Box<AssetId>,
        /// How much was quoted.
        quoted: Amount,
        /// Of what.
        quoted_asset: Box<AssetId>,
    },
    /// The amounts do not fit.
    #[error(transparent)]
    Overflow(#[from] PriceOverflow),
}

impl Offer {
    /// The bytes to sign, and to name the offer by.
    pub fn canonical(&self) -> Vec<u8> {
        Canonical::of("causeway/swap/offer/1")
            .text(&self.gives)
            .text(&self.wants)
            .text(&self.price)
            .text(&self.least)
            .text(&self.most)
            .text(&self.maker)
            .text(&self.until)
            .bytes()
    }

    /// The hash of [`Offer::canonical`].
    pub fn id(&self) -> QuoteId {
        QuoteId(digest(&self.canonical()))
    }

    /// A quote for so much of what the maker gives, which ends with the offer or after `valid_secs`.
    ///
    /// # Errors
    /// When the offer has ended, or the amount is outside its limits.
    pub fn quote(
        &self,
        gives: Amount,
        now: Timestamp,
        valid_secs: u64,
    ) -> Result<Quote, QuoteError> {
        let quote = Quote {
            offer: self.id(),
            gives,
            wants: self.price.wanted_for(gives)?,
            until: self.until.min(now.plus_secs(valid_secs)),
        };
        self.check_quote(&quote, now)?;
        Ok(quote)
    }

    fn check_quote(&self, quote: &Quote, now: Timestamp) -> Result<(), QuoteError> {
        let (expected, found) = (self.id(), quote.offer);
        if expected != found {
            return Err(QuoteError::Other { expected, found });
        }
        let until = self.until.min(quote.until);
        if now >= until {
            return Err(QuoteError::Ended { until, now });
        }
        let (least, most, amount) = (self.least, self.most, quote.gives);
        if amount < least || amount > most {
            return Err(QuoteError::OutsideLimits {
                least,
                most,
                amount,
            });
        }
        let (expected, found) = (self.price.wanted_for(amount)?, quote.wants);
        if expected != found {
            return Err(QuoteError::Price { expected, found });
        }
        Ok(())
    }

    /// Whether these terms are what this quote of this offer promised, while both hold.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self, quote: &Quote, terms: &Terms, now: Timestamp) -> Result<(), QuoteError> {
        self.check_quote(quote, now)?;
        let (expected, found) = (quote.id(), terms.quote);
        if expected != found {
            return Err(QuoteError::Other { expected, found });
        }
        let given = (self.maker.locks(), quote.gives, &self.gives);
        let wanted = (self.maker.claims(), quote.wants, &self.wants);
        for (leg, quoted, quoted_asset) in [given, wanted] {
            let found = terms.legs.of(leg);
            if found.amount != quoted || found.asset != *quoted_asset {
                return Err(QuoteError::Leg {
                    leg,
                    amount: found.amount,
                    asset: found.asset.clone().into(),
                    quoted,
                    quoted_asset: quoted_asset.clone().into(),
                });
            }
        }
        Ok(())
    }
}

impl Quote {
    /// The bytes to sign, and to name the quote by.
    pub fn canonical(&self) -> Vec<u8> {
        Canonical::of("causeway/swap/quote/1")
            .field(self.offer.0.as_slice())
            .text(&self.gives)
            .text(&self.wants)
            .text(&self.until)
            .bytes()
    }

    /// The hash of [`Quote::canonical`].
    pub fn id(&self) -> QuoteId {
        QuoteId(digest(&self.canonical()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_values;

    fn secs(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn offer() -> Offer {
        let terms = test_values::terms();
        Offer {
            gives: terms.legs.second.asset.clone(),
            wants: terms.legs.first.asset.clone(),
            price: Price::new(1, 20).unwrap(),
            least: Amount::new(1_000),
            most: Amount::new(1_000_000),
            maker: Role::Responder,
            until: secs(500),
        }
    }

    #[test]
    fn a_quote_holds_exact_amounts_and_ends_with_its_offer() {
        let quote = offer().quote(Amount::new(1_001), secs(450), 60).unwrap();
        assert_eq!((quote.gives.units(), quote.wants.units()), (1_001, 51));
        assert_eq!(quote.until, secs(500));
        let quote = offer().quote(Amount::new(1_001), secs(100), 60).unwrap();
        assert_eq!(quote.until, secs(160));
    }

    #[test]
    fn amounts_outside_the_limits_and_ended_offers_are_refused() {
        for amount in [999, 1_000_001] {
            let refused = offer().quote(Amount::new(amount), secs(0), 60);
            assert!(
                matches!(refused, Err(QuoteError::OutsideLimits { .. })),
                "{refused:?}"
            );
        }
        let refused = offer().quote(Amount::new(1_000), secs(500), 60);
        assert!(matches!(refused, Err(QuoteError::Ended { .. })));
    }

    #[test]
    fn terms_must_be_what_was_quoted() {
        let offer = offer();
        let quote = offer.quote(Amount::new(20_000), secs(0), 60).unwrap();
        let mut terms = test_values::terms();
        terms.quote = quote.id();
        terms.legs.first.amount = Amount::new(1_000);
        terms.legs.second.amount = Amount::new(20_000);
        assert_eq!(offer.check(&quote, &terms, secs(59)), Ok(()));

        let refused = |quote: &Quote, terms: &Terms, now| offer.check(quote, terms, now);
        let late = refused(&quote, &terms, secs(60));
        assert!(matches!(late, Err(QuoteError::Ended { .. })));

        let mut less = terms.clone();
        less.legs.first.amount = Amount::new(999);
        let less = refused(&quote, &less, secs(0));
        assert!(matches!(
            less,
            Err(QuoteError::Leg {
                leg: Leg::First,
                ..
            })
        ));

        let mut other = terms.clone();
        other.legs.second.asset = terms.legs.first.asset.clone();
        let other = refused(&quote, &other, secs(0));
        assert!(matches!(
            other,
            Err(QuoteError::Leg {
                leg: Leg::Second,
                ..
            })
        ));

        let mut cheap = quote.clone();
        cheap.wants = Amount::new(999);
        terms.quote = cheap.id();
        let cheap = refused(&cheap, &terms, secs(0));
        assert!(matches!(cheap, Err(QuoteError::Price { .. })));

        let foreign = refused(&quote, &test_values::terms(), secs(0));
        assert!(matches!(foreign, Err(QuoteError::Other { .. })));
    }

    #[test]
    fn every_field_of_an_offer_counts_for_its_name() {
        let changes: [fn(&mut Offer); 7] = [
            |offer| offer.gives = offer.wants.clone(),
            |offer| offer.wants = offer.gives.clone(),
            |offer| offer.price = Price::new(1, 19).unwrap(),
            |offer| offer.least = Amount::new(1_001),
            |offer| offer.most = Amount::new(1_000_001),
            |offer| offer.maker = Role::Initiator,
            |offer| offer.until = secs(501),
        ];
        for change in changes {
            let mut other = offer();
            change(&mut other);
            assert_ne!(other.id(), offer().id());
        }
    }

    #[test]
    fn an_offer_with_an_unknown_field_is_refused() {
        let mut json = serde_json::to_value(offer()).unwrap();
        assert_eq!(
            serde_json::from_value::<Offer>(json.clone()).unwrap(),
            offer()
        );
        json["fee"] = 1.into();
        assert!(serde_json::from_value::<Offer>(json).is_err());
    }
}
