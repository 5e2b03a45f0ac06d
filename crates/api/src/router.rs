//! Everything that is served.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, HeaderValue, Method, header},
    middleware::from_fn_with_state,
    routing::{any, get},
};
use tower_http::{
    compression::CompressionLayer,
    cors::{AllowOrigin, CorsLayer},
};
use utoipa::OpenApi as _;
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    Api,
    document::Document,
    handlers::{alerts, calls, events, network, packets, status, swaps, transfers},
    layers::{Room, admit, not_this_way, nothing_here, shape},
};

/// Where the document is.
const DOCUMENT: &str = "/v1/openapi.json";

/// The operations, with the document that describes them.
pub(crate) fn operations() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(network::chains))
        .routes(routes!(network::chain))
        .routes(routes!(network::assets))
        .routes(routes!(network::routes))
        .routes(routes!(packets::packets))
        .routes(routes!(packets::packet))
        .routes(routes!(transfers::transfers))
        .routes(routes!(transfers::transfer))
        .routes(routes!(calls::calls))
        .routes(routes!(calls::call))
        .routes(routes!(swaps::swaps))
        .routes(routes!(swaps::offers))
        .routes(routes!(swaps::swap))
        .routes(routes!(alerts::alerts))
        .routes(routes!(status::status))
        .routes(routes!(events::events))
        .routes(routes!(events::socket))
}

/// The API below `/v1`, and its documentation below `/docs`.
pub fn router(api: Api) -> Router {
    let api = Arc::new(api);
    let (operations, document) = operations().split_for_parts();
    let document = Arc::new(document);
    let open = Router::new()
        .route(
            DOCUMENT,
            get(async |State(document): State<Arc<_>>| Json(document)),
        )
        .with_state(document);
    // The pages ask for the document where they are themselves.
    let pages = SwaggerUi::new("/docs").config(Config::from(DOCUMENT));
    Router::new()
        .merge(operations)
        .route_layer(from_fn_with_state(api.clone(), admit))
        .with_state(api.clone())
        .merge(open)
        .merge(pages)
        .route("/v1", any(nothing_here))
        .route("/v1/{*path}", any(nothing_here))
        .method_not_allowed_fallback(not_this_way)
        .layer(from_fn_with_state(Room::new(api.clone()), shape))
        .layer(cors(&api.settings.origins))
        .layer(CompressionLayer::new())
}

/// Web pages of which origins may read what is said here.
fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins
        .iter()
        .filter_map(|origin| HeaderValue::try_from(origin).ok());
    let last_event = HeaderName::from_static("last-event-id");
    let shown = ["ratelimit", "ratelimit-policy", "x-request-id"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET])
        .allow_headers([header::ACCEPT, header::AUTHORIZATION, last_event])
        .expose_headers(
            shown
                .into_iter()
                .chain([header::RETRY_AFTER])
                .collect::<Vec<_>>(),
        )
        .max_age(std::time::Duration::from_secs(600))
}
