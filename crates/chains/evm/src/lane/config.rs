/// How a lane pays and how patient it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneConfig {
    /// What is added to the estimated gas, in percent.
    pub gas_headroom_percent: u64,
    /// How many transactions may wait for inclusion at once; further ones queue.
    pub max_in_flight: usize,
    /// A transaction that is not included after this many blocks is sent again, with higher fees
    /// if it is the one that the others wait for or if its fee is below the base fee.
    pub replace_after_blocks: u64,
    /// How much a replacement raises both fees, in percent; nodes refuse less than 10.
    pub fee_bump_percent: u64,
    /// The most that is paid for one unit of gas, in wei.
    pub max_fee_per_gas: u128,
    /// The least tip for one unit of gas, in wei.
    pub min_priority_fee_per_gas: u128,
    /// The most gas of one transaction. EIP-7825 caps it at 2^24 on Ethereum.
    pub max_gas_per_tx: u64,
}

impl Default for LaneConfig {
    fn default() -> Self {
        Self {
            gas_headroom_percent: 20,
            max_in_flight: 16,
            replace_after_blocks: 3,
            fee_bump_percent: 12,
            max_fee_per_gas: 500_000_000_000,
            min_priority_fee_per_gas: 1_000_000,
            max_gas_per_tx: 1 << 24,
        }
    }
}
