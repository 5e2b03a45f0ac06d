//! What every command refuses before it talks to any chain.

mod common;

use common::{ADDRESS, ROUTES, SECRET, Sandbox, check, with_routes};

/// A sandbox whose endpoints are closed ports: what is refused is refused without them.
fn sandbox() -> Sandbox {
    let mut sandbox = with_routes(ROUTES);
    sandbox.set("CAUSEWAY_KEY", SECRET);
    sandbox.set(
        "CAUSEWAY__CHAINS__ALPHA__ENDPOINTS",
        "[\"http://127.0.0.1:1\"]",
    );
    sandbox.set(
        "CAUSEWAY__CHAINS__BETA__ENDPOINTS",
        "[\"http://127.0.0.1:1\"]",
    );
    sandbox
}

/// The arguments of a sound command, with some of them replaced: `--amount=x` replaces `--amount`.
fn args(sound: &str, replaced: &[&str]) -> Vec<String> {
    let mut args: Vec<String> = sound.split_whitespace().map(str::to_owned).collect();
    for new in replaced {
        let name = new.split('=').next().unwrap_or_default();
        args.retain(|arg| arg.split('=').next() != Some(name));
        args.push((*new).to_owned());
    }
    args
}

fn refuse(sandbox: &Sandbox, sound: &str, replaced: &[&str]) -> serde_json::Value {
    let args = args(sound, replaced);
    sandbox.refused(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

const TRANSFER: &str = "transfer --from=alpha --to=beta --token=native --amount=1 \
                        --receiver=0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const CALL: &str = "call --from=alpha --to=beta \
                    --target=0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 --data=0x00";
const DEPLOY: &str = "deploy --from=alpha --to=beta \
                      --attestors=0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

#[test]
fn a_transfer_names_the_argument_and_the_remedy() {
    let sandbox = sandbox();
    for (replaced, field, message, remedy) in [
        (
            "--from=gamma",
            "--from",
            "\"gamma\"",
            "alpha (eip155:31337), beta",
        ),
        (
            "--to=eip155:5",
            "--to",
            "\"eip155:5\"",
            "beta (eip155:31338)",
        ),
        ("--to=alpha", "--to", "also the source", "two different"),
        (
            "--client=attest-5-on-6",
            "--client",
            "no route has",
            "attest-31338-on-31337",
        ),
        ("--client=x", "--client", "no client id", "causeway status"),
        ("--token=ETH", "--token", "\"ETH\"", "40 hexadecimal"),
        (
            "--token=voucher:ETH",
            "--token",
            "\"ETH\"",
            "40 hexadecimal",
        ),
        ("--amount=1,5", "--amount", "\"1,5\"", "12.5"),
        ("--amount=0", "--amount", "zero", "more than nothing"),
        ("--receiver=bob", "--receiver", "\"bob\"", "40 hexadecimal"),
        (
            "--receiver=0xf39fd6e51aad88F6F4ce6aB8827279cffFb92266",
            "--receiver",
            "checksum",
            "copy",
        ),
        (
            "--receiver=eip155:31337:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            "--receiver",
            "goes to eip155:31338",
            "destination",
        ),
        (
            "--receiver=0x0000000000000000000000000000000000000000",
            "--receiver",
            "zero address",
            "somebody",
        ),
        ("--timeout=24h1s", "--timeout", "24 hours", "24h or less"),
        ("--timeout=soon", "--timeout", "\"soon\"", "10m"),
        ("--timeout=0s", "--timeout", "before anything", "1s"),
        (
            "--key=env:NOWHERE",
            "--key",
            "NOWHERE is not set",
            "set NOWHERE",
        ),
        (
            "--key=file:nowhere",
            "--key",
            "cannot be read",
            "check the path",
        ),
        ("--key=nobody", "--key", "\"nobody\"", "causeway keys new"),
    ] {
        check(
            &refuse(&sandbox, TRANSFER, &[replaced]),
            field,
            message,
            remedy,
        );
    }
    let error = refuse(&sandbox, TRANSFER, &["--amount=1.5", "--base-units"]);
    check(&error, "--amount", "decimal point", "leave out");
    let error = refuse(&sandbox, TRANSFER, &[]);
    check(&error, "chains[0].endpoints", "refused", "reachable");
    assert_eq!(error["code"], "unreachable");
}

#[test]
fn a_call_names_the_argument_and_the_remedy() {
    let sandbox = sandbox();
    for (replaced, field, message, remedy) in [
        (
            "--target=counter",
            "--target",
            "\"counter\"",
            "40 hexadecimal",
        ),
        ("--data=0x0", "--data", "\"0x0\"", "even number"),
        ("--data=increment", "--data", "\"increment\"", "hexadecimal"),
        ("--salt=0xzz", "--salt", "\"0xzz\"", "hexadecimal"),
    ] {
        check(&refuse(&sandbox, CALL, &[replaced]), field, message, remedy);
    }
    let signed = CALL.replace("--data=0x00", "--signature=increment(uint256)");
    let error = refuse(&sandbox, &signed, &["--args=one"]);
    check(&error, "--args", "\"one\" is no uint256", "uint256");
    let neither = CALL.replace("--data=0x00", "");
    assert_eq!(refuse(&sandbox, &neither, &[])["code"], "usage");
}

#[test]
fn a_deployment_names_the_argument_and_the_remedy() {
    let mut sandbox = sandbox();
    for (replaced, field, message, remedy) in [
        ("--to=alpha", "--to", "both ends", "two different"),
        (
            "--attestors=0x12",
            "--attestors",
            "\"0x12\"",
            "40 hexadecimal",
        ),
        (
            "--threshold=2",
            "--attestors",
            "threshold of a committee of 1 is 2",
            "reach",
        ),
        ("--threshold=0", "--attestors", "threshold", "reach"),
    ] {
        check(
            &refuse(&sandbox, DEPLOY, &[replaced]),
            field,
            message,
            remedy,
        );
    }
    let twice = format!("--attestors={ADDRESS},{ADDRESS}");
    check(
        &refuse(&sandbox, DEPLOY, &[&twice]),
        "--attestors",
        "twice",
        "once",
    );
    // Nothing else of this configuration is allowed outside dev mode either; that is another test.
    sandbox.set("CAUSEWAY__DEV", "false");
    assert_eq!(refuse(&sandbox, DEPLOY, &[])["code"], "config");
    assert!(
        !sandbox.read("causeway.toml").contains("start_height"),
        "something was written"
    );
}

/// Nothing is sent to these hosts: what is refused is refused before.
fn outside_dev_mode() -> Sandbox {
    let mut sandbox = sandbox();
    for chain in ["ALPHA", "BETA"] {
        let endpoints = "[\"http://192.0.2.1:1\", \"http://192.0.2.2:1\"]";
        sandbox.set(&format!("CAUSEWAY__CHAINS__{chain}__ENDPOINTS"), endpoints);
        sandbox.set(&format!("CAUSEWAY__CHAINS__{chain}__AGREEMENT"), "2");
    }
    let attestors = "[\"https://a.example\", \"https://b.example\"]";
    sandbox.set("CAUSEWAY__RELAYER__ATTESTORS", attestors);
    sandbox.set("CAUSEWAY__DEV", "false");
    assert_eq!(sandbox.run(&["config", "validate"]).code, 0);
    sandbox
}

const PROPOSE: &str = "attestors rotate propose --on=beta --out=rotation.json \
                       --attestors=0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

#[test]
fn outside_dev_mode_no_weak_committee_is_made_or_proposed() {
    let sandbox = outside_dev_mode();
    let (one, two) = (ADDRESS, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    let (three, four) = (
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
        "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    );
    for (members, threshold) in [
        (vec![one], "1"),
        (vec![one, two], "1"),
        (vec![one, two, three], "1"),
        (vec![one, two, three, four], "2"),
    ] {
        let attestors = format!("--attestors={}", members.join(","));
        let threshold = format!("--threshold={threshold}");
        for sound in [DEPLOY, PROPOSE] {
            let error = refuse(&sandbox, sound, &[&attestors, &threshold]);
            check(
                &error,
                "--threshold",
                "no majority of several",
                "dev = true",
            );
        }
    }
    assert!(!sandbox.path("rotation.json").exists());
}

#[test]
fn a_rotation_names_the_argument_and_the_remedy() {
    let sandbox = sandbox();
    for (replaced, field, message, remedy) in [
        (
            "--on=gamma",
            "--on",
            "\"gamma\"",
            "alpha (eip155:31337), beta",
        ),
        (
            "--client=attest-5-on-6",
            "--client",
            "no route has",
            "attestors show",
        ),
        ("--client=x", "--client", "", "attestors show"),
        (
            "--attestors=bob",
            "--attestors",
            "\"bob\"",
            "40 hexadecimal",
        ),
        ("--threshold=2", "--attestors", "expected 1 to 1", "once"),
        (
            "--overlap=25h",
            "--overlap",
            "longer than any packet",
            "24h",
        ),
        ("--overlap=soon", "--overlap", "\"soon\"", "1h"),
    ] {
        check(
            &refuse(&sandbox, PROPOSE, &[replaced]),
            field,
            message,
            remedy,
        );
    }
    let missing = sandbox.refused(&["attestors", "rotate", "sign", "rotation.json"]);
    check(
        &missing,
        "FILE",
        "rotation.json holds no rotation",
        "propose",
    );
    let missing = sandbox.refused(&["client", "freeze", "--evidence", "evidence.json"]);
    check(
        &missing,
        "--evidence",
        "evidence.json holds no evidence",
        "relayer wrote",
    );
}

#[test]
fn without_a_key_every_way_to_name_one_is_told() {
    let error = refuse(&with_routes(ROUTES), TRANSFER, &[]);
    check(&error, "--key", "no key was named", "CAUSEWAY_KEY");
}

#[test]
fn a_route_that_is_missing_is_answered_with_the_command_that_makes_it() {
    let mut sandbox = Sandbox::with_starter("", "");
    sandbox.set("CAUSEWAY_KEY", SECRET);
    let error = refuse(&sandbox, TRANSFER, &[]);
    check(
        &error,
        "--to",
        "no route from alpha to beta",
        "causeway deploy --from alpha --to beta",
    );
}

#[test]
fn a_node_without_work_or_without_its_key_does_not_start() {
    let mut sandbox = sandbox();
    check(
        &sandbox.refused(&["run"]),
        "relayer.key",
        "CAUSEWAY_RELAYER_KEY is not set",
        "set CAUSEWAY_RELAYER_KEY",
    );
    sandbox.set("CAUSEWAY__ROUTES", "[]");
    check(
        &sandbox.refused(&["run"]),
        "routes",
        "no route",
        "causeway deploy",
    );
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap().to_string();
    sandbox.set("CAUSEWAY__LISTEN", &address);
    check(&sandbox.refused(&["run"]), "listen", &address, "free port");
    assert!(
        !sandbox.path("causeway.db").exists(),
        "a store was made for nothing"
    );
}

#[test]
fn asking_after_packets_makes_no_store() {
    let sandbox = sandbox();
    check(
        &sandbox.refused(&["packets", "list"]),
        "store",
        "no store",
        "causeway run",
    );
    check(
        &sandbox.refused(&["packets", "list", "--phase", "lost"]),
        "--phase",
        "\"lost\"",
        "timed_out",
    );
    assert!(!sandbox.path("causeway.db").exists());
}

#[test]
fn a_node_that_does_not_answer_is_told_with_its_address() {
    let sandbox = sandbox();
    let error = sandbox.refused(&["status", "--url", "http://127.0.0.1:1"]);
    check(&error, "listen", "http://127.0.0.1:1", "causeway run");
    check(
        &sandbox.refused(&["status", "--url", "node"]),
        "--url",
        "\"node\"",
        "http://",
    );
}

#[test]
fn a_wrong_command_line_is_json_if_json_was_asked_for() {
    let sandbox = sandbox();
    let outcome = sandbox.run(&["transfer", "--json"]);
    assert_eq!(outcome.code, 2);
    let error = sandbox.refused(&["transfer"]);
    assert!(
        error["field"].as_str().unwrap().contains("--from"),
        "{error}"
    );
    assert_eq!(sandbox.refused(&["fly"])["code"], "usage");
    let text = sandbox.run(&["transfer", "--fast"]);
    assert!(text.code == 2 && text.stderr.contains("--fast"), "{text:?}");
}
