//! What several endpoints say, counted: a single one may lie, be behind or be on another branch.

use std::{cmp::Reverse, fmt::Display};

use alloy_primitives::B256;
use bitcoin::{Amount, FeeRate, OutPoint, ScriptBuf, Txid};
use causeway_types::ChainId;
use futures::future::join_all;
use thiserror::Error;

use crate::{BitcoinChain, RpcClient, RpcError, Unspent};

/// What one endpoint said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The endpoint, without credentials.
    pub endpoint: String,
    /// What it said.
    pub said: String,
}

/// Fewer endpoints than necessary said the same.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{needed} endpoints of {chain} have to agree on {question}, but {}",
    shown(said)
)]
pub struct AgreementError {
    /// The chain.
    pub chain: ChainId,
    /// What was asked.
    pub question: String,
    /// How many have to say the same.
    pub needed: usize,
    /// Who said what.
    pub said: Vec<Statement>,
}

fn shown(said: &[Statement]) -> String {
    let each = said
        .iter()
        .map(|one| format!("{} says {}", one.endpoint, one.said));
    each.collect::<Vec<_>>().join("; ")
}

/// An unspent output that enough endpoints know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedCoin {
    /// Whom it pays.
    pub script: ScriptBuf,
    /// What it holds.
    pub value: Amount,
    /// How many confirmations enough endpoints give it at least.
    pub confirmations: u64,
}

/// How far the chain has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgreedHead {
    /// The newest height that enough endpoints have reached, with the same block. What was to happen by
    /// a height has surely had its time.
    pub height: u64,
    /// That block.
    pub hash: B256,
    /// The newest height that any endpoint tells of. Where a deadline must not be missed, this is the
    /// one to look at: a lie costs an opportunity and no money.
    pub highest_told: u64,
}

/// What a transaction has to pay, as enough endpoints see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgreedRates {
    /// Below this rate nodes do not take one.
    pub least: FeeRate,
    /// What gets one mined in the time that was asked about; `None` while too few nodes have seen enough
    /// to tell.
    pub estimate: Option<FeeRate>,
}

impl BitcoinChain {
    /// The output, as enough endpoints know it in a block; `None` when enough say that there is no such
    /// output or that it was spent.
    ///
    /// # Errors
    /// Who said what, when fewer agree.
    pub async fn agreed_coin(&self, at: OutPoint) -> Result<Option<AgreedCoin>, AgreementError> {
        let answers = self
            .ask_all(|node| async move { node.unspent(at, false).await })
            .await;
        let question = || format!("the output {at}");
        let same = |one: &Option<Unspent>, other: &Option<Unspent>| {
            let kind = |coin: &Option<Unspent>| {
                coin.as_ref().map(|coin| (coin.script.clone(), coin.value))
            };
            kind(one) == kind(other)
        };
        let agreed = self.majority(&answers, same, question, |coin| match coin {
            Some(coin) => format!("{} with {} confirmations", coin.value, coin.confirmations),
            None => "that there is none".to_owned(),
        })?;
        let depths = agreed
            .iter()
            .map(|coin| coin.as_ref().map_or(0, |coin| coin.confirmations));
        let confirmations = kth_highest(depths.collect(), self.config().agreement);
        Ok(agreed
            .first()
            .and_then(|coin| coin.as_ref())
            .map(|coin| AgreedCoin {
                script: coin.script.clone(),
                value: coin.value,
                confirmations: confirmations.unwrap_or(0),
            }))
    }

    /// How many confirmations enough endpoints give a transaction at least, in a block that a follower
    /// has told of; 0 when enough do not see it in the chain. One endpoint, or as many as are fewer than
    /// the agreement, cannot make it more.
    ///
    /// # Errors
    /// Who said what, when fewer answer at all.
    pub async fn agreed_confirmations(
        &self,
        txid: Txid,
        block: B256,
    ) -> Result<u64, AgreementError> {
        let answers = self
            .ask_all(|node| async move { node.confirmations(txid, block).await })
            .await;
        let depths = answers
            .iter()
            .filter_map(|(_, depth)| depth.as_ref().ok().copied());
        kth_highest(depths.collect(), self.config().agreement).ok_or_else(|| {
            self.disagreement(&answers, format!("the confirmations of {txid}"), |depth| {
                format!("{depth} confirmations")
            })
        })
    }

    /// How far the chain has come, as enough endpoints see it.
    ///
    /// # Errors
    /// Who said what, when fewer agree.
    pub async fn agreed_head(&self) -> Result<AgreedHead, AgreementError> {
        let heads = self.ask_all(|node| async move { node.head().await }).await;
        let heights = || {
            heads
                .iter()
                .filter_map(|(_, head)| head.as_ref().ok().map(|head| head.0))
        };
        let reached = kth_highest(heights().collect(), self.config().agreement);
        let Some(height) = reached else {
            return Err(
                self.disagreement(&heads, "the newest block".to_owned(), |head| {
                    format!("block {} {}", head.0, head.1)
                }),
            );
        };
        let highest_told = heights().max().unwrap_or(height);
        let hashes = self
            .ask_all(|node| async move { node.block_hash_at(height).await })
            .await;
        let agreed = self.majority(
            &hashes,
            |one, other| one == other && one.is_some(),
            || format!("block {height}"),
            |hash| hash.map_or_else(|| "that there is none".to_owned(), |hash| hash.to_string()),
        )?;
        let hash = agreed
            .first()
            .copied()
            .copied()
            .flatten()
            .unwrap_or_default();
        Ok(AgreedHead {
            height,
            hash,
            highest_told,
        })
    }

    /// What nodes ask for a transaction now, and what they think gets one mined within so many blocks.
    /// Of several answers it is one that is neither below nor above what honest endpoints say, as long
    /// as they are enough to agree.
    ///
    /// # Errors
    /// Who said what, when fewer answer at all.
    pub async fn agreed_rates(&self, blocks: u16) -> Result<AgreedRates, AgreementError> {
        let least = self
            .ask_all(|node| async move { node.least_rate().await })
            .await;
        let rates = given(&least).copied().collect();
        let Some(least) = kth_lowest(rates, self.config().agreement) else {
            let question = "the least fee".to_owned();
            return Err(self.disagreement(&least, question, |rate| format!("{rate} sat/kwu")));
        };
        let wanted = self
            .ask_all(|node| async move { node.estimated_rate(blocks).await })
            .await;
        let rates: Vec<FeeRate> = given(&wanted).copied().flatten().collect();
        let estimate = kth_lowest(rates, self.config().agreement);
        Ok(AgreedRates { least, estimate })
    }

    /// What every endpoint says, in their order.
    pub(crate) async fn ask_all<R, Asking>(
        &self,
        ask: impl Fn(RpcClient) -> Asking,
    ) -> Vec<(String, Result<R, RpcError>)>
    where
        Asking: Future<Output = Result<R, RpcError>>,
    {
        let asking = self.nodes().iter().map(|node| {
            let (label, answer) = (node.label().to_owned(), ask(node.clone()));
            async move { (label, answer.await) }
        });
        let asking: Vec<_> = asking.collect();
        join_all(asking).await
    }

    /// The answers that enough endpoints give alike.
    pub(crate) fn majority<'answers, R>(
        &self,
        answers: &'answers [(String, Result<R, RpcError>)],
        same: impl Fn(&R, &R) -> bool,
        question: impl FnOnce() -> String,
        say: impl Fn(&R) -> String,
    ) -> Result<Vec<&'answers R>, AgreementError> {
        let given: Vec<&R> = answers
            .iter()
            .filter_map(|(_, answer)| answer.as_ref().ok())
            .collect();
        for answer in &given {
            let alike: Vec<&R> = given
                .iter()
                .copied()
                .filter(|other| same(answer, other))
                .collect();
            if alike.len() >= self.config().agreement {
                return Ok(alike);
            }
        }
        Err(self.disagreement(answers, question(), say))
    }

    pub(crate) fn disagreement<R, S: Display>(
        &self,
        answers: &[(String, Result<R, RpcError>)],
        question: String,
        say: impl Fn(&R) -> S,
    ) -> AgreementError {
        let said = answers.iter().map(|(endpoint, answer)| Statement {
            endpoint: endpoint.clone(),
            said: match answer {
                Ok(answer) => say(answer).to_string(),
                Err(error) => format!("nothing: {}", error.kind),
            },
        });
        AgreementError {
            chain: self.id().clone(),
            question,
            needed: self.config().agreement,
            said: said.collect(),
        }
    }
}

/// The answers of those who gave one.
fn given<R>(answers: &[(String, Result<R, RpcError>)]) -> impl Iterator<Item = &R> {
    answers
        .iter()
        .filter_map(|(_, answer)| answer.as_ref().ok())
}

/// The lowest that at least so many do not exceed.
fn kth_lowest<N: Ord + Copy>(numbers: Vec<N>, needed: usize) -> Option<N> {
    let reversed = numbers.into_iter().map(Reverse).collect();
    kth_highest(reversed, needed).map(|Reverse(number)| number)
}

/// The highest number that at least so many reach.
fn kth_highest<N: Ord + Copy>(mut numbers: Vec<N>, needed: usize) -> Option<N> {
    numbers.sort_unstable_by(|left, right| right.cmp(left));
    numbers.get(needed.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minority_cannot_raise_what_enough_reach() {
        assert_eq!(kth_highest(vec![1, 1_000, 2], 2), Some(2));
        assert_eq!(kth_highest(vec![1_000, 1_000, 2], 2), Some(1_000));
        assert_eq!(kth_highest(vec![5], 2), None);
        assert_eq!(kth_highest(vec![5], 1), Some(5));
    }

    #[test]
    fn one_of_three_moves_a_rate_neither_up_nor_down() {
        assert_eq!(kth_lowest(vec![9, 1_000, 8], 2), Some(9));
        assert_eq!(kth_lowest(vec![9, 0, 8], 2), Some(8));
        assert_eq!(kth_lowest(vec![9], 2), None);
    }
}
