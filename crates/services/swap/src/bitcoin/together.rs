//! Signing a spend of a lock together, in one round trip: the one who asks names the payee, the rate and
//! a nonce; the other builds the same transaction itself, and answers with a nonce and half a signature.

use async_trait::async_trait;
use bitcoin::{FeeRate, ScriptBuf, hex::DisplayHex as _};
use causeway_bitcoin::{
    CooperativeSpend, FeeSituation, HashTimeLock, LockForm, NonceMessage, NonceRound,
    PartialSignatureMessage, SignedTx,
};
use causeway_types::ChainId;
use rand::{TryRngCore as _, rngs::OsRng};
use serde::{Deserialize, Serialize};
use tracing::info;

use super::{
    fees::{Market, Plan},
    kept::{Cosigned, Made, Note, Way},
    side::BitcoinSide,
    spend::{CALM, Purpose},
    terms,
};
use crate::{ChainError, Locked, Session, Together};

/// The size of a spend that both have signed, in virtual bytes.
const SIZE: u64 = 99;
/// The longest message that is read.
const MOST_TEXT: usize = 2_000;
/// The longest script of a payee, in bytes. All kinds in use are shorter.
const MOST_SCRIPT: usize = 100;
/// The highest rate that is signed for, in satoshis per 1,000 units of weight: 10,000 per virtual byte.
/// The fee is the other party's money.
const MOST_RATE: u64 = 2_500_000;
/// The least that nodes have ever taken by default.
const LEAST_RATE: u64 = 25;

/// What the one who asks sends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// The script that is to be paid.
    payee: ScriptBuf,
    /// Satoshis per 1,000 units of weight.
    rate: u64,
    nonce: NonceMessage,
}

/// What the other one answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    nonce: NonceMessage,
    half: PartialSignatureMessage,
}

/// Our half of it, which lives in memory only.
struct Asking {
    chain: ChainId,
    terms: HashTimeLock,
    spend: CooperativeSpend,
    round: NonceRound,
    request: String,
}

impl BitcoinSide {
    /// Begins to ask for a signature.
    pub(super) async fn begin(
        &self,
        locked: Locked<'_>,
        what: Together,
    ) -> Result<impl Session + use<>, ChainError> {
        let lock = locked.lock;
        let (party, blocks_left) = match what {
            Together::Claim => {
                let height = u64::from(terms::height(self.chain(), lock.terms.expiry)?);
                let left = height.saturating_sub(self.agreed_head().await?.highest_told);
                (&lock.terms.claimer, u32::try_from(left).unwrap_or(u32::MAX))
            }
            Together::Refund => (&lock.terms.refunder, CALM),
        };
        self.expect_party(lock, party)?;
        let terms = self.taproot(locked)?;
        let coin = terms::locked_coin(self.chain(), locked)?;
        let rates = self.agreed_rates(FeeSituation::target(blocks_left)).await?;
        let market = Market::new(self.settings(), rates, coin.value, blocks_left);
        let rate = match market.first(SIZE) {
            Plan::Replace(rate) => rate,
            // Better than nothing: nodes may take it when fees fall.
            _ => market.ceiling(SIZE),
        };
        let payee = self.keys().coin_script(self.payee(lock.number));
        let payee = payee.map_err(|error| ChainError::lasting(self.chain().id(), error))?;
        let spend = terms.cooperative_spend(coin, &payee, rate);
        let spend = spend.map_err(|error| ChainError::lasting(self.chain().id(), error))?;
        let (round, nonce) = self.nonce(&terms, &spend, lock.number)?;
        let request = Request {
            payee,
            rate: rate.to_sat_per_kwu(),
            nonce,
        };
        Ok(Asking {
            chain: self.chain().id().clone(),
            request: self.text(&request)?,
            terms,
            spend,
            round,
        })
    }

    /// Signs what the other party has asked for, after having stored it.
    pub(super) async fn cosign(
        &self,
        locked: Locked<'_>,
        what: Together,
        request: &str,
    ) -> Result<String, ChainError> {
        let lock = locked.lock;
        let party = match what {
            Together::Claim => &lock.terms.refunder,
            Together::Refund => &lock.terms.claimer,
        };
        self.expect_party(lock, party)?;
        let terms = self.taproot(locked)?;
        let coin = terms::locked_coin(self.chain(), locked)?;
        let request: Request = read(self.chain().id(), "request", request)?;
        let wrong = |message: String| ChainError::lasting(self.chain().id(), message);
        if request.payee.is_empty() || request.payee.len() > MOST_SCRIPT {
            let got = request.payee.len();
            return Err(wrong(format!(
                "the other party's payee has {got} bytes (expected 1 to {MOST_SCRIPT})"
            )));
        }
        if !(LEAST_RATE..=MOST_RATE).contains(&request.rate) {
            let got = request.rate;
            return Err(wrong(format!(
                "the other party's rate is {got} (expected {LEAST_RATE} to {MOST_RATE})"
            )));
        }
        let rate = FeeRate::from_sat_per_kwu(request.rate);
        let spend = terms.cooperative_spend(coin, &request.payee, rate);
        let spend = spend.map_err(|error| wrong(error.to_string()))?;
        let cosigned = Cosigned {
            what,
            txid: spend.txid(),
            sighash: spend.sighash().to_lower_hex_string(),
        };
        self.store().note(lock, Note::Cosigned(cosigned)).await?;
        let (round, nonce) = self.nonce(&terms, &spend, lock.number)?;
        let (_, half) = round
            .sign(&request.nonce)
            .map_err(|error| wrong(error.to_string()))?;
        info!(chain = %self.chain().id(), swap = %lock.swap, leg = lock.leg.name(),
            what = what.name(), txid = %spend.txid(), "signed for the other party");
        self.text(&Answer { nonce, half })
    }

    /// What [`crate::SwapChain::spend_together`] promises.
    pub(super) async fn use_signed(
        &self,
        locked: Locked<'_>,
        what: Together,
        signed: &str,
    ) -> Result<(), ChainError> {
        let wrong = |message: String| ChainError::lasting(self.chain().id(), message);
        let tx: SignedTx = serde_json::from_str(signed)
            .map_err(|error| wrong(format!("what is stored is no signed transaction: {error}")))?;
        let coin = terms::locked_coin(self.chain(), locked)?;
        if !matches!(tx.tx.input.as_slice(), [input] if input.previous_output == coin.outpoint) {
            let txid = tx.txid();
            return Err(wrong(format!(
                "{txid} was signed together and does not spend {} alone",
                coin.outpoint
            )));
        }
        let lock = locked.lock;
        let kept = self.store().load(lock).await?;
        if !kept.spends.iter().any(|made| made.tx.txid() == tx.txid()) {
            let made = Made {
                tx,
                way: Way::Together(what),
                path: self.payee(lock.number),
                height: self.agreed_head().await?.height,
                children: Vec::new(),
            };
            self.store().note(lock, Note::Spend(made)).await?;
        }
        let before = match what {
            Together::Claim => Some(terms::height(self.chain(), lock.terms.expiry)?),
            Together::Refund => None,
        };
        self.spend(locked, &Purpose::Signed { before }).await
    }

    fn taproot(&self, locked: Locked<'_>) -> Result<HashTimeLock, ChainError> {
        let terms = terms::of(self.chain(), locked.lock)?;
        match terms.terms().form {
            LockForm::Taproot => Ok(terms),
            LockForm::WitnessScript => {
                let message = "only a taproot lock can be spent by both parties together";
                Err(ChainError::lasting(self.chain().id(), message))
            }
        }
    }

    /// A nonce from randomness of the system, for this one signature.
    fn nonce(
        &self,
        terms: &HashTimeLock,
        spend: &CooperativeSpend,
        number: u32,
    ) -> Result<(NonceRound, NonceMessage), ChainError> {
        let key = self.key(number)?;
        let mut randomness = [0; 32];
        OsRng
            .try_fill_bytes(&mut randomness)
            .map_err(|error| ChainError::passing(self.chain().id(), error))?;
        NonceRound::begin(terms, spend, &key, randomness)
            .map_err(|error| ChainError::lasting(self.chain().id(), error))
    }

    fn text(&self, message: &impl Serialize) -> Result<String, ChainError> {
        let text = serde_json::to_string(message);
        text.map_err(|error| ChainError::lasting(self.chain().id(), error))
    }
}

#[async_trait]
impl Session for Asking {
    fn request(&self) -> String {
        self.request.clone()
    }

    async fn finish(self: Box<Self>, answer: &str) -> Result<String, ChainError> {
        let Self {
            chain,
            terms,
            spend,
            round,
            ..
        } = *self;
        // Whoever answers wrongly may be asked again, with a new nonce.
        let wrong = |message: String| ChainError::passing(&chain, message);
        let answer: Answer =
            read(&chain, "answer", answer).map_err(|error| wrong(error.message))?;
        let (round, _) = round
            .sign(&answer.nonce)
            .map_err(|error| wrong(error.to_string()))?;
        let signature = round
            .finish(&answer.half)
            .map_err(|error| wrong(error.to_string()))?;
        let signed = spend
            .with_signature(&terms, &signature)
            .map_err(|error| wrong(error.to_string()))?;
        serde_json::to_string(&signed).map_err(|error| wrong(error.to_string()))
    }
}

/// Reads what the other party has sent.
fn read<M: for<'de> Deserialize<'de>>(
    chain: &ChainId,
    what: &str,
    text: &str,
) -> Result<M, ChainError> {
    if text.len() > MOST_TEXT {
        let got = text.len();
        let message =
            format!("the other party's {what} has {got} bytes (expected {MOST_TEXT} or less)");
        return Err(ChainError::lasting(chain, message));
    }
    serde_json::from_str(text).map_err(|error| {
        let message = format!("the other party's {what} cannot be read: {error}");
        ChainError::lasting(chain, message)
    })
}
