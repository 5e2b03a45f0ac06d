//! What lists are asked with.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::model::{AlertStatus, CallStatus, PacketStatus, TransferStatus};

/// The most items of one page.
pub(crate) const MOST: u16 = 200;
/// The items of a page when nobody says how many.
pub(crate) const USUAL: u16 = 50;

const fn usual() -> u16 {
    USUAL
}

/// An operation without parameters: whatever is asked with is refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

macro_rules! list_query {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// The most items of the page.
            #[serde(default = "usual")]
            #[param(minimum = 1, maximum = 200, default = 50, required = false)]
            pub(crate) limit: u16,
            /// Where the page begins: the `next` of the page before.
            #[param(max_length = 400)]
            pub(crate) cursor: Option<String>,
            $($(#[$field_doc])* pub(crate) $field: Option<$type>,)*
        }
    };
}

list_query! {
    /// Which packets.
    PacketQuery {
        /// Only those that stand here.
        #[param(inline)]
        status: PacketStatus,
        /// Only those that leave this chain (CAIP-2).
        #[param(example = "eip155:31337", max_length = 64)]
        from: String,
        /// Only those that go to this chain (CAIP-2).
        #[param(example = "eip155:31338", max_length = 64)]
        to: String,
        /// Only those over a light client of this id, at either end.
        #[param(max_length = 128)]
        client: String,
        /// Only those whose transfer or call is sent by this account.
        #[param(max_length = 256)]
        sender: String,
        /// Only those whose transfer or call is for this account.
        #[param(max_length = 256)]
        receiver: String,
        /// Only those that were seen in this transaction, on either chain.
        #[param(max_length = 128)]
        tx: String,
    }
}

list_query! {
    /// Which transfers.
    TransferQuery {
        /// Only those that stand here.
        #[param(inline)]
        status: TransferStatus,
        /// Only those that leave this chain (CAIP-2).
        #[param(example = "eip155:31337", max_length = 64)]
        from: String,
        /// Only those that go to this chain (CAIP-2).
        #[param(example = "eip155:31338", max_length = 64)]
        to: String,
        /// Only those over a light client of this id, at either end.
        #[param(max_length = 128)]
        client: String,
        /// Only those that this account sends.
        #[param(max_length = 256)]
        sender: String,
        /// Only those that this account receives.
        #[param(max_length = 256)]
        receiver: String,
        /// Only those that were seen in this transaction, on either chain.
        #[param(max_length = 128)]
        tx: String,
    }
}

list_query! {
    /// Which calls.
    CallQuery {
        /// Only those that stand here.
        #[param(inline)]
        status: CallStatus,
        /// Only those that leave this chain (CAIP-2).
        #[param(example = "eip155:31337", max_length = 64)]
        from: String,
        /// Only those that go to this chain (CAIP-2).
        #[param(example = "eip155:31338", max_length = 64)]
        to: String,
        /// Only those over a light client of this id, at either end.
        #[param(max_length = 128)]
        client: String,
        /// Only those that this account makes.
        #[param(max_length = 256)]
        sender: String,
        /// Only those of this contract.
        #[param(max_length = 256)]
        receiver: String,
        /// Only those that were seen in this transaction, on either chain.
        #[param(max_length = 128)]
        tx: String,
    }
}

list_query! {
    /// Which swaps.
    SwapQuery {
        /// Only those that stand here: the `status` of a swap.
        #[param(max_length = 32)]
        status: String,
        /// Only those that are over, or only those that are not.
        done: bool,
    }
}

list_query! {
    /// Which alerts.
    AlertQuery {
        /// Only those that are so now.
        #[param(inline)]
        status: AlertStatus,
    }
}

/// Which events.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Only what came after the event of this number: the `id` of the last one that was seen. Without it,
    /// what comes from now on.
    pub(crate) after: Option<u64>,
    /// Only these kinds, separated by commas: `packet`, `swap`, `alert`. All by default.
    #[param(example = "packet,swap", max_length = 64)]
    pub(crate) kinds: Option<String>,
}
