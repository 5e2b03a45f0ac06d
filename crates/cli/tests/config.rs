//! The configuration: what is accepted, and how everything else is refused.

#![allow(clippy::too_many_lines)] // Tables of cases read best in one piece.

mod common;

use common::{ROUTES, Sandbox, check, with_routes};

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

/// What in the starter | is replaced by what | the field that is named | words of the message | words
/// of the remedy.
const MISTAKES: &str = r#"
dev = true | dev = "yes" | dev | "yes" | true or false
dev = true |  | chains[0].endpoints | could lie | dev = true
listen = "127.0.0.1:7100" | listen = "7100" | listen | "7100" | 127.0.0.1:7100
sqlite://causeway.db | mysql://causeway | store | mysql | sqlite://
sqlite://causeway.db | postgres://causeway:hunter2@host/ | store | names no database | postgres://
\n[log]\n | \n[logs]\n | logs | unknown field `logs` | causeway config schema
format = "text" | format = "xml" | log.format | xml | "text" or "json"
level = "info" | level = "a=b=c" | log.level | a=b=c | debug
batch = 200 | batsch = 50 | relayer.batsch | unknown field `batsch` | correct its name
batch = 200 | batch = 0 | relayer.batch | 0 is outside | 1 to 200
batch = 200 | overdue_after = 10 | relayer.overdue_after | `10` | "10m"
batch = 200 | batch = "many" | relayer.batch | whole number | 1 to 200
id = "eip155:31337" | id = "31337" | chains[0].id | "31337" | eip155:31337
id = "eip155:31337" |  | chains[0].id | missing field | eip155:31337
id = "eip155:31338" | id = "eip155:31337" | chains[1].id | chains[0] | join
id = "eip155:31338" | id = "cosmos:hub" | chains[1].id | cosmos | eip155
name = "beta" | name = "alpha" | chains[1].name | "alpha" | of its own
name = "beta" | name = "Beta 2" | chains[1].name | Beta 2 | a-z
["ws://127.0.0.1:8545"] | [] | chains[0].endpoints | no endpoint | ws://
["ws://127.0.0.1:8545"] | ["8545"] | chains[0].endpoints[0] | "8545" | list of URLs
["ws://127.0.0.1:8545"] | ["ftp://a"] | chains[0].endpoints[0] | ftp | https://
["ws://127.0.0.1:8545"] | ["ws://a", "ws://a"] | chains[0].endpoints[1] | twice | once
agreement = 1  | agreement = 2  | chains[0].agreement | 2 of 1 | from 1 to 1
agreement = 1  | agreement = 0  | chains[0].agreement | 0 of 1 | from 1 to 1
finality = "finalized" | finality = "soon" | chains[0].finality | "soon" | depth
finality = "finalized" | finality = { depth = -1 } | chains[0].finality.depth | -1 | depth
poll_interval = "1s" | poll_interval = 1 | chains[0].poll_interval | `1` | "1s"
poll_interval = "1s" | poll_interval = "1h" | chains[0].poll_interval | 1h | "1s"
poll_interval = "1s" | router = "0x12" | chains[0].router | 0x12 | 40 hexadecimal
poll_interval = "1s" | router = "0xf39fd6e51aad88F6F4ce6aB8827279cffFb92266" | chains[0].router | checksum | 40 hexadecimal
[[chains]] | [chains] |  | no TOML at line | correct the line
{ env = "CAUSEWAY_RELAYER_KEY" } | { env = "A", file = "b" } | relayer.key | more than one | { env
{ env = "CAUSEWAY_RELAYER_KEY" } | {} | relayer.key | names no place | { env
{ env = "CAUSEWAY_RELAYER_KEY" } | { keystore = "a.json" } | relayer.key | no password_file | password_file
{ env = "CAUSEWAY_RELAYER_KEY" } | { env = "not a name" } | relayer.key | no name | { env
{ env = "CAUSEWAY_RELAYER_KEY" } | { envv = "A" } | relayer.key.envv | unknown field `envv` | correct its name
key = { env = "CAUSEWAY_RELAYER_KEY" } |  | relayer.key | missing field | { env
["http://127.0.0.1:7100"] | [] | relayer.attestors | no attestor | URLs
["http://127.0.0.1:7100"] | ["ws://a"] | relayer.attestors[0] | ws | http://
# clients = [ | clients = [ | attestor.clients[0] | no client of the routes | known clients
"#;

#[test]
fn every_mistake_names_the_key_the_value_and_the_remedy() {
    for case in MISTAKES.trim().lines() {
        eprintln!("{case}");
        let columns: Vec<String> = case
            .split(" | ")
            .map(|column| column.replace("\\n", "\n"))
            .collect();
        let [replace, by, field, message, remedy] = columns.as_slice() else {
            panic!("a case has five columns");
        };
        let error = Sandbox::with_starter(replace, by).refused(&["config", "validate"]);
        check(&error, field, message, remedy);
        assert_eq!(error["code"], "config");
    }
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
            "endpoints = [\"wss://a/key-1\", \"https://A:8545/key-2\"] ",
            "chains[0].endpoints[1]",
            "two voices",
        ),
        (
            "endpoints = [\"wss://rpc.example/key-1\", \"https://rpc.example.:8545\"] ",
            "chains[0].endpoints[1]",
            "two voices",
        ),
        (
            "endpoints = [\"ws://192.0.2.7\", \"ws://[::ffff:192.0.2.7]\"] ",
            "chains[0].endpoints[1]",
            "two voices",
        ),
        (
            "endpoints = [\"ws://localhost:1\", \"ws://127.0.0.1:2\"] ",
            "chains[0].endpoints[1]",
            "two voices",
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
fn outside_dev_mode_attestors_share_no_machine() {
    let one = "attestors = [\"http://127.0.0.1:7100\"]";
    let two = "attestors = [\"https://a.example/1\", \"https://a.example:8443/2\"]";
    let sandbox = Sandbox::with_starter(one, two);
    assert_eq!(sandbox.run(&["config", "validate"]).code, 0);
    let config = sandbox.read("causeway.toml");
    sandbox.write(
        "causeway.toml",
        &config.replace("dev = true\n", "dev = false\n"),
    );
    let error = sandbox.refused(&["config", "validate"]);
    let more = error["more"].as_array().unwrap();
    let found = more
        .iter()
        .find(|error| error["field"] == "relayer.attestors[1]");
    check(
        found.unwrap(),
        "relayer.attestors[1]",
        "two voices",
        "dev = true",
    );
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
    let mut sandbox = Sandbox::with_starter("batch = 200", "batch = \"wrong\"");
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

#[test]
fn a_monitor_beside_a_relayer_needs_endpoints_of_its_own() {
    let endpoints = |a: &str, b: &str| format!("endpoints = [\"wss://{a}\", \"wss://{b}\"]");
    let sandbox = Sandbox::with_starter("dev = true\n", "dev = false\n");
    let mut config = sandbox.read("causeway.toml");
    for port in [8545, 8546] {
        let one = format!("endpoints = [\"ws://127.0.0.1:{port}\"]\nagreement = 1");
        assert!(config.contains(&one));
        config = config.replacen(&one, &endpoints("one.example", "two.example"), 1);
    }
    let one = "attestors = [\"http://127.0.0.1:7100\"]";
    config = config.replacen(one, "attestors = [\"http://a:1\", \"http://b:1\"]", 1);
    sandbox.write("causeway.toml", &format!("{config}\n[monitor]\n"));
    check(
        &sandbox.refused(&["config", "validate"]),
        "monitor.chains",
        "no endpoints of its own on eip155:31337",
        "other providers",
    );
    for chain in ["eip155:31337", "eip155:31338"] {
        let own = endpoints("three.example", "four.example");
        config = format!("{config}\n[[monitor.chains]]\nid = \"{chain}\"\n{own}\n");
    }
    sandbox.write("causeway.toml", &config);
    let outcome = sandbox.run(&["config", "validate"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
}
