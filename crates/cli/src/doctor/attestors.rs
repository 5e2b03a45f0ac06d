//! Whether enough attestors answer, and whether they are those that count.

use std::time::Duration;

use causeway_attestor::AttestorClient;
use causeway_relayer::ClientView;

use super::Report;
use crate::{
    config::{Config, RouteEnd},
    failure::chain_of,
    redact::redact_url,
};

const CHECK: &str = "attestor";
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn examine(
    config: &Config,
    clients: &[(RouteEnd, ClientView)],
    report: &mut Report,
) {
    let Some(relayer) = &config.relayer else {
        return;
    };
    let mut answering = Vec::new();
    for url in &relayer.attestors {
        let subject = redact_url(url);
        let info = match AttestorClient::new(url.clone(), PATIENCE) {
            Ok(attestor) => attestor.info().await.map_err(|error| chain_of(&error)),
            Err(error) => Err(chain_of(&error)),
        };
        match info {
            Ok(info) => {
                let counts = clients
                    .iter()
                    .filter(|(_, view)| view.committee.members().contains(&info.attestor))
                    .count();
                if counts == 0 && !clients.is_empty() {
                    let message = format!("{} is in no client's committee", info.attestor);
                    let remedy = "name the attestors of the routes' committees";
                    report.warn(CHECK, &subject, message, remedy);
                } else {
                    let message = format!("{}, in {counts} committees", info.attestor);
                    report.ok(CHECK, &subject, message);
                }
                answering.push(info);
            }
            Err(error) => {
                let remedy = "check the URL, and that the attestor runs";
                report.warn(CHECK, &subject, error, remedy);
            }
        }
    }
    for (end, view) in clients {
        let subject = format!("{} on {}", end.client, end.chain);
        let serves = |info: &&causeway_attestor::Info| {
            view.committee.members().contains(&info.attestor)
                && info
                    .clients
                    .iter()
                    .any(|served| served.client.to_string() == subject)
        };
        let count = answering.iter().filter(serves).count();
        let needed = usize::from(view.committee.threshold());
        let message = format!("{count} of its attestors answer, {needed} must sign");
        if count < needed {
            let remedy = "nothing moves until more attestors answer for this client";
            report.fail(CHECK, &subject, message, remedy);
        } else {
            report.ok(CHECK, &subject, message);
        }
    }
}
