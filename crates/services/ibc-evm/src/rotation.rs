//! Hands a light client over to other attestors, or takes it from those who abused it.

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
    sol_types::SolCall,
};
use causeway_contracts::{
    attestation_light_client::AttestationLightClient, ics26_router::ICS26Router,
};
use causeway_ibc::{ClientId, Misbehaviour, SignedAttestation};
use causeway_types::Timestamp;

use crate::{
    account::{Account, SendError},
    contracts::ContractsError,
};

/// The set of attestors before the current one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousSet {
    /// Its members.
    pub members: Vec<Address>,
    /// How many of them had to sign.
    pub threshold: u8,
    /// From this block time on, what they signed is worth nothing.
    pub until: Timestamp,
}

/// The set of attestors that a light client trusted before its current one, if there was one.
pub async fn previous_set(
    provider: &impl Provider,
    light_client: Address,
) -> Result<Option<PreviousSet>, ContractsError> {
    let state = AttestationLightClient::new(light_client, provider)
        .getRotationState()
        .call()
        .await;
    match state {
        Ok(state) => Ok((state.previousUntil != 0).then(|| PreviousSet {
            members: state.previousAttestors,
            threshold: state.previousMinRequiredSigs,
            until: Timestamp::from_secs(state.previousUntil),
        })),
        // A stock light client has but one set.
        Err(error) if error.as_revert_data().is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Brings a signed rotation to a light client; returns the transaction.
pub async fn rotate(
    account: &Account,
    light_client: Address,
    rotation: &SignedAttestation,
) -> Result<B256, SendError> {
    let call = AttestationLightClient::rotateAttestorsCall {
        rotationMsg: rotation.encode(),
    };
    let receipt = account
        .execute(
            "the rotation",
            light_client,
            call.abi_encode().into(),
            U256::ZERO,
        )
        .await?;
    Ok(receipt.transaction_hash)
}

/// Freezes a light client by evidence against its attestors; returns the transaction.
pub async fn freeze(
    account: &Account,
    router: Address,
    client: &ClientId,
    evidence: &Misbehaviour,
) -> Result<B256, SendError> {
    let call = misbehaviour_call(client, evidence);
    let receipt = account
        .execute("the evidence", router, call.abi_encode().into(), U256::ZERO)
        .await?;
    Ok(receipt.transaction_hash)
}

/// The call that brings evidence of misbehaviour to a light client.
pub(crate) fn misbehaviour_call(
    client: &ClientId,
    evidence: &Misbehaviour,
) -> ICS26Router::submitMisbehaviourCall {
    ICS26Router::submitMisbehaviourCall {
        clientId: client.to_string(),
        misbehaviourMsg: evidence.encode(),
    }
}
