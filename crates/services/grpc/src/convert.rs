//! Between the messages on the wire and the values of the protocol, strictly.

use alloy::primitives::{Address, B256};
use causeway_ibc::ClientId;
use causeway_oneshot::{OneShotError, UnsignedTx};
use causeway_relayer::{ClientEnd, Message, RouteTable};
use causeway_types::ChainId;
use tonic::{Code, Status};

use crate::proto;

pub(crate) fn failed(error: &OneShotError) -> Status {
    let code = match error {
        OneShotError::UnknownTx { .. } => Code::NotFound,
        OneShotError::UnknownChain(_) | OneShotError::Ambiguous { .. } => Code::InvalidArgument,
        OneShotError::NoRoute(_)
        | OneShotError::Reverted { .. }
        | OneShotError::NoPackets { .. }
        | OneShotError::Stranger { .. }
        | OneShotError::Unreadable { .. }
        | OneShotError::Refused { .. } => Code::FailedPrecondition,
        OneShotError::Chain(_)
        | OneShotError::Transport { .. }
        | OneShotError::Client { .. }
        | OneShotError::Gather(_) => Code::Unavailable,
    };
    match error {
        // An endpoint's URL may hold its key, and some errors repeat it.
        OneShotError::Chain(_) | OneShotError::Transport { .. } | OneShotError::Client { .. } => {
            tracing::warn!(%error, "a chain could not be asked");
            Status::new(code, "a chain could not be asked; ask again soon")
        }
        error => Status::new(code, error.to_string()),
    }
}

pub(crate) fn chain(field: &str, text: &str) -> Result<ChainId, Status> {
    text.parse()
        .map_err(|error| Status::invalid_argument(format!("{field}: {error}")))
}

pub(crate) fn optional_chain(field: &str, text: &str) -> Result<Option<ChainId>, Status> {
    (!text.is_empty()).then(|| chain(field, text)).transpose()
}

pub(crate) fn client(field: &str, text: &str) -> Result<ClientId, Status> {
    text.parse()
        .map_err(|error| Status::invalid_argument(format!("{field}: {error}")))
}

pub(crate) fn hash(field: &str, bytes: &[u8]) -> Result<B256, Status> {
    B256::try_from(bytes).map_err(|_| wrong_length(field, 32, bytes))
}

pub(crate) fn address(field: &str, bytes: &[u8]) -> Result<Address, Status> {
    Address::try_from(bytes).map_err(|_| wrong_length(field, 20, bytes))
}

pub(crate) fn optional_address(field: &str, bytes: &[u8]) -> Result<Option<Address>, Status> {
    (!bytes.is_empty())
        .then(|| address(field, bytes))
        .transpose()
}

fn wrong_length(field: &str, expected: usize, bytes: &[u8]) -> Status {
    let got = bytes.len();
    Status::invalid_argument(format!("{field}: expected {expected} bytes, got {got}"))
}

/// The packet's name, by where its message goes.
pub(crate) fn packet(routes: &RouteTable, to: &ClientEnd, message: &Message) -> proto::Packet {
    let source = match message {
        Message::Receive { .. } => routes.other_end(to).unwrap_or(to),
        Message::Acknowledge { .. } | Message::Timeout { .. } => to,
    };
    proto::Packet {
        source_chain: source.chain.to_string(),
        source_client: source.client.to_string(),
        sequence: message.packet().sequence.get(),
    }
}

pub(crate) fn kind(message: &Message) -> proto::Kind {
    match message {
        Message::Receive { .. } => proto::Kind::Receive,
        Message::Acknowledge { .. } => proto::Kind::Acknowledge,
        Message::Timeout { .. } => proto::Kind::Timeout,
    }
}

pub(crate) fn unsigned(routes: &RouteTable, to: &ClientEnd, tx: UnsignedTx) -> proto::UnsignedTx {
    let delivers = tx.messages.iter().map(|message| proto::Delivery {
        kind: kind(message).into(),
        packet: Some(packet(routes, to, message)),
    });
    proto::UnsignedTx {
        delivers: delivers.collect(),
        chain: tx.chain.to_string(),
        chain_number: tx.chain_number,
        to: tx.to.map(|to| to.to_vec()).unwrap_or_default(),
        data: tx.data.into(),
        gas_limit: tx.gas_limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_and_addresses_of_another_length_are_refused_by_name() {
        let error = hash("tx_hashes", &[0; 31]).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains("tx_hashes") && error.message().contains("31"));
        assert!(address("sender", &[0; 32]).is_err());
        assert_eq!(optional_address("sender", &[]).unwrap(), None);
        assert!(chain("src_chain", "ethereum").is_err());
    }

    #[test]
    fn what_an_endpoint_said_is_kept_from_strangers() {
        let secret = "https://node.example.org/secret-key";
        let error = OneShotError::Transport {
            chain: ChainId::eip155(1),
            source: alloy::transports::TransportErrorKind::custom_str(secret),
        };
        assert!(error.to_string().contains("secret-key"));
        assert!(!failed(&error).message().contains("secret-key"));
    }
}
