use std::sync::Arc;

use alloy_primitives::B256;
use tracing::{debug, info, warn};

use super::{
    LaneError, LaneStore, SignedAttempt,
    core::Core,
    fees::{Fees, Market},
};
use crate::RpcError;

/// How often fees are raised at once when an endpoint calls them too low.
const MAX_BUMPS: usize = 5;

/// What an endpoint said to a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has the transaction, now or before.
    Accepted,
    /// The chain has used the nonce already.
    NonceUsed,
    /// The fees are too low, for the pool or to replace what is there.
    Underpriced,
    InsufficientFunds(String),
    /// The transaction breaks a rule and will be refused everywhere, always.
    Rejected(String),
    /// Nobody knows; it may have arrived.
    Unknown(RpcError),
}

impl Verdict {
    pub(super) fn of(answer: Result<B256, RpcError>) -> Self {
        let Err(error) = answer else {
            return Self::Accepted;
        };
        let Some(words) = error.refusal() else {
            return Self::Unknown(error);
        };
        let has = |any: &[&str]| any.iter().any(|part| words.contains(part));
        // The words of geth, reth, Nethermind, Besu, Erigon and anvil.
        let known = has(&["known transaction"]) && !has(&["unknown transaction"]);
        if known || has(&["already known", "already imported", "alreadyknown"]) {
            Self::Accepted
        } else if has(&[
            "nonce too low",
            "oldnonce",
            "nonce is too low",
            "nonce_too_low",
        ]) {
            Self::NonceUsed
        } else if has(&[
            "underpriced",
            "fee too low",
            "less than block base fee",
            "feetoolow",
        ]) {
            Self::Underpriced
        } else if has(&["insufficient funds", "insufficientfunds", "upfront cost"]) {
            Self::InsufficientFunds(words)
        } else if has(&[
            "intrinsic gas",
            "exceeds block gas limit",
            "gas limit too high",
            "gas limit is too high",
            "oversized data",
            "max initcode size",
            "invalid sender",
            "invalid chain id",
            "transaction type not supported",
            "exceeds the configured cap",
            "tx gas limit",
        ]) {
            Self::Rejected(words)
        } else {
            Self::Unknown(error)
        }
    }
}

impl<S: LaneStore> Core<S> {
    /// Signs an attempt, records it and sends it, and does what the answer asks for. Whatever
    /// happens, the entry stays until its nonce is used, and the keeper goes on with it.
    pub(super) async fn attempt(&self, nonce: u64, fees: Fees, cancels: bool) {
        let Some(call) = self
            .state()
            .entries
            .get(&nonce)
            .map(|entry| entry.call.clone())
        else {
            return;
        };
        let signed = match self.sign(nonce, &call, fees, cancels).await {
            Ok(signed) => signed,
            Err(error) => {
                warn!(lane = %self.name, nonce, %error, "transaction is not signed");
                return self.tell(nonce, Err(error));
            }
        };
        // What was sent but not recorded could be mined without anybody knowing it.
        if let Err(error) = self.keep_attempt(nonce, signed).await {
            warn!(lane = %self.name, nonce, %error, "transaction is not recorded and not sent");
            return self.tell(nonce, Err(error.into()));
        }
        self.broadcast(nonce).await;
    }

    /// Sends the latest attempt, and further ones with higher fees where that is asked for.
    pub(super) async fn broadcast(&self, nonce: u64) {
        for _ in 0..MAX_BUMPS {
            let height = self.head_height();
            let attempt = match self.state().entries.get_mut(&nonce) {
                Some(entry) => {
                    entry.sent_at = height;
                    entry.attempts.last().cloned()
                }
                None => None,
            };
            let Some(attempt) = attempt else { return };
            let sent = self
                .chain
                .rpc()
                .request("eth_sendRawTransaction", (&attempt.raw,))
                .await;
            let verdict = Verdict::of(sent);
            debug!(lane = %self.name, nonce, hash = %attempt.hash, ?verdict, "transaction sent");
            match verdict {
                Verdict::Accepted | Verdict::NonceUsed => {
                    if let Some(entry) = self.state().entries.get_mut(&nonce) {
                        entry.accepted = true;
                    }
                    return self.wake.notify_one();
                }
                Verdict::Underpriced => {
                    if !self.raise(nonce, &attempt).await {
                        return;
                    }
                }
                Verdict::InsufficientFunds(details) => {
                    let (chain, account) = (self.chain.id().clone(), self.account);
                    warn!(lane = %self.name, %account, details, "account cannot pay");
                    let error = LaneError::InsufficientFunds {
                        chain,
                        account,
                        details,
                    };
                    return self.tell(nonce, Err(error));
                }
                Verdict::Rejected(words) => {
                    warn!(lane = %self.name, nonce, words, "transaction is refused for good");
                    self.tell(nonce, Err(LaneError::Rejected(words)));
                    if attempt.cancels {
                        return;
                    }
                    // The nonce must not stay empty, or everything after it would wait forever.
                    let fees = Fees {
                        max_fee: attempt.max_fee,
                        priority_fee: attempt.priority_fee,
                    };
                    return Box::pin(self.attempt(nonce, fees, true)).await;
                }
                Verdict::Unknown(error) => {
                    warn!(lane = %self.name, nonce, %error, "transaction may not have arrived");
                    return;
                }
            }
        }
    }

    /// Hands the latest attempt to the other endpoints as well: the one in use may have taken it and told nobody.
    pub(super) fn spread(&self, nonce: u64) {
        let latest = match self.state().entries.get(&nonce) {
            Some(entry) => entry.attempts.last().cloned(),
            None => None,
        };
        let Some(SignedAttempt { raw, hash, .. }) = latest else {
            return;
        };
        let pool = self.chain.pool();
        let in_use = pool.current();
        for endpoint in pool.endpoints.iter().filter(|other| other.usable()) {
            if Arc::ptr_eq(endpoint, &in_use) {
                continue;
            }
            let (rpc, raw) = (endpoint.rpc(), raw.clone());
            // Nobody waits for it, and what it comes to is seen on the chain.
            tokio::spawn(async move {
                let verdict = Verdict::of(rpc.request("eth_sendRawTransaction", (&raw,)).await);
                debug!(endpoint = rpc.endpoint(), %hash, ?verdict, "transaction sent past the endpoint in use");
            });
        }
    }

    /// Signs the latest attempt again with higher fees and records that. Says whether it did.
    pub(super) async fn raise(&self, nonce: u64, attempt: &SignedAttempt) -> bool {
        let market = match self.market().await {
            Ok(market) => market,
            Err(error) => {
                warn!(lane = %self.name, nonce, %error, "fees are not known");
                return false;
            }
        };
        let Some(fees) = market.replacement(attempt, &self.config) else {
            self.warn_of_limit(nonce, attempt, &market);
            return false;
        };
        let Some(call) = self
            .state()
            .entries
            .get(&nonce)
            .map(|entry| entry.call.clone())
        else {
            return false;
        };
        let signed = match self.sign(nonce, &call, fees, attempt.cancels).await {
            Ok(signed) => signed,
            Err(error) => {
                warn!(lane = %self.name, nonce, %error, "replacement is not signed");
                return false;
            }
        };
        let hash = signed.hash;
        if let Err(error) = self.keep_attempt(nonce, signed).await {
            warn!(lane = %self.name, nonce, %error, "replacement is not recorded and not sent");
            return false;
        }
        let key = self
            .state()
            .entries
            .get(&nonce)
            .map(|entry| entry.key.clone());
        info!(
            lane = %self.name, nonce, key, replaced = %attempt.hash, %hash,
            max_fee = fees.max_fee, priority_fee = fees.priority_fee, "fees raised"
        );
        true
    }

    fn warn_of_limit(&self, nonce: u64, attempt: &SignedAttempt, market: &Market) {
        warn!(
            lane = %self.name, nonce, max_fee = attempt.max_fee, base_fee = market.base_fee,
            limit = self.config.max_fee_per_gas, "fees would exceed the limit, waiting"
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::RpcErrorKind;

    use super::*;

    fn verdict(message: &str) -> Verdict {
        let kind = RpcErrorKind::Refused {
            code: -32000,
            message: message.to_owned(),
            revert: None,
        };
        Verdict::of(Err(RpcError {
            endpoint: "test".to_owned(),
            method: "eth_sendRawTransaction".to_owned(),
            kind,
        }))
    }

    #[test]
    fn the_words_of_nodes_are_understood() {
        assert_eq!(Verdict::of(Ok(B256::ZERO)), Verdict::Accepted);
        assert_eq!(verdict("already known"), Verdict::Accepted);
        assert_eq!(verdict("transaction already imported"), Verdict::Accepted);
        assert_eq!(verdict("known transaction: 0x12"), Verdict::Accepted);
        assert_eq!(
            verdict("nonce too low: next nonce 7, tx nonce 5"),
            Verdict::NonceUsed
        );
        assert_eq!(
            verdict("replacement transaction underpriced"),
            Verdict::Underpriced
        );
        assert_eq!(
            verdict("max fee per gas less than block base fee"),
            Verdict::Underpriced
        );
        assert!(matches!(
            verdict("Insufficient funds for gas * price + value"),
            Verdict::InsufficientFunds(_)
        ));
        assert!(matches!(
            verdict("exceeds block gas limit"),
            Verdict::Rejected(_)
        ));
        for unclear in [
            "unknown transaction kind of trouble",
            "txpool is full",
            "internal error",
        ] {
            assert!(matches!(verdict(unclear), Verdict::Unknown(_)), "{unclear}");
        }
    }
}
