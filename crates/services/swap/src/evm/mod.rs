//! Swaps on EVM chains.
