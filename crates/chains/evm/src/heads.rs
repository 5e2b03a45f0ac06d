//! How far a chain is, as whoever has to meet a deadline must know it.

use std::time::Duration;

use causeway_types::Timestamp;
use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until};

use crate::{
    AgreementError, EvmChain, RpcError, Statement,
    rpc::{Header, Rpc, WireHeader},
};

/// How long slower endpoints are waited for once enough of them have answered.
const GRACE: Duration = Duration::from_millis(500);

/// The newest that is told of a chain. Height and time may be those of different blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewestHead {
    /// The greatest height of any endpoint's newest block.
    pub height: u64,
    /// The latest time of any endpoint's newest block.
    pub time: Timestamp,
}

impl EvmChain {
    /// The newest head that any endpoint tells of, once `agreement` of them have told of one. All are
    /// asked now.
    ///
    /// For deadlines, where an old head is dangerous and one that is too new is a nuisance: a minority of
    /// endpoints that lag or are silent cannot hold it back. One that makes heads up can bring it forward.
    ///
    /// # Errors
    /// Who said what, if fewer have answered.
    pub async fn newest_head(&self) -> Result<NewestHead, AgreementError> {
        let pool = self.pool();
        let mut newest: Option<NewestHead> = None;
        let mut take = |header: &Header| {
            let told = NewestHead {
                height: header.block.height,
                time: header.block.timestamp,
            };
            newest = Some(newest.map_or(told, |newest| NewestHead {
                height: newest.height.max(told.height),
                time: newest.time.max(told.time),
            }));
        };
        let mut said = Vec::new();
        let mut waiting: FuturesUnordered<_> = pool
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.health().wrong_chain.is_none())
            .map(async |endpoint| (endpoint, head_of(&endpoint.rpc()).await))
            .collect();
        let mut answered = 0;
        let mut until = Instant::now() + self.config().request_timeout;
        loop {
            let (endpoint, answer) = tokio::select! {
                answer = waiting.next() => match answer {
                    Some(answer) => answer,
                    None => break,
                },
                () = sleep_until(until) => break,
            };
            match answer {
                Ok(header) => {
                    answered += 1;
                    take(&header);
                }
                Err(error) => said.push(Statement {
                    endpoint: endpoint.label.clone(),
                    said: format!("nothing: {}", error.kind),
                }),
            }
            if answered == pool.agreement {
                until = until.min(Instant::now() + GRACE);
            }
        }
        // What was pushed may be newer than the answers, and comes also from who is slow to answer.
        pool.endpoints
            .iter()
            .filter_map(|endpoint| endpoint.head())
            .for_each(|header| take(&header));
        match newest {
            Some(newest) if answered >= pool.agreement => Ok(newest),
            _ => Err(AgreementError::TooFewAnswers {
                chain: pool.chain.clone(),
                question: "what the newest block is".to_owned(),
                needed: pool.agreement,
                said,
            }),
        }
    }
}

async fn head_of(rpc: &Rpc) -> Result<Header, RpcError> {
    const METHOD: &str = "eth_getBlockByNumber";
    let header: Option<WireHeader> = rpc.request(METHOD, ("latest", false)).await?;
    header
        .and_then(WireHeader::checked)
        .ok_or_else(|| RpcError::malformed(rpc.endpoint(), METHOD, "the latest block is missing"))
}
