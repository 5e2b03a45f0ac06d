//! The list of defences in SECURITY.md, made from their files.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};

use super::file::Defence;
use crate::{tidy::Finding, workspace::Workspace};

const DOCUMENT: &str = "SECURITY.md";
const BEGIN: &str = "<!-- defences: begin (written by `cargo xtask defences --write`) -->\n";
const END: &str = "<!-- defences: end -->\n";

/// Writes the table anew.
pub(super) fn write(workspace: &Workspace, defences: &[Defence]) -> Result<()> {
    let path = workspace.root.join(DOCUMENT);
    let text = fs::read_to_string(&path)?;
    fs::write(&path, with_table(&text, defences)?)?;
    println!("{DOCUMENT} lists {} defences", defences.len());
    Ok(())
}

/// Whether the document lists something else than the files say.
pub(super) fn problem(workspace: &Workspace, defences: &[Defence]) -> Result<Option<Finding>> {
    let text = fs::read_to_string(workspace.root.join(DOCUMENT))?;
    let stale = with_table(&text, defences)? != text;
    Ok(stale.then(|| {
        let message =
            "its table of defences is not what their files say; run `cargo xtask defences --write`";
        Finding::file(DOCUMENT, message)
    }))
}

fn with_table(text: &str, defences: &[Defence]) -> Result<String> {
    let missing = || format!("{DOCUMENT} has no place for the table: {BEGIN}");
    let (before, rest) = text.split_once(BEGIN).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", table(defences)))
}

fn table(defences: &[Defence]) -> String {
    let mut ordered: Vec<&Defence> = defences.iter().collect();
    ordered.sort_by_key(|defence| (defence.number().unwrap_or(u32::MAX), &defence.name));
    let mut table = String::from(
        "| | Threat | Defence | Where | Test that goes red without it |\n|---|---|---|---|---|\n",
    );
    for defence in ordered {
        let threat = if defence.hack.is_empty() {
            defence.threat.clone()
        } else {
            format!("{} ({})", defence.threat, defence.hack)
        };
        let mut files: Vec<String> = Vec::new();
        for edit in &defence.remove {
            let name = Path::new(&edit.file).file_name().unwrap_or_default();
            let name = format!("`{}`", name.to_string_lossy());
            if !files.contains(&name) {
                files.push(name);
            }
        }
        let number = if defence.number().is_some() {
            defence.invariant.as_str()
        } else {
            ""
        };
        let package = defence.test.package.trim_start_matches("causeway-");
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {number} | {threat} | {} | {} | {package}: `{}` |",
            defence.what,
            files.join(", "),
            defence.test.name,
        );
    }
    table
}
