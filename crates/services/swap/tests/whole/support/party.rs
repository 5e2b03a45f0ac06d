use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use alloy::primitives::Address;
use causeway_bitcoin::{BitcoinChain, BitcoinConfig, LockForm, Network, RpcEndpoint, RpcLimits};
use causeway_engine::{Engine, UnixMillis};
use causeway_ibc_evm::SharedLane;
use causeway_localnet::dev_key;
use causeway_swap::{Amount, ChainPolicy, Cooperation, Policy, Price, Role, SwapId};
use causeway_swap_service::{
    ChainPart, Clock, FixedPrice, Ledger, MakerConfig, Pair, Record, Seed, SwapChain, SwapConfig,
    SwapError, SwapService,
    bitcoin::{BitcoinSettings, BitcoinSide},
    evm::{EvmSettings, EvmSide},
};
use causeway_types::{AssetId, ChainId};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{coins, ether};

/// How long until something is done again that a chain does not show yet.
const AGAIN: Duration = Duration::from_millis(500);

/// The chains as a party sees them.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) coins: Option<(&'static Network, Vec<RpcEndpoint>)>,
    pub(crate) ethers: Vec<(u64, Vec<Url>, Address)>,
    pub(crate) form: LockForm,
}

/// What a maker exchanges.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) gives: AssetId,
    pub(crate) wants: AssetId,
    pub(crate) maker: Role,
    pub(crate) price: Price,
    pub(crate) least: Amount,
    pub(crate) most: Amount,
    pub(crate) inventory: Option<Amount>,
}

/// Somebody who swaps, whether its service runs or not.
pub(crate) struct Party {
    pub(crate) name: &'static str,
    pub(crate) seed: [u8; 32],
    /// Its account on EVM chains, among anvil's.
    pub(crate) account: usize,
    pub(crate) ground: Ground,
    pub(crate) makes: Option<Exchange>,
    /// How far its clock is ahead of the world's, in milliseconds.
    pub(crate) ahead: Arc<AtomicI64>,
    /// Where it answers, if it makes offers.
    pub(crate) address: Option<SocketAddr>,
    world_clock: Arc<AtomicI64>,
    dir: TempDir,
    /// How often another state of its store was put in its place.
    restored: u32,
    running: Option<Running>,
    ledger: Option<Ledger>,
}

struct Running {
    runtime: Runtime,
    service: Arc<SwapService>,
    lanes: Vec<Arc<SharedLane>>,
    task: JoinHandle<Result<(), SwapError>>,
    stop: CancellationToken,
}

impl Drop for Party {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.runtime.shutdown_background();
        }
    }
}

/// Whether clocks show a world in which time passes when a test says so.
fn clock(world: &Arc<AtomicI64>, ahead: &Arc<AtomicI64>) -> Clock {
    let (world, ahead) = (world.clone(), ahead.clone());
    Clock::new(move || {
        let more = world.load(Ordering::SeqCst) + ahead.load(Ordering::SeqCst);
        UnixMillis::from_millis(UnixMillis::now().as_millis() + more)
    })
}

impl Party {
    pub(crate) fn new(
        name: &'static str,
        seed: [u8; 32],
        account: usize,
        ground: Ground,
        world_clock: Arc<AtomicI64>,
    ) -> Self {
        Self {
            name,
            seed,
            account,
            ground,
            makes: None,
            ahead: Arc::default(),
            address: None,
            world_clock,
            dir: TempDir::new().unwrap(),
            restored: 0,
            running: None,
            ledger: None,
        }
    }

    pub(crate) fn store(&self) -> std::path::PathBuf {
        self.dir.path().join(format!("store-{}.db", self.restored))
    }

    async fn engine(&self) -> Engine {
        let url = format!("sqlite://{}", self.store().display());
        Engine::open(&url).await.unwrap()
    }

    /// Starts its service, or starts it again with the store it had.
    pub(crate) async fn start(&mut self) {
        assert!(self.running.is_none(), "{} runs already", self.name);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name(self.name)
            .enable_all()
            .build()
            .unwrap();
        let opening = Opening {
            name: self.name,
            seed: self.seed,
            account: self.account,
            ground: self.ground.clone(),
            makes: self.makes.clone(),
            clock: clock(&self.world_clock, &self.ahead),
            engine: self.engine().await,
        };
        let (service, lanes) = runtime.spawn(opening.open()).await.unwrap();
        let service = Arc::new(service);
        let stop = CancellationToken::new();
        if let Some(router) = service.router() {
            let address = self.address.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
            let listen = runtime.spawn(TcpListener::bind(address));
            let listener = listen.await.unwrap().unwrap();
            self.address = Some(listener.local_addr().unwrap());
            runtime.spawn(async move { axum::serve(listener, router).await });
        }
        let (runs, until) = (service.clone(), stop.clone());
        let mut task = runtime.spawn(async move { runs.run(until).await });
        let leads = service.clone();
        let mut leading = runtime.spawn(async move { leads.leads().await });
        tokio::select! {
            leads = &mut leading => leads.unwrap(),
            ended = &mut task => panic!("{} has ended: {ended:?}", self.name),
            () = tokio::time::sleep(Duration::from_secs(30)) => panic!("{} does not lead", self.name),
        }
        self.ledger = Some(Ledger::new(self.engine().await));
        self.running = Some(Running {
            runtime,
            service,
            lanes,
            task,
            stop,
        });
    }

    fn running(&self) -> &Running {
        let running = self.running.as_ref();
        running.unwrap_or_else(|| panic!("{} does not run", self.name))
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Ends its service as a crash would: whatever it was doing is dropped where it stood.
    pub(crate) async fn crash(&mut self) {
        let running = self.running.take().unwrap();
        let ending = move || running.runtime.shutdown_timeout(Duration::from_secs(5));
        tokio::task::spawn_blocking(ending).await.unwrap();
    }

    /// Stops its service in good order.
    pub(crate) async fn stop(&mut self) {
        let running = self.running.take().unwrap();
        running.stop.cancel();
        running.task.await.unwrap().unwrap();
        for lane in running.lanes {
            running
                .runtime
                .spawn(async move { lane.close().await })
                .await
                .unwrap();
        }
        running.runtime.shutdown_background();
    }

    /// Puts another state of the store in its place. Nothing may run.
    ///
    /// It gets a name of its own: whatever is left of the process that crashed may still close its files,
    /// and takes the log of the name it knows with it.
    pub(crate) fn put_back(&mut self, copy: &std::path::Path) {
        assert!(!self.is_running());
        self.ledger = None;
        self.restored += 1;
        std::fs::copy(copy, self.store()).unwrap();
    }

    /// A copy of its store as it is now.
    pub(crate) async fn back_up(&self, name: &str) -> std::path::PathBuf {
        let copy = self.dir.path().join(name);
        self.engine().await.copy_to(&copy).await.unwrap();
        copy
    }

    /// Has its service do something, where it runs.
    pub(crate) async fn ask<T, F>(&self, what: impl FnOnce(Arc<SwapService>) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let running = self.running();
        let asked = running.runtime.spawn(what(running.service.clone()));
        asked.await.unwrap()
    }

    pub(crate) fn id(&self) -> causeway_swap_service::PeerId {
        Seed::new(self.seed.to_vec())
            .unwrap()
            .identity()
            .unwrap()
            .id()
    }

    /// What its store holds, whether it runs or not.
    pub(crate) fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }

    pub(crate) async fn record(&self, swap: SwapId) -> Record {
        self.ledger().record(swap).await.unwrap()
    }
}

/// What is needed to open a service.
struct Opening {
    name: &'static str,
    seed: [u8; 32],
    account: usize,
    ground: Ground,
    makes: Option<Exchange>,
    clock: Clock,
    engine: Engine,
}

impl Opening {
    async fn open(self) -> (SwapService, Vec<Arc<SharedLane>>) {
        let mut chains: Vec<ChainPart> = Vec::new();
        let mut lanes = Vec::new();
        let mut policies = Vec::new();
        if let Some((network, endpoints)) = &self.ground.coins {
            let side = self.coin_side(network, endpoints.clone()).await;
            chains.push(part(Arc::new(side), coins::SPANS));
            let dust = Amount::new(200_000);
            let timing = coins::timing();
            policies.push((network.chain_id(), ChainPolicy { timing, dust }));
        }
        for (id, endpoints, contract) in &self.ground.ethers {
            let (side, lane) = self.ether_side(*id, endpoints.clone(), *contract).await;
            chains.push(part(Arc::new(side), ether::SPANS));
            lanes.push(lane);
            let timing = ether::timing();
            let dust = Amount::ZERO;
            policies.push((ChainId::eip155(*id), ChainPolicy { timing, dust }));
        }
        let maker = self.makes.map(|makes| MakerConfig {
            pairs: vec![Pair {
                gives: makes.gives,
                wants: makes.wants,
                maker: makes.maker,
                price: Arc::new(FixedPrice(makes.price)),
                spread: 0,
                least: makes.least,
                most: makes.most,
                inventory: makes.inventory,
            }],
            offer_secs: 600,
            quote_secs: 120,
        });
        let service = SwapService::new(SwapConfig {
            engine: self.engine,
            chains,
            seed: Seed::new(self.seed.to_vec()).unwrap(),
            policy: Policy {
                chains: policies.into_iter().collect(),
                restart_secs: 20,
                longest_secs: 7_200,
                cooperation: Cooperation {
                    wait_secs: 6,
                    script_path_secs: 30,
                },
            },
            maker,
            owner: self.name.to_owned(),
            clock: self.clock,
        });
        (service.unwrap(), lanes)
    }

    async fn coin_side(
        &self,
        network: &'static Network,
        endpoints: Vec<RpcEndpoint>,
    ) -> BitcoinSide {
        let chain = BitcoinChain::new(BitcoinConfig {
            network,
            agreement: endpoints.len() / 2 + 1,
            endpoints,
            confirmations: coins::CONFIRMATIONS,
            poll_interval: Duration::from_millis(50),
            limits: RpcLimits::default(),
        });
        let settings = BitcoinSettings {
            addresses: coins::ADDRESSES,
            form: self.ground.form,
            ..BitcoinSettings::new(coins::timing())
        };
        let side = BitcoinSide::open(chain.unwrap(), &self.seed, self.engine.clone(), settings);
        side.await.unwrap()
    }

    async fn ether_side(
        &self,
        id: u64,
        endpoints: Vec<Url>,
        contract: Address,
    ) -> (EvmSide, Arc<SharedLane>) {
        let chain = ether::connect(id, endpoints).await;
        let key = dev_key(self.account);
        let lane = SharedLane::open(
            chain.clone(),
            key.clone(),
            self.engine.clone(),
            self.name.to_owned(),
            EvmSettings::lane(),
        );
        let lane = Arc::new(lane.await.unwrap());
        let settings = EvmSettings {
            patience: Duration::from_secs(3),
            ..EvmSettings::default()
        };
        let side = EvmSide::open(chain, contract, lane.clone(), Arc::new(key), settings);
        (side.await.unwrap(), lane)
    }
}

fn part(chain: Arc<dyn SwapChain>, spans: causeway_swap_service::Spans) -> ChainPart {
    ChainPart {
        chain,
        spans,
        block_time: AGAIN,
    }
}
