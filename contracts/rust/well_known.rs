//! Values that both halves, on the chain and off it, must know the same.

use alloy::primitives::{Address, address};

/// The address that stands for a chain's native coin (ERC-7528).
pub const NATIVE_COIN: Address = address!("EeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE");
