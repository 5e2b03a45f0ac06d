//! What lists are asked with.

use causeway_engine::{Index, Machine as _};
use causeway_relayer::{PacketMachine, PacketRecord, tags};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::model::{AlertStatus, CallStatus, PacketStatus, TransferStatus};
use crate::{Kind, Refusal};

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

        impl $name {
            /// What tells this list from the same with other filters.
            pub(crate) fn filters(&self) -> String {
                let filters: &[(&str, &dyn std::fmt::Debug)] =
                    &[$((stringify!($field), &self.$field)),*];
                format!("{filters:?}")
            }
        }
    };
}

/// What is asked of packets, by all of them or by what they carry.
macro_rules! crossing_query {
    ($(#[$doc:meta])* $name:ident: $status:ty) => {
        list_query! {
            $(#[$doc])*
            $name {
                /// Only those that stand here.
                #[param(inline)]
                status: $status,
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

        impl $name {
            /// A filter is looked up as it is stored.
            pub(crate) fn wanted(&self) -> Wanted {
                let account = |text: &String| tags::account(text);
                let tags = [
                    (tags::TX, self.tx.as_ref().map(account)),
                    (tags::SENDER, self.sender.as_ref().map(account)),
                    (tags::RECEIVER, self.receiver.as_ref().map(account)),
                    (tags::CLIENT, self.client.clone()),
                    (tags::FROM, self.from.clone()),
                    (tags::TO, self.to.clone()),
                ];
                let given = tags.into_iter().filter_map(|(name, value)| Some((name, value?)));
                Wanted { tags: given.collect() }
            }
        }
    };
}

crossing_query!(
    /// Which packets.
    PacketQuery: PacketStatus
);
crossing_query!(
    /// Which transfers.
    TransferQuery: TransferStatus
);
crossing_query!(
    /// Which calls.
    CallQuery: CallStatus
);

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

/// What packets are to be found by.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Tags, the one that fewest packets have first.
    tags: Vec<(&'static str, String)>,
}

impl Wanted {
    /// Where these packets are found, among others: by the narrowest of what they are to be found by, or
    /// else where those of this status are.
    pub(crate) fn indexes(&self, of_status: Option<Vec<Index>>) -> Result<Vec<Index>, Refusal> {
        for (name, value) in &self.tags {
            if value.contains('\0') {
                let refusal = Refusal::new(Kind::BadParameter, format!("{name} holds a zero"));
                return Err(refusal.field(*name, "expected text without it"));
            }
        }
        let tag = |(name, value): &(&'static str, String)| Index::Tag(name, value.clone());
        Ok(match self.tags.first() {
            Some((tags::FROM | tags::TO | tags::CLIENT, _)) if is_narrow(of_status.as_deref()) => {
                of_status.unwrap_or_default()
            }
            Some(narrowest) => vec![tag(narrowest)],
            None => of_status.unwrap_or_else(|| vec![Index::All]),
        })
    }

    /// Whether a packet is all that is wanted.
    pub(crate) fn fits(&self, record: &PacketRecord) -> bool {
        if self.tags.is_empty() {
            return true;
        }
        let has = PacketMachine::tags(record);
        let fits = |(name, value): &(&str, String)| {
            has.iter()
                .any(|tag| tag.name == *name && tag.value == *value)
        };
        self.tags.iter().all(fits)
    }
}

/// Few packets are on their way or came back, while most of a chain's have long arrived.
fn is_narrow(of_status: Option<&[Index]>) -> bool {
    let is_wide = |index: &Index| match index {
        Index::All => true,
        Index::Phase(phase) => phase == "acknowledged",
        Index::Tag(name, _) => *name == tags::APPLICATION,
    };
    of_status.is_some_and(|indexes| !indexes.iter().any(is_wide))
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
