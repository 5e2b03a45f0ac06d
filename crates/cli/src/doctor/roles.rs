//! Who may do what to the contracts, and whether that is still who deployed them.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::Address, providers::Provider as _, rpc::types::Filter, sol_types::SolEvent as _,
};
use causeway_contracts::{access_manager::AccessManager, ics26_router::ICS26Router, roles};
use causeway_evm::EvmChain;
use causeway_types::ChainId;

use super::{Patient, Report, contracts::has_code};
use crate::{
    config::Config,
    failure::{Failure, chain_of},
};

const CHECK: &str = "roles";

/// How many blocks one question for events may span.
const RANGE: u64 = 50_000;

pub(super) async fn examine(
    config: &Config,
    patients: &BTreeMap<ChainId, Patient>,
    signers: &[(&'static str, Address)],
    report: &mut Report,
) {
    for chain in &config.chains {
        let Some(patient) = patients.get(&chain.id) else {
            continue;
        };
        let Some(contracts) = patient.contracts else {
            continue;
        };
        let router = ICS26Router::new(contracts.router, patient.chain.provider());
        let manager = match router.authority().call().await {
            Ok(manager) => manager,
            Err(error) => {
                let remedy = "see what is said of the chain's endpoints and the router";
                report.fail(CHECK, chain.label(), chain_of(&error), remedy);
                continue;
            }
        };
        let looked = holders(&patient.chain, manager, chain.start_height).await;
        match looked {
            Ok(holders) => tell(chain.label(), &patient.chain, &holders, signers, report).await,
            Err(failure) => {
                let reason = failure.message();
                let message = format!("who holds which role cannot be read: {reason}");
                let remedy = "use an endpoint that keeps the logs since the deployment";
                report.warn(CHECK, chain.label(), message, remedy);
            }
        }
    }
}

/// Who was granted which role and has not lost it.
async fn holders(
    chain: &EvmChain,
    manager: Address,
    start: u64,
) -> Result<BTreeMap<u64, BTreeSet<Address>>, Failure> {
    let provider = chain.provider();
    let unreadable = |message: String| Failure::failed("roles", message);
    let head = chain.head().await;
    let head = head.map_err(|error| unreadable(chain_of(&error)))?.height;
    let contract = AccessManager::new(manager, &provider);
    let topics = [
        AccessManager::RoleGranted::SIGNATURE_HASH,
        AccessManager::RoleRevoked::SIGNATURE_HASH,
    ];
    let mut candidates = BTreeSet::new();
    let mut from = start;
    while from <= head {
        let to = head.min(from + RANGE - 1);
        let filter = Filter::new()
            .address(manager)
            .event_signature(topics.to_vec())
            .from_block(from)
            .to_block(to);
        let logs = provider.get_logs(&filter).await;
        for log in logs.map_err(|error| unreadable(error.to_string()))? {
            if let Ok(granted) = AccessManager::RoleGranted::decode_log(&log.inner) {
                candidates.insert((granted.roleId, granted.account));
            }
        }
        from = to + 1;
    }
    let mut holders: BTreeMap<u64, BTreeSet<Address>> = BTreeMap::new();
    // What the contract says now counts, not the events' order.
    for (role, account) in candidates {
        let has = contract.hasRole(role, account).call().await;
        if has.map_err(|error| unreadable(chain_of(&error)))?.isMember {
            holders.entry(role).or_default().insert(account);
        }
    }
    Ok(holders)
}

async fn tell(
    label: &str,
    chain: &EvmChain,
    holders: &BTreeMap<u64, BTreeSet<Address>>,
    signers: &[(&'static str, Address)],
    report: &mut Report,
) {
    let of = |role| holders.get(&role).cloned().unwrap_or_default();
    for admin in of(roles::ADMIN) {
        let subject = format!("administrator on {label}");
        let service = signers.iter().find(|(_, address)| *address == admin);
        if let Some((service, _)) = service {
            let message =
                format!("{admin} is also the key of the {service}, which lies on a server");
            report.fail(
                CHECK,
                &subject,
                message,
                "revoke its role, and keep administration elsewhere",
            );
        } else if has_code(chain, admin).await {
            report.ok(CHECK, &subject, format!("{admin}, a contract"));
        } else {
            let message = format!("{admin} is a single key, such as the one that deployed");
            report.warn(
                CHECK,
                &subject,
                message,
                "hand the role over to a multisig with a delay",
            );
        }
    }
    let pausers = of(roles::PAUSER);
    let list = |who: &BTreeSet<Address>| {
        let names: Vec<String> = who.iter().map(ToString::to_string).collect();
        names.join(", ")
    };
    let subject = format!("pauser on {label}");
    if pausers.is_empty() {
        let remedy = "grant the role to the monitor's key and to people who are awake";
        report.fail(CHECK, &subject, "nobody can pause", remedy);
    } else {
        report.ok(CHECK, &subject, list(&pausers));
    }
    let monitor = signers.iter().find(|(service, _)| *service == "monitor");
    if let Some((_, key)) = monitor.filter(|(_, key)| !pausers.contains(key)) {
        let message = format!("the monitor's key {key} has not the role: it cannot pause");
        report.fail(
            CHECK,
            &subject,
            message,
            "grant it the role PAUSER (2) in the access manager",
        );
    }
    let both: BTreeSet<Address> = of(roles::UNPAUSER)
        .intersection(&pausers)
        .copied()
        .collect();
    if !both.is_empty() {
        let message = format!("{} can both pause and resume", list(&both));
        report.warn(
            CHECK,
            &format!("unpauser on {label}"),
            message,
            "let others resume than those who pause: a stolen pauser key should only stop",
        );
    }
}
