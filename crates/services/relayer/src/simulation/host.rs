//! The model chains behind the relayer's port.

use alloy_primitives::{Address, B256};
use async_trait::async_trait;
use causeway_ibc::ClientId;
use causeway_types::ChainId;
use thiserror::Error;

use super::{
    chain::{Attempt, Chain, From, Place},
    job::{Point, reach, wait_for_turn},
    router::{Call, Revert},
    world::{Shared, chain_id},
};
use crate::host::{
    ClientView, Follow, Host, HostError, HostUpdate, Message, Proof, SubmitError, Submitted,
};

#[derive(Debug, Error)]
#[error("the endpoint does not answer")]
struct Down;

pub(super) struct ModelHost {
    world: Shared,
    side: usize,
    chain: ChainId,
}

impl ModelHost {
    pub(super) fn new(world: &Shared, side: usize) -> Self {
        Self {
            world: world.clone(),
            side,
            chain: chain_id(side),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Chain) -> T) -> Result<T, HostError> {
        let chain = &mut self.world.lock().chains[self.side];
        if chain.down {
            return Err(HostError::passing(&chain.id, Down));
        }
        Ok(look(chain))
    }
}

struct ModelFollow {
    world: Shared,
    side: usize,
    place: Place,
}

#[async_trait]
impl Follow for ModelFollow {
    async fn next(&mut self) -> Result<HostUpdate, HostError> {
        let update = {
            let world = self.world.lock();
            let chain = &world.chains[self.side];
            if chain.down {
                return Err(HostError::passing(&chain.id, Down));
            }
            chain.next_update(&mut self.place)
        };
        match update {
            Some(update) => Ok(update),
            None => std::future::pending().await,
        }
    }

    fn cursor(&self) -> String {
        serde_json::to_string(&self.place).unwrap()
    }
}

#[async_trait]
impl Host for ModelHost {
    fn chain(&self) -> &ChainId {
        &self.chain
    }

    async fn follow(&self, cursor: Option<&str>) -> Result<Box<dyn Follow>, HostError> {
        let place = cursor
            .map(|cursor| serde_json::from_str(cursor).unwrap())
            .unwrap_or_default();
        self.with(|_| ())?;
        Ok(Box::new(ModelFollow {
            world: self.world.clone(),
            side: self.side,
            place,
        }))
    }

    async fn client(&self, client: &ClientId) -> Result<ClientView, HostError> {
        reach(Point::Client).await;
        self.with(|chain| {
            assert_eq!(client, &chain.contracts.client);
            ClientView {
                id: client.clone(),
                address: Address::repeat_byte(7),
                committee: chain.contracts.committee.clone(),
                domain: chain.contracts.domain,
                set_number: 1,
                frozen: false,
                proof_once: true,
            }
        })
    }

    async fn moot(&self, messages: &[&Message]) -> Result<Vec<bool>, HostError> {
        reach(Point::Moot).await;
        self.with(|chain| {
            let state = &chain.head().state;
            let moot = messages.iter().map(|message| match message {
                Message::Receive { packet } => state.holds(&packet.receipt_path()),
                Message::Acknowledge { packet, .. } | Message::Timeout { packet } => {
                    !state.holds(&packet.commitment_path())
                }
            });
            moot.collect()
        })
    }

    async fn submit(
        &self,
        key: &str,
        _client: &ClientView,
        proof: &Proof,
        messages: &[Message],
    ) -> Vec<Result<Submitted, SubmitError>> {
        reach(Point::BeforeSending).await;
        let mut answers: Vec<Option<Result<Submitted, SubmitError>>> = vec![None; messages.len()];
        for part in 0.. {
            let Some(attempt) =
                self.attempt(&format!("{key}#{part}"), proof, messages, &mut answers)
            else {
                break;
            };
            reach(Point::Sent).await;
            // A batch that was lost to a reorganisation is sent again; one that reverted in its
            // block, because the chain went on meanwhile, is sifted once more before that.
            if let Some((height, Ok(()))) = self.inclusion(attempt.tx).await {
                for inside in attempt.inside {
                    answers[inside] = Some(Ok(Submitted {
                        tx: attempt.tx,
                        height,
                    }));
                }
            }
        }
        reach(Point::Mined).await;
        answers.into_iter().map(Option::unwrap).collect()
    }
}

impl ModelHost {
    /// Waits until the transaction is in a block or lost.
    async fn inclusion(&self, tx: B256) -> Option<(u64, Result<(), Revert>)> {
        loop {
            {
                let chain = &self.world.lock().chains[self.side];
                let outcome = chain.outcome(tx);
                if outcome.is_some() || !chain.waits(tx) {
                    return outcome;
                }
            }
            wait_for_turn().await;
        }
    }

    /// The transaction that this key stands for: the one sent earlier, or else a new one without
    /// the messages that revert now. `None` if nothing is left to send.
    fn attempt(
        &self,
        key: &str,
        proof: &Proof,
        messages: &[Message],
        answers: &mut [Option<Result<Submitted, SubmitError>>],
    ) -> Option<Attempt> {
        let open: Vec<usize> = (0..messages.len())
            .filter(|i| answers[*i].is_none())
            .collect();
        if open.is_empty() {
            return None;
        }
        let mut world = self.world.lock();
        let chain = &mut world.chains[self.side];
        let batch: Vec<_> = messages
            .iter()
            .map(|message| message.proven_path().key())
            .collect();
        if let Some(known) = chain.attempts.get(key).cloned() {
            if known.batch != batch {
                world
                    .violations
                    .push(format!("the attempt {key} was made with other messages"));
            }
            return Some(known);
        }
        if chain.down {
            for i in open {
                answers[i] = Some(Err(HostError::passing(&chain.id, Down).into()));
            }
            return None;
        }
        let head = chain.head();
        let mut state = head.state.clone();
        let mut inside = Vec::new();
        for i in open {
            let messages = vec![messages[i].clone()];
            let call = Call::Relay {
                proof: proof.clone(),
                messages,
            };
            match state.execute(&chain.contracts, &call, head.name.timestamp) {
                Ok(_) => inside.push(i),
                Err(revert) => {
                    answers[i] = Some(Err(SubmitError::Refused { reason: revert.0 }));
                }
            }
        }
        if inside.is_empty() {
            return None;
        }
        let messages = inside.iter().map(|i| messages[*i].clone()).collect();
        let tx = chain.submit(
            From::Relayer,
            Call::Relay {
                proof: proof.clone(),
                messages,
            },
        );
        let attempt = Attempt { batch, tx, inside };
        chain.attempts.insert(key.to_owned(), attempt.clone());
        Some(attempt)
    }
}
