//! No secret is ever shown, wherever it was put by mistake.

mod common;

use common::{SECRET, Sandbox, check};

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
fn a_key_on_the_command_line_is_refused_without_being_shown() {
    let sandbox = common::with_routes(common::ROUTES);
    let prefixed = format!("0x{SECRET}");
    for key in [
        SECRET,
        &prefixed,
        &format!("env:{SECRET}"),
        &format!("file:{SECRET}"),
    ] {
        let transfer = [
            "transfer",
            "--from",
            "alpha",
            "--to",
            "beta",
            "--token",
            "native",
            "--amount",
            "1",
            "--receiver",
            common::ADDRESS,
            "--key",
            key,
        ];
        let error = sandbox.refused(&transfer);
        check(
            &error,
            "--key",
            "private key was given",
            "count this key as seen",
        );
        assert_eq!(sandbox.run(&transfer).code, 2);
    }
}

#[test]
fn a_key_in_the_environment_is_not_part_of_any_help() {
    let mut sandbox = Sandbox::new();
    for name in ["CAUSEWAY_KEY", "CAUSEWAY_PASSWORD", "CAUSEWAY_RELAYER_KEY"] {
        sandbox.set(name, SECRET);
    }
    for command in [
        "run", "deploy", "transfer", "call", "keys", "config", "packets", "status",
    ] {
        assert_eq!(sandbox.run(&[command, "--help"]).code, 0);
    }
}
