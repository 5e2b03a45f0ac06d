//! Whether routers, applications and light clients are there and belong together.

use std::collections::BTreeMap;

use alloy::{primitives::Address, providers::Provider as _, sol_types::SolValue};
use causeway_contracts::{
    attestation_light_client::AttestationLightClient, ics20_transfer::ICS20Transfer,
    ics26_router::ICS26Router,
};
use causeway_evm::EvmChain;
use causeway_ibc::{Committee, Domain};
use causeway_ibc_evm::{ClientState, IbcContracts, client_view};
use causeway_relayer::ClientView;
use causeway_types::ChainId;

use super::{Patient, Report};
use crate::{
    config::{ChainConfig, Config, RouteEnd},
    failure::chain_of,
};

/// A client that learnt nothing for so many seconds may serve an idle route.
const STALE: u64 = 7 * 24 * 3600;

/// The router of one chain and its applications.
pub(super) async fn examine_router(
    config: &ChainConfig,
    chain: &EvmChain,
    report: &mut Report,
) -> Option<IbcContracts> {
    const CHECK: &str = "contracts";
    let label = config.label();
    let Some(router) = config.router else {
        let remedy = "run `causeway deploy`, which writes it";
        report.warn(CHECK, label, "there is no router", remedy);
        return None;
    };
    let provider = chain.provider();
    let contracts = match IbcContracts::discover(&provider, router).await {
        Ok(contracts) => contracts,
        Err(error) => {
            let remedy = "correct the router's address, or run `causeway deploy`";
            report.fail(CHECK, label, chain_of(&error), remedy);
            return None;
        }
    };
    let apps = [("transfer", contracts.transfer), ("gmp", contracts.gmp)];
    for (name, address) in apps {
        let subject = format!("{name} on {label}");
        let app = ICS20Transfer::new(address, &provider);
        match (app.ics26().call().await, app.paused().call().await) {
            (Ok(obeys), _) if obeys != router => report.fail(
                CHECK,
                &subject,
                format!("{address} obeys the router {obeys}, and not {router}"),
                "correct the router's address, or deploy anew: packets to it fail",
            ),
            (Ok(_), Ok(true)) => report.warn(
                CHECK,
                &subject,
                format!("{address} is paused"),
                "find out why; whoever has the unpauser role can resume it",
            ),
            (Ok(_), Ok(false)) => report.ok(CHECK, &subject, address),
            (Err(error), _) | (_, Err(error)) => {
                let remedy = "see what is said of the chain's endpoints and the router";
                report.fail(CHECK, &subject, chain_of(&error), remedy);
            }
        }
    }
    Some(contracts)
}

/// The light clients at both ends of every route.
pub(super) async fn examine_routes(
    config: &Config,
    patients: &BTreeMap<ChainId, Patient>,
    report: &mut Report,
) -> Vec<(RouteEnd, ClientView)> {
    let mut found = Vec::new();
    let ends = config
        .routes
        .iter()
        .flat_map(|route| [(&route.a, &route.b), (&route.b, &route.a)]);
    for (end, other) in ends {
        let here = patients.get(&end.chain);
        let Some((patient, contracts)) = here.and_then(|p| Some((p, p.contracts?))) else {
            continue;
        };
        let there = patients.get(&other.chain).map(|patient| &patient.chain);
        let client = Client {
            end,
            other,
            chain: &patient.chain,
            there,
            router: contracts.router,
        };
        found.extend(
            client
                .examine(config.dev, report)
                .await
                .map(|view| (end.clone(), view)),
        );
    }
    found
}

struct Client<'a> {
    end: &'a RouteEnd,
    other: &'a RouteEnd,
    chain: &'a EvmChain,
    there: Option<&'a EvmChain>,
    router: Address,
}

impl Client<'_> {
    async fn examine(&self, dev: bool, report: &mut Report) -> Option<ClientView> {
        const CHECK: &str = "client";
        let subject = format!("{} on {}", self.end.client, self.end.chain);
        let view = client_view(&self.chain.provider(), self.router, &self.end.client).await;
        let view = match view {
            Ok(view) => view,
            Err(error) => {
                let remedy = "correct the route, or deploy the client with `causeway deploy`";
                report.fail(CHECK, &subject, chain_of(&error), remedy);
                return None;
            }
        };
        let (m, n) = (view.committee.threshold(), view.committee.members().len());
        if m < Committee::least_threshold(n) {
            let message =
                format!("{m} of {n} attestors are enough for it: a few could sign anything");
            let remedy = "migrate it to a client that asks for a majority of several attestors";
            if dev {
                report.warn(CHECK, &subject, message, remedy);
            } else {
                report.fail(CHECK, &subject, message, remedy);
            }
        } else {
            report.ok(CHECK, &subject, format!("{m} of {n} attestors must sign"));
        }
        self.tell_domain(&subject, &view, report);
        self.tell_counterparty(&subject, report).await;
        self.tell_state(&subject, view.address, report).await;
        Some(view)
    }

    fn tell_domain(&self, subject: &str, view: &ClientView, report: &mut Report) {
        let number = self.end.chain.eip155_id().unwrap_or_default();
        let expected = Domain::of_client(number, self.router, &self.end.client);
        if view.domain == Domain::NONE {
            let message = "its signatures are bound to nothing: they fit other clients as well";
            let remedy = "migrate it to a client that `causeway deploy` makes";
            report.warn("domain", subject, message, remedy);
        } else if view.domain == expected {
            report.ok("domain", subject, "signatures fit this client alone");
        } else {
            let message = "it is bound to another domain than its own: no attestor signs for it";
            report.fail(
                "domain",
                subject,
                message,
                "check the router's address and the client's id",
            );
        }
    }

    async fn tell_counterparty(&self, subject: &str, report: &mut Report) {
        let router = ICS26Router::new(self.router, self.chain.provider());
        match router
            .getCounterparty(self.end.client.to_string())
            .call()
            .await
        {
            Ok(found) if found.clientId == self.other.client.as_str() => {
                let message = format!(
                    "it belongs to {} on {}",
                    self.other.client, self.other.chain
                );
                report.ok("route", subject, message);
            }
            Ok(found) => {
                let (got, expected) = (found.clientId, &self.other.client);
                let message = format!("its counterparty is {got}, the route says {expected}");
                report.fail(
                    "route",
                    subject,
                    message,
                    "name clients that name each other",
                );
            }
            Err(error) => {
                report.fail(
                    "route",
                    subject,
                    chain_of(&error),
                    "see what is said of the client",
                );
            }
        }
    }

    /// Frozen or not, and how far it has seen the other chain.
    async fn tell_state(&self, subject: &str, address: Address, report: &mut Report) {
        const CHECK: &str = "freshness";
        let client = AttestationLightClient::new(address, self.chain.provider());
        let state = client.getClientState().call().await;
        let state = state.map(|bytes| ClientState::abi_decode(&bytes));
        let state = match state {
            Ok(Ok(state)) => state,
            Ok(Err(error)) => {
                report.fail(CHECK, subject, error, "this is no attestation client");
                return;
            }
            Err(error) => {
                let remedy = "see what is said of the chain's endpoints";
                report.fail(CHECK, subject, chain_of(&error), remedy);
                return;
            }
        };
        if state.isFrozen {
            let message = "it is frozen: its attestors signed two stories";
            let remedy =
                "find out whose keys were stolen, then migrate to a client with another committee";
            report.fail(CHECK, subject, message, remedy);
            return;
        }
        let known = client
            .getConsensusTimestamp(state.latestHeight)
            .call()
            .await;
        let head = match self.there {
            Some(there) => there.head().await.ok(),
            None => None,
        };
        let (Ok(seconds), Some(head)) = (known, head) else {
            return;
        };
        if state.latestHeight > head.height {
            let (claims, has) = (state.latestHeight, head.height);
            let message = format!(
                "it was told of block {claims} of {}, which has {has} only",
                self.other.chain
            );
            let remedy = "pause the route: its attestors sign what does not exist, or the endpoints lag far behind";
            report.fail(CHECK, subject, message, remedy);
            return;
        }
        let age = head.timestamp.as_secs().saturating_sub(seconds);
        let message = format!(
            "it has seen {} up to block {}, {age} s ago",
            self.other.chain, state.latestHeight
        );
        if age > STALE {
            let remedy = "check that a relayer runs, if packets should have crossed";
            report.warn(CHECK, subject, message, remedy);
        } else {
            report.ok(CHECK, subject, message);
        }
    }
}

/// Whether there is code at an address.
pub(super) async fn has_code(chain: &EvmChain, address: Address) -> bool {
    let code = chain.provider().get_code_at(address).await;
    code.is_ok_and(|code| !code.is_empty())
}
