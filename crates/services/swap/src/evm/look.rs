//! Looking at what swaps need on a chain, without a key and without a lane.

use alloy::primitives::Address;
use causeway_evm::EvmChain;
use causeway_swap::Amount;
use causeway_types::AssetId;

use super::read::Reader;
use crate::ChainError;

/// Makes sure that what stands at the address is the contract that holds locks.
///
/// # Errors
/// When it is not, or when too few endpoints say what is there.
pub async fn check_contract(chain: &EvmChain, contract: Address) -> Result<(), ChainError> {
    let chain = chain.clone();
    Reader { chain, contract }.verify().await
}

/// What an account has of a token or, where the asset is none, of the chain's own coin.
///
/// # Errors
/// When too few endpoints say how much.
pub async fn balance_of(
    chain: &EvmChain,
    account: Address,
    asset: &AssetId,
) -> Result<Amount, ChainError> {
    let (chain, contract) = (chain.clone(), Address::ZERO);
    let reader = Reader { chain, contract };
    let balance = match asset.erc20_address() {
        None => reader.coin(account).await?,
        Some(token) => reader.tokens(token, account).await?,
    };
    Ok(Amount::new(u128::try_from(balance).unwrap_or(u128::MAX)))
}
