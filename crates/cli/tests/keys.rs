//! Keys: made, imported, listed, and shown only when asked.

#![allow(clippy::too_many_lines)] // Tables of cases read best in one piece.

mod common;

use common::{ADDRESS, PASSWORD, SECRET, Sandbox, check};

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set("CAUSEWAY_PASSWORD", PASSWORD);
    sandbox.set("DEPLOYER_KEY", &format!("0x{SECRET}"));
    sandbox
}

#[test]
fn a_new_key_is_encrypted_and_for_its_owner_alone() {
    let sandbox = sandbox();
    let made = sandbox.run(&["keys", "new", "relayer", "--json"]).json();
    let file = ".causeway/keys/relayer.json";
    assert_eq!(sandbox.mode(file), 0o600);
    assert_eq!(sandbox.mode(".causeway/keys"), 0o700);
    let keystore: serde_json::Value = serde_json::from_str(&sandbox.read(file)).unwrap();
    assert_eq!(keystore["version"], 3);
    assert_eq!(keystore["crypto"]["kdf"], "scrypt");
    let left: Vec<_> = std::fs::read_dir(sandbox.path(".causeway/keys"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 1, "something is left behind: {left:?}");
    let listed = sandbox.run(&["keys", "list", "--json"]).json();
    assert_eq!(listed["keys"][0], made);
    let shown = sandbox.run(&["keys", "show", "relayer", "--json"]).json();
    assert_eq!(shown, made);
}

#[test]
fn a_key_may_be_named_by_its_file() {
    let sandbox = sandbox();
    let made = sandbox
        .run(&["keys", "new", "relayer.json", "--json"])
        .json();
    assert_eq!(
        sandbox.run(&["keys", "show", "relayer", "--json"]).json()["address"],
        made["address"]
    );
    assert!(sandbox.path(".causeway/keys/relayer.json").exists());
}

#[test]
fn two_new_keys_differ() {
    let sandbox = sandbox();
    let address = |name| sandbox.run(&["keys", "new", name, "--json"]).json()["address"].clone();
    assert_ne!(address("one"), address("two"));
}

#[test]
fn an_imported_key_comes_back_only_when_revealed() {
    let sandbox = sandbox();
    sandbox.write_secret("deployer.key", &format!("{SECRET}\n"));
    for (name, place) in [
        ("a", "env:DEPLOYER_KEY"),
        ("b", "file:deployer.key"),
        ("c", "stdin"),
    ] {
        let args = ["keys", "import", name, "--from", place, "--json"];
        let imported = sandbox.run_revealing(&args, SECRET).json();
        assert_eq!(imported["address"], ADDRESS);
        let text = sandbox.run(&["keys", "show", name]);
        assert!(text.stdout.contains(ADDRESS), "{text:?}");
        assert!(
            !sandbox
                .read(&format!(".causeway/keys/{name}.json"))
                .contains(SECRET)
        );
        let shown = sandbox
            .run_revealing(&["keys", "show", name, "--reveal", "--json"], "")
            .json();
        assert_eq!(shown["private_key"], format!("0x{SECRET}"));
    }
}

#[test]
fn a_key_is_never_overwritten() {
    let sandbox = sandbox();
    let made = sandbox.run(&["keys", "new", "relayer", "--json"]).json();
    for args in [
        vec!["keys", "new", "relayer"],
        vec!["keys", "import", "relayer", "--from", "env:DEPLOYER_KEY"],
    ] {
        check(&sandbox.refused(&args), "NAME", "relayer", "another name");
    }
    assert_eq!(
        sandbox.run(&["keys", "show", "relayer", "--json"]).json(),
        made
    );
}

#[test]
fn a_wrong_place_name_or_password_is_refused_with_its_remedy() {
    let mut sandbox = sandbox();
    assert_eq!(
        sandbox
            .run(&["keys", "import", "deployer", "--from", "env:DEPLOYER_KEY"])
            .code,
        0
    );
    sandbox.set("WRONG", "open sesame");
    sandbox.set("EMPTY", "");
    sandbox.write_secret("short.key", "0x1234");
    sandbox.write_secret("zero.key", &"0".repeat(64));
    sandbox.write("open.key", SECRET);
    sandbox.set_mode("open.key", 0o644);
    let import = |place| vec!["keys", "import", "x", "--from", place];
    for (args, field, message, remedy) in [
        (
            import("env:NOWHERE"),
            "--from",
            "NOWHERE is not set",
            "set NOWHERE",
        ),
        (
            import("env:EMPTY"),
            "--from",
            "EMPTY is not set",
            "set EMPTY",
        ),
        (
            import("file:nowhere.key"),
            "--from",
            "nowhere.key cannot be read",
            "check the path",
        ),
        (
            import("file:open.key"),
            "--from",
            "read by others (mode 644)",
            "chmod 600 open.key",
        ),
        (
            import("file:short.key"),
            "--from",
            "no private key",
            "64 hexadecimal",
        ),
        (
            import("file:zero.key"),
            "--from",
            "no private key",
            "64 hexadecimal",
        ),
        (import("somewhere"), "--from", "no place", "env:NAME"),
        (import(SECRET), "--from", "no place", "env:NAME"),
        (vec!["keys", "new", "../x"], "NAME", "../x", "letters"),
        (vec!["keys", "new", ".x"], "NAME", ".x", "letters"),
        (
            vec!["keys", "new", SECRET],
            "--key",
            "private key was given",
            "count this key as seen",
        ),
        (
            vec!["keys", "show", "nobody"],
            "--key",
            "\"nobody\"",
            "known keys: deployer",
        ),
        (
            vec!["keys", "new", "x", "--password-env", "NOWHERE"],
            "--password-env",
            "NOWHERE",
            "set NOWHERE",
        ),
        (
            vec!["keys", "new", "x", "--password-file", "open.key"],
            "--password-file",
            "by others",
            "chmod 600",
        ),
        (
            vec![
                "keys",
                "show",
                "deployer",
                "--reveal",
                "--password-env",
                "WRONG",
            ],
            "NAME",
            "does not open",
            "password",
        ),
    ] {
        check(&sandbox.refused(&args), field, message, remedy);
    }
    assert_eq!(
        sandbox.run(&["keys", "list", "--json"]).json()["keys"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_keystore_that_others_can_read_is_not_opened() {
    let sandbox = sandbox();
    assert_eq!(sandbox.run(&["keys", "new", "relayer"]).code, 0);
    sandbox.set_mode(".causeway/keys/relayer.json", 0o640);
    let error = sandbox.refused(&["keys", "show", "relayer", "--reveal"]);
    check(&error, "NAME", "read by others (mode 640)", "chmod 600");
}

#[test]
fn a_damaged_keystore_is_refused_and_not_a_crash() {
    let sandbox = sandbox();
    assert_eq!(sandbox.run(&["keys", "new", "relayer"]).code, 0);
    let file = ".causeway/keys/relayer.json";
    let sound: serde_json::Value = serde_json::from_str(&sandbox.read(file)).unwrap();
    let damaged = |pointer: &str, value: serde_json::Value| {
        let mut keystore = sound.clone();
        *keystore.pointer_mut(pointer).unwrap() = value;
        keystore.to_string()
    };
    for text in [
        String::new(),
        "{}".to_owned(),
        damaged("/version", 4.into()),
        damaged("/crypto/cipherparams/iv", "00".into()),
        damaged("/crypto/kdfparams/dklen", 8.into()),
        damaged("/crypto/kdfparams/n", 0.into()),
        damaged("/crypto/ciphertext", "00".into()),
        damaged("/crypto/mac", "00".into()),
        damaged("/crypto/cipher", "none".into()),
    ] {
        sandbox.write(file, &text);
        let error = sandbox.refused(&["keys", "show", "relayer", "--reveal"]);
        assert_eq!(error["field"], "NAME", "{error} for {text}");
    }
}

#[test]
fn without_a_terminal_a_password_must_have_a_place() {
    let error = Sandbox::new().refused(&["keys", "new", "relayer"]);
    check(
        &error,
        "--password-file",
        "no terminal",
        "CAUSEWAY_PASSWORD",
    );
    let mut sandbox = Sandbox::new();
    sandbox.write_secret("empty", "\n");
    let error = sandbox.refused(&["keys", "new", "x", "--password-file", "empty"]);
    check(&error, "--password-file", "empty", "choose a password");
    sandbox.set("CAUSEWAY_KEYS_DIR", "/proc/nowhere");
    sandbox.set("CAUSEWAY_PASSWORD", PASSWORD);
    check(
        &sandbox.refused(&["keys", "new", "x"]),
        "--keys-dir",
        "cannot be written",
        "--keys-dir",
    );
}
