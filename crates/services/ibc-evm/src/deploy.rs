//! Puts the contracts on a chain, and connects two chains by light clients.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::{SolCall, SolConstructor},
};
use causeway_contracts::{
    access_manager::AccessManager,
    attestation_light_client::AttestationLightClient,
    erc1967_proxy::ERC1967Proxy,
    escrow::Escrow,
    ibc_erc20::IBCERC20,
    ics20_transfer::ICS20Transfer,
    ics26_router::{ICS26Router, IICS02ClientMsgs},
    ics27_account::ICS27Account,
    ics27_gmp::ICS27GMP,
    roles,
    transfer_safeguards::TransferSafeguards,
};
use causeway_ibc::{ClientId, Committee, Domain, gmp, ics20};
use causeway_types::BlockRef;
use thiserror::Error;

use crate::{
    account::{Account, SendError},
    contracts::IbcContracts,
};

/// Why a deployment stopped. Contracts that were already deployed stay on the chain, unused.
#[derive(Debug, Error)]
pub enum DeployError {
    /// A transaction could not be sent or reverted.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The chain could not be asked.
    #[error("the chain cannot be asked: {0}")]
    Contract(#[from] alloy::contract::Error),
}

/// Who holds the roles that guard money, from the first block on.
#[derive(Clone, Copy, Debug)]
pub struct RoleHolders {
    /// May stop the applications, whole or over one client.
    pub pauser: Address,
    /// May resume them.
    pub unpauser: Address,
    /// May veto transfers that are held.
    pub guardian: Address,
    /// May set rate limits, and which transfers are held.
    pub rate_limiter: Address,
}

impl RoleHolders {
    /// One account for all of them.
    pub fn all(account: Address) -> Self {
        Self {
            pauser: account,
            unpauser: account,
            guardian: account,
            rate_limiter: account,
        }
    }
}

/// The contracts as deployed.
#[derive(Clone, Copy, Debug)]
pub struct DeployedStack {
    /// Decides who may do what.
    pub access_manager: Address,
    /// What packets go through.
    pub contracts: IbcContracts,
    /// Gas of all transactions.
    pub gas_used: u64,
}

/// A light client as deployed.
#[derive(Clone, Copy, Debug)]
pub struct DeployedClient {
    /// The light client's contract.
    pub address: Address,
    /// What signatures for it are bound to.
    pub domain: Domain,
    /// Gas of all transactions.
    pub gas_used: u64,
}

/// A light client to be deployed.
#[derive(Clone, Debug)]
pub struct ClientSpec {
    /// Its name on its chain; unique among all chains, so that no signature fits two clients.
    pub id: ClientId,
    /// The name, on the other chain, of the client that verifies this one.
    pub counterparty: ClientId,
    /// Whose signatures it takes.
    pub committee: Committee,
    /// A final block of the other chain to begin with.
    pub genesis: BlockRef,
}

/// Sends deployment transactions one after another and adds up their gas.
struct Deployer<'a> {
    account: &'a Account,
    gas_used: u64,
}

impl Deployer<'_> {
    async fn create(
        &mut self,
        what: &'static str,
        bytecode: &Bytes,
        arguments: &[u8],
    ) -> Result<Address, DeployError> {
        let (address, gas_used) = self.account.deploy(what, bytecode, arguments).await?;
        self.gas_used += gas_used;
        Ok(address)
    }

    /// A proxy in front of `logic`, initialised in the same transaction, so that nobody else can.
    async fn proxy(
        &mut self,
        what: &'static str,
        logic: Address,
        initialize: &impl SolCall,
    ) -> Result<Address, DeployError> {
        let arguments = ERC1967Proxy::constructorCall {
            implementation: logic,
            _data: initialize.abi_encode().into(),
        };
        self.create(what, &ERC1967Proxy::BYTECODE, &arguments.abi_encode())
            .await
    }

    async fn execute(
        &mut self,
        what: &'static str,
        to: Address,
        call: &impl SolCall,
    ) -> Result<(), DeployError> {
        let receipt = self
            .account
            .execute(what, to, call.abi_encode().into(), U256::ZERO)
            .await?;
        self.gas_used += receipt.gas_used;
        Ok(())
    }
}

/// The calls that let each role use its functions of a contract.
fn assign_roles(target: Address, roles: &[(u64, &[[u8; 4]])]) -> Vec<Bytes> {
    let assign = |(role, selectors): &(u64, &[[u8; 4]])| {
        let selectors = selectors
            .iter()
            .map(|selector| (*selector).into())
            .collect();
        let call = AccessManager::setTargetFunctionRoleCall {
            target,
            selectors,
            roleId: *role,
        };
        Bytes::from(call.abi_encode())
    };
    roles.iter().map(assign).collect()
}

/// Deploys the whole stack, with the account as administrator. Handing that on is the operator's next
/// step.
// One thing after the other, none of which means anything alone.
#[allow(clippy::too_many_lines)]
pub async fn deploy_stack(
    account: &Account,
    holders: &RoleHolders,
) -> Result<DeployedStack, DeployError> {
    let admin = account.address();
    let mut deployer = Deployer {
        account,
        gas_used: 0,
    };
    let d = &mut deployer;
    let access_manager = d
        .create(
            "the access manager",
            &AccessManager::BYTECODE,
            &AccessManager::constructorCall {
                initialAdmin: admin,
            }
            .abi_encode(),
        )
        .await?;

    let router_logic = d
        .create("the router's logic", &ICS26Router::BYTECODE, &[])
        .await?;
    let initialize = ICS26Router::initializeCall {
        authority_: access_manager,
    };
    let router = d.proxy("the router", router_logic, &initialize).await?;

    let escrow = d
        .create("the escrow's logic", &Escrow::BYTECODE, &[])
        .await?;
    let voucher = d
        .create("the voucher's logic", &IBCERC20::BYTECODE, &[])
        .await?;
    let safeguards = d
        .create("the safeguards' logic", &TransferSafeguards::BYTECODE, &[])
        .await?;
    let arguments = ICS20Transfer::constructorCall { safeguards }.abi_encode();
    let transfer_logic = d
        .create("the transfer logic", &ICS20Transfer::BYTECODE, &arguments)
        .await?;
    let initialize = ICS20Transfer::initializeCall {
        ics26Router: router,
        escrowLogic: escrow,
        ibcERC20Logic: voucher,
        permit2: Address::ZERO,
        authority_: access_manager,
    };
    let transfer = d
        .proxy("the transfer application", transfer_logic, &initialize)
        .await?;

    let ics27_account = d
        .create("the account's logic", &ICS27Account::BYTECODE, &[])
        .await?;
    let gmp_logic = d
        .create("the calls logic", &ICS27GMP::BYTECODE, &[])
        .await?;
    let initialize = ICS27GMP::initializeCall {
        ics26_: router,
        accountLogic: ics27_account,
        authority_: access_manager,
    };
    let gmp = d
        .proxy("the calls application", gmp_logic, &initialize)
        .await?;

    let mut calls = assign_roles(router, &roles::ROUTER);
    calls.extend(assign_roles(transfer, &roles::TRANSFER));
    calls.extend(assign_roles(gmp, &roles::GMP));
    for (role, holder) in [
        (roles::ID_CUSTOMIZER, admin),
        (roles::PAUSER, holders.pauser),
        (roles::UNPAUSER, holders.unpauser),
        (roles::GUARDIAN, holders.guardian),
        (roles::RATE_LIMITER, holders.rate_limiter),
    ] {
        let grant = AccessManager::grantRoleCall {
            roleId: role,
            account: holder,
            executionDelay: 0,
        };
        calls.push(grant.abi_encode().into());
    }
    let call = AccessManager::multicallCall { data: calls };
    d.execute("assigning the roles", access_manager, &call)
        .await?;

    let add = |port: &str, app| ICS26Router::addIBCApp_1Call {
        portId: port.to_owned(),
        app,
    };
    let apps = [add(ics20::PORT, transfer), add(gmp::PORT, gmp)];
    let call = ICS26Router::multicallCall {
        data: apps.iter().map(|a| a.abi_encode().into()).collect(),
    };
    d.execute("adding the applications", router, &call).await?;
    let contracts = IbcContracts {
        router,
        transfer,
        gmp,
    };
    Ok(DeployedStack {
        access_manager,
        contracts,
        gas_used: deployer.gas_used,
    })
}

/// Deploys a light client of another chain and registers it with the router.
pub async fn deploy_client(
    account: &Account,
    evm_chain_id: u64,
    router: Address,
    spec: &ClientSpec,
) -> Result<DeployedClient, DeployError> {
    let domain = Domain::of_client(evm_chain_id, router, &spec.id);
    let mut deployer = Deployer {
        account,
        gas_used: 0,
    };
    let address = deployer
        .create(
            "the light client",
            &client_creation(evm_chain_id, router, spec),
            &[],
        )
        .await?;
    let receipt = account
        .execute(
            "registering the light client",
            router,
            client_registration(spec, address),
            U256::ZERO,
        )
        .await?;
    Ok(DeployedClient {
        address,
        domain,
        gas_used: deployer.gas_used + receipt.gas_used,
    })
}

/// The code that creates a light client, for a router on the chain of this EIP-155 number.
pub fn client_creation(evm_chain_id: u64, router: Address, spec: &ClientSpec) -> Bytes {
    let arguments = AttestationLightClient::constructorCall {
        attestors: spec.committee.members().to_vec(),
        minRequiredSigs: spec.committee.threshold(),
        initialHeight: spec.genesis.height,
        initialTimestampSeconds: spec.genesis.timestamp.as_secs(),
        roleManager: Address::ZERO,
        domain_: Domain::of_client(evm_chain_id, router, &spec.id).0,
    };
    let code = &AttestationLightClient::BYTECODE;
    Bytes::from([code.as_ref(), &arguments.abi_encode()].concat())
}

/// The call of the router that registers the light client at this address.
pub fn client_registration(spec: &ClientSpec, light_client: Address) -> Bytes {
    let call = ICS26Router::addClient_0Call {
        clientId: spec.id.to_string(),
        counterpartyInfo: IICS02ClientMsgs::CounterpartyInfo {
            clientId: spec.counterparty.to_string(),
            // An EVM counterparty keeps its commitments under the bare path.
            merklePrefix: vec![Bytes::new()],
        },
        client: light_client,
    };
    call.abi_encode().into()
}
