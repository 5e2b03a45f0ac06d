use std::{fmt::Display, future::Future, sync::Arc};

use alloy_primitives::{Address, B256};
use causeway_types::BlockRef;
use futures::{StreamExt as _, stream::FuturesUnordered};
use serde_json::json;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::{
    AgreementError, EvmChain, Finality, Log, LogFilter, RpcError, Statement,
    chain::{quantity, storage_words},
    follow::{digest, logs_of_range},
    rpc::{Call, Endpoint, Pool, Rpc, WireHeader},
};

/// What one endpoint has to say to a question.
pub(crate) enum Vote<T> {
    Answer(T),
    /// It does not know yet, and says how far it is.
    NotYet(String),
}

impl EvmChain {
    /// The block at this height, once `agreement` endpoints name the same block there and each of
    /// them calls it final by the chain's rule. Endpoints that lie, lag or are dead neither change
    /// nor block the answer while they are in the minority.
    ///
    /// # Errors
    /// [`AgreementError::NotYetFinal`] if waiting may be enough, otherwise who said what.
    pub async fn agreed_final_block(&self, height: u64) -> Result<BlockRef, AgreementError> {
        let finality = self.finality();
        let outcome = ask_all(self.pool(), |rpc| final_block_at(rpc, finality, height)).await;
        let pool = self.pool();
        let outcome = outcome.map(|named| named.0).map_err(|tally| {
            if tally.best + tally.not_yet >= pool.agreement && tally.not_yet > 0 {
                let (chain, needed) = (pool.chain.clone(), pool.agreement);
                return AgreementError::NotYetFinal {
                    chain,
                    height,
                    needed,
                    said: tally.said,
                };
            }
            tally.into_error(pool, format!("the final block at height {height}"))
        });
        self.note(outcome)
    }

    /// The newest block that `agreement` endpoints call final and name alike. Trust begins with it
    /// where nothing is signed yet, as with a light client's first height: for that, the word of
    /// one endpoint is too little.
    ///
    /// # Errors
    /// Who said what, if fewer agree or have told of a final block in time.
    pub async fn agreed_newest_final_block(&self) -> Result<BlockRef, AgreementError> {
        let (pool, patience) = (self.pool(), self.config().request_timeout);
        let deadline = Instant::now() + patience;
        let mut pulse = pool.watch_pulse();
        loop {
            pulse.borrow_and_update();
            if let Some(height) = pool.final_height() {
                return self.agreed_final_block(height).await;
            }
            if !matches!(timeout_at(deadline, pulse.changed()).await, Ok(Ok(()))) {
                return Err(none_is_final(pool));
            }
        }
    }

    /// The storage words of a contract under these keys as of exactly this block, once
    /// `agreement` endpoints give the same words.
    ///
    /// # Errors
    /// Who said what, if fewer agree.
    pub async fn agreed_storage_at(
        &self,
        address: Address,
        keys: &[B256],
        block: &BlockRef,
    ) -> Result<Vec<B256>, AgreementError> {
        let ask = |rpc: Rpc| async move {
            storage_words(&rpc, address, keys, block)
                .await
                .map(|words| Vote::Answer(Words(words)))
        };
        let words = ask_all(self.pool(), ask).await.map_err(|tally| {
            let question = format!("the storage of {address} in block {}", block.height);
            tally.into_error(self.pool(), question)
        });
        self.note(words.map(|words| words.0))
    }

    /// The logs that match a filter in the blocks from a height up to exactly this block, in order,
    /// once `agreement` endpoints give the same logs. Endpoints that hide, invent or alter logs
    /// neither change nor block the answer while they are in the minority.
    ///
    /// # Errors
    /// Who said what, if fewer agree.
    pub async fn agreed_logs(
        &self,
        filter: &LogFilter,
        first: u64,
        end: &BlockRef,
    ) -> Result<Vec<Log>, AgreementError> {
        let ask = |rpc: Rpc| async move {
            let (logs, header) = logs_of_range(&rpc, filter, first, end.height).await?;
            Ok(if header.block.hash == end.hash {
                Vote::Answer(Logs(logs))
            } else {
                Vote::NotYet(format!("that block {} is another", end.height))
            })
        };
        let logs = ask_all(self.pool(), ask).await.map_err(|tally| {
            let question = format!("the logs of the blocks {first} to {}", end.height);
            tally.into_error(self.pool(), question)
        });
        self.note(logs.map(|logs| logs.0))
    }

    /// Why the endpoints did not agree when they were asked last; `None` if they did, or if time
    /// alone will bring it about.
    pub fn disagreement(&self) -> Option<String> {
        self.pool().disagreement().clone()
    }

    /// Keeps for people whether the endpoints agree.
    fn note<T>(&self, outcome: Result<T, AgreementError>) -> Result<T, AgreementError> {
        match &outcome {
            Ok(_) => *self.pool().disagreement() = None,
            Err(AgreementError::NotYetFinal { .. }) => {}
            Err(error) => {
                let chain = self.id().to_string();
                metrics::counter!("causeway_agreement_failures_total", "chain" => chain)
                    .increment(1);
                *self.pool().disagreement() = Some(error.to_string());
            }
        }
        outcome
    }
}

/// Too few endpoints have told of a final block.
fn none_is_final(pool: &Pool) -> AgreementError {
    let said = pool.endpoints.iter().map(|endpoint| {
        let health = endpoint.health();
        let said = match (health.final_height, &health.last_error) {
            (Some(height), _) => format!("that block {height} is the last final block"),
            (None, Some(error)) => format!("nothing: {error}"),
            (None, None) => "of no final block".to_owned(),
        };
        let endpoint = endpoint.label.clone();
        Statement { endpoint, said }
    });
    AgreementError::TooFewAnswers {
        chain: pool.chain.clone(),
        question: "what the newest final block is".to_owned(),
        needed: pool.agreement,
        said: said.collect(),
    }
}

/// What one endpoint calls the final block at a height.
async fn final_block_at(
    rpc: Rpc,
    finality: Finality,
    height: u64,
) -> Result<Vote<Named>, RpcError> {
    const METHOD: &str = "eth_getBlockByNumber";
    let boundary = finality.tag().unwrap_or("latest");
    let calls = vec![
        Call::new(METHOD, json!([boundary, false])),
        Call::new(METHOD, json!([quantity(height), false])),
    ];
    let mut blocks = Vec::with_capacity(2);
    for answer in rpc.batch(calls).await? {
        let header = answer.read::<Option<WireHeader>>()?;
        blocks.push(
            header
                .and_then(WireHeader::checked)
                .map(|header| header.block),
        );
    }
    let (Some(block), Some(boundary)) = (blocks.pop().flatten(), blocks.pop().flatten()) else {
        return Ok(Vote::NotYet("that it has no such block yet".to_owned()));
    };
    if block.height != height {
        let reason = format!("expected block {height}, got {}", block.height);
        return Err(RpcError::malformed(rpc.endpoint(), METHOD, reason));
    }
    let final_height = match finality {
        Finality::Depth(depth) => boundary.height.checked_sub(depth),
        Finality::Safe | Finality::Finalized => Some(boundary.height),
    };
    if final_height.is_some_and(|reached| height <= reached) {
        return Ok(Vote::Answer(Named(block)));
    }
    let reached = final_height.map_or("nothing".to_owned(), |height| format!("block {height}"));
    Ok(Vote::NotYet(format!(
        "that {reached} is the last final block"
    )))
}

/// The outcome of a vote that reached no agreement.
pub(crate) struct Tally {
    /// The most endpoints behind one answer.
    best: usize,
    not_yet: usize,
    /// How many different answers there were.
    answers: usize,
    said: Vec<Statement>,
}

impl Tally {
    pub(crate) fn into_error(self, pool: &Pool, question: String) -> AgreementError {
        let (chain, needed, said) = (pool.chain.clone(), pool.agreement, self.said);
        if self.answers > 1 {
            AgreementError::Disagreement {
                chain,
                question,
                needed,
                said,
            }
        } else {
            AgreementError::TooFewAnswers {
                chain,
                question,
                needed,
                said,
            }
        }
    }
}

/// Asks every endpoint and returns as soon as enough of them agree, without waiting for the rest.
pub(crate) async fn ask_all<T, Asking>(pool: &Pool, ask: impl Fn(Rpc) -> Asking) -> Result<T, Tally>
where
    T: Eq + Display,
    Asking: Future<Output = Result<Vote<T>, RpcError>>,
{
    let mut said = Vec::new();
    let (mut asked, mut left_out): (Vec<&Arc<Endpoint>>, Vec<&Arc<Endpoint>>) = pool
        .endpoints
        .iter()
        .partition(|endpoint| endpoint.usable());
    // An endpoint that pauses after failures is left out, unless there are too few without it.
    if asked.len() < pool.agreement {
        let (wrong_chain, pausing): (Vec<_>, Vec<_>) = left_out
            .into_iter()
            .partition(|endpoint| endpoint.health().wrong_chain.is_some());
        asked.extend(pausing);
        left_out = wrong_chain;
    }
    for endpoint in left_out {
        let error = endpoint.health().last_error.clone().unwrap_or_default();
        said.push(Statement {
            endpoint: endpoint.label.clone(),
            said: format!("nothing: {error}"),
        });
    }
    let mut answers: Vec<(T, Vec<&Arc<Endpoint>>)> = Vec::new();
    let mut not_yet = 0;
    let mut asking: FuturesUnordered<_> = asked
        .into_iter()
        .map(|endpoint| {
            let vote = ask(endpoint.rpc());
            async move { (endpoint, vote.await) }
        })
        .collect();
    while let Some((endpoint, vote)) = asking.next().await {
        match vote {
            Ok(Vote::Answer(answer)) => {
                said.push(Statement {
                    endpoint: endpoint.label.clone(),
                    said: answer.to_string(),
                });
                let known = answers.iter().position(|(known, _)| *known == answer);
                let index = known.unwrap_or_else(|| {
                    answers.push((answer, Vec::new()));
                    answers.len() - 1
                });
                answers[index].1.push(endpoint);
                if answers[index].1.len() >= pool.agreement {
                    let (answer, _) = answers.swap_remove(index);
                    hold_against(pool, &answer, &answers);
                    return Ok(answer);
                }
            }
            Ok(Vote::NotYet(reason)) => {
                not_yet += 1;
                said.push(Statement {
                    endpoint: endpoint.label.clone(),
                    said: reason,
                });
            }
            Err(error) => {
                said.push(Statement {
                    endpoint: endpoint.label.clone(),
                    said: format!("nothing: {}", error.kind),
                });
            }
        }
    }
    let best = answers
        .iter()
        .map(|(_, behind)| behind.len())
        .max()
        .unwrap_or(0);
    Err(Tally {
        best,
        not_yet,
        answers: answers.len(),
        said,
    })
}

/// Endpoints that contradict what was agreed on are left for others where one is enough.
fn hold_against<T: Display>(pool: &Pool, agreed: &T, others: &[(T, Vec<&Arc<Endpoint>>)]) {
    for (answer, endpoints) in others {
        for endpoint in endpoints {
            warn!(
                chain = %pool.chain, endpoint = %endpoint.label, %answer, %agreed,
                "endpoint contradicts the others and was outvoted"
            );
            endpoint.distrust(&format!("it says {answer}, the others {agreed}"));
        }
    }
}

/// A block with a short way to say it.
#[derive(PartialEq, Eq)]
struct Named(BlockRef);

impl Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "block {} at time {}", self.0.hash, self.0.timestamp)
    }
}

/// Storage words with a short way to say them.
#[derive(PartialEq, Eq)]
struct Words(Vec<B256>);

impl Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, word) in self.0.iter().take(4).enumerate() {
            write!(f, "{}{word}", if index == 0 { "" } else { ", " })?;
        }
        if self.0.len() > 4 {
            write!(f, " and {} more", self.0.len() - 4)?;
        }
        Ok(())
    }
}

/// Logs with a short way to say them.
#[derive(PartialEq, Eq)]
struct Logs(Vec<Log>);

impl Display for Logs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} logs (digest {})", self.0.len(), digest(&self.0))
    }
}
