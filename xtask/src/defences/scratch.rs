//! A copy of the tree in which defences are taken out, so that nobody's work is touched.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{
    file::Defence,
    mutant::{Target, Verdict, nextest_one, verdict},
};
use crate::{
    command::{cargo, output, run},
    contracts,
    network::CAUSEWAY_VARIABLE,
    setup,
    workspace::Workspace,
};

/// The copy. It stays where it is, so that little has to be built anew the next time.
pub(super) struct Scratch<'a> {
    workspace: &'a Workspace,
    root: PathBuf,
}

impl<'a> Scratch<'a> {
    pub(super) fn new(workspace: &'a Workspace) -> Self {
        let root = workspace.target.join("defences/tree");
        Self { workspace, root }
    }

    /// Runs the defence's test without the defence.
    pub(super) fn without(&self, defence: &Defence, target: &Target) -> Result<Verdict> {
        self.mirror()?;
        for (file, text) in defence.edited(&self.workspace.root)? {
            fs::write(self.root.join(&file), text)?;
        }
        let solidity = |file: &str| file.starts_with("contracts/src/");
        if defence.remove.iter().any(|edit| solidity(&edit.file)) {
            contracts::build_in(&self.root.join("contracts"), false)?;
        }
        let mut build = nextest_one(&self.root, &defence.test, target);
        build.arg("--no-run");
        run(self.in_place(&mut build))
            .with_context(|| format!("the tree does not build without {}", defence.name))?;
        let mut test = nextest_one(&self.root, &defence.test, target);
        if defence.needs_binary {
            let mut build = cargo(&self.root);
            build.args(["build", "--quiet", "--workspace", "--bin", "causeway"]);
            run(self.in_place(&mut build))?;
            // Another tree's build may take the place of what was built here.
            let binary = self.workspace.target.join("defences/causeway");
            fs::copy(self.workspace.built("debug", "causeway"), &binary)?;
            test.env(CAUSEWAY_VARIABLE, binary);
        }
        verdict(self.in_place(&mut test), &defence.test)
    }

    fn in_place<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("CARGO_TARGET_DIR", &self.workspace.target);
        if let Ok(anvil) = setup::anvil(self.workspace) {
            command.env(setup::ANVIL_VARIABLE, anvil);
        }
        command
    }

    /// Makes the copy what the tree is. What is equal is left alone and need not be built again.
    fn mirror(&self) -> Result<()> {
        let mut list = Command::new("git");
        list.args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.workspace.root);
        let listed = output(&mut list).context("the tree's files are listed by git")?;
        let wanted: BTreeSet<&str> = listed
            .lines()
            .filter(|file| self.workspace.root.join(file).is_file())
            .collect();
        ensure!(!wanted.is_empty(), "git lists no files");
        for file in &wanted {
            let (from, to) = (self.workspace.root.join(file), self.root.join(file));
            let content = fs::read(&from)?;
            if fs::read(&to).is_ok_and(|known| known == content) {
                continue;
            }
            fs::create_dir_all(to.parent().unwrap_or(&self.root))?;
            fs::write(&to, content)?;
        }
        remove_others(&self.root, &self.root, &wanted)
    }
}

/// Removes what is in the copy and no longer in the tree, but nothing that was installed there.
fn remove_others(root: &Path, directory: &Path, wanted: &BTreeSet<&str>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("node_modules") {
                remove_others(root, &path, wanted)?;
            }
        } else {
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            if !wanted.contains(name.as_str()) {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}
