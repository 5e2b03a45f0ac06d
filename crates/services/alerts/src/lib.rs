//! Tells people, durably and once, what is wrong and when it is right again.
//!
//! Every source says again and again what is wrong *now* ([`Condition`]); what follows from that is
//! decided here, once: what is new is told of, what lasts is told of again after a while, what was
//! not seen for some time is resolved, and what comes and goes quickly is one alert. A notice is an
//! effect of the engine: it is kept before it is sent, and sent until the webhook takes it.

mod alerts;
mod condition;
mod machine;
mod webhook;

pub use alerts::{AlertError, Alerts};
pub use condition::{AlertName, Condition, Severity};
pub use machine::{Alert, AlertMachine, Look, Notice, NoticeStatus, Patience};
pub use webhook::{SIGNATURE_HEADER, Webhook, signature};
