//! Carrying the packets of a transaction, step by step.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use alloy::{
    primitives::{Address, B256},
    providers::Provider,
    signers::local::PrivateKeySigner,
};
use causeway_engine::Engine;
use causeway_evm::LaneConfig;
use causeway_ibc::Packet;
use causeway_ibc_evm::{EvmHost, SharedLane};
use causeway_oneshot::{
    FoundTx, Next, OneShot, OneShotError, Over, Proven, Readiness, Setback, Step,
};
use causeway_relayer::{ClientEnd, Host, Message, process_key};
use causeway_types::ChainId;
use tokio::time::{Instant, timeout_at};

use super::say::{Delivered, Said, packet_name};
use crate::{
    config::Config,
    failure::{Exit, Failure, chain_of},
    progress::Progress,
};

/// Messages in one transaction, at most.
const BATCH: usize = 50;

/// How far one endpoint may be behind another.
const LAG: Duration = Duration::from_secs(30);

/// How long to leave attestors alone that would not sign yet.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What becomes of a transaction that is ready to be sent.
pub(super) enum Sending {
    /// It is signed with this key and sent.
    Sign {
        key: PrivateKeySigner,
        store: Engine,
    },
    /// It is printed for this account.
    Print { from: Option<Address> },
    /// Its gas is estimated for this account.
    Estimate { from: Option<Address> },
}

/// One run of the command.
pub(super) struct Carry<'a> {
    pub(super) one_shot: &'a OneShot,
    pub(super) config: &'a Config,
    pub(super) progress: &'a Progress,
    pub(super) sending: Sending,
    pub(super) deadline: Instant,
    pub(super) ack: bool,
}

/// The packets that were received, with the transaction and chain of their receipt.
type Received = Vec<(B256, ClientEnd, Packet)>;

impl Carry<'_> {
    /// Brings everything of a transaction where it belongs, and its acknowledgements back if wanted.
    pub(super) async fn transaction(&self, tx: B256, on: Option<&ChainId>) -> Result<(), Failure> {
        let found = self.find(tx, on).await?;
        self.progress.step(&Said::found(&found));
        let mut setbacks = Vec::new();
        let received = self.carry(found, None, &mut setbacks).await?;
        if self.ack {
            let mut by_tx: BTreeMap<(B256, ChainId), Vec<Packet>> = BTreeMap::new();
            for (tx, end, packet) in received {
                by_tx.entry((tx, end.chain)).or_default().push(packet);
            }
            for ((tx, chain), packets) in by_tx {
                let found = self.find_again(tx, &chain).await?;
                self.carry(found, Some(&packets), &mut setbacks).await?;
            }
        }
        match setbacks.len() {
            0 => Ok(()),
            several => Err(Failure::failed(
                "refused",
                format!(
                    "{several} message{} could not be delivered",
                    if several == 1 { "" } else { "s" }
                ),
            )
            .remedy("the reasons are told above, in the chain's own words")),
        }
    }

    async fn find(&self, tx: B256, on: Option<&ChainId>) -> Result<FoundTx, Failure> {
        let found = self.one_shot.find(tx, on).await;
        found.map_err(|error| explain(&error))
    }

    /// Finds a transaction that was in a block a moment ago, though perhaps not for every endpoint.
    async fn find_again(&self, tx: B256, on: &ChainId) -> Result<FoundTx, Failure> {
        let patience = (Instant::now() + LAG).min(self.deadline);
        loop {
            match self.one_shot.find(tx, Some(on)).await {
                Err(error) if error.may_pass() && Instant::now() < patience => {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                found => return found.map_err(|error| explain(&error)),
            }
        }
    }

    /// Waits until what is left to do for these packets of a transaction can be proven, and does it.
    /// Returns the packets that their destination has received.
    async fn carry(
        &self,
        mut found: FoundTx,
        only: Option<&[Packet]>,
        setbacks: &mut Vec<()>,
    ) -> Result<Received, Failure> {
        let mut received = Vec::new();
        let mut told = BTreeSet::new();
        let steps = loop {
            let next = self.one_shot.next(&found).await.map_err(|e| explain(&e))?;
            let events = found.events.iter().zip(next);
            let mut steps: Vec<Step> = Vec::new();
            received.clear();
            for (event, next) in events {
                let packet = &event.event.packet;
                if only.is_some_and(|only| !only.contains(packet)) {
                    continue;
                }
                let name = match &event.ends {
                    Some((source, _)) => process_key(source, packet.sequence),
                    None => format!("{}/{}", packet.source_client, packet.sequence),
                };
                let said = match next {
                    Next::Bring(step) => {
                        steps.push(*step);
                        continue;
                    }
                    Next::Foreign => Said::Foreign { packet: name },
                    Next::Over(Over::Concluded) => Said::Already {
                        packet: name,
                        state: "concluded",
                    },
                    Next::Over(Over::Delivered) => {
                        if let (true, Some((_, destination))) = (self.ack, &event.ends) {
                            received.extend(self.receipt_of(destination, packet).await?);
                        }
                        Said::Already {
                            packet: name,
                            state: "delivered",
                        }
                    }
                };
                if told.insert(packet.sequence) {
                    self.progress.step(&said);
                }
            }
            if self.all_ready(&steps).await? {
                break steps;
            }
            // The block may have gone meanwhile, and the transaction may be in another now.
            found = self.find_again(found.tx, &found.chain).await?;
        };
        let mut lanes: BTreeMap<ClientEnd, Vec<Step>> = BTreeMap::new();
        for step in steps {
            lanes.entry(step.to.clone()).or_default().push(step);
        }
        for (to, steps) in lanes {
            for batch in steps.chunks(BATCH) {
                let (proven, refused) = self.prove(&to, batch).await?;
                let (arrived, more) = self.bring(&proven).await?;
                received.extend(arrived);
                for setback in refused.into_iter().chain(more) {
                    self.progress.step(&Said::NotDelivered {
                        packet: packet_name(self.one_shot.routes(), &to, &setback.message),
                        message: setback.message.name(),
                        reason: setback.reason,
                    });
                    setbacks.push(());
                }
            }
        }
        Ok(received)
    }

    /// Where a packet was received by somebody else's doing.
    async fn receipt_of(
        &self,
        destination: &ClientEnd,
        packet: &Packet,
    ) -> Result<Option<(B256, ClientEnd, Packet)>, Failure> {
        let tx = self.one_shot.find_receipt(destination, packet).await;
        let tx = tx.map_err(|error| explain(&error))?;
        Ok(tx.map(|tx| (tx, destination.clone(), packet.clone())))
    }

    /// Whether all steps can be proven now. If not, waits for a block before it says so.
    async fn all_ready(&self, steps: &[Step]) -> Result<bool, Failure> {
        for step in steps {
            let ready = self.one_shot.provable_at(step).await;
            if ready.map_err(|error| explain(&error))?.is_some() {
                continue;
            }
            let chain = &step.proven_by;
            let what = match step.from {
                Readiness::Height(height) => format!("until {chain} calls block {height} final"),
                Readiness::Time(time) => {
                    format!("until {chain} has a final block after the timeout at {time}")
                }
            };
            if Instant::now() >= self.deadline {
                return Err(Failure::new(
                    Exit::NotDelivered,
                    "waiting",
                    format!("the time to wait is over, and it would still be {what}"),
                )
                .remedy("run the same command again later, or give --wait more time"));
            }
            self.progress.waiting(what);
            let place = self
                .one_shot
                .place(chain)
                .map_err(|error| explain(&error))?;
            let soon = (Instant::now() + ASK_AGAIN).min(self.deadline);
            let _ = timeout_at(soon, place.chain.watch_head().changed()).await;
            return Ok(false);
        }
        Ok(true)
    }

    /// Gathers the proof of a batch, asking again while attestors are not ready.
    async fn prove(
        &self,
        to: &ClientEnd,
        batch: &[Step],
    ) -> Result<(Proven, Vec<Setback>), Failure> {
        self.progress.waiting(format!("for the attestors of {to}"));
        loop {
            let mut height = 0;
            for step in batch {
                let ready = self.one_shot.provable_at(step).await;
                height = height.max(ready.map_err(|error| explain(&error))?.unwrap_or(0));
            }
            let messages = batch.iter().map(|step| step.message.clone()).collect();
            let error = match self.one_shot.prove(to, height, messages).await {
                Ok(mut proven) => {
                    let setbacks = std::mem::take(&mut proven.setbacks);
                    return Ok((proven, setbacks));
                }
                Err(error) => error,
            };
            if !matches!(error, OneShotError::Gather(_)) || Instant::now() >= self.deadline {
                return Err(explain(&error));
            }
            self.progress.waiting(format!("for signatures: {error}"));
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// Sends what is proven, or shows it.
    async fn bring(&self, proven: &Proven) -> Result<(Received, Vec<Setback>), Failure> {
        if proven.messages.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let (from, show): (_, fn(_, _, _) -> Said) = match &self.sending {
            Sending::Sign { key, store } => return self.send(proven, key, store).await,
            Sending::Print { from } => (from, Said::unsigned),
            Sending::Estimate { from } => (from, Said::would_send),
        };
        let (transactions, setbacks) = self
            .one_shot
            .unsigned(proven, *from)
            .await
            .map_err(|error| explain(&error))?;
        for tx in &transactions {
            self.progress
                .step(&show(self.one_shot.routes(), &proven.to, tx));
        }
        Ok((Vec::new(), setbacks))
    }

    /// Sends through the same lane as the relayer, which replaces what is too cheap and finds the
    /// message that reverts.
    async fn send(
        &self,
        proven: &Proven,
        key: &PrivateKeySigner,
        store: &Engine,
    ) -> Result<(Received, Vec<Setback>), Failure> {
        let to = &proven.to;
        let place = self.one_shot.place(&to.chain).map_err(|e| explain(&e))?;
        self.progress
            .waiting(format!("for a block of {}", self.label(&to.chain)));
        let lane = SharedLane::open(
            place.chain.clone(),
            key.clone(),
            store.clone(),
            format!("relay-{}", std::process::id()),
            LaneConfig::default(),
        )
        .await
        .map_err(|error| Failure::failed("lane", chain_of(&error)).at("--key"))?;
        let host = EvmHost::new(place.chain.clone(), place.router, place.start, lane);
        // Within one run no two batches begin with the same message.
        let first = proven.messages.first();
        let first = first.map(|first| packet_name(self.one_shot.routes(), to, first));
        let attempt = format!("{}@{}", first.unwrap_or_default(), proven.proof.height);
        let outcomes = host
            .submit(&attempt, &proven.client, &proven.proof, &proven.messages)
            .await;
        let (mut received, mut setbacks) = (Vec::new(), Vec::new());
        for (message, outcome) in proven.messages.iter().zip(outcomes) {
            let submitted = match outcome {
                Ok(submitted) => submitted,
                Err(error) => {
                    let (message, reason) = (message.clone(), error.to_string());
                    setbacks.push(Setback { message, reason });
                    continue;
                }
            };
            let receipt = place.chain.provider().get_transaction_receipt(submitted.tx);
            let gas = receipt.await.ok().flatten().map(|receipt| receipt.gas_used);
            let delivered = Delivered {
                packet: packet_name(self.one_shot.routes(), to, message),
                chain: to.chain.clone(),
                tx: submitted.tx,
                height: submitted.height,
                gas,
            };
            self.progress.step(&Said::done(message, delivered));
            if let Message::Receive { packet } = message {
                received.push((submitted.tx, to.clone(), packet.clone()));
            }
        }
        Ok((received, setbacks))
    }

    fn label(&self, chain: &ChainId) -> String {
        let known = self.config.chains.iter().find(|known| &known.id == chain);
        known.map_or_else(|| chain.to_string(), |known| known.label().to_owned())
    }
}

/// Why nothing was delivered, in the words of the command line.
fn explain(error: &OneShotError) -> Failure {
    let text = chain_of(error);
    match error {
        OneShotError::UnknownTx { .. } => Failure::failed("unknown-tx", text).at("--tx").remedy(
            "check the hash and that the transaction is in a block; name its chain with --chain",
        ),
        OneShotError::Ambiguous { .. } => {
            Failure::usage("--chain", text, "say which one is meant with --chain")
        }
        OneShotError::Reverted { .. } | OneShotError::NoPackets { .. } => {
            Failure::failed("no-packets", text)
                .at("--tx")
                .remedy("give the transaction that sent the packets or that received them")
        }
        OneShotError::Stranger { .. } => Failure::failed("wrong-contract", text).at("--tx").remedy(
            "somebody imitates the router; if the router of the configuration is wrong, correct it",
        ),
        OneShotError::Unreadable { .. } => Failure::failed("unreadable", text).at("--tx"),
        OneShotError::UnknownChain(_) | OneShotError::NoRoute(_) => Failure::failed("route", text)
            .remedy("add the chain and its route to the configuration"),
        OneShotError::Refused { .. } => Failure::failed("refused", text),
        OneShotError::Gather(_) => Failure::new(Exit::NotDelivered, "attestors", text)
            .remedy("run the same command again when the attestors answer"),
        OneShotError::Chain(_) | OneShotError::Transport { .. } | OneShotError::Client { .. } => {
            Failure::failed("chain", text)
                .remedy("check that the endpoints are reachable, and try again")
        }
    }
}
