//! A defence as its file describes it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::tidy::Finding;

/// Where the files are.
pub(super) const DIRECTORY: &str = "xtask/defences";

/// The package whose tests run the contracts in process.
pub(super) const CONTRACTS_PACKAGE: &str = "causeway-contracts";

/// The invariants that must have a defence each: I1 to I16.
const INVARIANTS: std::ops::RangeInclusive<u32> = 1..=16;

/// A defence, how to take it out, and the test that must notice.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Defence {
    /// The file's name without its ending.
    #[serde(skip)]
    pub(crate) name: String,
    /// The invariant that it keeps, `I1` to `I16`; `-` for those that keep none of these.
    pub(super) invariant: String,
    /// The hack that it answers; empty where there is no famous one.
    #[serde(default)]
    pub(super) hack: String,
    /// What would happen without it.
    pub(super) threat: String,
    /// What it does.
    #[serde(rename = "defence")]
    pub(super) what: String,
    /// The test that goes red without it.
    pub(crate) test: Test,
    /// Whether the test starts the `causeway` binary.
    #[serde(default)]
    pub(super) needs_binary: bool,
    /// The edits that take it out.
    pub(super) remove: Vec<Edit>,
}

/// A test as nextest names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Test {
    /// Its package.
    pub(crate) package: String,
    /// Its name with its modules.
    pub(crate) name: String,
}

/// One replacement in one file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    /// The file, as from the root of the tree.
    pub(super) file: String,
    /// What stands there exactly once.
    pub(super) find: String,
    /// What stands there instead without the defence.
    #[serde(default)]
    pub(super) replace: String,
}

impl Defence {
    /// Whether nothing but Solidity is edited, and the test runs contracts in process.
    pub(super) fn is_contract(&self) -> bool {
        let solidity = |edit: &Edit| edit.file.starts_with("contracts/src/");
        self.test.package == CONTRACTS_PACKAGE && self.remove.iter().all(solidity)
    }

    /// The edited files with their new contents.
    pub(super) fn edited(&self, root: &Path) -> Result<Vec<(String, String)>> {
        let mut files: Vec<(String, String)> = Vec::new();
        for edit in &self.remove {
            let at = files.iter().position(|(file, _)| *file == edit.file);
            let text = match at {
                Some(at) => files.swap_remove(at).1,
                None => fs::read_to_string(root.join(&edit.file))
                    .with_context(|| format!("{}: cannot read {}", self.name, edit.file))?,
            };
            let times = text.matches(&edit.find).count();
            ensure!(
                times == 1,
                "{}: `{}` stands {times} times in {}, expected once",
                self.name,
                edit.find.trim(),
                edit.file
            );
            files.push((
                edit.file.clone(),
                text.replacen(&edit.find, &edit.replace, 1),
            ));
        }
        Ok(files)
    }

    /// What is wrong with the description.
    pub(super) fn problems(&self, root: &Path) -> Vec<Finding> {
        let path = format!("{DIRECTORY}/{}.toml", self.name);
        let mut found = Vec::new();
        if self.remove.is_empty() {
            found.push(Finding::file(&path, "removes nothing"));
        }
        if self.invariant != "-" && self.number().is_none() {
            let message = format!("{} is no invariant: I1 to I16, or -", self.invariant);
            found.push(Finding::file(&path, message));
        }
        if let Err(error) = self.edited(root) {
            found.push(Finding::file(&path, format!("{error:#}")));
        }
        found
    }

    /// The number of its invariant.
    pub(super) fn number(&self) -> Option<u32> {
        let number = self.invariant.strip_prefix('I')?.parse().ok()?;
        INVARIANTS.contains(&number).then_some(number)
    }
}

/// The invariants that no defence keeps.
pub(super) fn missing_invariants(all: &[Defence]) -> Vec<Finding> {
    INVARIANTS
        .filter(|number| !all.iter().any(|defence| defence.number() == Some(*number)))
        .map(|number| Finding::file(DIRECTORY, format!("no defence keeps I{number}")))
        .collect()
}

/// All defences, in the order of their files' names.
pub(crate) fn load(root: &Path) -> Result<Vec<Defence>> {
    let directory = root.join(DIRECTORY);
    let entries =
        fs::read_dir(&directory).with_context(|| format!("cannot list {}", directory.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Defence> {
    let text = fs::read_to_string(path)?;
    let mut defence: Defence =
        toml::from_str(&text).with_context(|| format!("{} is not right", path.display()))?;
    let name = path.file_stem().unwrap_or_default();
    defence.name = name.to_string_lossy().into_owned();
    Ok(defence)
}
