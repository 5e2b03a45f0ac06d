//! Makes offers, quotes them, and agrees to what follows from a quote.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use causeway_swap::{Amount, HashLock, LockForm, Offer, PerLeg, QuoteError, QuoteId, Role};
use causeway_types::{AccountId, AssetId, Timestamp};
use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::{
    SwapError,
    desk::{Deal, Desk},
    negotiation::{
        Acceptance, Offers, Proposal, QuoteRequest, SignedOffer, SignedQuote, agreement,
    },
    prices::PriceSource,
    record::Peer,
};

/// So many offers are given for one beginning of a name: more say that it is too short.
const MOST_NAMED: usize = 8;
/// So many quotes are kept at once. Who wants more has to wait until some have ended.
const MOST_QUOTES: usize = 10_000;

/// A pair of assets that a maker exchanges.
pub struct Pair {
    /// What the maker gives.
    pub gives: AssetId,
    /// What the maker wants for it.
    pub wants: AssetId,
    /// Who the maker is in the swap.
    pub maker: Role,
    /// What one smallest unit that is given costs in smallest units that are wanted.
    pub price: Arc<dyn PriceSource>,
    /// What is added to the price, in hundredths of a percent.
    pub spread: u32,
    /// The least that is given in one swap.
    pub least: Amount,
    /// The most that is given in one swap.
    pub most: Amount,
    /// The most of what is given that may be at stake in all swaps together.
    pub inventory: Option<Amount>,
}

/// How a maker behaves.
pub struct MakerConfig {
    /// What is exchanged.
    pub pairs: Vec<Pair>,
    /// How long an offer holds, in seconds.
    pub offer_secs: u64,
    /// How long a quote holds, in seconds.
    pub quote_secs: u64,
}

/// The maker.
pub(crate) struct Maker {
    desk: Desk,
    config: MakerConfig,
    /// Offers that may still be quoted, and whose they are.
    offered: std::sync::Mutex<HashMap<QuoteId, (Offer, usize)>>,
    quoted: Mutex<HashMap<QuoteId, Vec<Quoted>>>,
}

/// A quote that may still be used, once.
#[derive(Clone)]
struct Quoted {
    number: u32,
    pair: usize,
    offer: Offer,
    signed: SignedQuote,
}

impl Maker {
    pub(crate) fn new(desk: Desk, config: MakerConfig) -> Self {
        Self {
            desk,
            config,
            offered: std::sync::Mutex::default(),
            quoted: Mutex::default(),
        }
    }

    /// What is exchanged.
    pub(crate) fn pairs(&self) -> &[Pair] {
        &self.config.pairs
    }

    /// What is offered now. A pair without a price is left out.
    pub(crate) async fn offers(&self) -> Result<Offers, SwapError> {
        let now = self.desk.ledger.clock.now();
        // Offers end at round moments, so that all who ask in between see the same.
        let round = self.config.offer_secs.max(1);
        let until = Timestamp::from_secs((now.as_secs() / round + 2) * round);
        let mut offers = Vec::new();
        for (number, pair) in self.config.pairs.iter().enumerate() {
            let price = match pair.price.price().await {
                Ok(price) => price,
                Err(error) => {
                    warn!(gives = %pair.gives, wants = %pair.wants, %error, "no price, no offer");
                    continue;
                }
            };
            let price = price.marked_up(pair.spread);
            let offer = Offer {
                gives: pair.gives.clone(),
                wants: pair.wants.clone(),
                price: price.map_err(|error| SwapError::Malformed(error.to_string()))?,
                least: pair.least,
                most: pair.most,
                maker: pair.maker,
                until,
            };
            let signature = self.desk.key.sign(&SignedOffer::statement(&offer));
            let id = offer.id();
            let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
            offered.retain(|_, (offer, _)| offer.until > now);
            if offered.len() >= MOST_QUOTES {
                continue;
            }
            offered.insert(id, (offer.clone(), number));
            offers.push(SignedOffer {
                id,
                offer,
                signature,
            });
        }
        let maker = self.desk.key.id();
        Ok(Offers { maker, offers })
    }

    /// Offers that still hold and whose names begin with these digits, also such as are made no more.
    pub(crate) fn offers_named(&self, begins: &str) -> Offers {
        let now = self.desk.ledger.clock.now();
        let offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = offered
            .iter()
            .filter(|(id, (offer, _))| offer.until > now && id.0.to_string().starts_with(begins));
        let offers = fitting.map(|(id, (offer, _))| SignedOffer {
            id: *id,
            offer: offer.clone(),
            signature: self.desk.key.sign(&SignedOffer::statement(offer)),
        });
        Offers {
            maker: self.desk.key.id(),
            offers: offers.take(MOST_NAMED).collect(),
        }
    }

    /// Exact amounts for an offer.
    pub(crate) async fn quote(&self, request: &QuoteRequest) -> Result<SignedQuote, SwapError> {
        let now = self.desk.ledger.clock.now();
        let found = {
            let offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
            offered.get(&request.offer).cloned()
        };
        let gone =
            || SwapError::Gone("there is no such offer any more: ask for the offers".to_owned());
        let (offer, pair) = found.ok_or_else(gone)?;
        let quote = offer.quote(request.gives, now, self.config.quote_secs)?;
        let mut quoted = self.quoted.lock().await;
        quoted.retain(|_, quotes| quotes.iter().any(|quoted| quoted.signed.quote.until > now));
        if quoted.len() >= MOST_QUOTES {
            return Err(SwapError::Busy(
                "too many quotes are open: try again in a minute".to_owned(),
            ));
        }
        let number = self.desk.next_number().await?;
        let (accounts, forms) = self.parties(&offer, number)?;
        let hash_lock = match offer.maker {
            Role::Initiator => Some(self.desk.hash_lock(number)?),
            Role::Responder => None,
        };
        let statement = SignedQuote::statement(&quote, &accounts, &forms, hash_lock);
        let signed = SignedQuote {
            signature: self.desk.key.sign(&statement),
            quote,
            accounts,
            forms,
            hash_lock,
        };
        let kept = Quoted {
            number,
            pair,
            offer,
            signed: signed.clone(),
        };
        let of_this_name = quoted.entry(signed.quote.id()).or_default();
        if of_this_name.len() >= MOST_QUOTES {
            return Err(SwapError::Busy(
                "too many quotes are open: try again in a minute".to_owned(),
            ));
        }
        of_this_name.push(kept);
        Ok(signed)
    }

    fn parties(
        &self,
        offer: &Offer,
        number: u32,
    ) -> Result<(PerLeg<AccountId>, PerLeg<LockForm>), SwapError> {
        let (gives, wants) = (&offer.gives, &offer.wants);
        let chains = match offer.maker {
            Role::Initiator => self.desk.chains_of(gives, wants)?,
            Role::Responder => self.desk.chains_of(wants, gives)?,
        };
        let accounts = PerLeg {
            first: chains.first.account(number)?,
            second: chains.second.account(number)?,
        };
        let forms = PerLeg {
            first: chains.first.form(),
            second: chains.second.form(),
        };
        Ok((accounts, forms))
    }

    /// Agrees to terms that follow from a quote. Asked again about the same, it agrees again.
    pub(crate) async fn accept(&self, proposal: Proposal) -> Result<Acceptance, SwapError> {
        let terms = proposal.terms;
        let swap = terms.id();
        let maker = self.desk.key.id();
        let statement = agreement(&terms, maker, proposal.taker);
        proposal.taker.check(&statement, &proposal.signature)?;
        if proposal.taker == maker {
            return Err(SwapError::Malformed("maker and taker are one".to_owned()));
        }
        let acceptance = Acceptance {
            swap,
            cosigns: true,
            signature: self.desk.key.sign(&statement),
        };
        if let Some(record) = self.desk.ledger.find(swap).await? {
            return if record.peer.id == proposal.taker {
                Ok(acceptance)
            } else {
                Err(SwapError::UnknownSwap(swap))
            };
        }
        let Quoted {
            number,
            pair,
            offer,
            signed,
        } = self.take_quote(&terms.quote, &terms).await?;
        let peer = Peer {
            id: proposal.taker,
            url: None,
            cosigns: proposal.cosigns,
        };
        let deal = Deal {
            role: offer.maker,
            number,
            offer: &offer,
            quote: &signed.quote,
            terms,
            peer,
            signed: Some(proposal.signature),
            inventory: self.config.pairs.get(pair).and_then(|pair| pair.inventory),
        };
        let swap = self.desk.begin(deal).await?;
        info!(%swap, taker = %proposal.taker, "agreed to a swap");
        Ok(acceptance)
    }

    /// The quote that the terms follow from, which is used up by this: one quote, one number, one swap.
    async fn take_quote(
        &self,
        id: &QuoteId,
        terms: &causeway_swap::Terms,
    ) -> Result<Quoted, SwapError> {
        let mut quoted = self.quoted.lock().await;
        let gone = || {
            SwapError::Gone(
                "the quote has ended, was used, or names other accounts: ask for another"
                    .to_owned(),
            )
        };
        let quotes = quoted.get_mut(id).ok_or_else(gone)?;
        let place = quotes.iter().position(|quoted| quoted.fits(terms));
        let taken = quotes.remove(place.ok_or_else(gone)?);
        if quotes.is_empty() {
            quoted.remove(id);
        }
        if taken.signed.quote.until <= self.desk.ledger.clock.now() {
            let (until, now) = (taken.signed.quote.until, self.desk.ledger.clock.now());
            return Err(QuoteError::Ended { until, now }.into());
        }
        Ok(taken)
    }
}

impl Quoted {
    /// Whether terms have our part of them from this quote.
    fn fits(&self, terms: &causeway_swap::Terms) -> bool {
        let ours = |role: Role, locks| {
            let leg = if locks { role.locks() } else { role.claims() };
            let terms = terms.legs.of(leg);
            let account = if locks {
                &terms.refunder
            } else {
                &terms.claimer
            };
            *account == *self.signed.accounts.of(leg) && terms.form == *self.signed.forms.of(leg)
        };
        let role = self.offer.maker;
        let hash_lock: Option<HashLock> = self.signed.hash_lock;
        ours(role, true)
            && ours(role, false)
            && hash_lock.is_none_or(|lock| lock == terms.hash_lock)
    }
}
