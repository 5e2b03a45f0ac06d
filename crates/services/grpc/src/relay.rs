//! `RelayByTx`.

use std::collections::BTreeMap;

use causeway_oneshot::{FoundTx, Next, OneShot, Over, RouterEvent, Setback, Step};
use causeway_relayer::{ClientEnd, EventKind, Message};
use causeway_types::ChainId;
use futures::future::try_join_all;
use tonic::Status;

use crate::{
    convert,
    proto::{
        self, Kind, PacketOutcome, RelayByTxRequest, RelayByTxResponse, packet_outcome::State,
    },
    service::Service,
};

/// Transactions in one request, at most.
const MAX_TRANSACTIONS: usize = 32;

/// Messages in one transaction, at most.
const BATCH: usize = 50;

/// What the caller wants of what is found.
struct Wanted {
    to: Option<ChainId>,
    kind: Kind,
}

impl Wanted {
    fn includes(&self, step: &Step) -> bool {
        self.to.as_ref().is_none_or(|chain| *chain == step.to.chain)
            && (self.kind == Kind::Unspecified || self.kind == convert::kind(&step.message))
    }
}

impl Service {
    pub(crate) async fn relay(
        &self,
        request: RelayByTxRequest,
    ) -> Result<RelayByTxResponse, Status> {
        let one_shot: &OneShot = &self.one_shot;
        let src = convert::optional_chain("src_chain", &request.src_chain)?;
        let wanted = Wanted {
            to: convert::optional_chain("dst_chain", &request.dst_chain)?,
            kind: Kind::try_from(request.kind)
                .map_err(|_| Status::invalid_argument("kind: not a known kind"))?,
        };
        let sender = convert::optional_address("sender", &request.sender)?;
        if request.tx_hashes.is_empty() || request.tx_hashes.len() > MAX_TRANSACTIONS {
            let text = format!("tx_hashes: give 1 to {MAX_TRANSACTIONS}");
            return Err(Status::invalid_argument(text));
        }
        let mut hashes = Vec::new();
        for bytes in &request.tx_hashes {
            let hash = convert::hash("tx_hashes", bytes)?;
            if hashes.contains(&hash) {
                let text = format!("tx_hashes: {hash} is given twice");
                return Err(Status::invalid_argument(text));
            }
            hashes.push(hash);
        }
        let found = hashes.iter().map(|tx| one_shot.find(*tx, src.as_ref()));
        let found = try_join_all(found)
            .await
            .map_err(|error| convert::failed(&error))?;
        let (mut response, lanes) = self.sort(&found, &wanted).await?;
        for (to, messages) in lanes {
            let height = self.height_of(&to).await?;
            for batch in messages.chunks(BATCH) {
                self.make(&mut response, &to, height, batch.to_vec(), sender)
                    .await?;
            }
        }
        Ok(response)
    }

    /// What there is to bring to each light client, and what became of the rest.
    async fn sort(
        &self,
        found: &[FoundTx],
        wanted: &Wanted,
    ) -> Result<(RelayByTxResponse, BTreeMap<ClientEnd, Vec<Message>>), Status> {
        let mut response = RelayByTxResponse::default();
        let mut lanes: BTreeMap<ClientEnd, Vec<Message>> = BTreeMap::new();
        for found in found {
            let next = self.one_shot.next(found).await;
            let next = next.map_err(|error| convert::failed(&error))?;
            for (event, next) in found.events.iter().zip(next) {
                let step = match next {
                    Next::Bring(step) if wanted.includes(&step) => step,
                    Next::Bring(step) => {
                        let mut outcome = outcome(event, State::Skipped);
                        outcome.kind = convert::kind(&step.message).into();
                        response.packets.push(outcome);
                        continue;
                    }
                    Next::Over(Over::Delivered) => {
                        response.packets.push(outcome(event, State::Delivered));
                        continue;
                    }
                    Next::Over(Over::Concluded) => {
                        response.packets.push(outcome(event, State::Concluded));
                        continue;
                    }
                    Next::Foreign => {
                        response.packets.push(outcome(event, State::Foreign));
                        continue;
                    }
                };
                let ready = self.one_shot.provable_at(&step).await;
                let ready = ready.map_err(|error| convert::failed(&error))?;
                let state = if ready.is_some() {
                    State::Included
                } else {
                    State::NotReady
                };
                let mut outcome = outcome(event, state);
                outcome.kind = convert::kind(&step.message).into();
                response.packets.push(outcome);
                if ready.is_some() {
                    lanes.entry(step.to).or_default().push(step.message);
                }
            }
        }
        Ok((response, lanes))
    }

    /// The newest final height of the chain that this light client follows.
    pub(crate) async fn height_of(&self, to: &ClientEnd) -> Result<u64, Status> {
        let followed = self
            .one_shot
            .counterparty(to)
            .and_then(|end| self.one_shot.place(&end.chain))
            .map_err(|error| convert::failed(&error))?;
        let block = followed.chain.final_block().await;
        let block = block.map_err(|error| convert::failed(&error.into()))?;
        Ok(block.height)
    }

    /// Proves a batch and makes its transactions.
    async fn make(
        &self,
        response: &mut RelayByTxResponse,
        to: &ClientEnd,
        height: u64,
        messages: Vec<Message>,
        sender: Option<alloy::primitives::Address>,
    ) -> Result<(), Status> {
        let proven = self.one_shot.prove(to, height, messages).await;
        let proven = proven.map_err(|error| convert::failed(&error))?;
        let made = self.one_shot.unsigned(&proven, sender).await;
        let (transactions, setbacks) = made.map_err(|error| convert::failed(&error))?;
        let routes = self.one_shot.routes();
        for Setback { message, reason } in proven.setbacks.iter().chain(&setbacks) {
            let packet = Some(convert::packet(routes, to, message));
            let kind: i32 = convert::kind(message).into();
            let outcomes = response.packets.iter_mut();
            for outcome in outcomes.filter(|o| o.packet == packet && o.kind == kind) {
                outcome.set_state(State::Refused);
                outcome.reason.clone_from(reason);
            }
        }
        let transactions = transactions.into_iter();
        response
            .transactions
            .extend(transactions.map(|tx| convert::unsigned(routes, to, tx)));
        Ok(())
    }
}

fn outcome(event: &RouterEvent, state: State) -> PacketOutcome {
    let packet = &event.event.packet;
    let source_chain = event
        .ends
        .as_ref()
        .map(|(source, _)| source.chain.to_string());
    PacketOutcome {
        packet: Some(proto::Packet {
            source_chain: source_chain.unwrap_or_default(),
            source_client: packet.source_client.to_string(),
            sequence: packet.sequence.get(),
        }),
        kind: match event.event.kind {
            EventKind::Sent => Kind::Receive,
            EventKind::Received { .. } | EventKind::Acknowledged { .. } => Kind::Acknowledge,
            EventKind::TimedOut => Kind::Timeout,
        }
        .into(),
        state: state.into(),
        reason: String::new(),
    }
}
