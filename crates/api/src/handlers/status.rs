use std::sync::Arc;

use axum::{Json, extract::State};

use crate::{Api, Refusal, extract::Asked, model::NodeStatus, query::Nothing, responses::Refusals};

/// The node
///
/// Chains, routes, attestors, monitor and problems at this moment.
#[utoipa::path(get, path = "/v1/status", tag = "node", security(("key" = ["read"])),
    responses((status = 200, description = "The node at this moment.", body = NodeStatus), Refusals))]
pub(crate) async fn status(
    State(api): State<Arc<Api>>,
    _nothing: Asked<Nothing>,
) -> Result<Json<NodeStatus>, Refusal> {
    Ok(Json(api.status().await?.as_ref().clone()))
}
