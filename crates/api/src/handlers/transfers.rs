use axum::Json;

use crate::{
    Kind, Refusal,
    model::{Page, Transfer},
    query::TransferQuery,
    responses::{Missing, Refusals},
};

/// Transfers
///
/// Tokens that cross, as their owners see them. Newest first. With `Accept: application/x-ndjson`, the
/// whole list from the cursor on, one transfer a line.
#[utoipa::path(get, path = "/v1/transfers", tag = "crossings", security(("key" = ["read"])),
    params(TransferQuery),
    responses(
        (status = 200, description = "The transfers.", content(
            (Page<Transfer> = "application/json"), (Transfer = "application/x-ndjson"))),
        Refusals))]
pub(crate) async fn transfers() -> Result<Json<Page<Transfer>>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}

/// One transfer
#[utoipa::path(get, path = "/v1/transfers/{id}", tag = "crossings", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The transfer: its packet, `CHAIN~CLIENT~SEQUENCE`.",
        example = "eip155:31337~attest-31338-on-31337~1", max_length = 400)),
    responses((status = 200, description = "The transfer.", body = Transfer), Refusals, Missing))]
pub(crate) async fn transfer() -> Result<Json<Transfer>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}
