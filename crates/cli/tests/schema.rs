//! The JSON Schema says what the program does.

mod common;

use common::{ROUTES, with_routes};
use serde_json::Value;

#[test]
fn the_schema_accepts_the_starter_and_rejects_what_the_program_rejects() {
    let sandbox = with_routes(ROUTES);
    let schema: Value = sandbox.run(&["config", "schema"]).json();
    assert_eq!(sandbox.run(&["config", "schema", "--json"]).json(), schema);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let config = |text: &str| serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
    let text = sandbox.read("causeway.toml");
    let errors: Vec<_> = validator
        .iter_errors(&config(&text))
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    for (replace, by) in [
        ("dev = true", "devel = true"),
        ("\n[log]\n", "\n[logs]\n"),
        ("format = \"text\"", "format = \"xml\""),
        ("batch = 200", "batsch = 50"),
        ("batch = 200", "batch = 201"),
        ("agreement = 1 ", "agreements = 1 "),
        ("id = \"eip155:31337\"", "id = \"31337\""),
        ("id = \"eip155:31337\"", ""),
        ("finality = \"finalized\"", "finality = { depht = 1 }"),
        ("finality = \"finalized\"", "finality = \"final\""),
        ("key = { env = \"CAUSEWAY_RELAYER_KEY\" }", "key = \"0x00\""),
        (
            "key = { env = \"CAUSEWAY_RELAYER_KEY\" }",
            "key = { env = \"A\", file = \"B\" }",
        ),
        (
            "client = \"attest-31338-on-31337\" }\nb",
            "klient = \"attest-31338-on-31337\" }\nb",
        ),
    ] {
        assert!(text.contains(replace), "{replace}");
        let changed = text.replacen(replace, by, 1);
        assert!(
            !validator.is_valid(&config(&changed)),
            "the schema accepts {by}"
        );
    }
}
