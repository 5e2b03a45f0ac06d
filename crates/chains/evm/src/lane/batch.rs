use std::{ops::Range, sync::Arc};

use futures::future::{BoxFuture, FutureExt as _, join};
use tracing::{debug, info};

use super::{LaneError, LaneStore, TxCall, TxLane, TxOutcome, core::Answer};

impl<S: LaneStore> TxLane<S> {
    /// Sends several messages in one transaction. Where that reverts, the offending messages are
    /// found by halving and the others are sent without them, so that none fails its neighbours;
    /// where it needs too much gas, it is split. Every message comes back with its own result, in
    /// the given order.
    ///
    /// `key` names this list of messages as [`Self::submit`]'s key names a call: the same key with
    /// other messages is a mistake. `encode` makes one call of some of them, at least one.
    pub async fn submit_batch<M, F>(
        &self,
        key: &str,
        messages: Vec<M>,
        encode: F,
    ) -> Vec<(M, Answer)>
    where
        M: Clone + Send + Sync,
        F: Fn(&[M]) -> TxCall + Send + Sync,
    {
        let all: Vec<_> = (0..messages.len()).collect();
        let mut answers: Vec<Option<Answer>> = messages.iter().map(|_| None).collect();
        if !all.is_empty() {
            let batch = Batch {
                lane: self,
                key,
                messages: &messages,
                encode: &encode,
            };
            for (index, answer) in batch.submit(all).await {
                answers[index] = Some(answer);
            }
        }
        let answered = messages.into_iter().zip(answers);
        answered
            .map(|(m, answer)| (m, answer.unwrap_or(Err(LaneError::Closed))))
            .collect()
    }
}

type Answers = Vec<(usize, Answer)>;

struct Batch<'a, S, M, F> {
    lane: &'a TxLane<S>,
    key: &'a str,
    messages: &'a [M],
    encode: &'a F,
}

impl<S, M, F> Batch<'_, S, M, F>
where
    S: LaneStore,
    M: Clone + Send + Sync,
    F: Fn(&[M]) -> TxCall + Send + Sync,
{
    /// Sends these messages, in one transaction if that can be.
    fn submit(&self, chosen: Vec<usize>) -> BoxFuture<'_, Answers> {
        async move {
            let answer = self.lane.submit(&self.key_of(&chosen), self.call(&chosen)).await;
            let error = match answer {
                Ok(outcome) if outcome.success => return to_each(chosen, &Ok(outcome)),
                Ok(outcome) => self.why(&chosen, &outcome).await,
                Err(error) => error,
            };
            let divisible =
                matches!(error, LaneError::Reverted { .. } | LaneError::TooMuchGas { .. });
            if chosen.len() == 1 || !divisible {
                return to_each(chosen, &Err(error));
            }
            debug!(lane = self.lane.name(), messages = chosen.len(), %error, "batch fails, halving");
            let (left, right) = halves(&chosen);
            let (mut good, mut answers) = (Vec::new(), Vec::new());
            let (from_left, from_right) = join(self.sift(left), self.sift(right)).await;
            for (index, refused) in from_left.into_iter().chain(from_right) {
                match refused {
                    None => good.push(index),
                    Some(error) => answers.push((index, Err(error))),
                }
            }
            info!(
                lane = self.lane.name(), messages = chosen.len(), refused = answers.len(),
                "batch was sifted"
            );
            if good.len() == chosen.len() {
                // Nothing fails by itself: too much at once, or messages that do not fit together.
                let (left, right) = halves(&good);
                let (left, right) =
                    join(self.submit(left.to_vec()), self.submit(right.to_vec())).await;
                answers.extend(left);
                answers.extend(right);
            } else if !good.is_empty() {
                answers.extend(self.submit(good).await);
            }
            answers
        }
        .boxed()
    }

    /// Finds by simulation which of these messages fail.
    fn sift<'s>(&'s self, chosen: &'s [usize]) -> BoxFuture<'s, Vec<(usize, Option<LaneError>)>> {
        async move {
            let Err(error) = self.lane.simulate(&self.call(chosen)).await else {
                return chosen.iter().map(|index| (*index, None)).collect();
            };
            let divisible = matches!(
                error,
                LaneError::Reverted { .. } | LaneError::TooMuchGas { .. }
            );
            if chosen.len() == 1 || !divisible {
                return chosen
                    .iter()
                    .map(|index| (*index, Some(error.clone())))
                    .collect();
            }
            let (left, right) = halves(chosen);
            let (mut left, right) = join(self.sift(left), self.sift(right)).await;
            left.extend(right);
            left
        }
        .boxed()
    }

    /// Why a transaction that was mined reverted: the call is repeated on the state after its
    /// block, which is as near as every node can tell.
    async fn why(&self, chosen: &[usize], outcome: &TxOutcome) -> LaneError {
        let call = self.call(chosen);
        let silent = || LaneError::reverted(alloy_primitives::Bytes::new());
        let Some(to) = call.to else { return silent() };
        let from = Some(self.lane.account());
        let repeated = self
            .lane
            .chain()
            .call_at(from, to, call.data, Some(&outcome.block))
            .await;
        match repeated {
            Err(crate::EvmError::Rpc(error)) => error
                .revert()
                .map_or_else(silent, |data| LaneError::reverted(data.clone())),
            _ => silent(),
        }
    }

    fn call(&self, chosen: &[usize]) -> TxCall {
        let messages: Vec<M> = chosen
            .iter()
            .map(|index| self.messages[*index].clone())
            .collect();
        (self.encode)(&messages)
    }

    /// The key of a part of the batch; the whole batch has the key as given.
    fn key_of(&self, chosen: &[usize]) -> String {
        if chosen.len() == self.messages.len() {
            return self.key.to_owned();
        }
        let parts: Vec<_> = runs(chosen)
            .into_iter()
            .map(|run| match run.len() {
                1 => run.start.to_string(),
                _ => format!("{}-{}", run.start, run.end - 1),
            })
            .collect();
        format!("{}#{}", self.key, parts.join(","))
    }
}

fn to_each(chosen: Vec<usize>, answer: &Result<Arc<TxOutcome>, LaneError>) -> Answers {
    chosen
        .into_iter()
        .map(|index| (index, answer.clone()))
        .collect()
}

fn halves(chosen: &[usize]) -> (&[usize], &[usize]) {
    chosen.split_at(chosen.len() / 2)
}

/// Rising numbers as runs without gaps.
fn runs(chosen: &[usize]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for index in chosen {
        match runs.last_mut() {
            Some(run) if run.end == *index => run.end += 1,
            _ => runs.push(*index..index + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_batch_is_named_by_its_runs() {
        assert_eq!(runs(&[0, 1, 2, 5, 7, 8]), [0..3, 5..6, 7..9]);
        assert_eq!(runs(&[]), []);
    }
}
