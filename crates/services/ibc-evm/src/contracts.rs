//! The contracts of one chain, found from its router.

use alloy::{primitives::Address, providers::Provider, sol_types::SolValue as _};
use causeway_contracts::{
    attestation_light_client::AttestationLightClient,
    ics20_transfer::ICS20Transfer,
    ics26_router::{ICS26Router, IICS26RouterMsgs},
};
use causeway_ibc::{
    ClientId, Committee, CommitteeError, DecodeError, Domain, Packet, gmp,
    ics20::{self, Denom},
};
use causeway_relayer::ClientView;
use thiserror::Error;

/// The contracts that carry IBC on one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IbcContracts {
    /// The ICS-26 router.
    pub router: Address,
    /// The ICS-20 transfer application.
    pub transfer: Address,
    /// The ICS-27 calls application.
    pub gmp: Address,
}

/// Why the contracts, or one of their light clients, cannot be used.
#[derive(Debug, Error)]
pub enum ContractsError {
    /// There is no contract where the router should be.
    #[error(
        "there is no contract at {0}, which is configured as the router; deploy it or correct the address"
    )]
    NoRouter(Address),
    /// The router does not know an application.
    #[error("the router {router} has no application at the port {port}: {reason}")]
    NoApplication {
        /// The router.
        router: Address,
        /// The port.
        port: &'static str,
        /// What the router said.
        reason: String,
    },
    /// The router does not know a light client.
    #[error("the router {router} has no light client {client}: {reason}")]
    NoClient {
        /// The router.
        router: Address,
        /// The client.
        client: ClientId,
        /// What the router said.
        reason: String,
    },
    /// The light client names attestors that make no committee.
    #[error("the light client {client} has no usable committee: {source}")]
    Committee {
        /// The client.
        client: ClientId,
        /// What is wrong.
        source: CommitteeError,
    },
    /// The light client's state cannot be read.
    #[error("the light client {client} is of another kind: its state cannot be read: {reason}")]
    State {
        /// The client.
        client: ClientId,
        /// What is wrong with it.
        reason: String,
    },
    /// The chain could not be asked.
    #[error("the chain cannot be asked: {0}")]
    Contract(#[from] alloy::contract::Error),
    /// The chain could not be asked.
    #[error("the chain cannot be asked: {0}")]
    Transport(#[from] alloy::transports::TransportError),
}

impl IbcContracts {
    /// Asks the router for its applications.
    pub async fn discover(
        provider: &impl Provider,
        router: Address,
    ) -> Result<Self, ContractsError> {
        if provider.get_code_at(router).await?.is_empty() {
            return Err(ContractsError::NoRouter(router));
        }
        let contract = ICS26Router::new(router, provider);
        let app = async |port: &'static str| {
            let found = contract.getIBCApp(port.to_owned()).call().await;
            found.map_err(|error| ContractsError::NoApplication {
                router,
                port,
                reason: error.to_string(),
            })
        };
        let (transfer, gmp) = tokio::try_join!(app(ics20::PORT), app(gmp::PORT))?;
        Ok(Self {
            router,
            transfer,
            gmp,
        })
    }
}

/// Reads an attestation light client: whom it trusts, and what its digests are bound to.
pub async fn client_view(
    provider: &impl Provider,
    router: Address,
    client: &ClientId,
) -> Result<ClientView, ContractsError> {
    let registry = ICS26Router::new(router, provider);
    let address = registry
        .getClient(client.to_string())
        .call()
        .await
        .map_err(|error| match error {
            alloy::contract::Error::ZeroData(..) => ContractsError::NoRouter(router),
            error if error.as_revert_data().is_some() => ContractsError::NoClient {
                router,
                client: client.clone(),
                reason: error.to_string(),
            },
            error => error.into(),
        })?;
    let light_client = AttestationLightClient::new(address, provider);
    let (set, state, rotation, domain) = (
        light_client.getAttestationSet(),
        light_client.getClientState(),
        light_client.getRotationState(),
        light_client.domain(),
    );
    // A stock light client has no rotation, no domain, and no memory of proofs either.
    let (set, state, rotation, domain) = tokio::try_join!(
        async { set.call().await.map_err(ContractsError::from) },
        async { state.call().await.map_err(ContractsError::from) },
        async { unless_unknown(rotation.call().await) },
        async { unless_unknown(domain.call().await) },
    )?;
    let committee =
        Committee::new(set.attestorAddresses, set.minRequiredSigs).map_err(|source| {
            ContractsError::Committee {
                client: client.clone(),
                source,
            }
        })?;
    let frozen = is_frozen(&state).map_err(|reason| ContractsError::State {
        client: client.clone(),
        reason: reason.to_string(),
    })?;
    Ok(ClientView {
        id: client.clone(),
        address,
        committee,
        set_number: rotation.map_or(0, |rotation| rotation.setNumber),
        domain: domain.map_or(Domain::NONE, Domain),
        frozen,
        proof_once: domain.is_some(),
    })
}

/// What a function answers that not every light client has.
fn unless_unknown<T>(answer: alloy::contract::Result<T>) -> Result<Option<T>, ContractsError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.as_revert_data().is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

alloy::sol! {
    /// What `getClientState` encodes.
    struct AttestedState {
        address[] attestorAddresses;
        uint8 minRequiredSigs;
        uint64 latestHeight;
        bool isFrozen;
    }
}

fn is_frozen(state: &[u8]) -> alloy::sol_types::Result<bool> {
    Ok(AttestedState::abi_decode_validate(state)?.isFrozen)
}

/// The token that stands, on the chain of these contracts, for a denomination of the chain that the
/// client follows; `None` if none of it has crossed yet.
pub async fn voucher_of(
    provider: &impl Provider,
    contracts: &IbcContracts,
    client: &ClientId,
    denom: &Denom,
) -> Result<Option<Address>, ContractsError> {
    let path = denom.received_through(ics20::PORT, client);
    let transfer = ICS20Transfer::new(contracts.transfer, provider);
    match transfer
        .ibcERC20Contract(path.as_str().to_owned())
        .call()
        .await
    {
        Ok(voucher) => Ok((!voucher.is_zero()).then_some(voucher)),
        Err(error) if error.as_revert_data().is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A packet of the bindings as a packet of the protocol, strictly.
pub(crate) fn pure_packet(packet: IICS26RouterMsgs::Packet) -> Result<Packet, DecodeError> {
    let payloads = packet
        .payloads
        .into_iter()
        .map(|payload| causeway_ibc::evm::Payload {
            sourcePort: payload.sourcePort,
            destPort: payload.destPort,
            version: payload.version,
            encoding: payload.encoding,
            value: payload.value,
        });
    causeway_ibc::evm::Packet {
        sequence: packet.sequence,
        sourceClient: packet.sourceClient,
        destClient: packet.destClient,
        timeoutTimestamp: packet.timeoutTimestamp,
        payloads: payloads.collect(),
    }
    .try_into()
}

/// A packet of the protocol as a packet of the bindings.
pub(crate) fn bound_packet(packet: &Packet) -> IICS26RouterMsgs::Packet {
    let packet = causeway_ibc::evm::Packet::from(packet);
    let payloads = packet
        .payloads
        .into_iter()
        .map(|payload| IICS26RouterMsgs::Payload {
            sourcePort: payload.sourcePort,
            destPort: payload.destPort,
            version: payload.version,
            encoding: payload.encoding,
            value: payload.value,
        });
    IICS26RouterMsgs::Packet {
        sequence: packet.sequence,
        sourceClient: packet.sourceClient,
        destClient: packet.destClient,
        timeoutTimestamp: packet.timeoutTimestamp,
        payloads: payloads.collect(),
    }
}
