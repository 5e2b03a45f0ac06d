use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use causeway_engine::{EffectFilter, Machine as _, Process, ProcessId};
use causeway_relayer::{PacketMachine, PacketRecord};

use crate::{
    Api, Refusal,
    crossing::{self, key_of},
    extract::{Asked, Named},
    listing::List,
    model::{Packet, PacketDetails, PacketStatus, Page},
    query::{Nothing, PacketQuery},
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
pub(crate) async fn packets(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Asked(query): Asked<PacketQuery>,
) -> Result<Response, Refusal> {
    let wanted = query.wanted();
    let indexes = wanted.indexes(query.status.map(PacketStatus::indexes))?;
    let status = query.status;
    let keep = move |process: &Process<PacketRecord>| {
        let stands = PacketStatus::from(process.state.life.phase());
        status.is_none_or(|status| status == stands) && wanted.fits(&process.state)
    };
    let show = |rows: Vec<_>| async move { Ok(rows.iter().map(crossing::packet).collect()) };
    let source = Arc::new(api.engine.clone());
    let list = List::new(source, ("packets", &query.filters()), indexes, keep, show);
    list.answer(&headers, query.cursor.as_deref(), query.limit)
        .await
}

/// One packet
#[utoipa::path(get, path = "/v1/packets/{id}", tag = "crossings", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The packet: `CHAIN~CLIENT~SEQUENCE` of its source.",
        example = "eip155:31337~attest-31338-on-31337~1", max_length = 400)),
    responses((status = 200, description = "The packet, what it carries and how its messages fare.",
        body = PacketDetails), Refusals, Missing))]
pub(crate) async fn packet(
    State(api): State<Arc<Api>>,
    Named(id): Named,
    _nothing: Asked<Nothing>,
) -> Result<Json<PacketDetails>, Refusal> {
    let process = find(&api, "packet", &id).await?;
    let filter = EffectFilter {
        process: Some(ProcessId {
            kind: PacketMachine::KIND.to_owned(),
            key: process.key.clone(),
        }),
        ..EffectFilter::default()
    };
    let effects = api.engine.effects(filter).await;
    let effects = effects.map_err(|error| Refusal::internal(&error))?;
    Ok(Json(crossing::details(&process, effects)))
}

/// The packet of this name.
pub(super) async fn find(
    api: &Api,
    what: &str,
    id: &str,
) -> Result<Process<PacketRecord>, Refusal> {
    let found = api.engine.process::<PacketMachine>(&key_of(id)).await;
    let found = found.map_err(|error| Refusal::internal(&error))?;
    // One name for one packet: the engine's own, with slashes, is not it.
    let found = found.filter(|_| !id.contains('/'));
    found.ok_or_else(|| Refusal::not_found(what, id))
}
