//! What makers offer, and for how much.

use std::fmt;

use causeway_swap::{Amount, Leg, Offer, Refusal, Role};
use causeway_swap_service::{MakerClient, Offers, QuoteRequest, SignedOffer, SwapError};
use causeway_types::AssetId;
use clap::Args;
use serde::Serialize;
use url::Url;

use super::{by_prefix, failed};
use crate::{
    config::LoadedConfig,
    failure::Failure,
    output::Output,
    swaps::{self, AssetInfo, Assets},
};

/// The arguments of `causeway swap offers`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway swap offers --maker http://127.0.0.1:7100
  causeway swap offers --maker https://maker.example.org --json")]
pub(super) struct OffersArgs {
    /// Where the maker is
    #[arg(long, value_name = "URL")]
    maker: Url,
}

/// The arguments of `causeway swap quote`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway swap quote --maker http://127.0.0.1:7100 --offer 0x3f2a91bc --get 0.5")]
pub(super) struct QuoteArgs {
    #[command(flatten)]
    pub(super) choice: Choice,
}

/// Which offer, and how much of it.
#[derive(Debug, Args)]
pub(super) struct Choice {
    /// Where the maker is
    #[arg(long, value_name = "URL")]
    pub(super) maker: Url,
    /// The offer: its id, or how that begins
    #[arg(long, value_name = "ID")]
    pub(super) offer: String,
    /// How much to get of what the maker gives, in whole units such as 0.5
    #[arg(long, value_name = "AMOUNT")]
    pub(super) get: String,
}

/// An offer, in words.
#[derive(Serialize)]
struct OfferLine {
    id: String,
    /// The key that the maker signs with; `maker` is its part in the swap.
    maker_key: String,
    #[serde(flatten)]
    offer: Offer,
    #[serde(skip)]
    text: String,
}

impl fmt::Display for OfferLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An offer that was chosen, with what is known of its assets.
pub(super) struct Chosen {
    pub(super) client: MakerClient,
    pub(super) offers: Offers,
    pub(super) offer: SignedOffer,
    pub(super) gives: AssetInfo,
    pub(super) wants: AssetInfo,
    pub(super) get: Amount,
}

/// Runs `causeway swap offers`.
pub(super) async fn offers(
    args: OffersArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let assets = swaps::assets(loaded)?;
    let client = client(args.maker)?;
    let offers = client.offers().await.map_err(|error| failed(&error))?;
    if offers.offers.is_empty() && !output.is_json() {
        return Err(Failure::failed("swap", "the maker offers nothing now")
            .remedy("try again later, or ask another maker"));
    }
    for offer in offers.offers {
        let known = async {
            let gives = assets.info(&offer.offer.gives).await?;
            let wants = assets.info(&offer.offer.wants).await?;
            Ok::<_, Failure>((gives, wants))
        };
        let text = match known.await {
            Ok((gives, wants)) => describe(&offer, &gives, &wants),
            // On a chain that we do not swap on, say.
            Err(_) => format!(
                "{}  gives {} for {} at {} (smallest units)",
                short(&offer.id.0.to_string()),
                offer.offer.gives,
                offer.offer.wants,
                offer.offer.price
            ),
        };
        output.print(&OfferLine {
            id: offer.id.0.to_string(),
            maker_key: offers.maker.to_string(),
            offer: offer.offer,
            text,
        });
    }
    if !output.is_json() {
        eprintln!("maker {} signs for these", offers.maker);
    }
    Ok(())
}

/// The first digits of a hash, which are enough to name it here.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..10).unwrap_or(hash)
}

fn describe(offer: &SignedOffer, gives: &AssetInfo, wants: &AssetInfo) -> String {
    let of = &offer.offer;
    let one = Amount::new(10_u128.saturating_pow(u32::from(gives.decimals)));
    let price = of.price.wanted_for(one);
    let price = price.map_or_else(|_| of.price.to_string(), |price| wants.show(price));
    let first = match of.maker {
        Role::Initiator => "the maker locks first",
        Role::Responder => "you lock first",
    };
    format!(
        "{}  gives {} to {}, {price} for each; {first}",
        short(&offer.id.0.to_string()),
        gives.show(of.least),
        gives.show(of.most),
    )
}

fn client(url: Url) -> Result<MakerClient, Failure> {
    MakerClient::new(url)
        .map_err(|error| Failure::usage("--maker", error, "use its http:// or https:// address"))
}

/// Finds the offer, and reads the amount as its asset writes it.
pub(super) async fn choose(choice: &Choice, assets: &Assets) -> Result<Chosen, Failure> {
    let client = client(choice.maker.clone())?;
    let digits = choice.offer.strip_prefix("0x").unwrap_or(&choice.offer);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        let message = format!("{:?} is no id of an offer", choice.offer);
        return Err(Failure::usage("--offer", message, WHERE_TO_LOOK));
    }
    let begins = format!("0x{}", digits.to_lowercase());
    let offers = client.offers_named(&begins).await;
    let offers = offers.map_err(|error| failed(&error))?;
    let named = offers
        .offers
        .iter()
        .map(|offer| (offer.id.0.to_string(), offer.clone()));
    let offer = by_prefix(&choice.offer, "--offer", named, WHERE_TO_LOOK)?;
    let gives = assets.info(&offer.offer.gives).await?;
    let wants = assets.info(&offer.offer.wants).await?;
    let get = swaps::whole(&choice.get, &gives, "--get")?;
    let Offer { least, most, .. } = offer.offer;
    if !(least..=most).contains(&get) {
        let message = format!(
            "{} is outside the offer's limits (expected {} to {})",
            gives.show(get),
            gives.show(least),
            gives.show(most)
        );
        let remedy = "choose an amount within the limits, or another offer";
        return Err(Failure::usage("--get", message, remedy));
    }
    Ok(Chosen {
        client,
        offers,
        offer,
        gives,
        wants,
        get,
    })
}

impl Chosen {
    /// Why it could not be had, in whole units.
    pub(super) fn explain(&self, error: &SwapError) -> Failure {
        let of = |asset: &AssetId| {
            let all = [&self.gives, &self.wants];
            all.into_iter().find(|info| info.id == *asset)
        };
        match error {
            SwapError::TooDear { wanted, most } => {
                let (wanted, most) = (self.wants.show(*wanted), self.wants.show(*most));
                let message = format!("the maker wants {wanted} for it (expected {most} or less)");
                Failure::failed("swap", message)
                    .at("--pay-at-most")
                    .remedy("nothing was locked; pay more, get less, or ask another maker")
            }
            SwapError::TooLittle {
                asset,
                promised,
                available,
            } => match of(asset) {
                Some(info) => {
                    let message = format!(
                        "{} is needed, with what open swaps have not locked yet, and {} can be locked",
                        info.show(*promised),
                        info.show(*available)
                    );
                    Failure::failed("swap", message).remedy(
                        "nothing was locked; get less, or send more to what `causeway swap wallet` shows",
                    )
                }
                None => failed(error),
            },
            SwapError::Refused(Refusal::Dust { leg, least, amount }) => {
                let initiator_gives = match self.offer.offer.maker {
                    Role::Initiator => [&self.gives, &self.wants],
                    Role::Responder => [&self.wants, &self.gives],
                };
                let info = match leg {
                    Leg::First => initiator_gives[0],
                    Leg::Second => initiator_gives[1],
                };
                let message = format!(
                    "{} is not worth a lock (expected {} or more)",
                    info.show(*amount),
                    info.show(*least)
                );
                Failure::failed("swap", message)
                    .at("--get")
                    .remedy("nothing was locked; get more, or lower dust in [[swaps.chains]]")
            }
            _ => failed(error),
        }
    }
}

const WHERE_TO_LOOK: &str = "look at `causeway swap offers`: offers hold for minutes";

/// A quote, in words.
#[derive(Serialize)]
struct QuoteLine {
    offer: String,
    gets: Amount,
    pays: Amount,
    until: u64,
    #[serde(skip)]
    text: String,
}

impl fmt::Display for QuoteLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Runs `causeway swap quote`.
pub(super) async fn quote(
    args: QuoteArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let assets = swaps::assets(loaded)?;
    let chosen = choose(&args.choice, &assets).await?;
    let request = QuoteRequest {
        offer: chosen.offer.id,
        gives: chosen.get,
    };
    let maker = chosen.offers.maker;
    let quote = chosen.client.quote(maker, &request).await;
    let quote = quote.map_err(|error| chosen.explain(&error))?.quote;
    let text = format!(
        "{} for {}",
        chosen.gives.show(quote.gives),
        chosen.wants.show(quote.wants)
    );
    output.print(&QuoteLine {
        offer: chosen.offer.id.0.to_string(),
        gets: quote.gives,
        pays: quote.wants,
        until: quote.until.as_secs(),
        text,
    });
    Ok(())
}
