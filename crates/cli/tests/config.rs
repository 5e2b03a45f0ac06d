//! The configuration: what is accepted, and how everything else is refused.

#![allow(clippy::too_many_lines)] // Tables of cases read best in one piece.

mod common;

use common::{SECRET, Sandbox, check};
use serde_json::Value;

#[test]
fn the_starter_is_a_sound_configuration() {
    let sandbox = Sandbox::new();
    let written = sandbox.run(&["config", "init"]);
    assert!(written.stdout.contains("causeway.toml"), "{written:?}");
    let outcome = sandbox.run(&["config", "validate", "--json"]).json();
    assert_eq!(outcome["chains"], 2);
    assert_eq!(outcome["relayer"], true);
}

#[test]
fn init_never_overwrites_a_file() {
    let sandbox = Sandbox::new();
    sandbox.write("causeway.toml", "mine");
    let error = sandbox.refused(&["config", "init"]);
    check(&error, "", "already exists", "--config");
    assert_eq!(sandbox.read("causeway.toml"), "mine");
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_command_that_writes_it() {
    let error = Sandbox::new().refused(&["config", "validate", "--config", "other.toml"]);
    check(
        &error,
        "",
        "no configuration at other.toml",
        "causeway config init",
    );
}

#[test]
fn every_mistake_names_the_key_the_value_and_the_remedy() {
    let endpoints = "endpoints = [\"ws://127.0.0.1:8545\"]";
    let key = "key = { env = \"CAUSEWAY_RELAYER_KEY\" }";
    for (replace, by, field, message, remedy) in [
        (
            "dev = true",
            "dev = \"yes\"",
            "dev",
            "\"yes\"",
            "true or false",
        ),
        (
            "dev = true",
            "",
            "chains[0].endpoints",
            "could lie",
            "dev = true",
        ),
        (
            "listen = \"127.0.0.1:7100\"",
            "listen = \"7100\"",
            "listen",
            "\"7100\"",
            "127.0.0.1:7100",
        ),
        (
            "sqlite://causeway.db",
            "mysql://causeway",
            "store",
            "mysql",
            "sqlite://",
        ),
        (
            "\n[log]\n",
            "\n[logs]\n",
            "logs",
            "unknown field `logs`",
            "causeway config schema",
        ),
        (
            "format = \"text\"",
            "format = \"xml\"",
            "log.format",
            "xml",
            "\"text\" or \"json\"",
        ),
        (
            "level = \"info\"",
            "level = \"a=b=c\"",
            "log.level",
            "a=b=c",
            "debug",
        ),
        (
            "batch = 50",
            "batsch = 50",
            "relayer.batsch",
            "unknown field `batsch`",
            "correct its name",
        ),
        (
            "batch = 50",
            "batch = 0",
            "relayer.batch",
            "0 is outside",
            "1 to 200",
        ),
        (
            "batch = 50",
            "batch = \"many\"",
            "relayer.batch",
            "whole number",
            "1 to 200",
        ),
        (
            "id = \"eip155:31337\"",
            "id = \"31337\"",
            "chains[0].id",
            "\"31337\"",
            "eip155:31337",
        ),
        (
            "id = \"eip155:31337\"",
            "",
            "chains[0].id",
            "missing field",
            "eip155:31337",
        ),
        (
            "id = \"eip155:31338\"",
            "id = \"eip155:31337\"",
            "chains[1].id",
            "chains[0]",
            "join",
        ),
        (
            "id = \"eip155:31338\"",
            "id = \"cosmos:hub\"",
            "chains[1].id",
            "cosmos",
            "eip155",
        ),
        (
            "name = \"beta\"",
            "name = \"alpha\"",
            "chains[1].name",
            "\"alpha\"",
            "of its own",
        ),
        (
            "name = \"beta\"",
            "name = \"Beta 2\"",
            "chains[1].name",
            "Beta 2",
            "a-z",
        ),
        (
            endpoints,
            "endpoints = []",
            "chains[0].endpoints",
            "no endpoint",
            "ws://",
        ),
        (
            endpoints,
            "endpoints = [\"8545\"]",
            "chains[0].endpoints[0]",
            "\"8545\"",
            "list of URLs",
        ),
        (
            endpoints,
            "endpoints = [\"ftp://a\"]",
            "chains[0].endpoints[0]",
            "ftp",
            "https://",
        ),
        (
            endpoints,
            "endpoints = [\"ws://a\", \"ws://a\"]",
            "chains[0].endpoints[1]",
            "twice",
            "once",
        ),
        (
            "agreement = 1 ",
            "agreement = 2 ",
            "chains[0].agreement",
            "2 of 1",
            "from 1 to 1",
        ),
        (
            "agreement = 1 ",
            "agreement = 0 ",
            "chains[0].agreement",
            "0 of 1",
            "from 1 to 1",
        ),
        (
            "finality = \"finalized\"",
            "finality = \"soon\"",
            "chains[0].finality",
            "\"soon\"",
            "depth",
        ),
        (
            "finality = \"finalized\"",
            "finality = { depth = -1 }",
            "chains[0].finality.depth",
            "-1",
            "depth",
        ),
        (
            "poll_interval = \"1s\"",
            "poll_interval = 1",
            "chains[0].poll_interval",
            "`1`",
            "\"1s\"",
        ),
        (
            "poll_interval = \"1s\"",
            "poll_interval = \"1h\"",
            "chains[0].poll_interval",
            "1h",
            "\"1s\"",
        ),
        (
            "poll_interval = \"1s\"",
            "router = \"0x12\"",
            "chains[0].router",
            "0x12",
            "40 hexadecimal",
        ),
        (
            "poll_interval = \"1s\"",
            "router = \"0xf39fd6e51aad88F6F4ce6aB8827279cffFb92266\"",
            "chains[0].router",
            "checksum",
            "40 hexadecimal",
        ),
        (
            "[[chains]]",
            "[chains]",
            "",
            "no TOML at line",
            "correct the line",
        ),
        (
            key,
            "key = { env = \"A\", file = \"b\" }",
            "relayer.key",
            "more than one",
            "{ env",
        ),
        (key, "key = {}", "relayer.key", "names no place", "{ env"),
        (
            key,
            "key = { keystore = \"a.json\" }",
            "relayer.key",
            "no password_file",
            "password_file",
        ),
        (
            key,
            "key = { env = \"not a name\" }",
            "relayer.key",
            "no name",
            "{ env",
        ),
        (
            key,
            "key = { envv = \"A\" }",
            "relayer.key.envv",
            "unknown field `envv`",
            "correct its name",
        ),
        (key, "", "relayer.key", "missing field", "{ env"),
        (
            "attestors = [\"http://127.0.0.1:7100\"]",
            "attestors = []",
            "relayer.attestors",
            "no attestor",
            "URLs",
        ),
        (
            "attestors = [\"http://127.0.0.1:7100\"]",
            "attestors = [\"ws://a\"]",
            "relayer.attestors[0]",
            "ws",
            "http://",
        ),
        (
            "# clients = [",
            "clients = [",
            "attestor.clients[0]",
            "no client of the routes",
            "known clients",
        ),
    ] {
        eprintln!("{replace} -> {by}");
        let error = Sandbox::with_starter(replace, by).refused(&["config", "validate"]);
        check(&error, field, message, remedy);
        assert_eq!(error["code"], "config");
    }
}

const ROUTES: &str = r#"
[[routes]]
a = { chain = "eip155:31337", client = "attest-31338-on-31337" }
b = { chain = "eip155:31338", client = "attest-31337-on-31338" }
"#;

fn with_routes(routes: &str) -> Sandbox {
    let sandbox = Sandbox::with_starter("", "");
    let written = "router = \"0x5FbDB2315678afecb367f032d93F642f64180aa3\"";
    let config = sandbox
        .read("causeway.toml")
        .replace("poll_interval = \"1s\"", written)
        + routes;
    sandbox.write("causeway.toml", &config);
    sandbox
}

#[test]
fn routes_must_name_known_chains_with_routers_and_every_client_once() {
    assert_eq!(with_routes(ROUTES).run(&["config", "validate"]).code, 0);
    for (replace, by, field, message, remedy) in [
        (
            "eip155:31338",
            "eip155:5",
            "routes[0].b.chain",
            "eip155:5 is no chain",
            "eip155:31337, eip155:31338",
        ),
        (
            "eip155:31338",
            "beta",
            "routes[0].b.chain",
            "\"beta\"",
            "CAIP-2",
        ),
        (
            "eip155:31338",
            "eip155:31337",
            "routes[0].b.chain",
            "both ends",
            "two different",
        ),
        (
            "attest-31337-on-31338",
            "a b",
            "routes[0].b.client",
            "\"a b\"",
            "4 to 128",
        ),
    ] {
        let error = with_routes(&ROUTES.replace(replace, by)).refused(&["config", "validate"]);
        check(&error, field, message, remedy);
    }
    let error = with_routes(&format!("{ROUTES}{ROUTES}")).refused(&["config", "validate"]);
    check(
        &error,
        "routes[1].a.client",
        "also an end of routes[0]",
        "once",
    );
    let sandbox = Sandbox::with_starter("", "");
    sandbox.write("causeway.toml", &(sandbox.read("causeway.toml") + ROUTES));
    let error = sandbox.refused(&["config", "validate"]);
    check(
        &error,
        "chains[0].router",
        "no router yet",
        "causeway deploy",
    );
}

#[test]
fn outside_dev_mode_one_voice_is_never_enough() {
    let one = "endpoints = [\"ws://127.0.0.1:8545\"]\nagreement = 1 ";
    for (by, field, message) in [
        (one, "chains[0].endpoints", "could lie"),
        (
            "endpoints = [\"ws://a\", \"ws://b\"]\nagreement = 1 ",
            "chains[0].agreement",
            "no majority",
        ),
        (
            "finality = { depth = 0 }\nendpoints = [\"ws://a\", \"ws://b\"] ",
            "chains[0].finality",
            "depth 0",
        ),
    ] {
        let sandbox = Sandbox::with_starter(one, by);
        let config = sandbox
            .read("causeway.toml")
            .replace("dev = true\n", "dev = false\n");
        // The finality of the first chain is given by the case, if it is about that.
        let config = if by.contains("depth") {
            config.replacen("finality = \"finalized\"", "", 1)
        } else {
            config
        };
        sandbox.write("causeway.toml", &config);
        check(
            &sandbox.refused(&["config", "validate"]),
            field,
            message,
            "dev = true",
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let sandbox = Sandbox::with_starter("dev = true", "");
    let error = sandbox.refused(&["config", "validate"]);
    let fields: Vec<_> = error["more"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["chains[1].endpoints", "relayer.attestors"]);
    let text = sandbox.run(&["config", "validate"]);
    assert_eq!(text.code, 2);
    assert_eq!(text.stderr.matches("error: ").count(), 3, "{text:?}");
    assert_eq!(text.stderr.matches("help: ").count(), 3, "{text:?}");
}

#[test]
fn the_environment_overrides_the_file_under_the_same_rules() {
    let mut sandbox = Sandbox::with_starter("batch = 50", "batch = \"wrong\"");
    sandbox.set("CAUSEWAY__RELAYER__BATCH", "20");
    assert_eq!(sandbox.run(&["config", "validate"]).code, 0);
    sandbox.set("CAUSEWAY__CHAINS__BETA__AGREEMENT", "3");
    let error = sandbox.refused(&["config", "validate"]);
    check(
        &error,
        "chains[1].agreement",
        "3 of 1",
        "CAUSEWAY__CHAINS__BETA__AGREEMENT",
    );
    sandbox.set("CAUSEWAY__CHAINS__BETA__AGREEMENT", "1");
    sandbox.set("CAUSEWAY__NONSENSE", "1");
    check(
        &sandbox.refused(&["config", "validate"]),
        "nonsense",
        "unknown field",
        "CAUSEWAY__NONSENSE",
    );
}

#[test]
fn the_configuration_can_be_named_by_the_environment() {
    let mut sandbox = Sandbox::new();
    sandbox.set("CAUSEWAY_CONFIG", "node.toml");
    assert_eq!(sandbox.run(&["config", "init"]).code, 0);
    assert!(sandbox.path("node.toml").exists());
}

/// [`Sandbox::run`] checks every run for the secret itself.
#[test]
fn a_key_in_the_configuration_is_refused_without_being_shown() {
    let key = "key = { env = \"CAUSEWAY_RELAYER_KEY\" }";
    for by in [
        format!("key = \"0x{SECRET}\""),
        format!("key = 0x{SECRET}"),
        format!("key = \"{SECRET}"),
        format!("key = {{ env = \"0x{SECRET}\" }}"),
        format!("key = {{ file = \"{SECRET}\" }}"),
        format!("key = {{ secret = \"{SECRET}\" }}"),
        format!("key = [\"{SECRET}\"]"),
        format!("private_key = \"{SECRET}\""),
        format!("batch = \"{SECRET}\"\n{key}"),
    ] {
        let sandbox = Sandbox::with_starter(key, &by);
        assert_eq!(sandbox.run(&["config", "validate"]).code, 2, "{by}");
        sandbox.refused(&["config", "validate"]);
    }
    let mut sandbox = Sandbox::with_starter("", "");
    sandbox.set("CAUSEWAY__RELAYER__KEY", SECRET);
    check(
        &sandbox.refused(&["config", "validate"]),
        "relayer.key",
        "never written",
        "{ env",
    );
}

#[test]
fn the_access_key_in_an_endpoint_is_not_shown() {
    let url = "wss://me:hunter2@rpc.example.org/v3/0123456789abcdef0123456789abcdef?token=hunter2";
    for by in [
        format!("endpoints = [\"{url}\", \"{url}\"]"),
        format!("endpoints = \"{url}\""),
        format!("endpoints = [\"{}\"]", url.replace("wss", "ftp")),
        format!(
            "endpoints = [\"{}\"]",
            url.replace("rpc.example", "rpc..:exam ple")
        ),
    ] {
        let sandbox = Sandbox::with_starter("endpoints = [\"ws://127.0.0.1:8545\"]", &by);
        let shown = sandbox.run(&["config", "validate"]).stderr;
        assert!(
            !shown.contains("hunter2") && !shown.contains("0123456789abcdef"),
            "{shown}"
        );
        assert!(shown.contains("chains[0].endpoints"), "{shown}");
    }
}

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
        ("batch = 50", "batsch = 50"),
        ("batch = 50", "batch = 201"),
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
