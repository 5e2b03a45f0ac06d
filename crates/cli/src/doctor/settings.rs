//! What the configuration allows that it should not, and whether its keys can be read.

use alloy::primitives::Address;

use super::Report;
use crate::{
    config::{Config, KeySource, LoadedConfig},
    keys::open_signer,
};

pub(super) fn examine(config: &Config, report: &mut Report) {
    const CHECK: &str = "config";
    if config.dev {
        report.warn(
            CHECK,
            "dev",
            "it is true: weak committees, single endpoints and depth 0 are allowed",
            "remove it before anything of value crosses",
        );
    } else {
        report.ok(CHECK, "dev", "it is false");
    }
    for (index, chain) in config.chains.iter().enumerate() {
        let (k, n) = (chain.required_agreement(), chain.endpoints.len());
        let subject = format!("chains[{index}].agreement");
        if k < 2 {
            let message = format!("{k} of {n} endpoints decides what is true on {}", chain.id);
            let remedy = "list three endpoints of different providers, two of which must agree";
            report.warn(CHECK, &subject, message, remedy);
        } else {
            report.ok(
                CHECK,
                &subject,
                format!("{k} of {n} endpoints must agree on {}", chain.id),
            );
        }
    }
    if config.routes.is_empty() && config.swaps.is_none() {
        report.warn(
            CHECK,
            "routes",
            "there is none: there is nothing to serve",
            "connect two chains with `causeway deploy`",
        );
    }
    if config
        .monitor
        .as_ref()
        .is_some_and(|monitor| monitor.key.is_none())
    {
        report.warn(
            CHECK,
            "monitor.key",
            "there is none: a broken route is told of, and not paused",
            "give the monitor a key with the pauser role",
        );
    }
    if config.alerts.webhook.is_none() {
        report.warn(
            CHECK,
            "alerts.webhook",
            "there is none: nobody is told when something breaks",
            "set a webhook, or alert on the metric causeway_alert",
        );
    }
}

/// Opens every key of the configuration; answers whose they are.
pub(super) async fn open_keys(
    loaded: &LoadedConfig,
    report: &mut Report,
) -> Vec<(&'static str, Address)> {
    let config = &loaded.config;
    let relayer = config.relayer.as_ref().map(|part| &part.key);
    let attestor = config.attestor.as_ref().map(|part| &part.key);
    let monitor = config.monitor.as_ref().and_then(|part| part.key.as_ref());
    let keys: [(&'static str, Option<&KeySource>); 3] = [
        ("relayer", relayer),
        ("attestor", attestor),
        ("monitor", monitor),
    ];
    let mut found = Vec::new();
    for (service, key) in keys {
        let Some(key) = key else { continue };
        let field = format!("{service}.key");
        match open_signer(key, &field, |path| loaded.resolve(path)).await {
            Ok(signer) => {
                report.ok("key", &field, signer.address());
                found.push((service, signer.address()));
            }
            Err(error) => report.fail("key", &field, &error, &error.remedy()),
        }
    }
    found
}
