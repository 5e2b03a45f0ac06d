//! Whether what is offered can be given, and whether takers find it.

use causeway_swap::Amount;
use causeway_swap_service::{MakerClient, Pair, PeerId, evm};
use tokio::net::TcpListener;
use url::Url;

use super::{Report, swaps::Swapping};
use crate::{
    commands::status::reachable,
    config::{MakerPart, PairConfig},
    swaps::{AssetInfo, maker_pair},
};

/// Where takers call, and every pair.
pub(super) async fn examine(swapping: &mut Swapping<'_>, maker: &MakerPart, report: &mut Report) {
    let id = swapping.seed.as_ref().map(|(_, id)| *id);
    examine_listen(swapping.loaded.config.listen, id, report).await;
    for (index, pair) in maker.pairs.iter().enumerate() {
        let field = format!("swaps.maker.pairs[{index}]");
        match maker_pair(pair, &field, &swapping.assets).await {
            Ok(opened) => examine_pair(swapping, pair, &opened, &field, report).await,
            Err(failure) => report.failure("offer", &field, &failure),
        }
    }
}

/// Whether the address is free, or is this node's already.
async fn examine_listen(listen: std::net::SocketAddr, id: Option<PeerId>, report: &mut Report) {
    let Err(error) = TcpListener::bind(listen).await else {
        report.ok(
            "listen",
            "listen",
            format!("{listen} is free for takers to call"),
        );
        return;
    };
    let url: Option<Url> = format!("http://{}", reachable(listen)).parse().ok();
    let answers = async {
        let client = MakerClient::new(url?).ok()?;
        Some(client.offers().await.ok()?.maker)
    };
    match answers.await {
        Some(maker) if Some(maker) == id => {
            report.ok(
                "listen",
                "listen",
                format!("this node answers takers at {listen}"),
            );
        }
        answered => {
            let by = answered.map_or_else(
                || "and no maker answers there".to_owned(),
                |maker| format!("and {maker} answers there, which is another maker"),
            );
            let message = format!("{listen} cannot be listened on: {error}, {by}");
            let remedy = "choose a free port in listen, or stop the program that has this one";
            report.fail("listen", "listen", message, remedy);
        }
    }
}

async fn examine_pair(
    swapping: &mut Swapping<'_>,
    config: &PairConfig,
    pair: &Pair,
    field: &str,
    report: &mut Report,
) {
    let known = async {
        let gives = swapping.assets.info(&pair.gives).await?;
        let wants = swapping.assets.info(&pair.wants).await?;
        Ok::<_, crate::failure::Failure>((gives, wants))
    };
    let (gives, wants) = match known.await {
        Ok(known) => known,
        Err(failure) => return report.failure("offer", field, &failure),
    };
    examine_price(swapping, config, pair, (&gives, &wants), field, report).await;
    examine_limits(swapping, pair, &gives, field, report);
    let Some(balance) = balance(swapping, pair).await else {
        return;
    };
    let subject = format!("{field}.most");
    let there = gives.show(balance);
    let remedy = "send more to what `causeway swap wallet` shows, or offer less";
    if balance < pair.least {
        let least = gives.show(pair.least);
        let message = format!("there is {there}, and the smallest swap gives {least}");
        report.warn("offer", &format!("{field}.least"), message, remedy);
    } else if balance < pair.most {
        let most = gives.show(pair.most);
        let message = format!("there is {there}, and one swap may give {most}");
        report.warn("offer", &subject, message, remedy);
    } else {
        report.ok("offer", &subject, format!("there is {there} to give"));
    }
}

async fn examine_price(
    swapping: &Swapping<'_>,
    config: &PairConfig,
    pair: &Pair,
    (gives, wants): (&AssetInfo, &AssetInfo),
    field: &str,
    report: &mut Report,
) {
    let is_asked = config.price_url.is_some();
    let at = format!("{field}.{}", if is_asked { "price_url" } else { "price" });
    let price = match pair.price.price().await {
        Ok(price) => price,
        Err(error) => {
            let remedy = "see that the server runs and answers {\"price\": \"wanted/given\"} in smallest units: without a price nothing is offered";
            return report.fail("price", &at, error, remedy);
        }
    };
    let one = Amount::new(10_u128.saturating_pow(gives.decimals.into()));
    let shown = match price.wanted_for(one) {
        Ok(wanted) => format!("{} for {}", wants.show(wanted), gives.show(one)),
        Err(_) => price.to_string(),
    };
    report.ok("price", &at, shown);
    // What is not worth a lock is refused by either party.
    let wanted = price
        .marked_up(pair.spread)
        .map(|price| price.wanted_for(pair.least));
    if let (Ok(Ok(wanted)), Some(policy)) = (wanted, swapping.policies.get(pair.wants.chain()))
        && wanted < policy.dust
    {
        let (wanted, dust) = (wants.show(wanted), wants.show(policy.dust));
        let message =
            format!("{wanted} is wanted for it, and less than {dust} is not worth a lock there");
        let dust_at = swapping.field(pair.wants.chain(), "dust");
        let remedy = format!("raise {field}.least, or lower {dust_at}");
        report.fail("offer", &format!("{field}.least"), message, &remedy);
    }
}

/// Whether the limits fit together.
fn examine_limits(
    swapping: &Swapping<'_>,
    pair: &Pair,
    gives: &AssetInfo,
    field: &str,
    report: &mut Report,
) {
    if let Some(policy) = swapping.policies.get(pair.gives.chain())
        && pair.least < policy.dust
    {
        let (least, dust) = (gives.show(pair.least), gives.show(policy.dust));
        let message = format!("{least}, and less than {dust} is not worth a lock there");
        let dust_at = swapping.field(pair.gives.chain(), "dust");
        let remedy = format!("raise {field}.least, or lower {dust_at}");
        report.fail("offer", &format!("{field}.least"), message, &remedy);
    }
    let Some(inventory) = pair.inventory else {
        return;
    };
    let at = format!("{field}.inventory");
    let (has, least, most) = (
        gives.show(inventory),
        gives.show(pair.least),
        gives.show(pair.most),
    );
    if inventory < pair.least {
        let message = format!("{has} may be at stake, and the smallest swap gives {least}");
        let remedy = format!("raise it above {field}.least: no swap can be agreed to");
        report.fail("offer", &at, message, &remedy);
    } else if inventory < pair.most {
        let message = format!("{has} may be at stake, and one swap is offered up to {most}");
        let remedy = format!("raise it, or lower {field}.most: takers are refused above it");
        report.warn("offer", &at, message, &remedy);
    } else {
        report.ok("offer", &at, format!("{has} may be at stake"));
    }
}

/// What there is of what a pair gives, where that could be found out.
async fn balance(swapping: &mut Swapping<'_>, pair: &Pair) -> Option<Amount> {
    if let Some(known) = swapping.balances.get(&pair.gives) {
        return Some(*known);
    }
    pair.gives.erc20_address()?;
    let chain = swapping.assets.connected(pair.gives.chain()).await.ok()?;
    let balance = evm::balance_of(&chain, swapping.account?, &pair.gives)
        .await
        .ok()?;
    swapping.balances.insert(pair.gives.clone(), balance);
    Some(balance)
}
