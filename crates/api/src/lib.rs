//! The HTTP API of a node: everything that crosses, for people and their programs.
//!
//! The document that describes it is made from the handlers themselves ([`document`]), and a copy of it is
//! kept beside the sources, in `openapi.json`, for those who generate clients. What a node knows is read
//! from the engine's store, and from the node itself through [`Node`] and [`AssetBook`].

mod access;
mod amount;
mod api;
mod crossing;
mod cursor;
mod document;
mod extract;
mod feed;
mod handlers;
mod layers;
mod listing;
pub mod model;
mod query;
mod refusal;
mod responses;
mod router;
mod standing;
mod swaps;

pub use access::{
    AccessConfig, ApiKey, ClientAddress, KeyError, KeyRing, Network, NewKey, RateConfig, Scope,
};
pub use amount::format_amount;
pub use api::{Api, AssetBook, AssetFacts, Node, Settings, Unavailable};
pub use document::document;
pub use refusal::{Kind, Refusal};
pub use router::router;
pub use swaps::{advise, show_swap, spend_name};
pub use utoipa::openapi::OpenApi;
