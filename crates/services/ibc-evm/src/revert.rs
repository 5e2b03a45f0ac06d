//! Reverts in words.

use alloy::{primitives::Bytes, sol_types::SolInterface};
use causeway_contracts::{
    access_manager::AccessManager::AccessManagerErrors,
    attestation_light_client::AttestationLightClient::AttestationLightClientErrors,
    escrow::Escrow::EscrowErrors, hash_time_lock::HashTimeLock::HashTimeLockErrors,
    ibc_erc20::IBCERC20::IBCERC20Errors, ics20_transfer::ICS20Transfer::ICS20TransferErrors,
    ics26_router::ICS26Router::ICS26RouterErrors, ics27_gmp::ICS27GMP::ICS27GMPErrors,
    test_erc20::TestERC20::TestERC20Errors,
    transfer_safeguards::TransferSafeguards::TransferSafeguardsErrors,
};
use causeway_evm::RevertReason;

/// What a contract said when it reverted: one of our contracts' errors with its values, a text, or,
/// failing both, the bytes.
pub fn explain_revert(data: &Bytes) -> String {
    fn named<E: SolInterface + std::fmt::Debug>(data: &[u8]) -> Option<String> {
        // The derived form is `Name(Name { field: … })`; the inner half says it all.
        let text = format!("{:?}", E::abi_decode(data).ok()?);
        let inner = text
            .split_once('(')
            .and_then(|(_, rest)| rest.strip_suffix(')'));
        Some(inner.unwrap_or(&text).to_owned())
    }
    named::<ICS26RouterErrors>(data)
        .or_else(|| named::<ICS20TransferErrors>(data))
        .or_else(|| named::<TransferSafeguardsErrors>(data))
        .or_else(|| named::<ICS27GMPErrors>(data))
        .or_else(|| named::<AttestationLightClientErrors>(data))
        .or_else(|| named::<EscrowErrors>(data))
        .or_else(|| named::<IBCERC20Errors>(data))
        .or_else(|| named::<HashTimeLockErrors>(data))
        .or_else(|| named::<AccessManagerErrors>(data))
        .or_else(|| named::<TestERC20Errors>(data))
        .unwrap_or_else(|| RevertReason::decode(data).to_string())
}

#[cfg(test)]
mod tests {
    use alloy::sol_types::{Revert, SolError};
    use causeway_contracts::ics26_router::ICS26Router::AccessManagedUnauthorized;

    use super::*;

    #[test]
    fn a_contracts_own_error_is_named_with_its_values() {
        let error = AccessManagedUnauthorized {
            caller: alloy::primitives::Address::ZERO,
        };
        let text = explain_revert(&error.abi_encode().into());
        assert!(
            text.starts_with("AccessManagedUnauthorized") && text.contains("0x000"),
            "{text}"
        );
    }

    #[test]
    fn texts_and_unknown_bytes_are_shown_and_never_raw() {
        let revert = Revert::from("no funds").abi_encode().into();
        assert!(explain_revert(&revert).contains("no funds"));
        assert!(explain_revert(&Bytes::from(vec![1, 2, 3])).contains("0x010203"));
        assert_eq!(explain_revert(&Bytes::new()), "no reason given");
    }
}
