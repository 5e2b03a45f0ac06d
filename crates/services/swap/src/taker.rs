//! Takes offers of makers elsewhere.

use std::time::Duration;

use causeway_swap::{Amount, Expiry, Leg, LegTerms, Offer, PerLeg, QuoteId, Role, SwapId, Terms};
use serde::{Serialize, de::DeserializeOwned};
use tracing::warn;
use url::Url;

use crate::{
    SwapError,
    desk::{Deal, Desk},
    identity::PeerId,
    negotiation::{Acceptance, Offers, Proposal, QuoteRequest, SignedQuote, agreement},
    record::{Happened, Peer},
    talk::TalkError,
};

/// How long a maker may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer of a maker, in bytes.
const LONGEST: usize = 1 << 20;

/// A maker at an address.
#[derive(Clone, Debug)]
pub struct MakerClient {
    client: reqwest::Client,
    url: Url,
}

/// What somebody wants to take.
#[derive(Clone, Debug)]
pub struct Taking {
    /// Who the maker must be.
    pub maker: PeerId,
    /// The offer.
    pub offer: QuoteId,
    /// How much we want to get of what the maker gives.
    pub gets: Amount,
    /// The most that we are ready to pay for it, in smallest units.
    pub pays_at_most: Option<Amount>,
}

impl MakerClient {
    /// The maker at this address.
    ///
    /// # Errors
    /// When the address is none that a maker can have.
    pub fn new(url: Url) -> Result<Self, SwapError> {
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(SwapError::Malformed(format!(
                "{url} is no maker's address (expected http:// or https://)"
            )));
        }
        let client = reqwest::Client::builder().timeout(PATIENCE).build();
        let client = client.map_err(|error| SwapError::Malformed(error.to_string()))?;
        Ok(Self { client, url })
    }

    /// Where it is.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// What it offers, each signed by it.
    ///
    /// # Errors
    /// When the maker cannot be reached, or has not signed what it sends.
    pub async fn offers(&self) -> Result<Offers, SwapError> {
        self.checked("v1/swap/offers").await
    }

    /// Offers of its that still hold and whose names begin with these hexadecimal digits.
    ///
    /// # Errors
    /// When the maker cannot be reached, or has not signed what it sends.
    pub async fn offers_named(&self, begins: &str) -> Result<Offers, SwapError> {
        self.checked(&format!("v1/swap/offers?begins={begins}"))
            .await
    }

    async fn checked(&self, path: &str) -> Result<Offers, SwapError> {
        let offers: Offers = self.ask(path, None::<&()>).await?;
        for offer in &offers.offers {
            offer.check(offers.maker)?;
        }
        Ok(offers)
    }

    /// Exact amounts, signed by the maker.
    ///
    /// # Errors
    /// When the maker refuses, or has not signed what it sends.
    pub async fn quote(
        &self,
        maker: PeerId,
        request: &QuoteRequest,
    ) -> Result<SignedQuote, SwapError> {
        let quote: SignedQuote = self.ask("v1/swap/quotes", Some(request)).await?;
        quote.check(maker)?;
        Ok(quote)
    }

    async fn propose(&self, proposal: &Proposal) -> Result<Acceptance, SwapError> {
        self.ask("v1/swap/proposals", Some(proposal)).await
    }

    async fn ask<R: DeserializeOwned>(
        &self,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<R, SwapError> {
        let away = |error: reqwest::Error| {
            TalkError::Closed(format!("{}: {}", self.url, error.without_url()))
        };
        let mut url = self.url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        url.set_path(&format!("{base}/{path}"));
        url.set_query(query);
        let request = match body {
            Some(body) => self.client.post(url).json(body),
            None => self.client.get(url),
        };
        let mut answer = request.send().await.map_err(away)?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(away)? {
            bytes.extend_from_slice(&part);
            if bytes.len() > LONGEST {
                let message = "the maker's answer is longer than 1 MiB";
                return Err(SwapError::Malformed(message.to_owned()));
            }
        }
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| {
                SwapError::Malformed(format!("the maker's answer makes no sense: {error}"))
            });
        }
        let detail = serde_json::from_slice::<crate::api::Problem>(&bytes)
            .map_or_else(|_| status.to_string(), |problem| problem.detail);
        if status.is_client_error() {
            Err(SwapError::TheyRefused(detail))
        } else {
            Err(TalkError::Closed(detail).into())
        }
    }
}

impl Desk {
    /// Takes an offer: from here on the swap exists, and goes its way.
    pub(crate) async fn take(
        &self,
        maker: &MakerClient,
        taking: &Taking,
    ) -> Result<SwapId, SwapError> {
        let offers = maker.offers_named(&taking.offer.0.to_string()).await?;
        if offers.maker != taking.maker {
            return Err(TalkError::Stranger {
                expected: taking.maker,
                found: offers.maker,
            }
            .into());
        }
        let offer = offers
            .offers
            .into_iter()
            .find(|offer| offer.id == taking.offer);
        let gone = || {
            SwapError::Gone("the maker has no such offer any more: look at its offers".to_owned())
        };
        let offer = offer.ok_or_else(gone)?.offer;
        let request = QuoteRequest {
            offer: taking.offer,
            gives: taking.gets,
        };
        let signed = maker.quote(taking.maker, &request).await?;
        if let Some(most) = taking.pays_at_most
            && signed.quote.wants > most
        {
            return Err(SwapError::TooMuch(format!(
                "the maker wants {} (expected {most} or less)",
                signed.quote.wants
            )));
        }
        let number = self.next_number().await?;
        let terms = self.terms(&offer, &signed, number).await?;
        self.agree(maker, taking.maker, number, &offer, &signed, terms)
            .await
    }

    /// The terms that follow from a quote, with our part in them.
    async fn terms(
        &self,
        offer: &Offer,
        signed: &SignedQuote,
        number: u32,
    ) -> Result<Terms, SwapError> {
        let role = offer.maker.other();
        let (first, second) = match offer.maker {
            Role::Initiator => (&offer.gives, &offer.wants),
            Role::Responder => (&offer.wants, &offer.gives),
        };
        let chains = self.chains_of(first, second)?;
        let heads = self.heads(&chains).await?;
        let expiries = self
            .spans_of(&chains)?
            .expiries(&heads, self.ledger.clock.now());
        let hash_lock = match (role, signed.hash_lock) {
            (Role::Initiator, _) => self.hash_lock(number)?,
            (Role::Responder, Some(hash_lock)) => hash_lock,
            (Role::Responder, None) => {
                let message = "the maker is to make the secret and sent no hash lock";
                return Err(SwapError::Malformed(message.to_owned()));
            }
        };
        let leg = |leg, asset: &causeway_types::AssetId, amount, expiry: Expiry| {
            let chain = self.chain(asset.chain())?;
            let (ours, theirs) = (chain.account(number)?, signed.accounts.of(leg).clone());
            let (claimer, refunder) = if role.locks() == leg {
                (theirs, ours)
            } else {
                (ours, theirs)
            };
            Ok::<_, SwapError>(LegTerms {
                asset: asset.clone(),
                amount,
                bond: Amount::ZERO,
                claimer,
                refunder,
                form: chain.form(),
                expiry,
            })
        };
        let (quote, locks) = (&signed.quote, offer.maker.locks());
        let amount = |leg| {
            if leg == locks {
                quote.gives
            } else {
                quote.wants
            }
        };
        Ok(Terms {
            quote: quote.id(),
            hash_lock,
            legs: PerLeg {
                first: leg(Leg::First, first, amount(Leg::First), expiries.first)?,
                second: leg(Leg::Second, second, amount(Leg::Second), expiries.second)?,
            },
        })
    }

    async fn agree(
        &self,
        maker: &MakerClient,
        maker_id: PeerId,
        number: u32,
        offer: &Offer,
        signed: &SignedQuote,
        terms: Terms,
    ) -> Result<SwapId, SwapError> {
        let role = offer.maker.other();
        let statement = agreement(&terms, maker_id, self.key.id());
        let proposal = Proposal {
            taker: self.key.id(),
            terms: terms.clone(),
            cosigns: true,
            signature: self.key.sign(&statement),
        };
        let mut deal = Deal {
            role,
            number,
            offer,
            quote: &signed.quote,
            terms,
            peer: Peer {
                id: maker_id,
                url: Some(maker.url().clone()),
                cosigns: true,
            },
            signed: None,
            inventory: None,
        };
        // Nothing is proposed that we would not agree to ourselves.
        self.judge(&deal).await?;
        if role == Role::Responder {
            // The maker may lock as soon as it has agreed: the lock must be looked out for by then.
            let swap = self.begin(deal).await?;
            let accepted = maker.propose(&proposal).await.and_then(|acceptance| {
                check_acceptance(maker_id, &statement, &acceptance, swap)?;
                Ok(acceptance.signature)
            });
            return match accepted {
                Ok(signature) => {
                    let signed = Happened::Signed(signature);
                    self.ledger.happen(swap, signed).await?;
                    Ok(swap)
                }
                Err(error @ SwapError::TheyRefused(_)) => {
                    self.ledger.happen(swap, Happened::Refused).await?;
                    Err(error)
                }
                // It may have agreed, whatever came of its answer on the way. Nothing of ours is locked
                // before its lock is final.
                Err(error) => {
                    warn!(%swap, %error, "the maker's answer is missing");
                    Ok(swap)
                }
            };
        }
        let acceptance = maker.propose(&proposal).await?;
        check_acceptance(maker_id, &statement, &acceptance, deal.terms.id())?;
        deal.peer.cosigns = acceptance.cosigns;
        deal.signed = Some(acceptance.signature);
        self.begin(deal).await
    }
}

fn check_acceptance(
    maker: PeerId,
    statement: &crate::identity::Statement,
    acceptance: &Acceptance,
    swap: SwapId,
) -> Result<(), SwapError> {
    if acceptance.swap != swap {
        let message = format!("the maker agreed to {} (expected {swap})", acceptance.swap);
        return Err(SwapError::Malformed(message));
    }
    Ok(maker.check(statement, &acceptance.signature)?)
}
