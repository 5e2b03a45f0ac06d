//! Values that both halves, on the chain and off it, must know the same.

use alloy::primitives::{Address, address};

/// The address that stands for a chain's native coin (ERC-7528).
pub const NATIVE_COIN: Address = address!("EeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE");

/// Where Permit2 stands on every chain that has it.
pub const PERMIT2: Address = address!("000000000022D473030F116dDEE9F6B43aC78BA3");
