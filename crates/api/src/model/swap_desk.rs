use causeway_swap::Amount;
use causeway_swap_service::SwapsStatus;
use causeway_types::{AssetId, ChainId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The swaps of a node, what there is to swap with, and what is offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SwapsReport {
    /// The key that other parties know us by.
    pub id: String,
    /// How they stand.
    #[serde(flatten)]
    #[schema(value_type = serde_json::Value)]
    pub status: SwapsStatus,
    /// What there is to swap with.
    pub wallets: Vec<WalletReport>,
    /// Empty where nothing is offered.
    pub offers: Vec<OfferReport>,
}

/// What there is of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WalletReport {
    /// Where it is.
    #[schema(value_type = String)]
    pub chain: ChainId,
    /// What it is.
    #[schema(value_type = String)]
    pub asset: AssetId,
    /// Where it is sent to.
    pub address: Option<String>,
    /// What can be locked, in smallest units, fees left out; unknown until the chain has answered.
    #[schema(value_type = Option<String>)]
    pub balance: Option<Amount>,
    /// The same in whole units.
    pub shown: Option<String>,
    /// Why it is not known, or not offered.
    pub problem: Option<String>,
}

/// What is offered, in smallest units of what is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfferReport {
    /// What is given.
    #[schema(value_type = String)]
    pub gives: AssetId,
    /// What is wanted for it.
    #[schema(value_type = String)]
    pub wants: AssetId,
    /// What a whole unit costs now, in whole units; unknown until its source has answered.
    pub price: Option<String>,
    /// The least that is given.
    #[schema(value_type = String)]
    pub least: Amount,
    /// The most.
    #[schema(value_type = String)]
    pub most: Amount,
    /// The most that may be at stake.
    #[schema(value_type = Option<String>)]
    pub inventory: Option<Amount>,
    /// Agreed on in swaps and not locked yet.
    #[schema(value_type = String)]
    pub promised: Amount,
    /// Agreed on or locked, and neither claimed nor taken back.
    #[schema(value_type = String)]
    pub at_stake: Amount,
    /// The limits in whole units.
    pub shown: String,
    /// What is promised and at stake in whole units.
    pub stake_shown: String,
    /// Why it is not known, or not offered.
    pub problem: Option<String>,
}
