//! `causeway limits`: how much of a token may pass, and which amounts a guardian looks at first.

use std::{fmt, path::Path, time::Duration};

use alloy::primitives::{Address, U256};
use causeway_ibc::ClientId;
use causeway_ibc_evm::{
    Flow, GuardOrder, Hold, Limit, Safeguards, Token, TokenInfo, TokenSafeguards, token_info,
};
use causeway_types::ChainId;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    crossing::{chain_failure, send_failure},
    guard::{Place, PlaceArgs, carry_out},
    token::TokenArg,
};
use crate::{
    amount::{format_amount, parse_amount},
    config,
    failure::Failure,
    keys::KeyArgs,
    output::Output,
};

/// What lifts a limit.
const NONE: &str = "none";

/// The arguments of `causeway limits`.
#[derive(Debug, Args)]
#[command(after_help = "\
A limit is kept on one chain, for one token and one route. What is over it cannot be sent; what
arrives over it waits. Refunds are never limited.

Examples:
  causeway limits show --on alpha --with beta --token native
  causeway limits set --on alpha --with beta --token native --in 100 --per 24h --key limiter
  causeway limits require --on alpha --with beta --key limiter")]
pub(crate) struct LimitsArgs {
    #[command(subcommand)]
    command: LimitsCommand,
}

#[derive(Debug, Subcommand)]
enum LimitsCommand {
    /// Show a token's limits, how far they are used, and what is held
    Show(ShowArgs),
    /// Set a token's limits, or which amounts are held
    Set(SetArgs),
    /// Let only tokens with limits pass over a route
    Require(RequireArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway limits show --on alpha --with beta --token native
  causeway limits show --on beta --with alpha --token voucher:native --json")]
struct ShowArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Token: its address on the chain, native, or voucher:ADDRESS / voucher:native for the voucher
    /// of a token of the other chain
    #[arg(long)]
    token: String,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
#[command(after_help = "\
Needs a key with the rate limiter's role. What was used of an earlier limit stays used.

Examples:
  causeway limits set --on alpha --with beta --token native --in 100 --per 24h --key limiter
  causeway limits set --on alpha --with beta --token native --in 100 --out 50 --per 12h --key limiter
  causeway limits set --on alpha --with beta --token native --out none --key limiter
  causeway limits set --on beta --with alpha --token voucher:native --hold-from 10 --hold-for 6h --key limiter
  causeway limits set --on beta --with alpha --token voucher:native --hold-from none --key limiter --json")]
struct SetArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Token: its address on the chain, native, or voucher:ADDRESS / voucher:native for the voucher
    /// of a token of the other chain
    #[arg(long)]
    token: String,
    /// The most that may arrive at once, in whole tokens such as 12.5; 0 stops it, none lifts the limit
    #[arg(long = "in", value_name = "AMOUNT", group = "what")]
    incoming: Option<String>,
    /// The most that may be sent at once; as for --in
    #[arg(long = "out", value_name = "AMOUNT", group = "what")]
    outgoing: Option<String>,
    /// In which time as much flows in again
    #[arg(long, value_name = "TIME", default_value = "24h")]
    per: String,
    /// Hold amounts that arrive from this one on; none holds nothing more
    #[arg(long, value_name = "AMOUNT", group = "what")]
    hold_from: Option<String>,
    /// For how long a guardian can look at what is held
    #[arg(long, value_name = "TIME", default_value = "6h")]
    hold_for: String,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Tokens without a limit cannot be sent over the route any more, and wait when they arrive. Needs a
key with the rate limiter's role.

Examples:
  causeway limits require --on alpha --with beta --key limiter
  causeway limits require --on alpha --with beta --off --key limiter --json")]
struct RequireArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Let all tokens pass again
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    key: KeyArgs,
}

/// Runs `causeway limits`.
pub(crate) async fn execute(args: LimitsArgs, path: &Path, output: Output) -> Result<(), Failure> {
    match args.command {
        LimitsCommand::Show(args) => show(args, path, output).await,
        LimitsCommand::Set(args) => set(args, path, output).await,
        LimitsCommand::Require(args) => require(args, path, output).await,
    }
}

/// A token at one end of a route.
async fn find_token(place: &Place, token: TokenArg) -> Result<(Token, TokenInfo), Failure> {
    let token = token
        .locate(&place.here, &place.there, &place.client)
        .await?;
    let info = token_info(&place.here.chain, token).await;
    Ok((token, info.map_err(|error| send_failure(&error))?))
}

async fn show(args: ShowArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let token = args.token.parse()?;
    let place = args.place.open(&loaded).await?;
    let (token, info) = find_token(&place, token).await?;
    let safeguards = Safeguards::new(place.here.chain.provider(), &place.here.contracts);
    let (found, required) = tokio::try_join!(
        safeguards.of_token(&place.client, token),
        safeguards.limits_required(&place.client)
    )
    .map_err(|error| chain_failure(&error))?;
    output.print(&Shown::new(&place, token, &info, &found, required));
    Ok(())
}

async fn set(args: SetArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let token = args.token.parse()?;
    let per = seconds("--per", &args.per)?;
    let hold_for = seconds("--hold-for", &args.hold_for)?;
    let key = args.key.open()?;
    let place = args.place.open(&loaded).await?;
    let (token, info) = find_token(&place, token).await?;
    let client = &place.client;
    // All are understood before any is carried out.
    let mut orders = Vec::new();
    let flows = [
        ("--in", &args.incoming, Flow::Incoming),
        ("--out", &args.outgoing, Flow::Outgoing),
    ];
    for (argument, amount, flow) in flows {
        let Some(amount) = amount else { continue };
        let limit = units(argument, amount, info.decimals)?.map(|capacity| (capacity, per));
        let client = client.clone();
        orders.push((
            GuardOrder::Limit {
                client,
                token,
                flow,
                limit,
            },
            "limited",
        ));
    }
    if let Some(amount) = &args.hold_from {
        let hold = units("--hold-from", amount, info.decimals)?.map(|from| Hold {
            from,
            seconds: hold_for,
        });
        let client = client.clone();
        orders.push((
            GuardOrder::Hold {
                client,
                token,
                hold,
            },
            "holding",
        ));
    }
    let account = place.here.account(key);
    for (order, event) in orders {
        carry_out(&place.here, &account, &order, event, output).await?;
    }
    Ok(())
}

async fn require(args: RequireArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let key = args.key.open()?;
    let place = args.place.open(&loaded).await?;
    let account = place.here.account(key);
    let order = GuardOrder::RequireLimits {
        client: place.client.clone(),
        required: !args.off,
    };
    let event = if args.off { "optional" } else { "required" };
    carry_out(&place.here, &account, &order, event, output).await
}

/// A time in seconds, at least one.
fn seconds(argument: &str, text: &str) -> Result<u32, Failure> {
    let refuse = |message: String| {
        Failure::usage(
            argument,
            message,
            "write a number with its unit, such as 30m or 24h",
        )
    };
    let time: Duration =
        humantime::parse_duration(text).map_err(|_| refuse(format!("{text:?} is no duration")))?;
    match u32::try_from(time.as_secs()) {
        Ok(0) => Err(refuse(format!("{text} is less than a second"))),
        Ok(seconds) => Ok(seconds),
        Err(_) => Err(refuse(format!(
            "{text} is longer than the contracts can count"
        ))),
    }
}

/// An amount in smallest units; `None` for none.
fn units(argument: &str, text: &str, decimals: u8) -> Result<Option<u128>, Failure> {
    if text == NONE {
        return Ok(None);
    }
    // Nothing is an amount here, and stops the token.
    if !text.is_empty() && text.bytes().all(|byte| byte == b'0') {
        return Ok(Some(0));
    }
    let amount = parse_amount(text, decimals)
        .map_err(|error| Failure::usage(argument, &error, error.remedy()))?;
    u128::try_from(amount).map(Some).map_err(|_| {
        let message = format!("{text} is more than a limit can count");
        Failure::usage(
            argument,
            message,
            "choose less, or lift the limit with none",
        )
    })
}

#[derive(Serialize)]
struct Shown {
    chain: ChainId,
    client: ClientId,
    token: Address,
    symbol: String,
    decimals: u8,
    limits_required: bool,
    outgoing: Option<ShownLimit>,
    incoming: Option<ShownLimit>,
    hold: Option<ShownHold>,
    /// In smallest units, as all amounts here.
    held: String,
}

#[derive(Serialize)]
struct ShownLimit {
    capacity: String,
    period_seconds: u32,
    available: String,
}

#[derive(Serialize)]
struct ShownHold {
    from: String,
    seconds: u32,
}

impl Shown {
    fn new(
        place: &Place,
        token: Token,
        info: &TokenInfo,
        found: &TokenSafeguards,
        limits_required: bool,
    ) -> Self {
        let limit = |limit: Option<Limit>| {
            limit.map(|limit| ShownLimit {
                capacity: limit.capacity.to_string(),
                period_seconds: limit.period,
                available: limit.available.to_string(),
            })
        };
        Self {
            chain: place.here.chain.id().clone(),
            client: place.client.clone(),
            token: token.address(),
            symbol: info.symbol.clone(),
            decimals: info.decimals,
            limits_required,
            outgoing: limit(found.outgoing),
            incoming: limit(found.incoming),
            hold: found.hold.map(|hold| ShownHold {
                from: hold.from.to_string(),
                seconds: hold.seconds,
            }),
            held: found.held.to_string(),
        }
    }

    fn whole(&self, units: &str) -> String {
        let units = units.parse().unwrap_or(U256::MAX);
        format!("{} {}", format_amount(units, self.decimals), self.symbol)
    }

    fn limit(&self, limit: Option<&ShownLimit>) -> String {
        match limit {
            None if self.limits_required => "none, so that it does not pass".to_owned(),
            None => "no limit".to_owned(),
            Some(limit) => format!(
                "{} per {}, {} left now",
                self.whole(&limit.capacity),
                time(limit.period_seconds),
                self.whole(&limit.available),
            ),
        }
    }
}

fn time(seconds: u32) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(seconds.into()))
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "token     {} on {} over {}",
            self.token, self.chain, self.client
        )?;
        writeln!(f, "out       {}", self.limit(self.outgoing.as_ref()))?;
        writeln!(f, "in        {}", self.limit(self.incoming.as_ref()))?;
        match &self.hold {
            None => writeln!(f, "hold      nothing")?,
            Some(hold) => writeln!(
                f,
                "hold      from {} on, for {}",
                self.whole(&hold.from),
                time(hold.seconds)
            )?,
        }
        write!(f, "held now  {}", self.whole(&self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_may_be_nothing_or_none() {
        assert_eq!(units("--in", "none", 6).unwrap(), None);
        assert_eq!(units("--in", "0", 6).unwrap(), Some(0));
        assert_eq!(units("--in", "1.5", 6).unwrap(), Some(1_500_000));
        for text in [
            "",
            "-1",
            "1.0000001",
            "999999999999999999999999999999999999999",
        ] {
            let error = units("--in", text, 6).unwrap_err().to_string();
            assert!(error.contains("--in"), "{error}");
        }
    }

    #[test]
    fn times_are_at_least_a_second() {
        assert_eq!(seconds("--per", "24h").unwrap(), 86_400);
        for text in ["0s", "10", "soon", "200years"] {
            assert!(seconds("--per", text).is_err(), "{text}");
        }
    }
}
