use axum::{
    Router,
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};
use tower_http::compression::CompressionLayer;

/// The files of the built page by their paths, `/index.html` among them; empty where it was not built.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// What is shown in its place.
static UNBUILT: &[u8] = include_bytes!("unbuilt.html");

/// The page runs its own scripts and asks its own node, and nobody else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether the page was built before this crate was.
pub fn is_built() -> bool {
    !FILES.is_empty()
}

/// The page at `/`, and its files. It needs no state, and nothing of it is secret: what it shows, it asks
/// the API for.
pub fn routes() -> Router {
    let files = FILES.iter().filter(|(path, _)| *path != "/index.html");
    let router = Router::new().route("/", get(async || file("/index.html", index())));
    let router = files.fold(router, |router, &(path, bytes)| {
        router.route(path, get(move || async move { file(path, bytes) }))
    });
    router.layer(CompressionLayer::new())
}

fn index() -> &'static [u8] {
    let index = FILES.iter().find(|(path, _)| *path == "/index.html");
    index.map_or(UNBUILT, |(_, bytes)| bytes)
}

fn file(path: &str, bytes: &'static [u8]) -> impl IntoResponse {
    // The names of assets are made of what is in them.
    let keep = if path.starts_with("/assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, media_type(path)),
        (header::CACHE_CONTROL, keep),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use tower_service::Service as _;

    use super::*;

    async fn get(path: &str) -> (u16, String, Vec<u8>) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = routes().call(request).await.unwrap();
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.map_or(String::new(), |kind| kind.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, kind, body.to_vec())
    }

    #[tokio::test]
    async fn there_is_a_page_whether_it_was_built_or_not() {
        let (status, kind, body) = get("/").await;
        assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
        let says_how = String::from_utf8_lossy(&body).contains("cargo xtask web");
        assert_eq!(says_how, !is_built());
    }

    #[tokio::test]
    async fn every_file_that_the_page_names_is_there() {
        let (_, _, body) = get("/").await;
        let text = String::from_utf8(body).unwrap();
        let named = text.split('"').filter_map(|part| part.strip_prefix("./"));
        let named: Vec<_> = named.filter(|name| !name.starts_with("v1/")).collect();
        assert_eq!(named.is_empty(), !is_built());
        for name in named {
            let (status, kind, body) = get(&format!("/{name}")).await;
            assert_eq!(status, 200, "{name}");
            assert_ne!(kind, "application/octet-stream", "{name}");
            assert!(!body.is_empty(), "{name}");
        }
    }

    #[tokio::test]
    async fn nothing_else_is_there() {
        for path in [
            "/index.html",
            "/assets/../index.html",
            "/v1/status",
            "/Cargo.toml",
        ] {
            assert_eq!(get(path).await.0, 404, "{path}");
        }
    }
}
