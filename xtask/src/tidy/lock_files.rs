//! Lock files say what is installed, not from where: every machine has its own mirror.

use super::{Finding, TextFile};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(file: &TextFile) -> Vec<Finding> {
    match file.name() {
        "package-lock.json" => check_npm(file),
        "Cargo.lock" => check_cargo(file),
        _ => Vec::new(),
    }
}

fn check_npm(file: &TextFile) -> Vec<Finding> {
    let with_address = file
        .lines()
        .filter(|(_, line)| line.trim_start().starts_with("\"resolved\""));
    with_address
        .map(|(number, _)| {
            let message = "a download address: set omit-lockfile-registry-resolved=true in .npmrc";
            Finding::line(&file.path, number, message)
        })
        .collect()
}

fn check_cargo(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        if let Some(source) = line.strip_prefix("source = ")
            && source.trim_matches('"') != CRATES_IO
        {
            let message = format!("{source}: only releases on crates.io stay there");
            findings.push(Finding::line(&file.path, number, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<Option<usize>> {
        let file = TextFile {
            path: path.into(),
            text: text.into(),
        };
        check(&file)
            .into_iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn download_addresses_are_found() {
        let text = "{\n  \"resolved\": \"https://example.org/a.tgz\"\n}";
        assert_eq!(lines("a/package-lock.json", text), [Some(2)]);
        assert_eq!(
            lines("a/package-lock.json", "{\n  \"version\": \"1\"\n}"),
            []
        );
    }

    #[test]
    fn git_sources_and_other_registries_are_found() {
        let git = "source = \"git+https://example.org/a#1\"\n";
        assert_eq!(lines("Cargo.lock", git), [Some(1)]);
        let other = "source = \"registry+https://example.org/index\"\n";
        assert_eq!(lines("Cargo.lock", other), [Some(1)]);
        assert_eq!(
            lines("Cargo.lock", &format!("source = \"{CRATES_IO}\"\n")),
            []
        );
    }
}
