use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use causeway_types::ChainId;
use tracing::{debug, warn};

use crate::{BitcoinError, Network, RpcClient, RpcEndpoint, RpcError, RpcLimits};

/// A chain of the Bitcoin family, and how to reach it.
#[derive(Clone, Debug)]
pub struct BitcoinConfig {
    /// Which chain it is.
    pub network: &'static Network,
    /// Its nodes, best ones of one's own.
    pub endpoints: Vec<RpcEndpoint>,
    /// How many endpoints have to say the same before it is believed.
    pub agreement: usize,
    /// From how many confirmations on a block is final; 1 is the newest block itself.
    pub confirmations: u64,
    /// How often to look for a new block.
    pub poll_interval: Duration,
    /// How much an endpoint may cost us.
    pub limits: RpcLimits,
}

/// A chain through its endpoints. Cheap to clone.
#[derive(Clone, Debug)]
pub struct BitcoinChain(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: BitcoinConfig,
    id: ChainId,
    nodes: Vec<RpcClient>,
    /// Which of the nodes is asked where one is enough.
    current: AtomicUsize,
}

impl BitcoinChain {
    /// The chain of this configuration. Nothing is asked yet.
    ///
    /// # Errors
    /// When the configuration cannot work.
    pub fn new(config: BitcoinConfig) -> Result<Self, BitcoinError> {
        let id = config.network.chain_id();
        let wrong = |field, reason: String| {
            let chain = id.clone();
            Err(BitcoinError::Config {
                chain,
                field,
                reason,
            })
        };
        let count = config.endpoints.len();
        if count == 0 {
            return wrong("endpoints", "give at least one".to_owned());
        }
        if !(1..=count).contains(&config.agreement) {
            let got = config.agreement;
            return wrong(
                "agreement",
                format!("{got} of {count} endpoints cannot agree"),
            );
        }
        if config.confirmations == 0 {
            return wrong(
                "confirmations",
                "give at least 1, the newest block itself".to_owned(),
            );
        }
        let mut nodes = Vec::with_capacity(count);
        for endpoint in &config.endpoints {
            nodes.push(RpcClient::new(
                endpoint.clone(),
                config.network,
                config.limits,
            )?);
        }
        Ok(Self(Arc::new(Inner {
            config,
            id,
            nodes,
            current: AtomicUsize::new(0),
        })))
    }

    /// Its CAIP-2 id.
    pub fn id(&self) -> &ChainId {
        &self.0.id
    }

    /// What is particular about it.
    pub fn network(&self) -> &'static Network {
        self.0.config.network
    }

    /// How many endpoints it has.
    pub fn endpoints(&self) -> usize {
        self.0.nodes.len()
    }

    /// How many of them have to say the same before it is believed.
    pub fn agreement(&self) -> usize {
        self.0.config.agreement
    }

    /// From how many confirmations on a block is final.
    pub fn confirmations(&self) -> u64 {
        self.0.config.confirmations
    }

    /// How often to look for a new block.
    pub fn poll_interval(&self) -> Duration {
        self.0.config.poll_interval
    }

    pub(crate) fn config(&self) -> &BitcoinConfig {
        &self.0.config
    }

    pub(crate) fn nodes(&self) -> &[RpcClient] {
        &self.0.nodes
    }

    /// All nodes with their numbers, the one in use first.
    pub(crate) fn nodes_in_turn(&self) -> impl Iterator<Item = (usize, &RpcClient)> {
        let nodes = self.0.nodes.iter().enumerate();
        let first = self.0.current.load(Ordering::Relaxed) % self.0.nodes.len();
        nodes.clone().skip(first).chain(nodes.take(first))
    }

    /// Asks this node first from now on.
    pub(crate) fn prefer(&self, number: usize) {
        self.0.current.store(number, Ordering::Relaxed);
    }

    /// What one endpoint says, whichever answers. For reads where a wrong answer costs time and nothing
    /// else; the endpoint that answered is asked first the next time.
    ///
    /// # Errors
    /// What the last endpoint said, when none has an answer.
    pub async fn any<R, Asking>(&self, ask: impl Fn(RpcClient) -> Asking) -> Result<R, RpcError>
    where
        Asking: Future<Output = Result<R, RpcError>>,
    {
        let mut nodes = self.nodes_in_turn().peekable();
        loop {
            // There is at least one node, so that the last one has returned before the end.
            let (number, node) = nodes.next().unwrap_or((0, &self.0.nodes[0]));
            match ask(node.clone()).await {
                Ok(answer) => {
                    self.prefer(number);
                    return Ok(answer);
                }
                Err(error) if nodes.peek().is_none() => return Err(error),
                Err(error) => debug!(chain = %self.0.id, %error, "trying another endpoint"),
            }
        }
    }

    /// Asks another endpoint first from now on.
    pub(crate) fn distrust_current(&self, reason: &str) {
        let current = self.0.current.fetch_add(1, Ordering::Relaxed);
        let endpoint = self.0.nodes[current % self.0.nodes.len()].label();
        warn!(chain = %self.0.id, endpoint, reason, "endpoint was outvoted");
        let (chain, endpoint) = (self.0.id.to_string(), endpoint.to_owned());
        metrics::counter!("causeway_endpoint_wrong_answers_total",
            "chain" => chain, "endpoint" => endpoint)
        .increment(1);
    }
}
