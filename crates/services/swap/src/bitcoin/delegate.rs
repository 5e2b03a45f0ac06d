//! Spends that somebody else may send for us: signed by us, to where we want it.

use bitcoin::FeeRate;
use causeway_bitcoin::{Broadcast, BroadcastError, FeeSituation, LockError, Refusal, SignedTx};
use causeway_swap::Secret;

use super::{settings::sat_per_vb, side::BitcoinSide, terms};
use crate::{ChainError, Locked, Spending};

/// The most transactions that one delegation holds.
const MOST: usize = 24;

impl BitcoinSide {
    /// The same spend at many rates, each double the one before, as far as our limits go: whoever sends
    /// them chooses, and what they may cost us is settled.
    pub(super) fn sign_for_others(
        &self,
        locked: Locked<'_>,
        what: Spending,
    ) -> Result<String, ChainError> {
        let lock = locked.lock;
        let terms = terms::of(self.chain(), lock)?;
        let coin = terms::locked_coin(self.chain(), locked)?;
        let wrong = |error: LockError| ChainError::lasting(self.chain().id(), error);
        let to = self.keys().coin_script(self.payee(lock.number));
        let to = to.map_err(|error| ChainError::lasting(self.chain().id(), error))?;
        let key = self.key(lock.number)?;
        let mut spends: Vec<SignedTx> = Vec::new();
        let mut rate = self.settings().least_sat_per_vb;
        while rate <= self.settings().most_sat_per_vb && spends.len() < MOST {
            let rate_now = sat_per_vb(rate);
            let made = match what {
                Spending::Claim => {
                    self.expect_party(lock, &lock.terms.claimer)?;
                    terms.claim_without_secret(coin, &key, &to, rate_now)
                }
                Spending::Refund => {
                    self.expect_party(lock, &lock.terms.refunder)?;
                    terms.refund(coin, &key, &to, rate_now)
                }
            };
            match made {
                Ok(spend) if self.is_affordable(&spend, coin.value) => spends.push(spend),
                Ok(_) | Err(LockError::NothingLeft { .. }) => break,
                Err(error) => return Err(wrong(error)),
            }
            rate = rate.saturating_mul(2);
        }
        serde_json::to_string(&spends)
            .map_err(|error| ChainError::lasting(self.chain().id(), error))
    }

    fn is_affordable(&self, spend: &SignedTx, value: bitcoin::Amount) -> bool {
        let most = value.to_sat() / 100 * self.settings().most_percent;
        spend.fee.to_sat() <= most
    }

    /// Sends the cheapest of a party's spends that nodes want now, and a dearer one when they want more.
    pub(super) async fn send_for_others(
        &self,
        locked: Locked<'_>,
        what: Spending,
        delegated: &str,
        secret: Option<&Secret>,
    ) -> Result<(), ChainError> {
        let wrong = |message: String| ChainError::lasting(self.chain().id(), message);
        let spends: Vec<SignedTx> = serde_json::from_str(delegated)
            .map_err(|error| wrong(format!("what was delegated cannot be read: {error}")))?;
        let coin = terms::locked_coin(self.chain(), locked)?;
        let spends_it = |spend: &SignedTx| matches!(spend.tx.input.as_slice(), [input] if input.previous_output == coin.outpoint);
        if spends.is_empty() || spends.len() > MOST || !spends.iter().all(spends_it) {
            return Err(wrong(format!(
                "what was delegated does not spend {} alone: have it made again",
                coin.outpoint
            )));
        }
        let terms = terms::of(self.chain(), locked.lock)?;
        let head = self.agreed_head().await?;
        let blocks_left = match what {
            Spending::Claim => {
                let before = terms::height(self.chain(), locked.lock.terms.expiry)?;
                let left = u64::from(before).saturating_sub(head.highest_told);
                u32::try_from(left).unwrap_or(u32::MAX)
            }
            Spending::Refund => super::spend::CALM,
        };
        let rates = self.agreed_rates(FeeSituation::target(blocks_left)).await?;
        let wanted = rates.estimate.unwrap_or(rates.least).max(rates.least);
        let mut refused = None;
        for spend in from_rate(&spends, wanted) {
            let complete = match (what, secret) {
                (Spending::Claim, Some(secret)) => {
                    let secret = causeway_bitcoin::Secret::from_bytes(secret.to_bytes());
                    let complete = terms.with_secret(spend, &secret);
                    complete.map_err(|error| wrong(error.to_string()))?
                }
                (Spending::Claim, None) => {
                    return Err(wrong("nobody claims without the secret".to_owned()));
                }
                (Spending::Refund, _) => spend.clone(),
            };
            match self.chain().broadcast(&complete.bytes()).await {
                Ok(Broadcast::Accepted | Broadcast::InChain) => return Ok(()),
                Err(error) if wants_more(&error) => refused = Some(error),
                Err(error) => return self.outcome(Err(error), "a spend for somebody else"),
            }
        }
        let message = match refused {
            Some(error) => {
                format!("nodes want more than any of the delegated spends pays: {error}")
            }
            None => "none of the delegated spends pays enough".to_owned(),
        };
        Err(ChainError::passing(self.chain().id(), message))
    }
}

/// Those that pay this rate or more, or the dearest if none does.
fn from_rate(spends: &[SignedTx], wanted: FeeRate) -> &[SignedTx] {
    let first = spends.iter().position(|spend| spend.rate() >= wanted);
    &spends[first.unwrap_or(spends.len().saturating_sub(1))..]
}

const fn wants_more(error: &BroadcastError) -> bool {
    matches!(
        error,
        BroadcastError::Refused {
            refusal: Refusal::FeeTooLow | Refusal::Conflict,
            ..
        }
    )
}
