use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::Provider as _,
    sol_types::SolCall as _,
};
use causeway_contracts::{hash_time_lock::HashTimeLock, test_erc20::TestERC20};
use causeway_evm::{EvmChain, EvmConfig, Finality};
use causeway_ibc_evm::{Account, IbcContracts};
use causeway_localnet::{Anvil, AnvilBinary, AnvilOptions, dev_key};
use causeway_swap::{Amount, Expiry, Leg, LegTerms, LockForm, Secret, SwapId};
use causeway_swap_service::{Lock, evm::deploy_hash_time_lock};
use causeway_types::{AccountId, AssetId, ChainId, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

pub(crate) const CHAIN: u64 = 31337;
/// Who locks, and who claims: anvil's second and third account.
pub(crate) const ALICE: usize = 1;
pub(crate) const BOB: usize = 2;
/// A block is final when so many follow it.
const DEPTH: u64 = 2;
/// How long swaps have in these tests, in seconds of the chain's time.
pub(crate) const TERM: u64 = 3_600;

/// A chain that makes a block for every transaction, with the contract on it.
pub(crate) struct World {
    pub(crate) anvil: Anvil,
    pub(crate) chain: EvmChain,
    pub(crate) contract: Address,
    pub(crate) dir: TempDir,
    deployer: Account,
}

/// Connects to the chain through these endpoints.
pub(crate) async fn connect(endpoints: Vec<Url>) -> EvmChain {
    let mut config = EvmConfig::new(ChainId::eip155(CHAIN), endpoints);
    config.finality = Finality::Depth(DEPTH);
    config.poll_interval = Duration::from_millis(100);
    EvmChain::connect(config).await.unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_test_writer()
            .try_init();
        let binary = AnvilBinary::locate().unwrap();
        let anvil = Anvil::spawn(&binary, &AnvilOptions::new(CHAIN))
            .await
            .unwrap();
        let chain = connect(vec![anvil.ws_url()]).await;
        let nothing = IbcContracts {
            router: Address::ZERO,
            transfer: Address::ZERO,
            gmp: Address::ZERO,
        };
        let deployer = Account::new(&chain, nothing, dev_key(0));
        let contract = deploy_hash_time_lock(&deployer, Address::ZERO)
            .await
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        Self {
            anvil,
            chain,
            contract,
            dir,
            deployer,
        }
    }

    /// Asks the chain.
    pub(crate) async fn rpc(&self, method: &'static str, params: Value) -> Value {
        let provider = self.chain.provider();
        provider.raw_request(method.into(), params).await.unwrap()
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([format!("{blocks:#x}")]))
            .await;
    }

    /// Whether blocks come by themselves.
    pub(crate) async fn automine(&self, automine: bool) {
        self.rpc("evm_setAutomine", json!([automine])).await;
    }

    /// Lets so much time pass on the chain.
    pub(crate) async fn pass(&self, secs: u64) {
        self.rpc("evm_increaseTime", json!([secs])).await;
        self.mine(1).await;
    }

    /// How many transactions of an account are in blocks.
    pub(crate) async fn nonce(&self, account: usize) -> u64 {
        let account = dev_key(account).address();
        self.deployer
            .provider()
            .get_transaction_count(account)
            .await
            .unwrap()
    }

    /// How many transactions wait for a block.
    pub(crate) async fn waiting(&self) -> usize {
        let pool = self.rpc("txpool_content", json!([])).await;
        let senders = pool["pending"].as_object().unwrap().values();
        senders.map(|of| of.as_object().unwrap().len()).sum()
    }

    pub(crate) async fn coin(&self, account: Address) -> U256 {
        self.deployer.provider().get_balance(account).await.unwrap()
    }

    pub(crate) async fn tokens(&self, token: Address, account: Address) -> U256 {
        let token = TestERC20::new(token, self.deployer.provider());
        token.balanceOf(account).call().await.unwrap()
    }

    /// What becomes of a transaction that the deployer sends.
    pub(crate) async fn execute(&self, to: Address, data: Bytes, value: u128) {
        self.deployer
            .execute("a test's transaction", to, data, U256::from(value))
            .await
            .unwrap();
    }

    pub(crate) async fn deploy(&self, bytecode: &Bytes, arguments: &[u8]) -> Address {
        let deployed = self
            .deployer
            .deploy("a test's contract", bytecode, arguments);
        deployed.await.unwrap().0
    }

    /// A token of which Alice has a million units.
    pub(crate) async fn token(&self) -> Address {
        use alloy::sol_types::SolConstructor as _;
        let arguments = TestERC20::constructorCall {
            name_: "Harbour".into(),
            symbol_: "HBR".into(),
            decimals_: 6,
        };
        let token = self
            .deploy(&TestERC20::BYTECODE, &arguments.abi_encode())
            .await;
        let mint = TestERC20::mintCall {
            to: dev_key(ALICE).address(),
            amount: U256::from(1_000_000),
        };
        self.execute(token, mint.abi_encode().into(), 0).await;
        token
    }

    /// Sends from one of anvil's accounts, whose keys it has, past whoever sends for it.
    pub(crate) async fn send_as(&self, account: usize, to: Address, data: Bytes, value: u128) {
        let request = json!({
            "from": dev_key(account).address(),
            "to": to,
            "data": data,
            "value": U256::from(value),
        });
        self.rpc("eth_sendTransaction", json!([request])).await;
    }

    /// A stranger locks coin.
    pub(crate) async fn stranger_locks(&self, hash_lock: B256, window: U256, value: u128) {
        let call = HashTimeLock::lockCoinCall {
            hashLock: hash_lock,
            window,
        };
        self.execute(self.contract, call.abi_encode().into(), value)
            .await;
    }

    /// The contract's word for where a lock stands.
    pub(crate) async fn state(&self, id: B256) -> u8 {
        let contract = HashTimeLock::new(self.contract, self.deployer.provider());
        contract.stateOf(id).call().await.unwrap()
    }

    /// A swap's lock of coin by Alice, for Bob. Each number has a secret of its own.
    pub(crate) async fn lock(&self, number: u8) -> (Lock, Secret) {
        let coin = AssetId::coin(self.chain.id().clone(), 60);
        self.lock_of(number, coin).await
    }

    /// The same of a token.
    pub(crate) async fn lock_of_token(&self, number: u8, token: Address) -> (Lock, Secret) {
        let token = AssetId::erc20(self.chain.id().clone(), token);
        self.lock_of(number, token).await
    }

    async fn lock_of(&self, number: u8, asset: AssetId) -> (Lock, Secret) {
        let head = self.chain.head().await.unwrap();
        let secret = Secret::from_bytes([number; 32]);
        let terms = LegTerms {
            asset,
            amount: Amount::new(1_000 + u128::from(number)),
            bond: Amount::ZERO,
            claimer: account(BOB),
            refunder: account(ALICE),
            form: LockForm::Contract(named(self.contract)),
            expiry: Expiry::Time(Timestamp::from_secs(head.timestamp.as_secs() + TERM)),
        };
        let lock = Lock {
            swap: SwapId(B256::repeat_byte(number)),
            leg: Leg::First,
            number: u32::from(number),
            hash_lock: secret.hash_lock(),
            terms,
        };
        (lock, secret)
    }
}

/// One of anvil's accounts as CAIP-10 names it.
pub(crate) fn account(index: usize) -> AccountId {
    named(dev_key(index).address())
}

pub(crate) fn named(address: Address) -> AccountId {
    AccountId::new(ChainId::eip155(CHAIN), address.to_checksum(None)).unwrap()
}
