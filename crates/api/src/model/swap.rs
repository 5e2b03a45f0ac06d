use causeway_types::ChainId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// An atomic swap of this node with another party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Swap {
    /// Its name, which commits to its terms.
    pub id: String,
    /// Where it stands.
    #[schema(example = "lock1_final")]
    pub status: String,
    /// Whether it is over.
    pub done: bool,
    /// Which part the node plays.
    pub role: SwapRole,
    /// Who the other party is.
    pub peer: String,
    /// What the node gives.
    pub gives: SwapAmount,
    /// What the node gets.
    pub gets: SwapAmount,
    /// Both legs, the one that is locked first before the other.
    #[schema(min_items = 2, max_items = 2)]
    pub legs: Vec<SwapLeg>,
    /// What is being waited for, in words; null when the swap is over.
    pub waiting_for: Option<String>,
    /// What a person should know or do, the most pressing first.
    pub advice: Vec<String>,
    /// What could not be done so far, and is tried again.
    pub troubles: Vec<SwapTrouble>,
    /// When it came to be where it is, and where it was before.
    pub story: Vec<SwapMoment>,
}

/// The part that a party plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SwapRole {
    /// Makes the secret, and locks first.
    Initiator,
    /// Locks second.
    Responder,
}

/// An amount of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SwapAmount {
    /// The asset, as CAIP-19.
    #[schema(example = "eip155:31337/slip44:60")]
    pub asset: String,
    /// How much, in the asset's smallest units.
    #[schema(example = "1500000000000000000", pattern = "^[0-9]+$")]
    pub amount: String,
    /// How much, in whole units with the symbol and the chain.
    #[schema(example = "1.5 ETH on alpha")]
    pub text: String,
}

/// One of the two locks of a swap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SwapLeg {
    /// Which.
    pub leg: WhichLeg,
    /// The chain it is on.
    #[schema(value_type = String, example = "eip155:31337")]
    pub chain: ChainId,
    /// What the chain is called.
    pub chain_name: String,
    /// Whether the node locks it; the other one it claims.
    pub ours: bool,
    /// What is locked.
    pub amount: SwapAmount,
    /// Where the lock is on its chain; null until it is there.
    pub lock: Option<String>,
    /// The height of the lock's block.
    pub height: Option<u64>,
    /// How deep the lock is, up to what is needed.
    pub confirmations: u64,
    /// How deep it must be to count as final.
    pub confirmations_needed: u64,
    /// Whether it counts as final.
    pub is_final: bool,
    /// How it was spent, if it was.
    pub spent: Option<SpentHow>,
    /// Whether that counts as final.
    pub spent_is_final: bool,
    /// From when on whoever locked can take it back.
    pub expires: Expiry,
    /// Blocks until then; null if the chain counts by time.
    pub blocks_left: Option<u64>,
    /// Seconds until then, as far as can be told.
    pub seconds_left: u64,
}

/// Which lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhichLeg {
    /// The one that the initiator locks.
    First,
    /// The one that the responder locks.
    Second,
}

/// How a lock was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpentHow {
    /// By the other party, with the secret.
    Claimed,
    /// By whoever locked it.
    Refunded,
    /// In a way that cannot be told.
    Spent,
}

/// When a lock ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// At this height.
    Height(u64),
    /// At this time.
    Time(Time),
}

/// What failed so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SwapTrouble {
    /// What was to be done.
    pub what: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it failed the last time.
    pub error: String,
}

/// When a swap came to stand where it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SwapMoment {
    /// When, by the node's clock.
    pub at: Time,
    /// Where it stood from then on.
    pub status: String,
}

/// What the node offers to swap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Offer {
    /// Its name, which commits to all of it.
    pub id: String,
    /// Who stands by it.
    pub maker: String,
    /// What the node gives, at least.
    pub least: SwapAmount,
    /// What the node gives, at most.
    pub most: SwapAmount,
    /// The asset that the node wants, as CAIP-19.
    pub wants: String,
    /// What one smallest unit that is given costs.
    pub price: Price,
    /// Until when it holds.
    pub until: Time,
}

/// A price as an exact ratio of smallest units: so many wanted for so many given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Price {
    /// How many are wanted.
    #[schema(example = "1", pattern = "^[0-9]+$")]
    pub wanted: String,
    /// For how many given.
    #[schema(example = "200000000000", pattern = "^[0-9]+$")]
    pub given: String,
}
