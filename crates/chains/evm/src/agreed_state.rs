//! State and logs of final blocks, as several endpoints tell them alike.

use std::fmt::{self, Display};

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use causeway_types::BlockRef;
use serde_json::{Map, Value, json};

use crate::{
    AgreementError, EvmChain, Log, RpcError, RpcErrorKind,
    agreement::{Vote, ask_all},
    chain::{at_block, quantity},
    rpc::{Call, Rpc, WireHeader, WireLog},
};

/// The most gas of one question to a contract. Anybody's token may be asked: it must not be able to
/// keep an endpoint busy, or to fill an answer.
const QUESTION_GAS: u64 = 150_000;

/// A question about a chain's state as of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateQuery {
    /// What a read-only call returns.
    Call {
        /// The contract.
        to: Address,
        /// The call's data.
        data: Bytes,
        /// Whether the contract is a stranger's, so that its call gets little gas.
        stranger: bool,
    },
    /// An account's balance in wei, as one word.
    Balance(Address),
    /// An account's code.
    Code(Address),
}

impl StateQuery {
    fn call(&self, block: &BlockRef) -> Call {
        let at = at_block(block);
        match self {
            Self::Call { to, data, stranger } => {
                let mut request = json!({ "to": to, "data": data });
                if *stranger {
                    request["gas"] = json!(quantity(QUESTION_GAS));
                }
                Call::new("eth_call", json!([request, at]))
            }
            Self::Balance(account) => Call::new("eth_getBalance", json!([account, at])),
            Self::Code(account) => Call::new("eth_getCode", json!([account, at])),
        }
    }
}

/// Which logs are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogQuery {
    /// The contracts that emit them.
    pub addresses: Vec<Address>,
    /// The event signatures (first topics); any event if empty.
    pub topics0: Vec<B256>,
    /// The first indexed value; any if there is none.
    pub topic1: Option<B256>,
}

impl LogQuery {
    fn params(&self, from: u64, to: u64) -> Map<String, Value> {
        let any = self.topics0.is_empty();
        let mut topics = vec![if any {
            Value::Null
        } else {
            json!(self.topics0)
        }];
        topics.extend(self.topic1.map(|topic| json!(topic)));
        let mut params = Map::new();
        params.insert("address".to_owned(), json!(self.addresses));
        params.insert("topics".to_owned(), Value::Array(topics));
        params.insert("fromBlock".to_owned(), json!(quantity(from)));
        params.insert("toBlock".to_owned(), json!(quantity(to)));
        params
    }

    /// Whether a log is one that was asked for: what an endpoint adds of its own is no answer.
    fn matches(&self, log: &Log, (from, to): (u64, u64)) -> bool {
        let topics = log.topics();
        (from..=to).contains(&log.block_height)
            && self.addresses.contains(&log.address())
            && (self.topics0.is_empty()
                || topics
                    .first()
                    .is_some_and(|topic| self.topics0.contains(topic)))
            && (self.topic1.is_none() || self.topic1.as_ref() == topics.get(1))
    }
}

impl EvmChain {
    /// The answers to these questions as of exactly this block, once `agreement` endpoints give the
    /// same; `None` where a call fails. At least one of the questions must have an answer.
    ///
    /// # Errors
    /// Who said what, if fewer agree.
    pub async fn agreed_state(
        &self,
        queries: &[StateQuery],
        block: &BlockRef,
    ) -> Result<Vec<Option<Bytes>>, AgreementError> {
        let ask = |rpc: Rpc| async move { state_at(&rpc, queries, block).await.map(Vote::Answer) };
        let answers = ask_all(self.pool(), ask).await.map_err(|tally| {
            let question = format!("the state in block {}", block.height);
            tally.into_error(self.pool(), question)
        })?;
        Ok(answers.0)
    }

    /// The logs from a height up to this final block that each query asks for, in order, once
    /// `agreement` endpoints that know the block tell the same.
    ///
    /// # Errors
    /// Who said what, if fewer agree; a narrower range may fare better.
    pub async fn agreed_log_queries(
        &self,
        queries: &[LogQuery],
        from: u64,
        to: &BlockRef,
    ) -> Result<Vec<Vec<Log>>, AgreementError> {
        let ask = |rpc: Rpc| async move { logs_up_to(&rpc, queries, from, to).await };
        let answers = ask_all(self.pool(), ask).await.map_err(|tally| {
            let question = format!("the logs of blocks {from} to {}", to.height);
            tally.into_error(self.pool(), question)
        })?;
        Ok(answers.0)
    }
}

async fn state_at(
    rpc: &Rpc,
    queries: &[StateQuery],
    block: &BlockRef,
) -> Result<Answers, RpcError> {
    let calls = queries.iter().map(|query| query.call(block)).collect();
    let mut answers = Vec::with_capacity(queries.len());
    let mut failure = None;
    for (query, answer) in queries.iter().zip(rpc.batch(calls).await?) {
        let answer = match query {
            StateQuery::Call { .. } | StateQuery::Code(_) => answer.read::<Bytes>(),
            StateQuery::Balance(_) => answer
                .read::<U256>()
                .map(|balance| balance.to_be_bytes::<32>().into()),
        };
        answers.push(match answer {
            Ok(bytes) => Some(bytes),
            Err(error) if execution_failed(&error) => {
                failure = Some(error);
                None
            }
            Err(error) => return Err(error),
        });
    }
    // An endpoint that can answer nothing may not know the block at all.
    match failure {
        Some(error) if answers.iter().all(Option::is_none) => Err(error),
        _ => Ok(Answers(answers)),
    }
}

/// Whether the contract failed, and not the endpoint.
fn execution_failed(error: &RpcError) -> bool {
    let RpcErrorKind::Refused {
        message, revert, ..
    } = &error.kind
    else {
        return false;
    };
    let words = message.to_lowercase();
    revert.is_some()
        || [
            "out of gas",
            "outofgas",
            "opcode",
            "invalid jump",
            "stack",
            "execution",
        ]
        .iter()
        .any(|word| words.contains(word))
}

async fn logs_up_to(
    rpc: &Rpc,
    queries: &[LogQuery],
    from: u64,
    to: &BlockRef,
) -> Result<Vote<Logs>, RpcError> {
    const METHOD: &str = "eth_getLogs";
    let mut calls: Vec<Call> = queries
        .iter()
        .map(|query| Call::new(METHOD, json!([query.params(from, to.height)])))
        .collect();
    calls.push(Call::new(
        "eth_getBlockByNumber",
        json!([quantity(to.height), false]),
    ));
    let mut answers = rpc.batch(calls).await?;
    // An endpoint that does not have the block yet has no logs of it either, and would say so.
    let known = match answers.pop() {
        Some(answer) => answer.read::<Option<WireHeader>>()?,
        None => None,
    };
    let known = known.and_then(WireHeader::checked);
    if known.is_none_or(|header| header.block.hash != to.hash) {
        return Ok(Vote::NotYet(format!("that it has no block {}", to.hash)));
    }
    let mut found = Vec::with_capacity(queries.len());
    for (query, answer) in queries.iter().zip(answers) {
        let logs = answer.read::<Vec<WireLog>>()?;
        let logs: Option<Vec<Log>> = logs.into_iter().map(WireLog::checked).collect();
        let asked_for = |log: &Log| query.matches(log, (from, to.height));
        let logs = logs
            .filter(|logs| logs.iter().all(asked_for))
            .ok_or_else(|| {
                RpcError::malformed(
                    rpc.endpoint(),
                    METHOD,
                    "a log was not asked for or is not mined",
                )
            })?;
        found.push(logs);
    }
    Ok(Vote::Answer(Logs(found)))
}

/// Answers with a short way to say them.
#[derive(PartialEq, Eq)]
struct Answers(Vec<Option<Bytes>>);

impl Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, answer) in self.0.iter().take(4).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            match answer {
                Some(bytes) => {
                    let shown = &bytes[..bytes.len().min(32)];
                    write!(f, "{separator}{}", hex::encode_prefixed(shown))?;
                }
                None => write!(f, "{separator}failure")?,
            }
        }
        if self.0.len() > 4 {
            write!(f, " and {} more", self.0.len() - 4)?;
        }
        Ok(())
    }
}

/// Logs with a short way to say them.
#[derive(PartialEq, Eq)]
struct Logs(Vec<Vec<Log>>);

impl Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count: usize = self.0.iter().map(Vec::len).sum();
        write!(f, "{count} logs")
    }
}
