//! The `OpenAPI` document, made from the handlers.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use crate::router::operations;

/// What the document says of the whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Causeway",
        description = "Everything that crosses: chains, routes, packets, transfers, calls and swaps of one node.\n\nLists are newest first, and give a `next` to ask for the next page with. Errors are problems as RFC 9457 describes them; their `type` says which. Fields that are not known are refused.",
        license(name = "Apache-2.0 OR MIT"),
    ),
    tags(
        (name = "network", description = "What there is to cross: chains, assets, routes."),
        (name = "crossings", description = "What crosses: packets, transfers, calls."),
        (name = "swaps", description = "What is swapped, without anybody's trust."),
        (name = "node", description = "How the node fares."),
    ),
    modifiers(&Keys),
)]
pub(crate) struct Document;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        bearer = bearer.description(Some(
            "An API key, as `causeway api keys new` makes it. A node may allow reading without one.",
        ));
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("key", SecurityScheme::Http(bearer.build()));
    }
}

/// The document that describes the API.
pub fn document() -> utoipa::openapi::OpenApi {
    operations().into_openapi()
}
