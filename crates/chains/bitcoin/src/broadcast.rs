//! Handing transactions to nodes, as often as one likes.

use thiserror::Error;

use crate::{BitcoinChain, RpcError, RpcErrorKind, Severity};

/// What became of a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// A node has taken it, or has it and passes it on again.
    Accepted,
    /// It is in the chain.
    InChain,
}

/// What a node has against a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Its lock time has not come. It may be sent again with later blocks.
    #[error("its lock time has not come")]
    TooEarly,
    /// It pays less than nodes take now.
    #[error("its fee is too low")]
    FeeTooLow,
    /// Another pending transaction spends the same, and this one does not replace it: the chain's nodes
    /// do not replace, or it pays too little more.
    #[error("another pending transaction spends the same")]
    Conflict,
    /// What it spends does not exist, or is spent: by another transaction, or by this one in a block whose
    /// outputs are spent as well. The follower tells which.
    #[error("what it spends is not there")]
    InputsMissing,
    /// It breaks a rule, and always will.
    #[error("it breaks a rule")]
    Invalid,
}

/// Why no node has taken a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BroadcastError {
    /// Nodes refuse it.
    #[error("the transaction is refused, {refusal}: {message}")]
    Refused {
        /// What they have against it.
        refusal: Refusal,
        /// A node's words.
        message: String,
    },
    /// No node could be asked.
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

impl BroadcastError {
    /// Whether the same bytes may be taken later.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Refused { refusal, .. } => match refusal {
                // Fees fall, and conflicting transactions are dropped.
                Refusal::TooEarly | Refusal::FeeTooLow | Refusal::Conflict => Severity::Retry,
                Refusal::InputsMissing | Refusal::Invalid => Severity::Stop,
            },
            Self::Rpc(error) => error.severity(),
        }
    }
}

impl BitcoinChain {
    /// Hands a transaction to all endpoints. Doing so again does no harm, and is to be done with every
    /// block: nodes forget, and others may have pushed it out.
    ///
    /// The answer is what most say who answer, so that one that lies neither hides that a fee is too low
    /// nor makes it seem so.
    ///
    /// # Errors
    /// What most have against it, or else why none could be asked.
    pub async fn broadcast(&self, tx: &[u8]) -> Result<Broadcast, BroadcastError> {
        let answers = self
            .ask_all(|node| async move { node.send(tx).await })
            .await;
        let mut verdicts = Vec::new();
        let mut unanswered = None;
        for (_, answer) in answers {
            match answer {
                Ok(_) => verdicts.push(Ok(Broadcast::Accepted)),
                Err(error) => match verdict(&error) {
                    Some(verdict) => verdicts.push(verdict),
                    None => unanswered = unanswered.or(Some(error)),
                },
            }
        }
        match (most_common(&verdicts), unanswered) {
            (Some(verdict), _) => verdict,
            (None, Some(error)) => Err(error.into()),
            // There is at least one endpoint, and it has said one or the other.
            (None, None) => Ok(Broadcast::Accepted),
        }
    }
}

type Verdict = Result<Broadcast, BroadcastError>;

/// What most say; where as many say one thing as another, that a node has it, or else what can be mended.
fn most_common(verdicts: &[Verdict]) -> Option<Verdict> {
    let votes = |wanted: &Verdict| {
        let same = verdicts.iter().filter(|other| is_same(wanted, other));
        same.count()
    };
    let mut best: Option<(&Verdict, (usize, u8))> = None;
    for verdict in verdicts {
        let rank = match verdict {
            Ok(Broadcast::Accepted) => 3,
            Err(error) if error.severity() == Severity::Retry => 2,
            Ok(Broadcast::InChain) => 1,
            Err(_) => 0,
        };
        let weight = (votes(verdict), rank);
        if best.is_none_or(|(_, most)| weight > most) {
            best = Some((verdict, weight));
        }
    }
    best.map(|(verdict, _)| verdict.clone())
}

fn is_same(one: &Verdict, other: &Verdict) -> bool {
    let kind = |verdict: &Verdict| match verdict {
        Ok(done) => Ok(*done),
        Err(BroadcastError::Refused { refusal, .. }) => Err(Some(*refusal)),
        Err(BroadcastError::Rpc(_)) => Err(None),
    };
    kind(one) == kind(other)
}

/// What the node thinks of the transaction; `None` if it has not said.
fn verdict(error: &RpcError) -> Option<Result<Broadcast, BroadcastError>> {
    /// Core's `RPC_VERIFY_ERROR`, `RPC_VERIFY_REJECTED`, `RPC_VERIFY_ALREADY_IN_UTXO_SET`, and
    /// `RPC_DESERIALIZATION_ERROR`.
    const OF_VERIFICATION: [i64; 4] = [-25, -26, -27, -22];
    let RpcErrorKind::Refused { code, message } = &error.kind else {
        return None;
    };
    if !OF_VERIFICATION.contains(code) {
        return None;
    }
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if *code == -27 {
        return Some(Ok(Broadcast::InChain));
    }
    if says(&[
        "txn-already-in-mempool",
        "txn-already-known",
        "txn-same-nonwitness-data",
    ]) {
        return Some(Ok(Broadcast::Accepted));
    }
    let refusal = if says(&["non-final", "non-bip68-final"]) {
        Refusal::TooEarly
    } else if says(&["missing-inputs", "missing inputs", "missingorspent"]) {
        Refusal::InputsMissing
    } else if says(&["min relay fee", "min fee not met", "mempool full"]) {
        Refusal::FeeTooLow
    } else if says(&["txn-mempool-conflict", "insufficient fee", "replacement"]) {
        Refusal::Conflict
    } else {
        Refusal::Invalid
    };
    let message = message.clone();
    Some(Err(BroadcastError::Refused { refusal, message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: i64, message: &str) -> Option<Result<Broadcast, Refusal>> {
        let message = message.to_owned();
        let error = RpcError {
            endpoint: "node".to_owned(),
            method: "sendrawtransaction",
            kind: RpcErrorKind::Refused { code, message },
        };
        verdict(&error).map(|verdict| {
            verdict.map_err(|error| match error {
                BroadcastError::Refused { refusal, .. } => refusal,
                BroadcastError::Rpc(error) => panic!("{error}"),
            })
        })
    }

    #[test]
    fn one_of_three_hides_nothing_and_one_of_two_nothing_that_can_be_mended() {
        let refused = |refusal| {
            let message = String::new();
            Err(BroadcastError::Refused { refusal, message })
        };
        let (missing, low) = (refused(Refusal::InputsMissing), refused(Refusal::FeeTooLow));
        let (accepted, in_chain) = (Ok(Broadcast::Accepted), Ok(Broadcast::InChain));
        let of = |verdicts: &[&Verdict]| {
            let verdicts: Vec<_> = verdicts.iter().map(|&verdict| verdict.clone()).collect();
            most_common(&verdicts)
        };
        for liar in [&missing, &accepted, &in_chain] {
            assert_eq!(of(&[liar, &low, &low]).as_ref(), Some(&low));
        }
        assert_eq!(of(&[&low, &accepted, &accepted]), Some(accepted.clone()));
        assert_eq!(of(&[&missing, &low]), Some(low.clone()));
        assert_eq!(of(&[&in_chain, &low]), Some(low.clone()));
        assert_eq!(of(&[&low, &accepted]), Some(accepted));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn what_nodes_say_is_understood() {
        let known = Some(Ok(Broadcast::Accepted));
        let refused = |refusal| Some(Err(refusal));
        for (code, message, expected) in [
            (
                -27,
                "Transaction already in block chain",
                Some(Ok(Broadcast::InChain)),
            ),
            (
                -27,
                "Transaction outputs already in utxo set",
                Some(Ok(Broadcast::InChain)),
            ),
            (-26, "txn-already-in-mempool", known),
            (-26, "txn-already-known", known),
            (-26, "non-final", refused(Refusal::TooEarly)),
            (
                -25,
                "bad-txns-inputs-missingorspent",
                refused(Refusal::InputsMissing),
            ),
            (
                -26,
                "min relay fee not met, 10 < 110",
                refused(Refusal::FeeTooLow),
            ),
            (-26, "mempool min fee not met", refused(Refusal::FeeTooLow)),
            (-26, "txn-mempool-conflict", refused(Refusal::Conflict)),
            (
                -26,
                "insufficient fee, rejecting replacement 00",
                refused(Refusal::Conflict),
            ),
            (
                -26,
                "non-mandatory-script-verify-flag (x)",
                refused(Refusal::Invalid),
            ),
            (-28, "Loading block index…", None),
        ] {
            assert_eq!(said(code, message), expected, "{message}");
        }
    }
}
