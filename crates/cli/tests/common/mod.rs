//! A directory of its own for the command, in which every run is also checked for leaked secrets.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used
)]

use std::{fs, path::PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A private key that everybody knows (anvil's first account), so that a test may hold it.
pub const SECRET: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
pub const ADDRESS: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
pub const PASSWORD: &str = "correct horse battery";

pub struct Sandbox {
    dir: TempDir,
    variables: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// A sandbox with the starter in it, changed by replacing one text by another.
    pub fn with_starter(replace: &str, by: &str) -> Self {
        let sandbox = Self::new();
        assert_eq!(sandbox.run(&["config", "init"]).code, 0);
        let starter = sandbox.read("causeway.toml");
        assert!(starter.contains(replace), "the starter has no {replace:?}");
        sandbox.write("causeway.toml", &starter.replacen(replace, by, 1));
        sandbox
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub fn variable(&self, name: &str) -> String {
        let found = self.variables.iter().find(|(variable, _)| variable == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A file that its owner alone can read.
    pub fn write_secret(&self, name: &str, text: &str) {
        self.write(name, text);
        self.set_mode(name, 0o600);
    }

    pub fn set_mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub fn mode(&self, name: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    /// Runs the command; the secrets of this file may appear nowhere in what it prints.
    pub fn run(&self, args: &[&str]) -> Outcome {
        let outcome = self.run_revealing(args, "");
        for secret in [SECRET, PASSWORD] {
            let shown = format!("{}{}", outcome.stdout, outcome.stderr).to_lowercase();
            assert!(
                !shown.contains(secret),
                "{args:?} printed a secret: {outcome:?}"
            );
        }
        outcome
    }

    /// Runs the command with this input and without the check for secrets.
    pub fn run_revealing(&self, args: &[&str], stdin: &str) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
        command
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.dir.path());
        let output = command
            .envs(self.variables.iter().cloned())
            .args(args)
            .write_stdin(stdin)
            .output()
            .unwrap();
        let outcome = Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(
            !outcome.stderr.contains("panicked"),
            "{args:?}: {outcome:?}"
        );
        outcome
    }

    /// Runs the command with --json and expects it to be refused; answers the error object.
    pub fn refused(&self, args: &[&str]) -> Value {
        let mut args = args.to_vec();
        args.push("--json");
        let outcome = self.run(&args);
        assert_ne!(outcome.code, 0, "{args:?} was not refused: {outcome:?}");
        assert_eq!(outcome.stdout, "", "{args:?}");
        let mut error: Value = serde_json::from_str(&outcome.stderr)
            .unwrap_or_else(|e| panic!("{args:?} printed no JSON ({e}): {outcome:?}"));
        error["error"].take()
    }
}

impl Outcome {
    /// The one JSON object on stdout.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// A route between the starter's two chains.
pub const ROUTES: &str = r#"
[[routes]]
a = { chain = "eip155:31337", client = "attest-31338-on-31337" }
b = { chain = "eip155:31338", client = "attest-31337-on-31338" }
"#;

/// A sandbox with the starter, routers on both chains, and these routes.
pub fn with_routes(routes: &str) -> Sandbox {
    let sandbox = Sandbox::with_starter("", "");
    let written = "router = \"0x5FbDB2315678afecb367f032d93F642f64180aa3\"";
    let config = sandbox
        .read("causeway.toml")
        .replace("poll_interval = \"1s\"", written)
        + routes;
    sandbox.write("causeway.toml", &config);
    sandbox
}

/// Checks the error's field and that its message and remedy hold these words.
#[track_caller]
pub fn check(error: &Value, field: &str, message: &str, remedy: &str) {
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    assert_eq!(text("field"), field, "{error}");
    assert!(
        text("message").contains(message),
        "{message:?} is not in {error}"
    );
    assert!(
        text("remedy").contains(remedy),
        "{remedy:?} is not in {error}"
    );
}
