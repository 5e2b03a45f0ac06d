//! The rules of the tree that a compiler does not know. Each rule is one file.

mod files;
mod floors;
mod lock_files;
mod names;
mod purity;
mod rust;
mod size;

use std::fmt;

use anyhow::{Result, ensure};

use self::files::TextFile;
use crate::{defences, workspace::Workspace};

/// What a rule has to say about one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    line: Option<usize>,
    message: String,
}

/// What all rules have to say.
#[derive(Debug, Default)]
struct Findings {
    /// What must change.
    broken: Vec<Finding>,
    /// What may stay, but should not grow.
    warnings: Vec<Finding>,
}

impl Finding {
    pub(crate) fn file(path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            message: message.into(),
        }
    }

    /// `line` counts from 1.
    fn line(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::file(path, message)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Checks every rule; prints what it finds, and fails when a rule is broken.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let findings = check(workspace)?;
    for warning in &findings.warnings {
        eprintln!("warning: {warning}");
    }
    for broken in &findings.broken {
        eprintln!("error: {broken}");
    }
    let count = findings.broken.len();
    ensure!(
        count == 0,
        "the tree breaks its rules in {count} places; see above"
    );
    Ok(())
}

fn check(workspace: &Workspace) -> Result<Findings> {
    let mut findings = Findings::default();
    let files = files::read(workspace)?;
    for file in &files {
        size::check(file, &mut findings);
        findings.broken.extend(names::check(file));
        findings.broken.extend(lock_files::check(file));
        if file.is_rust() {
            findings.broken.extend(rust::check(file));
            findings.broken.extend(purity::check_source(file));
        }
    }
    for package in &workspace.packages {
        if let Some(library) = package.library()
            && let Some(file) = files::find(&files, workspace.relative(library))
        {
            findings.broken.extend(rust::check_library_root(file));
        }
        if let Some(manifest) = files::find(&files, workspace.relative(package.manifest())) {
            findings.broken.extend(floors::check_lints(manifest));
        }
    }
    findings.broken.extend(defences::problems(workspace)?);
    findings.broken.extend(floors::check(workspace));
    findings
        .broken
        .extend(purity::check_dependencies(workspace));
    findings
        .broken
        .sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_keeps_its_rules() {
        let findings = check(&Workspace::load().unwrap()).unwrap();
        let broken: Vec<_> = findings.broken.iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
    }
}
