use std::collections::HashMap;

use alloy::{
    rpc::{
        client::RpcClient,
        json_rpc::{Id, Request, RequestPacket, Response, ResponsePacket, SerializedRequest},
    },
    transports::{TransportError, TransportResult},
};

/// Requests of several clients over one connection. Each client counts its requests by itself, so
/// each gets another number on the way out, and its own again on the way back.
pub(super) struct Renumbered {
    packet: RequestPacket,
    given: HashMap<Id, Id>,
}

impl Renumbered {
    /// Takes the numbers from the client that owns the connection.
    pub(super) fn new(packet: &RequestPacket, connection: &RpcClient) -> TransportResult<Self> {
        let mut given = HashMap::with_capacity(packet.len());
        let mut renumber = |request: &SerializedRequest| {
            let id = connection.next_id();
            given.insert(id.clone(), request.id().clone());
            let method = request.method_clone();
            let renumbered = match request.params() {
                Some(params) => Request::new(method, id, params.to_owned()).serialize(),
                None => Request::new(method, id, ()).serialize(),
            };
            renumbered.map_err(TransportError::ser_err)
        };
        let packet = match packet {
            RequestPacket::Single(request) => RequestPacket::Single(renumber(request)?),
            RequestPacket::Batch(requests) => {
                RequestPacket::Batch(requests.iter().map(renumber).collect::<Result<_, _>>()?)
            }
        };
        Ok(Self { packet, given })
    }

    /// The answers under the clients' own numbers. Answers to nothing are left out.
    pub(super) fn restore(given: &HashMap<Id, Id>, answers: ResponsePacket) -> ResponsePacket {
        let restore = |answer: Response| {
            let id = given.get(&answer.id)?.clone();
            Some(Response {
                id,
                payload: answer.payload,
            })
        };
        match answers {
            // An error for a whole batch may come without a number.
            ResponsePacket::Single(Response { id, payload }) => {
                let id = given.get(&id).cloned().unwrap_or(id);
                ResponsePacket::Single(Response { id, payload })
            }
            ResponsePacket::Batch(answers) => {
                ResponsePacket::Batch(answers.into_iter().filter_map(restore).collect())
            }
        }
    }

    pub(super) fn split(self) -> (RequestPacket, HashMap<Id, Id>) {
        (self.packet, self.given)
    }
}
