use alloy::{primitives::Address, sol_types::SolConstructor as _};
use causeway_contracts::hash_time_lock::HashTimeLock;
use causeway_ibc_evm::{Account, SendError};

/// Deploys the contract that holds locks, and gives its address. It has no owner: whoever deploys it has no part in it,
/// and one serves everybody on a chain.
///
/// `permit2` is [`causeway_contracts::PERMIT2`] where the chain has that contract, and otherwise zero, which closes
/// that way to lock. A contract with any other is refused by [`EvmSide::open`](super::EvmSide::open).
pub async fn deploy_hash_time_lock(
    account: &Account,
    permit2: Address,
) -> Result<Address, SendError> {
    let arguments = HashTimeLock::constructorCall { permit2 }.abi_encode();
    let (contract, _) = account
        .deploy("the hash time lock", &HashTimeLock::BYTECODE, &arguments)
        .await?;
    Ok(contract)
}
