use std::time::Duration;

use causeway_evm::LaneConfig;

/// How swaps are made on one EVM chain. What the chain can tell is not among it.
#[derive(Clone, Debug)]
pub struct EvmSettings {
    /// The number of the chain's own coin in SLIP-44: 60 on Ethereum and the chains that pay in ether.
    pub coin: u32,
    /// How much of the coin, in wei, is left for fees and not offered.
    pub fee_reserve: u128,
    /// How long to wait for the block of what was sent. After that it goes on by itself, and shows when it is there.
    pub patience: Duration,
    /// How long before its timelock, in seconds of the chain's time, a lock is not sent any more: it might come too
    /// late to be of use, and would only have to be taken back.
    pub lock_margin_secs: u64,
}

impl Default for EvmSettings {
    fn default() -> Self {
        Self {
            coin: 60,
            fee_reserve: 20_000_000_000_000_000,
            patience: Duration::from_secs(20),
            lock_margin_secs: 120,
        }
    }
}

impl EvmSettings {
    /// How a lane has to be opened that claims are sent through. Claims have a deadline, after which the amount goes
    /// back: so what does not get into the next block is replaced at once, by a quarter more, up to the highest fee
    /// that is configured. A lane knows no deadlines; this makes it treat everything as if it had one.
    pub fn lane() -> LaneConfig {
        LaneConfig {
            replace_after_blocks: 1,
            fee_bump_percent: 25,
            ..LaneConfig::default()
        }
    }
}
