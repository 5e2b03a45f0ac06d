//! The HTTP API of a node: everything that crosses, for people and their programs.
//!
//! The document that describes it is made from the handlers themselves ([`document`]), and a copy of it is
//! kept beside the sources, in `openapi.json`, for those who generate clients.

#![expect(dead_code, reason = "the operations are described before they are served")]

mod document;
mod handlers;
pub mod model;
mod query;
mod refusal;
mod responses;

pub use document::document;
pub use refusal::{Kind, Refusal};
