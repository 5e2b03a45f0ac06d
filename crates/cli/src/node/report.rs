//! How a node finds out what to say of itself.

use std::time::Duration;

use causeway_api::model::{
    Alert, AttestorReport, Chain, ChainKind, Endpoint, LightClient, MonitorReport, NodeStatus,
    Route,
};
use causeway_evm::EvmChain;
use causeway_relayer::{ChainStatus, ClientEnd, Overdue, RelayerStatus};
use futures::future::join_all;

use super::{Node, status::ends, swaps::problems as swap_problems};
use crate::{config::RouteEnd, failure::Failure, redact::redact_urls};

/// Whoever asks for the status waits this long for a chain that does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

impl Node {
    /// The node at this moment.
    pub(crate) async fn status(&self) -> Result<NodeStatus, Failure> {
        let relaying = match &self.relayer {
            Some(relayer) => relayer
                .status()
                .await
                .map_err(|error| Failure::failed("store", error))?,
            None => RelayerStatus::default(),
        };
        let attestors = self.probe.reports().await;
        let swaps = match &self.swaps {
            Some(swaps) => Some(swaps.report().await?),
            None => None,
        };
        let monitor = self.monitor.as_ref().map(|monitor| monitor.status().into());
        let chains = join_all(
            self.chains
                .values()
                .map(|c| self.chain_report(c, &relaying)),
        )
        .await;
        let routes: Vec<Route> = self
            .config
            .routes
            .iter()
            .map(|route| Route {
                id: format!("{}~{}", route.a.chain, route.a.client),
                clients: [&route.a, &route.b]
                    .into_iter()
                    .map(|end| self.client_report(end, &relaying, &attestors))
                    .collect(),
            })
            .collect();
        Ok(NodeStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: self.started.elapsed().as_secs(),
            relays: self.relayer.is_some(),
            attests_as: self
                .attestor
                .as_ref()
                .map(|a| a.address().to_checksum(None)),
            alarms: alarms(&routes, &relaying.contradictions),
            problems: guard_problems(monitor.as_ref())
                .into_iter()
                .chain(problems(&chains, &routes, &attestors))
                .chain(self.in_vain())
                .chain(relaying.overdue.iter().map(overdue))
                .chain(swaps.iter().flat_map(swap_problems))
                .collect(),
            alerts: self.firing().await?,
            monitor,
            chains,
            routes,
            attestors,
            packets: relaying.packets,
            swaps,
        })
    }

    async fn firing(&self) -> Result<Vec<Alert>, Failure> {
        let firing = self.alerts.firing().await;
        let firing = firing.map_err(|error| Failure::failed("store", error))?;
        Ok(firing.iter().map(Alert::from).collect())
    }

    async fn chain_report(&self, chain: &EvmChain, relaying: &RelayerStatus) -> Chain {
        let head = chain.watch_head().borrow().map(|block| block.height);
        let last = tokio::time::timeout(PATIENCE, chain.final_block()).await;
        let final_height = last.ok().and_then(Result::ok).map(|block| block.height);
        let config = self
            .config
            .chains
            .iter()
            .find(|config| &config.id == chain.id());
        let noted = relaying
            .chains
            .iter()
            .find(|status| &status.chain == chain.id());
        let endpoints = chain
            .endpoints_health()
            .into_iter()
            .map(|endpoint| Endpoint {
                url: redact_urls(&endpoint.url),
                healthy: endpoint.healthy,
                head: endpoint.head.map(|block| block.height),
                latency_ms: endpoint
                    .latency
                    .and_then(|l| u64::try_from(l.as_millis()).ok()),
                problem: endpoint
                    .last_error
                    .filter(|_| !endpoint.healthy)
                    .map(|e| redact_urls(&e)),
            });
        Chain {
            id: chain.id().clone(),
            name: config.and_then(|config| config.name.clone()),
            kind: ChainKind::Evm,
            head,
            final_height,
            lag: head
                .zip(final_height)
                .map(|(head, last)| head.saturating_sub(last)),
            finality: config
                .map(|config| config.finality.to_string())
                .unwrap_or_default(),
            agreement: chain.config().agreement,
            endpoints: endpoints.collect(),
            router: config
                .and_then(|config| config.router)
                .map(|router| router.to_checksum(None)),
            contradiction: noted
                .and_then(|noted| noted.contradiction.as_deref())
                .map(redact_urls),
            problem: noted
                .and_then(chain_problem)
                .or_else(|| chain.disagreement().map(|said| redact_urls(&said))),
        }
    }

    fn client_report(
        &self,
        end: &RouteEnd,
        relaying: &RelayerStatus,
        attestors: &[AttestorReport],
    ) -> LightClient {
        let end = ClientEnd {
            chain: end.chain.clone(),
            client: end.client.clone(),
        };
        let view = self.clients.get(&end);
        let members: Vec<String> = view
            .iter()
            .flat_map(|view| view.committee.members())
            .map(|member| member.to_checksum(None))
            .collect();
        let threshold = view.as_ref().map_or(0, |view| view.committee.threshold());
        let frozen = view.as_ref().is_some_and(|view| view.frozen);
        let set_number = view.as_ref().map_or(0, |view| view.set_number);
        // An attestor counts if it is one of the client's and says that it signs for it.
        let name = format!("{} on {}", end.client, end.chain);
        let answers = |member: &&String| {
            attestors.iter().any(|attestor| {
                attestor.address.as_ref() == Some(*member) && attestor.clients.contains(&name)
            })
        };
        let reachable = self
            .relayer
            .is_some()
            .then(|| members.iter().filter(answers).count());
        let lane = relaying
            .routes
            .iter()
            .flat_map(|route| &route.lanes)
            .find(|lane| lane.client == end);
        let n = members.len();
        LightClient {
            kind: format!("{threshold}-of-{n} attestation"),
            trust: format!(
                "fewer than {threshold} of {n} signers lie together, and the other chain's finality holds"
            ),
            chain: end.chain,
            client: end.client.to_string(),
            threshold,
            members,
            set_number,
            frozen,
            reachable,
            waiting: lane.map_or(0, |lane| lane.waiting),
            problem: lane
                .and_then(|lane| lane.problem.as_deref())
                .map(redact_urls),
        }
    }
}

impl Node {
    /// What this node attests for nothing.
    fn in_vain(&self) -> Vec<String> {
        let clients = self.attests_in_vain().into_iter();
        clients
            .map(|end| format!("{} on {}: this attestor is not one of the client's: its signatures do not count", end.client, end.chain))
            .collect()
    }
}

/// What may mean that money is being stolen: it is told before everything else.
fn alarms(routes: &[Route], contradictions: &[String]) -> Vec<String> {
    let clients = routes.iter().flat_map(|route| &route.clients);
    let frozen = clients.filter(|client| client.frozen).map(|client| {
        format!(
            "{} on {} is frozen: its attestors contradicted themselves; nothing arrives over it until it is migrated to a new client",
            client.client, client.chain
        )
    });
    let contradictions = contradictions.iter().map(|said| {
        format!("{said}; the evidence is kept, find out whose key it is and replace it")
    });
    frozen.chain(contradictions).collect()
}

/// What is wrong with a chain as the relayer sees it. A contradiction comes first: it passes by
/// itself no more than the money does that may have been lost by it.
fn chain_problem(noted: &ChainStatus) -> Option<String> {
    let alarm = noted.contradiction.as_ref().map(|said| {
        let times = noted.contradictions;
        format!("ALARM, contradicted what is known {times} times, look at once; the last: {said}")
    });
    alarm
        .or_else(|| noted.problem.clone())
        .map(|problem| redact_urls(&problem))
}

/// Packets that should have ended by now, for people.
fn overdue(overdue: &Overdue) -> String {
    let Overdue {
        client,
        waits_for,
        packets,
        first,
    } = overdue;
    format!(
        "{client}: {packets} packets, the first of them {first}, wait for {waits_for} for too long; \
         see `causeway packets list --open`"
    )
}

/// What the monitor found, a broken route first.
fn guard_problems(monitor: Option<&MonitorReport>) -> Vec<String> {
    let routes = || monitor.iter().flat_map(|monitor| &monitor.routes);
    let broken = routes().flat_map(|route| {
        let ends = ends(route);
        let tell = move |reason| format!("ROUTE BROKEN between {ends}: {reason}");
        route.incident.iter().map(tell)
    });
    let frozen = routes().flat_map(|route| &route.frozen);
    let frozen =
        frozen.map(|client| format!("{client} is frozen: its attestors contradicted themselves"));
    let paused = routes().flat_map(|route| &route.paused);
    let paused = paused.map(|contract| format!("{contract} is paused"));
    let plain = routes().flat_map(|route| {
        let lists = route.warnings.iter().chain(&route.outflows);
        lists
            .chain(&route.pause_problem)
            .chain(&route.blind)
            .map(|problem| redact_urls(problem))
    });
    broken.chain(frozen).chain(paused).chain(plain).collect()
}

fn problems(chains: &[Chain], routes: &[Route], attestors: &[AttestorReport]) -> Vec<String> {
    let mut found = Vec::new();
    for chain in chains {
        let healthy = chain
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.healthy)
            .count();
        if healthy == 0 {
            found.push(format!("{}: no endpoint answers", chain.id));
        } else if healthy < chain.agreement {
            let need = chain.agreement;
            found.push(format!(
                "{}: {healthy} endpoints answer, {need} must agree to sign",
                chain.id
            ));
        }
        found.extend(
            chain
                .problem
                .iter()
                .map(|problem| format!("{}: {problem}", chain.id)),
        );
    }
    for client in routes.iter().flat_map(|route| &route.clients) {
        let name = format!("{} on {}", client.client, client.chain);
        if let Some(reachable) = client
            .reachable
            .filter(|r| *r < usize::from(client.threshold))
        {
            let (n, m) = (client.members.len(), client.threshold);
            found.push(format!(
                "{name}: {reachable} of {n} attestors answer, {m} must sign: nothing moves"
            ));
        }
        found.extend(
            client
                .problem
                .iter()
                .map(|problem| format!("{name}: {problem}")),
        );
    }
    let silent = attestors
        .iter()
        .filter_map(|a| a.problem.as_ref().map(|p| (&a.url, p)));
    found.extend(silent.map(|(url, problem)| format!("attestor {url}: {problem}")));
    found
}

#[cfg(test)]
mod tests {
    use super::{super::status::Shown, *};

    fn client(reachable: usize) -> Route {
        Route {
            id: "eip155:1~attest-2-on-1".to_owned(),
            clients: vec![LightClient {
                chain: causeway_types::ChainId::eip155(1),
                client: "attest-2-on-1".to_owned(),
                kind: "2-of-3 attestation".to_owned(),
                trust: String::new(),
                threshold: 2,
                members: vec![String::new(); 3],
                set_number: 1,
                frozen: false,
                reachable: Some(reachable),
                waiting: 4,
                problem: None,
            }],
        }
    }

    #[test]
    fn one_attestor_below_the_threshold_is_told_as_the_reason() {
        assert_eq!(problems(&[], &[client(2)], &[]), Vec::<String>::new());
        let found = problems(&[], &[client(1)], &[]);
        assert!(
            found[0].contains("1 of 3 attestors answer, 2 must sign"),
            "{found:?}"
        );
    }

    #[test]
    fn a_frozen_client_and_attestors_that_contradict_themselves_are_alarms() {
        assert_eq!(alarms(&[client(3)], &[]), Vec::<String>::new());
        let mut frozen = client(3);
        frozen.clients[0].frozen = true;
        let told = alarms(&[frozen], &["0x01 signed two different things".to_owned()]);
        assert!(
            told[0].contains("attest-2-on-1 on eip155:1 is frozen"),
            "{told:?}"
        );
        assert!(told[1].contains("two different things"), "{told:?}");
    }

    #[test]
    fn a_contradiction_is_the_first_thing_told_of_a_chain() {
        let mut noted = ChainStatus {
            chain: causeway_types::ChainId::eip155(1),
            head: None,
            final_block: None,
            problem: Some("no endpoint answers".to_owned()),
            contradictions: 0,
            contradiction: None,
        };
        assert_eq!(
            chain_problem(&noted).as_deref(),
            Some("no endpoint answers")
        );
        (noted.contradictions, noted.contradiction) = (2, Some("received and refunded".to_owned()));
        let told = chain_problem(&noted).unwrap();
        assert!(
            told.starts_with("ALARM") && told.contains("received and refunded"),
            "{told}"
        );
    }

    #[test]
    fn a_status_is_written_and_read_the_same() {
        let status = NodeStatus {
            version: "1".to_owned(),
            uptime_seconds: 61,
            relays: true,
            attests_as: None,
            chains: vec![],
            routes: vec![client(1)],
            attestors: vec![],
            alerts: vec![],
            monitor: None,
            packets: [("final".to_owned(), 2)].into(),
            swaps: None,
            alarms: vec!["man overboard".to_owned()],
            problems: vec!["no wind".to_owned()],
        };
        let json = serde_json::to_string(&status).unwrap();
        let read: NodeStatus = serde_json::from_str(&json).unwrap();
        assert_eq!(read, status);
        let text = Shown(&read).to_string();
        for word in [
            "up 1m 1s",
            "2 final",
            "1 of 3 attestors answer",
            "no wind",
            "ALARM      man overboard",
            "4 waiting",
        ] {
            assert!(text.contains(word), "{word} is not in {text}");
        }
    }
}
