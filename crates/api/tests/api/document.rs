//! The copy of the document that clients are generated from says what the handlers say.

use std::{env, fs, path::Path};

use serde_json::Value;

use crate::served::Served;

/// Set, it writes the copy anew.
const WRITE: &str = "CAUSEWAY_WRITE_OPENAPI";

#[test]
fn the_checked_in_document_is_the_one_that_is_served() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let document = causeway_api::document().to_pretty_json().unwrap() + "\n";
    if env::var_os(WRITE).is_some() {
        fs::write(&file, &document).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == document,
        "{} is out of date: run `cargo xtask openapi` and commit the file",
        file.display()
    );
}

#[tokio::test]
async fn the_document_and_its_pages_are_served_without_a_key_and_from_here_alone() {
    let served = Served::start(|settings| settings.access.anonymous_read = false).await;
    let (status, document) = served.get("/v1/openapi.json").await;
    assert_eq!(status, 200);
    let kept: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    assert!(document == kept, "another document is served than is kept");
    for page in ["/docs/", "/docs/swagger-initializer.js"] {
        let answer = reqwest::get(served.url(page)).await.unwrap();
        assert_eq!(answer.status(), 200, "{page}");
        let text = answer.text().await.unwrap();
        for elsewhere in ["src=\"http", "href=\"http", "//cdn", "petstore"] {
            assert!(!text.contains(elsewhere), "{page} holds {elsewhere}");
        }
    }
    let script = reqwest::get(served.url("/docs/swagger-initializer.js")).await;
    let script = script.unwrap().text().await.unwrap();
    assert!(script.contains("/v1/openapi.json"), "{script}");
}
