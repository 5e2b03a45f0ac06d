use axum::Json;

use crate::{
    Kind, Refusal,
    model::{Call, Page},
    query::CallQuery,
    responses::{Missing, Refusals},
};

/// Calls
///
/// Calls of contracts on other chains. Newest first. With `Accept: application/x-ndjson`, the whole list
/// from the cursor on, one call a line.
#[utoipa::path(get, path = "/v1/calls", tag = "crossings", security(("key" = ["read"])),
    params(CallQuery),
    responses(
        (status = 200, description = "The calls.", content(
            (Page<Call> = "application/json"), (Call = "application/x-ndjson"))),
        Refusals))]
pub(crate) async fn calls() -> Result<Json<Page<Call>>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}

/// One call
#[utoipa::path(get, path = "/v1/calls/{id}", tag = "crossings", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The call: its packet, `CHAIN~CLIENT~SEQUENCE`.",
        example = "eip155:31337~attest-31338-on-31337~2", max_length = 400)),
    responses((status = 200, description = "The call.", body = Call), Refusals, Missing))]
pub(crate) async fn call() -> Result<Json<Call>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}
