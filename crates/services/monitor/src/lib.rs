//! Watches that nothing is minted that was not locked.
//!
//! For every route and token, *minted + in flight ≤ locked* is checked at final blocks of both
//! chains, read from k of n endpoints of the monitor's own. A route that breaks it is ordered to
//! pause at both ends until both are seen paused; refunds go on. What decides is pure: which blocks
//! can be compared, what packets account for ([`Ledger`]), what follows from a breach
//! ([`Incidents`]). What reads and what sends is thin.
//!
//! Deliberately absent: any trust in the relayer's database, endpoints or opinion, and any way to
//! resume a route; that is for people, after they have looked.

mod asset;
mod breach;
mod cut;
mod incident;
mod ledger;
mod monitor;
mod outflow;
mod pauser;
mod reader;
mod status;
mod watcher;

pub use asset::{Asset, Ends, Motion, ParseAssetError, Side, Transfer, transfer_of};
pub use breach::Breach;
pub use cut::{Sighting, Sightings};
pub use incident::{Finding, IncidentMachine, Incidents, PauseOrder, Switch};
pub use ledger::{Account, Balance, Fact, Ledger};
pub use monitor::{Monitor, MonitorConfig, MonitorError, WatchedChain};
pub use outflow::OutflowLimit;
pub use reader::{ReadError, discover};
pub use status::{GuardedRoute, MonitorStatus, SeenChange};
