use std::time::Duration;

use causeway_types::ChainId;
use thiserror::Error;

/// What can be wrong with the part about swaps.
#[derive(Clone, Debug, Error)]
pub(crate) enum SwapProblem {
    #[error("{id} is also swaps.chains[{other}]")]
    DuplicateChain { id: ChainId, other: usize },
    #[error("{name:?} also names swaps.chains[{other}]")]
    DuplicateName { name: String, other: usize },
    #[error("there is no chain to swap on")]
    NoChains,
    #[error("there is no key to swap with on {0}")]
    NoKey(ChainId),
    #[error("{id} is no chain of the Bitcoin family that is known here")]
    UnknownNetwork { id: ChainId, known: Vec<String> },
    #[error("{0} is of the Bitcoin family, where this means nothing")]
    OfBitcoin(ChainId),
    #[error("{0} is not of the Bitcoin family, and this means nothing elsewhere")]
    NotOfBitcoin(ChainId),
    #[error("a node is to be asked that has not been told who may ask")]
    NoCookie,
    #[error("{} is no number of whole seconds", humantime::format_duration(*.0))]
    Fraction(Duration),
    #[error("it is no time at all")]
    NoTime,
    #[error("{given} is outside {least} to {most}")]
    Outside { given: u64, least: u64, most: u64 },
    #[error("locks on {id} end by {}", if *.blocks { "the number of a block" } else { "the clock" })]
    WrongSpan { id: ChainId, blocks: bool },
    #[error("{0:?} is no number of smallest units")]
    BadUnits(String),
    #[error("there is no pair to exchange")]
    NoPairs,
    #[error("the pair has no price")]
    NoPrice,
    #[error("the pair has two prices")]
    TwoPrices,
    #[error("{0:?} is no price")]
    BadPrice(String),
    #[error("{given:?} is no amount: {reason}")]
    BadAmount { given: String, reason: String },
    #[error("{least} is more than {most}, the most that is given")]
    LeastAboveMost { least: String, most: String },
    #[error("{chain:?} is no chain to swap on")]
    UnknownChain { chain: String, known: Vec<String> },
    #[error("both are on {0}: a swap is between two chains")]
    OneChain(String),
}

impl SwapProblem {
    /// What the reader can do about it.
    pub(super) fn remedy(&self) -> String {
        let fixed = match self {
            Self::DuplicateChain { .. } => "join the two entries into one",
            Self::DuplicateName { .. } => "give each chain a name of its own",
            Self::NoChains => "add a [[swaps.chains]] entry with the id of a chain",
            Self::NoKey(_) => "set swaps.key to where the key is read from",
            Self::UnknownNetwork { known, .. } => {
                return format!(
                    "add it as [[chains]] if it is an EVM chain, or use one of {}",
                    known.join(", ")
                );
            }
            Self::OfBitcoin(_) => "leave it out",
            Self::NotOfBitcoin(id) => {
                return format!("leave it out; how {id} is reached stands in its [[chains]] entry");
            }
            Self::NoCookie => "name the node's cookie file, or put user and password into its URL",
            Self::Fraction(_) => "use whole seconds, such as \"2s\": chains tell no finer time",
            Self::NoTime => "use a time above zero, such as \"10s\"",
            Self::Outside { least, most, .. } => {
                return format!("choose a number from {least} to {most}");
            }
            Self::WrongSpan { blocks: true, .. } => {
                "use a number of blocks, such as \"144 blocks\""
            }
            Self::WrongSpan { .. } => "use a duration with its unit, such as \"6h\"",
            Self::BadUnits(_) => "use a whole number in quotes, such as \"10000\"",
            Self::NoPairs => "add a [[swaps.maker.pairs]] entry, or remove [swaps.maker]",
            Self::NoPrice => "set price, or price_url",
            Self::TwoPrices => "keep one of price and price_url",
            Self::BadPrice(_) => "write what one whole unit costs, such as \"0.05\"",
            Self::BadAmount { .. } => "write whole units with a point, such as \"0.05\"",
            Self::LeastAboveMost { .. } => "exchange the two, or correct one",
            Self::UnknownChain { known, .. } => {
                return format!("known chains: {}", known.join(", "));
            }
            Self::OneChain(_) => "choose another chain for one of the two",
        };
        fixed.to_owned()
    }
}
