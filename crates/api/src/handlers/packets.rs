use axum::Json;

use crate::{
    Kind, Refusal,
    model::{Packet, PacketDetails, Page},
    query::PacketQuery,
    responses::{Missing, Refusals},
};

/// Packets
///
/// Newest first. With `Accept: application/x-ndjson`, the whole list from the cursor on, one packet a line.
#[utoipa::path(get, path = "/v1/packets", tag = "crossings", security(("key" = ["read"])),
    params(PacketQuery),
    responses(
        (status = 200, description = "The packets.", content(
            (Page<Packet> = "application/json"), (Packet = "application/x-ndjson"))),
        Refusals))]
pub(crate) async fn packets() -> Result<Json<Page<Packet>>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}

/// One packet
#[utoipa::path(get, path = "/v1/packets/{id}", tag = "crossings", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The packet: `CHAIN~CLIENT~SEQUENCE` of its source.",
        example = "eip155:31337~attest-31338-on-31337~1", max_length = 400)),
    responses((status = 200, description = "The packet, what it carries and how its messages fare.",
        body = PacketDetails), Refusals, Missing))]
pub(crate) async fn packet() -> Result<Json<PacketDetails>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}
