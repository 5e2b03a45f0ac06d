//! Spending a lock: sending what was stored, and something better when that does not get mined.

use bitcoin::{FeeRate, ScriptBuf, hex::FromHex as _};
use causeway_bitcoin::{
    Broadcast, BroadcastError, CoinPath, FeeSituation, HashTimeLock, LockError, LockedCoin,
    Refusal, SignedTx,
};
use causeway_swap::Secret;
use tracing::{debug, info};

use super::{
    fees::{Market, Plan},
    kept::{Kept, Made, Note, Way},
    side::BitcoinSide,
    terms,
};
use crate::{ChainError, Lock, Locked};

/// For how many blocks a fee is reckoned where nothing is urgent.
pub(super) const CALM: u32 = 48;
/// How often a spend is made better within one call, each time because nodes refused the last.
const MOST_TRIES: usize = 30;

/// What a lock is spent for.
pub(super) enum Purpose<'a> {
    /// To claim it with the secret, in a block of this height or below.
    Claim { secret: &'a Secret, before: u32 },
    /// To take it back after its expiry.
    Refund,
    /// What both parties have signed, in a block of this height or below if there is one. No other can
    /// be made.
    Signed { before: Option<u32> },
}

/// All that a spend needs.
struct Job<'a> {
    lock: &'a Lock,
    terms: HashTimeLock,
    coin: LockedCoin,
    path: CoinPath,
    to: ScriptBuf,
    purpose: &'a Purpose<'a>,
}

/// How what was stored stands with nodes.
enum Standing<'kept> {
    /// Nothing was stored.
    Nothing,
    InChain,
    /// Nodes have this one.
    Pending(&'kept Made),
    /// Nodes refuse the newest.
    Refused {
        newest: &'kept Made,
        error: BroadcastError,
    },
}

impl BitcoinSide {
    /// Spends a lock, as cheaply as the time that is left allows.
    pub(super) async fn spend(
        &self,
        locked: Locked<'_>,
        purpose: &Purpose<'_>,
    ) -> Result<(), ChainError> {
        let lock = locked.lock;
        let path = self.payee(lock.number);
        let to = self.keys().coin_script(path);
        let job = Job {
            lock,
            terms: terms::of(self.chain(), lock)?,
            coin: terms::locked_coin(self.chain(), locked)?,
            path,
            to: to.map_err(|error| ChainError::lasting(self.chain().id(), error))?,
            purpose,
        };
        let mut kept = self.store().load(lock).await?;
        if self.is_spent_in_chain(&kept).await? {
            return Ok(());
        }
        // What is stored is sent whatever else fails.
        let mut standing = self.send(&kept.spends_of(job.coin.outpoint)).await;
        if matches!(standing, Standing::InChain) {
            return Ok(());
        }
        let head = self.agreed_head().await?;
        let blocks_left = purpose.blocks_left(head.highest_told);
        let rates = self.agreed_rates(FeeSituation::target(blocks_left)).await?;
        let market = Market::new(self.settings(), rates, job.coin.value, blocks_left);
        for _ in 0..MOST_TRIES {
            let Some(note) = self.next_step(&job, &market, standing, head.height)? else {
                return Ok(());
            };
            self.store().note(lock, note).await?;
            kept = self.store().load(lock).await?;
            standing = self.send(&kept.spends_of(job.coin.outpoint)).await;
        }
        let message = format!("{}: refused {MOST_TRIES} times in a row", purpose.name());
        Err(ChainError::passing(self.chain().id(), message))
    }

    /// What to make next; nothing, when what is there does for now.
    fn next_step(
        &self,
        job: &Job<'_>,
        market: &Market,
        standing: Standing<'_>,
        height: u64,
    ) -> Result<Option<Note>, ChainError> {
        match standing {
            Standing::InChain => Ok(None),
            // It has had no block yet in which it could have been mined.
            Standing::Pending(pending) if pending.height >= height => Ok(None),
            Standing::Pending(pending) => self.better(job, market, pending, height, false),
            Standing::Refused { newest, error } if self.can_be_outbid(job, &error) => {
                self.better(job, market, newest, height, true)
            }
            Standing::Refused { error, .. } => {
                self.outcome(Err(error), job.purpose.name())?;
                Ok(None)
            }
            Standing::Nothing => self.first(job, market, height).map(Some),
        }
    }

    /// Whether the chain still shows what the follower has stored.
    async fn is_spent_in_chain(&self, kept: &Kept) -> Result<bool, ChainError> {
        let Some(by) = kept.spent else {
            return Ok(false);
        };
        let depth = self
            .chain()
            .agreed_confirmations(by.txid, by.block.hash)
            .await
            .map_err(|error| ChainError::passing(self.chain().id(), error))?;
        Ok(depth > 0)
    }

    /// Sends what was stored, the newest first, until nodes have one; then its children.
    async fn send<'kept>(&self, made: &[&'kept Made]) -> Standing<'kept> {
        let mut refused = None;
        for one in made.iter().rev() {
            match self.chain().broadcast(&one.tx.bytes()).await {
                Ok(Broadcast::InChain) if self.is_spent(one).await => return Standing::InChain,
                Ok(_) => {
                    self.send_children(&one.children).await;
                    return Standing::Pending(one);
                }
                Err(error) => {
                    let others = is_refused(&error, Refusal::Conflict);
                    refused.get_or_insert(Standing::Refused { newest: one, error });
                    // An older one may be what it conflicts with.
                    if !others {
                        break;
                    }
                }
            }
        }
        refused.unwrap_or(Standing::Nothing)
    }

    /// Whether enough endpoints say that what it spends is spent. A single one may say that it is in the
    /// chain, and nothing would be done about its fee any more.
    async fn is_spent(&self, made: &Made) -> bool {
        for input in &made.tx.tx.input {
            let coin = self.chain().agreed_coin(input.previous_output).await;
            if !matches!(coin, Ok(None)) {
                return false;
            }
        }
        true
    }

    pub(super) async fn send_children(&self, children: &[SignedTx]) {
        for child in children {
            if let Err(error) = self.chain().broadcast(&child.bytes()).await {
                debug!(chain = %self.chain().id(), txid = %child.txid(), %error,
                    "a child was not taken again");
            }
        }
    }

    /// Whether another transaction may be taken where this one was refused.
    fn can_be_outbid(&self, job: &Job<'_>, error: &BroadcastError) -> bool {
        let signs = !matches!(job.purpose, Purpose::Signed { .. });
        let replaces = self.chain().network().replaces;
        signs
            && (is_refused(error, Refusal::FeeTooLow)
                || (replaces && is_refused(error, Refusal::Conflict)))
    }

    /// The first spend of a lock.
    fn first(&self, job: &Job<'_>, market: &Market, height: u64) -> Result<Note, ChainError> {
        // The size is the same at any rate.
        let vsize = self.build(job, FeeRate::from_sat_per_kwu(1))?.vsize();
        match market.first(vsize) {
            Plan::Replace(rate) => self.another(job, rate, height),
            plan => Err(self.cannot_raise(job, &plan)),
        }
    }

    /// What to make in place of what is pending, or beside it; nothing, if that pays enough.
    fn better(
        &self,
        job: &Job<'_>,
        market: &Market,
        pending: &Made,
        height: u64,
        refused: bool,
    ) -> Result<Option<Note>, ChainError> {
        // What nodes have not taken stands in nobody's way.
        let replaces = self.chain().network().replaces || refused;
        let vsize = match job.purpose {
            Purpose::Signed { .. } => None,
            _ if replaces => Some(self.build(job, FeeRate::from_sat_per_kwu(1))?.vsize()),
            _ => None,
        };
        match market.raise(&pending.package(), vsize, refused) {
            Plan::Keep => Ok(None),
            Plan::Replace(rate) => Ok(Some(self.another(job, rate, height)?)),
            Plan::Child(rate) => {
                let child = self.child(&pending.package(), 0, pending.path, rate)?;
                let of = pending.tx.txid();
                Ok(Some(Note::Child { of, child, height }))
            }
            plan => Err(self.cannot_raise(job, &plan)),
        }
    }

    fn another(&self, job: &Job<'_>, rate: FeeRate, height: u64) -> Result<Note, ChainError> {
        let tx = self.build(job, rate)?;
        info!(chain = %self.chain().id(), swap = %job.lock.swap, leg = job.lock.leg.name(),
            what = job.purpose.name(), txid = %tx.txid(), fee = %tx.fee, "spend of a lock made");
        Ok(Note::Spend(Made {
            tx,
            way: Way::Alone,
            path: job.path,
            height,
            children: Vec::new(),
        }))
    }

    /// One more child for a line of pending transactions, the first of which pays us by this output.
    pub(super) fn child(
        &self,
        pending: &[SignedTx],
        vout: u32,
        path: CoinPath,
        rate: FeeRate,
    ) -> Result<SignedTx, ChainError> {
        let Some((parent, ancestors)) = pending.split_last() else {
            return Err(ChainError::passing(self.chain().id(), "nothing is pending"));
        };
        let vout = if ancestors.is_empty() { vout } else { 0 };
        let child = self.keys().child_of(ancestors, parent, vout, path, rate);
        let child = child.map_err(|error| {
            let message = format!("the fee cannot be raised by a child: {error}");
            ChainError::passing(self.chain().id(), message)
        })?;
        info!(chain = %self.chain().id(), parent = %parent.txid(), txid = %child.txid(),
            fee = %child.fee, "child made that pays for its parent");
        Ok(child)
    }

    fn build(&self, job: &Job<'_>, rate: FeeRate) -> Result<SignedTx, ChainError> {
        let key = self.key(job.lock.number)?;
        let built = match job.purpose {
            Purpose::Claim { secret, .. } => {
                let secret = causeway_bitcoin::Secret::from_bytes(secret.to_bytes());
                job.terms.claim(job.coin, &secret, &key, &job.to, rate)
            }
            Purpose::Refund => job.terms.refund(job.coin, &key, &job.to, rate),
            Purpose::Signed { .. } => {
                let message = "the other party has signed no other transaction: ask it again";
                return Err(ChainError::passing(self.chain().id(), message));
            }
        };
        built.map_err(|error| match error {
            LockError::NothingLeft { .. } => ChainError::passing(self.chain().id(), error),
            _ => ChainError::lasting(self.chain().id(), error),
        })
    }

    fn cannot_raise(&self, job: &Job<'_>, plan: &Plan) -> ChainError {
        let what = job.purpose.name();
        let settings = self.settings();
        let limits = format!(
            "most_sat_per_vb is {}, and most_percent {} of {}",
            settings.most_sat_per_vb, settings.most_percent, job.coin.value
        );
        let message = match plan {
            Plan::Exhausted { paying, ceiling } => format!(
                "{what} pays {} sat/vB, should pay more, and may not exceed {} ({limits}): raise the \
                 limits if it has to be mined in time",
                paying.to_sat_per_vb_ceil(),
                ceiling.to_sat_per_vb_floor()
            ),
            Plan::TooDear { floor, ceiling } => format!(
                "{what}: nodes take nothing below {} sat/vB, and it may not exceed {} ({limits}): raise \
                 the limits, or wait until fees fall",
                floor.to_sat_per_vb_ceil(),
                ceiling.to_sat_per_vb_floor()
            ),
            Plan::Keep | Plan::Replace(_) | Plan::Child(_) => format!("{what} could not be raised"),
        };
        ChainError::passing(self.chain().id(), message)
    }

    /// What [`crate::SwapChain::rebroadcast`] promises.
    pub(super) async fn send_again(&self, lock: &Lock) -> Result<(), ChainError> {
        terms::of(self.chain(), lock)?;
        let kept = self.store().load(lock).await?;
        let theirs = kept.seen.as_ref().and_then(|seen| seen.tx.as_ref());
        let locked = if let Some(funding) = kept.funding() {
            self.send_funding(funding).await
        } else if let Some(hex) = theirs {
            let bytes = Vec::<u8>::from_hex(hex)
                .map_err(|error| ChainError::lasting(self.chain().id(), error))?;
            let sent = self.chain().broadcast(&bytes).await;
            self.outcome(sent, "the lock's transaction")
        } else {
            Ok(())
        };
        let spends: Vec<&Made> = kept.spends.iter().collect();
        match self.send(&spends).await {
            Standing::Refused { error, .. } => {
                self.outcome(Err(error), "the transaction that spends the lock")
            }
            // What spends it is there, and so is it, whatever was said about it.
            Standing::InChain | Standing::Pending(_) => Ok(()),
            Standing::Nothing => locked,
        }
    }
}

impl Purpose<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Claim { .. } => "the claim",
            Self::Refund => "the refund",
            Self::Signed { .. } => "what both parties have signed",
        }
    }

    fn blocks_left(&self, head: u64) -> u32 {
        let before = match self {
            Self::Claim { before, .. }
            | Self::Signed {
                before: Some(before),
            } => *before,
            Self::Refund | Self::Signed { before: None } => return CALM,
        };
        let left = u64::from(before).saturating_sub(head);
        u32::try_from(left).unwrap_or(u32::MAX)
    }
}

const fn is_refused(error: &BroadcastError, expected: Refusal) -> bool {
    match error {
        BroadcastError::Refused { refusal, .. } => matches!(
            (refusal, expected),
            (Refusal::Conflict, Refusal::Conflict) | (Refusal::FeeTooLow, Refusal::FeeTooLow)
        ),
        BroadcastError::Rpc(_) => false,
    }
}
