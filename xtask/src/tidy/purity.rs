//! Types and protocols decide without acting.

use super::{
    Finding, TextFile,
    files::{slashed, word_in},
    floors::{Floor, of_package},
};
use crate::workspace::Workspace;

/// Libraries that act: runtimes, networks, databases, clocks, randomness.
const ACTING_LIBRARIES: [&str; 12] = [
    "async-std",
    "axum",
    "chrono",
    "fastrand",
    "futures",
    "getrandom",
    "hyper",
    "rand",
    "reqwest",
    "rusqlite",
    "sqlx",
    "tokio",
];

/// Code that acts.
const ACTING_CODE: [&str; 6] = [
    "SystemTime::now",
    "Instant::now",
    "async fn",
    ".await",
    "thread::spawn",
    "OsRng",
];

/// Modules of the standard library that act.
const ACTING_MODULES: [&str; 5] = ["env", "fs", "net", "process", "thread"];

/// The pure crates list no library that acts. (Their tests may.)
pub(super) fn check_dependencies(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        if !of_package(workspace, package).is_some_and(Floor::is_pure) {
            continue;
        }
        for dependency in package
            .dependencies
            .iter()
            .filter(|found| !found.is_for_tests())
        {
            if ACTING_LIBRARIES.contains(&dependency.name.as_str()) {
                let manifest = slashed(workspace.relative(package.manifest()));
                let message = format!("a pure crate must not depend on {}", dependency.name);
                findings.push(Finding::file(&manifest, message));
            }
        }
    }
    findings
}

/// The pure crates' programs hold no code that acts. (Their tests may.)
pub(super) fn check_source(file: &TextFile) -> Vec<Finding> {
    let mut parts = file.path.split("/src/");
    let pure = parts.next().and_then(Floor::of).is_some_and(Floor::is_pure);
    if !pure || parts.next().is_none() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut inside_std_list = false;
    for (number, line) in file.program_lines() {
        inside_std_list |= line.contains("std::{");
        for module in ACTING_MODULES {
            let named = word_in(line, &format!("std::{module}"));
            if named || (inside_std_list && word_in(line, module)) {
                findings.push(refusal(file, number, &format!("std::{module}")));
            }
        }
        inside_std_list &= !line.contains("};");
        for code in ACTING_CODE {
            if line.contains(code) {
                findings.push(refusal(file, number, code));
            }
        }
    }
    findings
}

fn refusal(file: &TextFile, line: usize, what: &str) -> Finding {
    Finding::line(
        &file.path,
        line,
        format!("{what} in a pure crate: make its result an input"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<Option<usize>> {
        let file = TextFile {
            path: path.into(),
            text: text.into(),
        };
        check_source(&file)
            .into_iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn a_pure_crate_that_acts_is_found() {
        let path = "crates/protocols/ibc/src/packet.rs";
        assert_eq!(
            lines(path, "use std::fmt;\nlet now = SystemTime::now();\n"),
            [Some(2)]
        );
        assert_eq!(
            lines(path, "use std::{\n    fmt,\n    net::IpAddr,\n};\n"),
            [Some(3)]
        );
        assert_eq!(lines(path, "std::fs::read(path)\n"), [Some(1)]);
        assert_eq!(
            lines(path, "use std::{fmt, str};\nlet net = fs;\n// std::fs\n"),
            []
        );
    }

    #[test]
    fn tests_and_other_crates_may_act() {
        let text = "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert_eq!(lines("crates/types/src/block.rs", text), []);
        assert_eq!(lines("crates/types/tests/block.rs", "use std::fs;\n"), []);
        assert_eq!(
            lines("crates/engine/src/time.rs", "SystemTime::now()\n"),
            []
        );
    }
}
