//! The copy of the document that clients are generated from says what the handlers say.

use std::{env, fs, path::Path};

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
        "{} is out of date: run the test with {WRITE}=1 and commit the file",
        file.display()
    );
}
