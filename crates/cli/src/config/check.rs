//! The rules that hold between the parts of a configuration.

use std::{collections::BTreeMap, time::Duration};

use tracing_subscriber::EnvFilter;
use url::Url;

use super::{
    ApiConfig, AttestorConfig, ChainConfig, Config, ConfigError, FinalityConfig, GrpcConfig,
    MonitorConfig, Problem, RelayerConfig, Store, host::host_of,
};
use crate::{
    amount::parse_amount,
    redact::{redact_url, redact_urls},
};

const POLL_INTERVALS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(50)..=Duration::from_mins(1);
const BATCHES: std::ops::RangeInclusive<usize> = 1..=200;
const CONCURRENT: std::ops::RangeInclusive<usize> = 1..=1024;

impl Config {
    /// Everything that is wrong, in the order of the file; empty when the configuration is sound.
    pub(super) fn problems(&self) -> Vec<ConfigError> {
        let mut found = Vec::new();
        let mut refuse = |field: String, problem| found.push(ConfigError::new(field, problem));
        if let Err(reason) = Store::parse(&self.store) {
            let given = redact_urls(&self.store);
            refuse("store".to_owned(), Problem::BadStore { given, reason });
        }
        if let Err(error) = EnvFilter::try_new(&self.log.level) {
            let given = self.log.level.clone();
            refuse(
                "log.level".to_owned(),
                Problem::BadLogLevel {
                    given,
                    reason: error.to_string(),
                },
            );
        }
        if self.chains.is_empty() {
            refuse("chains".to_owned(), Problem::NoChains);
        }
        for (index, chain) in self.chains.iter().enumerate() {
            self.check_identity(index, chain, &mut refuse);
            self.check_trust(index, chain, &mut refuse);
        }
        self.check_routes(&mut refuse);
        if let Some(relayer) = &self.relayer {
            self.check_relayer(relayer, &mut refuse);
        }
        if let Some(attestor) = &self.attestor {
            self.check_attestor(attestor, &mut refuse);
        }
        if let Some(monitor) = &self.monitor {
            self.check_monitor(monitor, &mut refuse);
        }
        if let Some(swaps) = &self.swaps {
            self.check_swaps(swaps, &mut refuse);
        }
        self.check_alerts(&mut refuse);
        if let Some(grpc) = &self.grpc {
            self.check_grpc(grpc, &mut refuse);
        }
        if let Some(api) = &self.api {
            check_api(api, &mut refuse);
        }
        if let Some(telemetry) = &self.telemetry {
            let collector = std::slice::from_ref(&telemetry.otlp);
            check_urls("telemetry.otlp", collector, &["http", "https"], &mut refuse);
        }
        found
    }

    fn check_identity(
        &self,
        index: usize,
        chain: &ChainConfig,
        refuse: &mut impl FnMut(String, Problem),
    ) {
        let at = |key| format!("chains[{index}].{key}");
        let id = &chain.id;
        if id.eip155_id().is_none() {
            let namespace = id.namespace().to_owned();
            refuse(
                at("id"),
                Problem::NoDriver {
                    id: id.clone(),
                    namespace,
                },
            );
        }
        let earlier = &self.chains[..index];
        if let Some(other) = earlier.iter().position(|c| c.id == *id) {
            refuse(
                at("id"),
                Problem::DuplicateChain {
                    id: id.clone(),
                    other,
                },
            );
        }
        let Some(name) = &chain.name else { return };
        let plain = |b: u8| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit();
        if !(1..=32).contains(&name.len()) || !name.bytes().all(plain) {
            refuse(at("name"), Problem::BadName(name.clone()));
        }
        if let Some(other) = earlier.iter().position(|c| c.name.as_ref() == Some(name)) {
            refuse(
                at("name"),
                Problem::DuplicateName {
                    name: name.clone(),
                    other,
                },
            );
        }
    }

    /// The rules that keep one lying endpoint, or one reorganisation, from minting anything.
    fn check_trust(
        &self,
        index: usize,
        chain: &ChainConfig,
        refuse: &mut impl FnMut(String, Problem),
    ) {
        let at = |key| format!("chains[{index}].{key}");
        let prefix = format!("chains[{index}]");
        self.check_endpoints(&prefix, &chain.endpoints, chain.agreement, refuse);
        if !self.dev && chain.finality == FinalityConfig::Depth(0) {
            refuse(at("finality"), Problem::NoFinality);
        }
        if !POLL_INTERVALS.contains(&chain.poll_interval) {
            let given = humantime::format_duration(chain.poll_interval).to_string();
            refuse(at("poll_interval"), Problem::PollInterval(given));
        }
    }

    fn check_routes(&self, refuse: &mut impl FnMut(String, Problem)) {
        let mut ends = BTreeMap::new();
        for (index, route) in self.routes.iter().enumerate() {
            if route.a.chain == route.b.chain {
                let problem = Problem::RouteToItself(route.a.chain.clone());
                refuse(format!("routes[{index}].b.chain"), problem);
            }
            for (side, end) in route.ends() {
                let at = |key| format!("routes[{index}].{side}.{key}");
                match self.chains.iter().position(|c| c.id == end.chain) {
                    None => {
                        let known = self.chains.iter().map(|c| c.id.to_string()).collect();
                        let chain = end.chain.clone();
                        refuse(at("chain"), Problem::UnknownChain { chain, known });
                    }
                    Some(chain) if self.chains[chain].router.is_none() => {
                        let problem = Problem::NoRouter(end.chain.clone());
                        refuse(format!("chains[{chain}].router"), problem);
                    }
                    Some(_) => {}
                }
                if let Some(other) = ends.insert((&end.chain, &end.client), index) {
                    let (chain, client) = (end.chain.clone(), end.client.to_string());
                    refuse(
                        at("client"),
                        Problem::DuplicateClient {
                            client,
                            chain,
                            other,
                        },
                    );
                }
            }
        }
    }

    fn check_relayer(&self, relayer: &RelayerConfig, refuse: &mut impl FnMut(String, Problem)) {
        let field = "relayer.attestors";
        check_urls(field, &relayer.attestors, &["http", "https"], refuse);
        if !self.dev {
            check_hosts(field, &relayer.attestors, refuse);
        }
        match relayer.attestors.len() {
            0 => refuse(field.to_owned(), Problem::NoAttestors),
            1 if !self.dev => refuse(field.to_owned(), Problem::SingleAttestor),
            _ => {}
        }
        let name = relayer.replica.as_deref();
        if name.is_some_and(|name| !is_replica_name(name)) {
            let given = name.unwrap_or_default().to_owned();
            refuse("relayer.replica".to_owned(), Problem::Replica(given));
        }
        if !BATCHES.contains(&relayer.batch) {
            refuse("relayer.batch".to_owned(), Problem::Batch(relayer.batch));
        }
    }

    fn check_grpc(&self, grpc: &GrpcConfig, refuse: &mut impl FnMut(String, Problem)) {
        let field = "grpc.attestors";
        match &grpc.attestors {
            Some(attestors) => {
                check_urls(field, attestors, &["http", "https"], refuse);
                if attestors.is_empty() {
                    refuse(field.to_owned(), Problem::NoAttestors);
                }
            }
            None if self.relayer.is_none() => refuse(field.to_owned(), Problem::NoAttestors),
            None => {}
        }
        if !CONCURRENT.contains(&grpc.concurrent) {
            let problem = Problem::Concurrent(grpc.concurrent);
            refuse("grpc.concurrent".to_owned(), problem);
        }
        if grpc.listen == self.listen {
            refuse("grpc.listen".to_owned(), Problem::ListenTwice(grpc.listen));
        }
    }

    fn check_attestor(&self, attestor: &AttestorConfig, refuse: &mut impl FnMut(String, Problem)) {
        let known: Vec<String> = self
            .routes
            .iter()
            .flat_map(|route| [route.a.client.to_string(), route.b.client.to_string()])
            .collect();
        for (index, client) in attestor.clients.iter().flatten().enumerate() {
            if !known.contains(client) {
                let (client, known) = (client.clone(), known.clone());
                let problem = Problem::UnknownClient { client, known };
                refuse(format!("attestor.clients[{index}]"), problem);
            }
        }
    }
}

fn is_replica_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

impl Config {
    /// A monitor that asks whom the relayer asks would believe the lies that it is there to find.
    fn check_monitor(&self, monitor: &MonitorConfig, refuse: &mut impl FnMut(String, Problem)) {
        for (index, chain) in monitor.chains.iter().enumerate() {
            let at = |key| format!("monitor.chains[{index}].{key}");
            let configured = self.chains.iter().find(|known| known.id == chain.id);
            if configured.is_none() {
                let known = self.chains.iter().map(|c| c.id.to_string()).collect();
                let chain = chain.id.clone();
                refuse(at("id"), Problem::UnknownChain { chain, known });
            }
            let earlier = &monitor.chains[..index];
            if let Some(other) = earlier.iter().position(|c| c.id == chain.id) {
                let id = chain.id.clone();
                refuse(at("id"), Problem::DuplicateChain { id, other });
            }
            let prefix = format!("monitor.chains[{index}]");
            self.check_endpoints(&prefix, &chain.endpoints, chain.agreement, refuse);
        }
        let shares = |chain: &&ChainConfig| monitor.chains.iter().all(|own| own.id != chain.id);
        let shared = self.chains.iter().find(shares);
        if let (false, Some(_), Some(chain)) = (self.dev, &self.relayer, shared) {
            let problem = Problem::SharedEndpoints(chain.id.clone());
            refuse("monitor.chains".to_owned(), problem);
        }
        for (index, token) in monitor.tokens.iter().flatten().enumerate() {
            if !self.chains.iter().any(|chain| chain.id == token.chain) {
                let known = self.chains.iter().map(|c| c.id.to_string()).collect();
                let chain = token.chain.clone();
                let at = format!("monitor.tokens[{index}].chain");
                refuse(at, Problem::UnknownChain { chain, known });
            }
        }
        if !(1..=100).contains(&monitor.outflow_percent) {
            let problem = Problem::OutflowPercent(monitor.outflow_percent);
            refuse("monitor.outflow_percent".to_owned(), problem);
        }
    }
}

impl Config {
    /// The rules that keep one lying endpoint from being believed.
    pub(super) fn check_endpoints(
        &self,
        prefix: &str,
        urls: &[Url],
        agreement: Option<usize>,
        refuse: &mut impl FnMut(String, Problem),
    ) {
        let at = |key| format!("{prefix}.{key}");
        let endpoints = urls.len();
        check_urls(
            &at("endpoints"),
            urls,
            &["ws", "wss", "http", "https"],
            refuse,
        );
        if !self.dev {
            check_hosts(&at("endpoints"), urls, refuse);
        }
        match (endpoints, agreement.unwrap_or(endpoints / 2 + 1)) {
            (0, _) => refuse(at("endpoints"), Problem::NoEndpoints),
            (1, _) if !self.dev => refuse(at("endpoints"), Problem::SingleEndpoint),
            (_, agreement) if agreement == 0 || agreement > endpoints => {
                refuse(
                    at("agreement"),
                    Problem::ImpossibleAgreement {
                        agreement,
                        endpoints,
                    },
                );
            }
            (_, agreement) if !self.dev && agreement * 2 <= endpoints => {
                refuse(
                    at("agreement"),
                    Problem::MinorityAgreement {
                        agreement,
                        endpoints,
                    },
                );
            }
            _ => {}
        }
    }

    fn check_alerts(&self, refuse: &mut impl FnMut(String, Problem)) {
        let alerts = &self.alerts;
        if let Some(url) = &alerts.webhook {
            let urls = std::slice::from_ref(url);
            check_urls("alerts.webhook", urls, &["http", "https"], refuse);
        }
        if alerts.secret_env.is_some() && alerts.secret_file.is_some() {
            refuse("alerts.secret_file".to_owned(), Problem::TwoSecrets);
        }
        if parse_amount(&alerts.low_balance, 18).is_err() {
            let problem = Problem::BadAmount(alerts.low_balance.clone());
            refuse("alerts.low_balance".to_owned(), problem);
        }
        if !(1..=1_000).contains(&alerts.per_minute) {
            let problem = Problem::PerMinute(alerts.per_minute);
            refuse("alerts.per_minute".to_owned(), problem);
        }
    }
}

fn check_api(api: &ApiConfig, refuse: &mut impl FnMut(String, Problem)) {
    check_urls("api.origins", &api.origins, &["http", "https"], refuse);
    if let Some(field) = api.zero() {
        refuse(format!("api.{field}"), Problem::Nothing);
    }
}

/// Two keys at one provider, or two ports of one machine, lie and fail together; so do attestors.
fn check_hosts(field: &str, urls: &[Url], refuse: &mut impl FnMut(String, Problem)) {
    for (index, url) in urls.iter().enumerate() {
        let earlier = &urls[..index];
        // The very same URL is refused as such.
        let host = host_of(url);
        if !earlier.contains(url) && earlier.iter().any(|other| host_of(other) == host) {
            let problem = Problem::SharedHost(redact_url(url));
            refuse(format!("{field}[{index}]"), problem);
        }
    }
}

fn check_urls(
    field: &str,
    urls: &[Url],
    allowed: &[&str],
    refuse: &mut impl FnMut(String, Problem),
) {
    for (index, url) in urls.iter().enumerate() {
        let at = format!("{field}[{index}]");
        if !allowed.contains(&url.scheme()) {
            let scheme = url.scheme().to_owned();
            let allowed = if allowed.len() == 2 {
                "http:// or https://"
            } else {
                "ws://, wss://, http:// or https://"
            };
            refuse(
                at,
                Problem::BadScheme {
                    url: redact_url(url),
                    scheme,
                    allowed,
                },
            );
        } else if urls[..index].contains(url) {
            refuse(at, Problem::DuplicateUrl(redact_url(url)));
        }
    }
}
