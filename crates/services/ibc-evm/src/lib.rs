//! IBC v2 on EVM chains: what makes an EVM chain a host for the relayer, a source for attestors, and
//! a place from which a person sends.

mod account;
mod client_state;
mod contracts;
mod deploy;
mod events;
mod host;
mod lanes;
mod messages;
mod meter;
mod order;
mod revert;
mod rotation;
mod safeguards;
mod shared_lane;
mod source;
mod track;

pub use account::{Account, SendError, Sent, token_info};
pub use client_state::ClientState;
pub use contracts::{ContractsError, IbcContracts, client_view, voucher_of};
pub use deploy::{
    ClientSpec, DeployError, DeployedClient, DeployedStack, RoleHolders, client_creation,
    client_registration, deploy_client, deploy_stack,
};
pub use events::{EventError, decode_event, event_topics};
pub use host::{EvmHost, moot};
pub use messages::{encode_batch, encode_message, encode_update};
pub use order::{CallOrder, Token, TokenInfo, TransferOrder, transfer_call};
pub use revert::explain_revert;
pub use rotation::{PreviousSet, freeze, previous_set, rotate};
pub use safeguards::{
    CarriedOut, Flow, GuardOrder, HeldStatus, HeldTransfer, Hold, Limit, Safeguards,
    TokenSafeguards,
};
pub use shared_lane::SharedLane;
pub use source::EvmSource;
pub use track::{SeenOn, TrackError, Tracker};
