use axum::Json;

use crate::{Kind, Refusal, model::NodeStatus, responses::Refusals};

/// The node
///
/// Chains, routes, attestors, monitor and problems at this moment.
#[utoipa::path(get, path = "/v1/status", tag = "node", security(("key" = ["read"])),
    responses((status = 200, description = "The node at this moment.", body = NodeStatus), Refusals))]
pub(crate) async fn status() -> Result<Json<NodeStatus>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}
