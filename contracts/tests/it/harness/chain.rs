//! One chain: a revm database with the whole stack deployed behind its proxies.

use alloy::primitives::{Address, B256, Bytes, Log, TxKind, U256, keccak256};
use alloy::sol_types::{SolCall, SolConstructor, SolError, SolEvent, SolValue};
use causeway_contracts::access_manager::AccessManager;
use causeway_contracts::attestation_light_client::AttestationLightClient;
use causeway_contracts::erc1967_proxy::ERC1967Proxy;
use causeway_contracts::escrow::Escrow;
use causeway_contracts::ibc_erc20::IBCERC20;
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::ics26_router::IICS26RouterMsgs::Packet;
use causeway_contracts::ics27_account::ICS27Account;
use causeway_contracts::ics27_gmp::ICS27GMP;
use causeway_contracts::roles;
use causeway_contracts::transfer_safeguards::TransferSafeguards;
use revm::context::result::{ExecutionResult, Output};
use revm::context::{Context, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};
use sha2::{Digest, Sha256};

use super::attestors::Attestors;

/// Deploys and administers everything.
pub const ADMIN: Address = Address::repeat_byte(0xad);
/// Relays; holds no role.
pub const RELAYER: Address = Address::repeat_byte(0x4e);
pub const ALICE: Address = Address::repeat_byte(0xa1);
pub const BOB: Address = Address::repeat_byte(0xb0);

/// What a transaction did.
pub struct Receipt {
    pub gas: u64,
    pub logs: Vec<Log>,
    pub output: Bytes,
}

impl Receipt {
    /// The events of one kind, in order.
    pub fn events<E: SolEvent>(&self) -> Vec<E> {
        self.logs
            .iter()
            .filter_map(|log| E::decode_log(log).ok())
            .map(|log| log.data)
            .collect()
    }

    /// The packets that were sent.
    pub fn sent(&self) -> Vec<Packet> {
        self.events::<ICS26Router::SendPacket>()
            .into_iter()
            .map(|event| event.packet)
            .collect()
    }

    /// The acknowledgements that were written.
    pub fn acknowledgements(&self) -> Vec<Bytes> {
        self.events::<ICS26Router::WriteAcknowledgement>()
            .into_iter()
            .flat_map(|event| event.acknowledgements)
            .collect()
    }

    pub fn was_noop(&self) -> bool {
        !self.events::<ICS26Router::Noop>().is_empty()
    }
}

/// Why a transaction failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    Revert(Bytes),
    Halt(String),
}

impl Failure {
    pub fn is<E: SolError>(&self) -> bool {
        matches!(self, Self::Revert(data) if data.starts_with(&E::SELECTOR))
    }

    pub fn decode<E: SolError>(&self) -> E {
        match self {
            Self::Revert(data) => E::abi_decode(data).expect("another error"),
            Self::Halt(reason) => panic!("halted: {reason}"),
        }
    }
}

#[derive(Clone)]
pub struct Chain {
    pub db: CacheDB<EmptyDB>,
    pub chain_id: u64,
    pub height: u64,
    pub timestamp: u64,
    pub authority: Address,
    pub router: Address,
    pub transfer: Address,
    pub gmp: Address,
    pub client: Address,
    pub client_id: String,
    pub gas_limit: u64,
}

impl Chain {
    pub fn empty(chain_id: u64) -> Self {
        let mut chain = Self {
            db: CacheDB::new(EmptyDB::default()),
            chain_id,
            height: 100,
            timestamp: 1_800_000_000,
            authority: Address::ZERO,
            router: Address::ZERO,
            transfer: Address::ZERO,
            gmp: Address::ZERO,
            client: Address::ZERO,
            client_id: String::new(),
            gas_limit: 60_000_000,
        };
        for account in [ADMIN, RELAYER, ALICE, BOB] {
            chain.fund(account, U256::from(10u128.pow(24)));
        }
        chain
    }

    /// Deploys router and applications as `causeway deploy` does.
    pub fn deploy_stack(&mut self) {
        self.authority = self.deploy::<AccessManager::constructorCall>(
            &AccessManager::BYTECODE,
            &AccessManager::constructorCall {
                initialAdmin: ADMIN,
            },
        );
        let authority = self.authority;
        let router_logic = self.deploy_plain(&ICS26Router::BYTECODE);
        self.router = self.deploy_proxy(
            router_logic,
            &ICS26Router::initializeCall {
                authority_: authority,
            },
        );
        let escrow_logic = self.deploy_plain(&Escrow::BYTECODE);
        let voucher_logic = self.deploy_plain(&IBCERC20::BYTECODE);
        let transfer_logic = self.deploy_transfer_logic();
        let permit2 = self.deploy_plain(&super::fixtures::TestPermit2::BYTECODE);
        self.transfer = self.deploy_proxy(
            transfer_logic,
            &ICS20Transfer::initializeCall {
                ics26Router: self.router,
                escrowLogic: escrow_logic,
                ibcERC20Logic: voucher_logic,
                permit2,
                authority_: authority,
            },
        );
        let account_logic = self.deploy_plain(&ICS27Account::BYTECODE);
        let gmp_logic = self.deploy_plain(&ICS27GMP::BYTECODE);
        self.gmp = self.deploy_proxy(
            gmp_logic,
            &ICS27GMP::initializeCall {
                ics26_: self.router,
                accountLogic: account_logic,
                authority_: authority,
            },
        );
        self.wire_roles();
        for (port, app) in [("transfer", self.transfer), ("gmpport", self.gmp)] {
            self.must(
                ADMIN,
                self.router,
                &ICS26Router::addIBCApp_1Call {
                    portId: port.into(),
                    app,
                },
            );
        }
    }

    /// The transfer application's code: both halves.
    pub fn deploy_transfer_logic(&mut self) -> Address {
        let safeguards = self.deploy_plain(&TransferSafeguards::BYTECODE);
        self.deploy(
            &ICS20Transfer::BYTECODE,
            &ICS20Transfer::constructorCall { safeguards },
        )
    }

    fn wire_roles(&mut self) {
        let targets = [
            (self.router, roles::ROUTER.as_slice()),
            (self.transfer, roles::TRANSFER.as_slice()),
            (self.gmp, roles::GMP.as_slice()),
        ];
        for (target, wiring) in targets {
            for (role, selectors) in wiring {
                self.must(
                    ADMIN,
                    self.authority,
                    &AccessManager::setTargetFunctionRoleCall {
                        target,
                        selectors: selectors
                            .iter()
                            .map(|selector| (*selector).into())
                            .collect(),
                        roleId: *role,
                    },
                );
                self.must(
                    ADMIN,
                    self.authority,
                    &AccessManager::grantRoleCall {
                        roleId: *role,
                        account: ADMIN,
                        executionDelay: 0,
                    },
                );
            }
        }
    }

    /// Deploys the light client of `other` and registers it under a chosen identifier.
    pub fn connect(
        &mut self,
        client_id: &str,
        counterparty_id: &str,
        other: &Self,
        by: &Attestors,
    ) {
        let domain = self.domain(client_id);
        self.client = self.deploy_client(by, other.height, other.timestamp, domain);
        self.client_id = client_id.into();
        self.register(client_id, counterparty_id, self.client);
    }

    pub fn domain(&self, client_id: &str) -> B256 {
        let preimage = (U256::from(self.chain_id), self.router, client_id).abi_encode_params();
        B256::from_slice(&Sha256::digest(preimage))
    }

    pub fn deploy_client(
        &mut self,
        by: &Attestors,
        height: u64,
        time: u64,
        domain: B256,
    ) -> Address {
        self.deploy(
            &AttestationLightClient::BYTECODE,
            &AttestationLightClient::constructorCall {
                attestors: by.addresses(),
                minRequiredSigs: by.threshold,
                initialHeight: height,
                initialTimestampSeconds: time,
                roleManager: Address::ZERO,
                domain_: domain,
            },
        )
    }

    pub fn register(&mut self, client_id: &str, counterparty_id: &str, client: Address) {
        use causeway_contracts::ics26_router::IICS02ClientMsgs::CounterpartyInfo;
        self.must(
            ADMIN,
            self.router,
            &ICS26Router::addClient_0Call {
                clientId: client_id.into(),
                counterpartyInfo: CounterpartyInfo {
                    clientId: counterparty_id.into(),
                    merklePrefix: vec![Bytes::new()],
                },
                client,
            },
        );
    }

    pub fn fund(&mut self, account: Address, balance: U256) {
        self.db.insert_account_info(
            account,
            AccountInfo {
                balance,
                ..AccountInfo::default()
            },
        );
    }

    pub fn deploy_plain(&mut self, bytecode: &Bytes) -> Address {
        self.create(bytecode.clone())
    }

    pub fn deploy<C: SolConstructor>(&mut self, bytecode: &Bytes, arguments: &C) -> Address {
        self.create([bytecode.to_vec(), arguments.abi_encode()].concat().into())
    }

    pub fn deploy_proxy<C: SolCall>(&mut self, logic: Address, initialize: &C) -> Address {
        self.deploy(
            &ERC1967Proxy::BYTECODE,
            &ERC1967Proxy::constructorCall {
                implementation: logic,
                _data: initialize.abi_encode().into(),
            },
        )
    }

    fn create(&mut self, code: Bytes) -> Address {
        self.try_create(code).expect("a deployment failed")
    }

    pub fn try_create(&mut self, code: Bytes) -> Result<Address, Failure> {
        let code = super::substitutes::instead_of(code);
        match self.run(ADMIN, TxKind::Create, U256::ZERO, code, true) {
            ExecutionResult::Success {
                output: Output::Create(_, Some(address)),
                ..
            } => Ok(address),
            other => Err(Self::failure(other)),
        }
    }

    /// Sends a transaction and commits its effects.
    pub fn send<C: SolCall>(
        &mut self,
        from: Address,
        to: Address,
        call: &C,
    ) -> Result<Receipt, Failure> {
        self.send_raw(from, to, U256::ZERO, call.abi_encode().into())
    }

    pub fn send_raw(
        &mut self,
        from: Address,
        to: Address,
        value: U256,
        data: Bytes,
    ) -> Result<Receipt, Failure> {
        let result = self.run(from, TxKind::Call(to), value, data, true);
        if result.is_success() {
            let gas = result.tx_gas_used();
            let output = result.output().cloned().unwrap_or_default();
            Ok(Receipt {
                gas,
                logs: result.into_logs(),
                output,
            })
        } else {
            Err(Self::failure(result))
        }
    }

    /// Sends a transaction that has to succeed.
    pub fn must<C: SolCall>(&mut self, from: Address, to: Address, call: &C) -> Receipt {
        self.send(from, to, call)
            .unwrap_or_else(|failure| panic!("{}: {failure:?}", C::SIGNATURE))
    }

    /// Reads without a trace.
    pub fn view<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let mut scratch = self.clone();
        let data = call.abi_encode().into();
        let result = scratch.run(RELAYER, TxKind::Call(to), U256::ZERO, data, false);
        assert!(result.is_success(), "{}: {result:?}", C::SIGNATURE);
        C::abi_decode_returns(result.output().expect("no output")).expect("another type")
    }

    pub fn commitment(&self, path_hash: B256) -> B256 {
        self.view(
            self.router,
            &ICS26Router::getCommitmentCall {
                hashedPath: path_hash,
            },
        )
    }

    pub fn balance(&self, token: Address, account: Address) -> U256 {
        self.view(token, &IBCERC20::balanceOfCall { account })
    }

    pub fn supply(&self, token: Address) -> U256 {
        self.view(token, &IBCERC20::totalSupplyCall {})
    }

    pub fn native_balance(&self, account: Address) -> U256 {
        self.db
            .cache
            .accounts
            .get(&account)
            .map_or(U256::ZERO, |account| account.info.balance)
    }

    pub fn escrow(&self) -> Address {
        self.view(
            self.transfer,
            &ICS20Transfer::getEscrowCall {
                clientId: self.client_id.clone(),
            },
        )
    }

    /// The voucher for a token of the other side, whose trace there is `denom`.
    pub fn voucher(&self, denom: &str) -> Address {
        self.view(
            self.transfer,
            &ICS20Transfer::ibcERC20ContractCall {
                denom: self.trace(denom),
            },
        )
    }

    pub fn trace(&self, denom: &str) -> String {
        format!("transfer/{}/{denom}", self.client_id)
    }

    /// Makes a block: a second passes.
    pub fn next_block(&mut self) {
        self.height += 1;
        self.timestamp += 1;
    }

    fn run(
        &mut self,
        from: Address,
        kind: TxKind,
        value: U256,
        data: Bytes,
        commit: bool,
    ) -> ExecutionResult {
        let (chain_id, height, timestamp) = (self.chain_id, self.height, self.timestamp);
        let mut evm = Context::mainnet()
            .with_db(&mut self.db)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
                cfg.chain_id = chain_id;
                cfg.disable_nonce_check = true;
            })
            .modify_block_chained(|block| {
                block.number = U256::from(height);
                block.timestamp = U256::from(timestamp);
                block.gas_limit = u64::MAX;
            })
            .build_mainnet();
        let transaction = TxEnv::builder()
            .caller(from)
            .kind(kind)
            .value(value)
            .data(data)
            .gas_limit(self.gas_limit)
            .chain_id(Some(chain_id))
            .build()
            .expect("an invalid transaction");
        if commit {
            evm.transact_commit(transaction)
                .expect("an invalid transaction")
        } else {
            evm.transact(transaction)
                .expect("an invalid transaction")
                .result
        }
    }

    fn failure(result: ExecutionResult) -> Failure {
        match result {
            ExecutionResult::Revert { output, .. } => Failure::Revert(output),
            other => Failure::Halt(format!("{other:?}")),
        }
    }
}

/// The path of a packet's commitment (1), receipt (2) or acknowledgement (3).
pub fn path(client_id: &str, tag: u8, sequence: u64) -> Vec<u8> {
    [client_id.as_bytes(), &[tag], &sequence.to_be_bytes()].concat()
}

pub fn path_hash(client_id: &str, tag: u8, sequence: u64) -> B256 {
    keccak256(path(client_id, tag, sequence))
}
