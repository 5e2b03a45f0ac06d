//! Whole swaps between two services, against real nodes of both kinds of chains.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Stories are told in one piece, with what they change beside where they change it.
#![allow(clippy::items_after_statements, clippy::too_many_lines)]

mod support;

mod back_ups;
mod bad_makers;
mod bad_proposals;
mod clocks;
mod completes;
mod conversations;
mod cooperation;
mod crashes;
mod endpoints;
mod forgetting;
mod last_moment;
mod reorganisations;
mod silence;
mod towers;
mod wrong_locks;
