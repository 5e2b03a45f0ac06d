//! Driver for EVM chains: follow, read with agreement, submit.
