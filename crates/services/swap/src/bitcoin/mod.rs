//! Swaps on chains of the Bitcoin family.
