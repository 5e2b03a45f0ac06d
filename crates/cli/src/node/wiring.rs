//! From the configuration to running services.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::Address;
use causeway_alerts::{Alerts, Patience, Webhook};
use causeway_attestor::{AttestedClient, Attestor};
use causeway_engine::UnixMillis;
use causeway_evm::{EvmChain, LaneConfig};
use causeway_ibc::{Committee, Domain};
use causeway_ibc_evm::{EvmHost, EvmSource, SharedLane, client_view};
use causeway_oneshot::OneShot;
use causeway_relayer::{
    ClientEnd, ClientView, Committees, Host, Relayer, RelayerConfig, Route, Routes,
};
use causeway_types::ChainId;
use futures::future::try_join_all;
use tracing::warn;
use url::Url;

use super::{
    Node, clients::ClientBook, conditions::Limits, guard::check_keys, probe::AttestorProbe,
    swaps::SwapDesk,
};
use crate::{
    amount::parse_amount,
    config::{AttestorConfig, ChainConfig, Config, LoadedConfig, PasswordSource, RouteEnd, Store},
    failure::Failure,
    keys::{NewPassword, NodeSigner, open_signer, read_password},
    network::{attestor_clients, client_end, connect, router},
    one_shot,
    store::open_store,
    swaps,
};

/// An attestor waits about two seconds for a height to become final before it answers.
const ATTESTOR_PATIENCE: Duration = Duration::from_secs(5);

/// Where the relayer keeps evidence against attestors, beside the configuration.
const EVIDENCE: &str = "evidence";

impl Node {
    /// Opens the keys, the store and the chains, in this order: what is cheap to check comes first.
    pub(crate) async fn open(loaded: &LoadedConfig) -> Result<Self, Failure> {
        let config = loaded.config.clone();
        check_work(&config)?;
        let open = async |key, field| open_signer(key, field, |path| loaded.resolve(path)).await;
        let mut relayer_keys = None;
        if let Some(part) = &config.relayer {
            let mut keys = vec![open(&part.key, "relayer.key").await?];
            for key in &part.more_keys {
                keys.push(open(key, "relayer.more_keys").await?);
            }
            relayer_keys = Some(distinct(keys)?);
        }
        let attestor_key = match &config.attestor {
            Some(part) => Some(open(&part.key, "attestor.key").await?),
            None => None,
        };
        let monitor_key = config.monitor.as_ref().and_then(|part| part.key.as_ref());
        let monitor_key = match monitor_key {
            Some(key) => Some(open(key, "monitor.key").await?),
            None => None,
        };
        for key in relayer_keys.iter().flatten() {
            check_keys(Some(key), monitor_key.as_ref())?;
        }
        if let Some(key) = config.swaps.as_ref().and_then(|part| part.key.as_ref()) {
            let swaps = open(key, "swaps.key").await?;
            let others = relayer_keys.iter().flatten().chain(&monitor_key);
            check_swap_key(&swaps, others)?;
        }
        let engine = open_store(&loaded.store()).await?;
        let used: Vec<&ChainConfig> = config
            .chains
            .iter()
            .filter(|chain| routed(&config, &chain.id))
            .collect();
        let connected = try_join_all(used.iter().map(|chain| connect(&config, chain))).await?;
        let chains = connected
            .into_iter()
            .map(|chain| (chain.id().clone(), chain))
            .collect();
        let mut node = Self {
            started: Instant::now(),
            alerts: alerts(loaded, &engine)?,
            engine,
            chains,
            clients: ClientBook::default(),
            relayer: None,
            attestor: None,
            monitor: None,
            swaps: None,
            limits: limits(&config),
            signers: signers(
                relayer_keys.as_deref().unwrap_or_default(),
                monitor_key.as_ref(),
            ),
            probe: AttestorProbe::new(&[])?,
            config,
        };
        node.clients = ClientBook::new(node.read_clients().await?);
        if let (Some(part), Some(key)) = (node.config.attestor.clone(), attestor_key) {
            node.attestor = Some(Arc::new(node.wire_attestor(&part, key)?));
        }
        if let (Some(part), Some(keys)) = (node.config.relayer.clone(), relayer_keys) {
            node.probe = AttestorProbe::new(&part.attestors)?;
            let evidence = loaded.resolve(Path::new(EVIDENCE));
            node.relayer = Some(Arc::new(node.wire_relayer(&part, &keys, evidence).await?));
        }
        if node.config.swaps.is_some() {
            let owner = node.replica(None);
            let opened = swaps::open(loaded, &node.engine, owner).await?;
            let desk = SwapDesk::new(Arc::new(opened.service), &opened.assets).await?;
            node.swaps = Some(desk);
        }
        if let Some(part) = node.config.monitor.clone() {
            node.monitor = Some(Arc::new(node.wire_monitor(&part, monitor_key).await?));
        }
        Ok(node)
    }

    /// One-shot relaying over the node's own chains, by these attestors or by the relayer's.
    pub(crate) fn one_shot(&self, attestors: Option<&[Url]>) -> Result<OneShot, Failure> {
        let places = self.chains.iter().map(|(id, chain)| {
            let (config, _) = self.chain_config(id)?;
            one_shot::place(config, chain.clone())
        });
        let places = places.collect::<Result<_, _>>()?;
        let configured = self.config.relayer.as_ref();
        let configured = configured.map(|relayer| relayer.attestors.as_slice());
        let attestors = attestors.or(configured).unwrap_or_default();
        let committees = Committees::new(attestor_clients(attestors, ATTESTOR_PATIENCE)?);
        one_shot::make(&self.config, places, committees)
    }

    pub(super) fn chain_config(&self, chain: &ChainId) -> Result<(&ChainConfig, Address), Failure> {
        let config = self.config.chains.iter().find(|config| &config.id == chain);
        let config =
            config.ok_or_else(|| Failure::failed("chain", format!("{chain} is not configured")))?;
        Ok((config, router(config)?))
    }

    pub(super) fn chain(&self, chain: &ChainId) -> Result<&EvmChain, Failure> {
        let found = self.chains.get(chain);
        found.ok_or_else(|| Failure::failed("chain", format!("{chain} is not connected")))
    }

    /// Every end of every route, with the other end.
    pub(super) fn route_ends(&self) -> impl Iterator<Item = (&RouteEnd, &RouteEnd)> {
        self.config
            .routes
            .iter()
            .flat_map(|route| [(&route.a, &route.b), (&route.b, &route.a)])
    }

    async fn read_clients(&self) -> Result<BTreeMap<ClientEnd, ClientView>, Failure> {
        let read = async |end: &RouteEnd| {
            let (_, router) = self.chain_config(&end.chain)?;
            let provider = self.chain(&end.chain)?.provider();
            let view = client_view(&provider, router, &end.client)
                .await
                .map_err(|error| {
                    Failure::failed("client", error)
                        .at(format!("{} on {}", end.client, end.chain))
                        .remedy("correct the route, or deploy the client with `causeway deploy`")
                })?;
            if !self.config.dev {
                check_committee(end, &view.committee)?;
            }
            Ok::<_, Failure>((client_end(end), view))
        };
        Ok(try_join_all(self.route_ends().map(|(end, _)| read(end)))
            .await?
            .into_iter()
            .collect())
    }

    fn wire_attestor(&self, part: &AttestorConfig, key: NodeSigner) -> Result<Attestor, Failure> {
        let mut attested = Vec::new();
        for (end, other) in self.route_ends() {
            let wanted = part.clients.as_ref();
            if wanted.is_some_and(|clients| !clients.iter().any(|c| c == end.client.as_str())) {
                continue;
            }
            let (_, router_on_host) = self.chain_config(&end.chain)?;
            let (_, router_on_source) = self.chain_config(&other.chain)?;
            // Computed here and only compared with the chain: an endpoint that lies about the
            // domain could otherwise have signatures made that are valid on another client.
            let number = end.chain.eip155_id().unwrap_or_default();
            let domain = Domain::of_client(number, router_on_host, &end.client);
            if let Some(view) = self.clients.get(&client_end(end)) {
                check_client(end, &view, domain, key.address())?;
            }
            attested.push(AttestedClient {
                host_chain: end.chain.clone(),
                client: end.client.clone(),
                source: Arc::new(EvmSource::new(
                    self.chain(&other.chain)?.clone(),
                    router_on_source,
                )),
                domain,
            });
        }
        Attestor::new(Arc::new(key), attested, self.engine.clone())
            .map_err(|error| Failure::usage("routes", error, "list each client once"))
    }

    /// What this process is called among those that share the store.
    pub(super) fn replica(&self, name: Option<&str>) -> String {
        match (name, Store::parse(&self.config.store)) {
            (Some(name), _) => name.to_owned(),
            (None, Ok(Store::Server(_))) => unique_name(),
            // A file is one node's, which finds its own work again at once.
            (None, _) => RelayerConfig::default().owner,
        }
    }

    async fn wire_relayer(
        &self,
        part: &crate::config::RelayerConfig,
        keys: &[NodeSigner],
        evidence: PathBuf,
    ) -> Result<Relayer, Failure> {
        let replica = self.replica(part.replica.as_deref());
        let mut hosts: Vec<Arc<dyn Host>> = Vec::new();
        for (id, chain) in &self.chains {
            let (config, router) = self.chain_config(id)?;
            let lanes = keys.iter().map(|key| {
                SharedLane::open(
                    chain.clone(),
                    key.clone(),
                    self.engine.clone(),
                    replica.clone(),
                    LaneConfig::default(),
                )
            });
            let lanes = try_join_all(lanes).await.map_err(|error| {
                Failure::failed("lane", error).at("relayer.key").remedy(
                    "let this node alone send with its keys, and keep its store with its chain",
                )
            })?;
            let mut lanes = lanes.into_iter();
            let first = lanes.next().ok_or_else(no_key)?;
            let host = EvmHost::new(chain.clone(), router, config.start_height, first);
            hosts.push(Arc::new(lanes.fold(host, EvmHost::with_lane)));
        }
        let routes = self.config.routes.iter().map(|route| Route {
            a: client_end(&route.a),
            b: client_end(&route.b),
        });
        let routes = Routes::new(hosts, routes.collect())
            .map_err(|error| Failure::usage("routes", error, "list each client once"))?;
        let attestors = attestor_clients(&part.attestors, ATTESTOR_PATIENCE)?;
        let committees = Committees::new(attestors).sparing();
        let config = RelayerConfig {
            batch: part.batch,
            overdue_after: part.overdue_after,
            evidence: Some(evidence),
            owner: replica,
            ..RelayerConfig::default()
        };
        Ok(Relayer::new(
            self.engine.clone(),
            routes,
            committees,
            config,
        ))
    }
}

/// Where alerts are kept and told.
fn alerts(loaded: &LoadedConfig, engine: &causeway_engine::Engine) -> Result<Alerts, Failure> {
    let part = &loaded.config.alerts;
    let source = match (&part.secret_env, &part.secret_file) {
        (Some(variable), _) => Some(PasswordSource::Env(variable.clone())),
        (None, Some(path)) => Some(PasswordSource::File(loaded.resolve(path))),
        (None, None) => None,
    };
    let secret = source.map(|source| read_password(&source, NewPassword::No));
    let secret = secret.transpose()?;
    let webhook = part.webhook.clone().map(|url| Webhook {
        url,
        secret,
        per_minute: part.per_minute,
    });
    let patience = Patience {
        repeat: part.repeat,
        quiet: part.quiet,
    };
    Ok(Alerts::new(engine.clone(), patience, webhook, "alerts"))
}

/// The amount was checked when the file was read.
fn limits(config: &Config) -> Limits {
    let part = &config.alerts;
    Limits {
        low_balance: parse_amount(&part.low_balance, 18).unwrap_or_default(),
        stuck_after: part.stuck_after,
        stalled_after: part.stalled_after,
    }
}

fn signers(relayer: &[NodeSigner], monitor: Option<&NodeSigner>) -> Vec<(&'static str, Address)> {
    let relayer = relayer.iter().map(|key| ("relayer", key.address()));
    let monitor = monitor.map(|key| ("monitor", key.address()));
    relayer.chain(monitor).collect()
}

/// Two lanes of one key would give every nonce out twice.
fn distinct(keys: Vec<NodeSigner>) -> Result<Vec<NodeSigner>, Failure> {
    let mut seen = BTreeSet::new();
    match keys.iter().find(|key| !seen.insert(key.address())) {
        None => Ok(keys),
        Some(key) => Err(Failure::usage(
            "relayer",
            format!("the key of {} is given twice", key.address()),
            "name each key once in relayer.key and relayer.more_keys",
        )),
    }
}

/// A key has one lane, and a lane one owner.
fn check_swap_key<'a>(
    swaps: &NodeSigner,
    others: impl IntoIterator<Item = &'a NodeSigner>,
) -> Result<(), Failure> {
    let mut others = others.into_iter();
    if others.all(|other| other.address() != swaps.address()) {
        return Ok(());
    }
    Err(Failure::usage(
        "swaps.key",
        format!(
            "the key of {} also does other work of this node",
            swaps.address()
        ),
        "give swaps a key of their own",
    ))
}

fn no_key() -> Failure {
    Failure::usage("relayer", "no key is given", "set relayer.key")
}

/// `causeway deploy` makes no weak committee, but a route may name a client that others made.
fn check_committee(end: &RouteEnd, committee: &Committee) -> Result<(), Failure> {
    let (m, n) = (committee.threshold(), committee.members().len());
    if committee.is_strong() {
        return Ok(());
    }
    let least = Committee::least_threshold(n);
    let message = format!("{m} of {n} attestors are enough for it: a few could sign anything");
    Err(Failure::failed("committee", message)
        .at(format!("{} on {}", end.client, end.chain))
        .remedy(format!(
            "migrate the client to one that asks for {least} or more, or set dev = true for a local network"
        )))
}

fn check_client(
    end: &RouteEnd,
    view: &ClientView,
    domain: Domain,
    attestor: Address,
) -> Result<(), Failure> {
    if view.domain != domain {
        let message = format!(
            "{} on {} is bound to another domain than its own",
            end.client, end.chain
        );
        return Err(Failure::failed("domain", message)
            .at("attestor.clients")
            .remedy("check the router's address; a client without a domain is not attested"));
    }
    if !view.committee.members().contains(&attestor) {
        warn!(client = %end.client, chain = %end.chain, %attestor, "not in the client's committee: its signatures will not count");
    }
    Ok(())
}

fn routed(config: &Config, chain: &ChainId) -> bool {
    config
        .routes
        .iter()
        .any(|route| &route.a.chain == chain || &route.b.chain == chain)
}

fn check_work(config: &Config) -> Result<(), Failure> {
    let parts = [
        config.relayer.is_some(),
        config.attestor.is_some(),
        config.monitor.is_some(),
        config.grpc.is_some(),
    ];
    if config.swaps.is_some() && !parts.contains(&true) {
        return Ok(());
    }
    if !parts.contains(&true) {
        let message = "there is no [relayer], no [attestor], no [monitor], no [grpc] and no [swaps]: nothing to run";
        return Err(Failure::usage(
            "relayer",
            message,
            "add one of these parts, or several",
        ));
    }
    if config.routes.is_empty() {
        let message = "there is no route to serve";
        return Err(Failure::usage(
            "routes",
            message,
            "connect two chains with `causeway deploy`",
        ));
    }
    Ok(())
}

/// A name that no other process has.
fn unique_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let start: u64 = UnixMillis::now().as_millis().unsigned_abs();
    format!("{}-{}-{start:x}", host.trim(), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_a_few_attestors_command_is_not_served() {
        let end = RouteEnd {
            chain: ChainId::eip155(1),
            client: "client-0".parse().unwrap(),
        };
        for (m, n, served) in [
            (1, 1, false),
            (1, 2, false),
            (2, 2, true),
            (2, 3, true),
            (2, 4, false),
            (3, 5, true),
        ] {
            let members = (1..=n).map(Address::repeat_byte).collect();
            let outcome = check_committee(&end, &Committee::new(members, m).unwrap());
            assert_eq!(outcome.is_ok(), served, "{m} of {n}");
            if let Err(failure) = outcome {
                let text = failure.to_string();
                assert!(text.contains("client-0 on eip155:1"), "{text}");
                assert!(text.contains("dev = true"), "{text}");
            }
        }
    }
}
