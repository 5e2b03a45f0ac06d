//! Names say what is inside, and nothing names one person's machine.

use std::path::Path;

use super::{Finding, TextFile};

/// Names that say nothing. (`tests/common` is cargo's own name for what test programs share.)
const EMPTY_NAMES: [&str; 6] = ["helper", "helpers", "manager", "misc", "util", "utils"];

/// Beginnings of paths that exist on one machine only (written so that this file does not hold them).
const MACHINE_PATHS: [&str; 4] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

pub(super) fn check(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let code = file.is_rust() || file.has_extension("sol");
    let named_after_nothing = Path::new(&file.path).with_extension("").iter().any(|part| {
        EMPTY_NAMES
            .iter()
            .any(|name| part.eq_ignore_ascii_case(name))
    });
    if code && named_after_nothing {
        findings.push(Finding::file(
            &file.path,
            "the name does not say what is inside: use the field's word",
        ));
    }
    for (number, line) in file.lines() {
        for path in MACHINE_PATHS {
            let begins_here = |at: usize| {
                !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}$".contains(c))
            };
            if line.match_indices(path).any(|(at, _)| begins_here(at)) {
                let message = format!("{path}… exists on one machine only");
                findings.push(Finding::line(&file.path, number, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> usize {
        check(&TextFile {
            path: path.into(),
            text: text.into(),
        })
        .len()
    }

    #[test]
    fn paths_of_one_machine_are_found_and_others_are_not() {
        assert_eq!(messages("a.md", concat!("see /ho", "me/me/x")), 1);
        assert_eq!(
            messages(
                "a.md",
                concat!("see https://example.org/ho", "me/x and /tmp/x")
            ),
            0
        );
    }

    #[test]
    fn names_that_say_nothing_are_found_in_code() {
        assert_eq!(messages("crates/a/src/utils/b.rs", ""), 1);
        assert_eq!(messages("contracts/src/Helpers.sol", ""), 1);
        assert_eq!(messages("crates/a/src/access_manager.rs", ""), 0);
    }
}
