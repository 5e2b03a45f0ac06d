//! Running tests, with all defences in place and with contracts that lack one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::file::{CONTRACTS_PACKAGE, Defence, Test};
use crate::{
    command::{cargo, output, run, works},
    contracts,
    network::{CAUSEWAY_VARIABLE, build_causeway},
    workspace::Workspace,
};

/// Names a file of pairs of creation codes for the contracts' tests: what to deploy in place of what.
const SUBSTITUTES_VARIABLE: &str = "CAUSEWAY_SUBSTITUTE_BYTECODE";

/// How nextest says that tests ran and some failed; anything else is no verdict.
const TESTS_FAILED: i32 = 100;

/// What a test says without the defence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It fails: the defence is tested.
    Red,
    /// It passes: nobody would notice.
    Green,
}

/// Where cargo builds a test: the words that select it.
pub(super) type Target = Vec<String>;

/// A nextest run of these tests in this tree. The whole workspace is named, so that every build
/// chooses the same features of the libraries and none is compiled twice.
fn nextest<'a>(root: &Path, command: &str, tests: impl Iterator<Item = &'a Test>) -> Command {
    let filters: BTreeSet<String> = tests
        .map(|test| format!("(package(={}) and test(={}))", test.package, test.name))
        .collect();
    let filters: Vec<String> = filters.into_iter().collect();
    let mut nextest = cargo(root);
    nextest.args(["nextest", command, "--workspace", "--cargo-quiet"]);
    nextest.args(["-E", &filters.join(" or ")]);
    nextest
}

/// A nextest run of one test that builds no other tests than its own.
pub(super) fn nextest_one(root: &Path, test: &Test, target: &Target) -> Command {
    let mut command = nextest(root, "run", std::iter::once(test));
    command.args(target);
    command
}

/// With all defences in place, every one of their tests must pass. Returns where each is built.
pub(super) fn expect_green(
    workspace: &Workspace,
    defences: &[&Defence],
) -> Result<BTreeMap<Test, Target>> {
    if !works(cargo(&workspace.root).args(["nextest", "--version"])) {
        bail!("this needs cargo-nextest: `cargo install cargo-nextest --locked`");
    }
    let tests = || defences.iter().map(|defence| &defence.test);
    let mut command = nextest(&workspace.root, "run", tests());
    if defences.iter().any(|defence| defence.needs_binary) {
        command.env(CAUSEWAY_VARIABLE, build_causeway(workspace)?);
    }
    run(&mut command).context("a test fails with every defence in place")?;
    let mut list = nextest(&workspace.root, "list", tests());
    let listed = output(list.args(["--message-format", "json"]))?;
    let listed: Listed = serde_json::from_str(&listed).context("nextest's list of tests")?;
    tests()
        .map(|test| Ok((test.clone(), listed.target(test)?)))
        .collect()
}

/// What `cargo nextest list` says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Listed {
    rust_suites: BTreeMap<String, Suite>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Suite {
    package_name: String,
    binary_name: String,
    kind: String,
    testcases: BTreeMap<String, serde_json::Value>,
}

impl Listed {
    fn target(&self, test: &Test) -> Result<Target> {
        let suite = self.rust_suites.values().find(|suite| {
            suite.package_name == test.package && suite.testcases.contains_key(&test.name)
        });
        let suite = suite.with_context(|| format!("{} has no test {}", test.package, test.name))?;
        Ok(match suite.kind.as_str() {
            "lib" => vec!["--lib".to_owned()],
            kind => vec![format!("--{kind}"), suite.binary_name.clone()],
        })
    }
}

/// Runs one test silently; what it prints when it fails is what is wanted.
pub(super) fn verdict(command: &mut Command, test: &Test) -> Result<Verdict> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("cannot run cargo nextest")?;
    match output.status.code() {
        Some(0) => Ok(Verdict::Green),
        Some(TESTS_FAILED) => Ok(Verdict::Red),
        _ => bail!(
            "{} of {} could not be run ({}):\n{}",
            test.name,
            test.package,
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

/// Compiles the contracts without the defence and runs the test with them. The test itself is not
/// built anew: it deploys the other code in place of its own.
pub(super) fn without_in_contract(
    workspace: &Workspace,
    defence: &Defence,
    target: &Target,
) -> Result<Verdict> {
    let edited: BTreeMap<String, String> = defence.edited(&workspace.root)?.into_iter().collect();
    let without = contracts::creation_codes(&edited)
        .with_context(|| format!("the contracts do not compile without {}", defence.name))?;
    let substitutes: Vec<(String, String)> = contracts::checked_in_creation_codes()?
        .into_iter()
        .filter_map(|(name, code)| Some((code, without.get(&name)?.clone())))
        .filter(|(with, without)| with != without)
        .collect();
    if substitutes.is_empty() {
        bail!("{} changes no contract", defence.name);
    }
    let directory = workspace.target.join("defences");
    fs::create_dir_all(&directory)?;
    let path = directory.join("bytecode.json");
    fs::write(&path, serde_json::to_string(&substitutes)?)?;
    debug_assert_eq!(defence.test.package, CONTRACTS_PACKAGE);
    let mut command = nextest_one(&workspace.root, &defence.test, target);
    verdict(command.env(SUBSTITUTES_VARIABLE, &path), &defence.test)
}
