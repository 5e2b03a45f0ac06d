//! Taking coins out of the wallet.

use bitcoin::{Amount as Coins, FeeRate};
use causeway_swap::Amount;
use tracing::info;

use super::{purse::Open, side::BitcoinSide};
use crate::ChainError;

/// The sizes of a payment with one input and change, and of each further input, in virtual bytes.
const PAYMENT_SIZE: u64 = 153;
const INPUT_SIZE: u64 = 68;

/// What all coins together can pay, the fee left out.
pub(super) fn most_to_pay(purse: &Open, rate: FeeRate) -> Coins {
    let (total, coins) = purse.balance();
    let further = u64::try_from(coins.saturating_sub(1)).unwrap_or(u64::MAX);
    let size = PAYMENT_SIZE.saturating_add(INPUT_SIZE.saturating_mul(further));
    let fee = rate.fee_vb(size).unwrap_or(Coins::MAX);
    total.checked_sub(fee).unwrap_or(Coins::ZERO)
}

impl BitcoinSide {
    /// What [`crate::SwapChain::pay_out`] promises. Nothing is stored: what a node has taken is seen by the
    /// next search of coins, and what none has taken was not paid.
    pub(super) async fn pay_to(
        &self,
        to: &str,
        amount: Option<Amount>,
    ) -> Result<String, ChainError> {
        let wrong = |message: String| ChainError::lasting(self.chain().id(), message);
        let script = self.chain().network().parse_address(to);
        let script = script.map_err(|error| wrong(error.to_string()))?;
        let rate = self.funding_rate().await?;
        let mut purse = self.purse().open(self.chain()).await?;
        let value = match amount {
            None => most_to_pay(&purse, rate),
            Some(amount) => {
                let units = u64::try_from(amount.units());
                let units = units
                    .map_err(|_| wrong(format!("{amount} is more than all coins there are")))?;
                Coins::from_sat(units)
            }
        };
        let paid = purse.pay(self.chain(), &script, value, rate, 0).await?;
        purse.record(&paid);
        let sent = self.chain().broadcast(&paid.bytes()).await;
        self.outcome(sent, "the payment")?;
        info!(chain = %self.chain().id(), txid = %paid.txid(), %value, fee = %paid.fee, "paid out");
        Ok(paid.txid().to_string())
    }
}
