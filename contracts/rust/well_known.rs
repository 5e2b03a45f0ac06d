//! Values that both halves, on the chain and off it, must know the same.

use alloy::primitives::{Address, B256, U256, address, b256};
use alloy::sol_types::SolValue;

/// The address that stands for a chain's native coin (ERC-7528).
pub const NATIVE_COIN: Address = address!("EeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE");

/// Where the router's commitments lie: the slot of ERC-7201 `ibc.storage.IBCStore`, a mapping from `keccak256(path)`.
pub const IBC_STORE_SLOT: B256 =
    b256!("1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600");

/// What the domain of an attestation light client is the sha256 of: `abi.encode(chainId, router, clientId)`, naming
/// the chain, router and client that the light client serves.
///
/// The hash is left to the caller, so that this crate needs no hash function of its own.
#[must_use]
pub fn attestation_domain_preimage(chain_id: u64, router: Address, client_id: &str) -> Vec<u8> {
    (U256::from(chain_id), router, client_id).abi_encode_params()
}
