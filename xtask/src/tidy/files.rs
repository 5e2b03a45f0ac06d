//! Every text file of the tree.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// What is built or installed, not written. `.git` is a file where one clone has several work trees.
const NOT_OURS: [&str; 6] = [
    ".git",
    ".causeway",
    "dist",
    "node_modules",
    "target",
    "test-output",
];

/// One file, named as from the root of the tree with `/` between the parts.
#[derive(Debug)]
pub(super) struct TextFile {
    pub(super) path: String,
    pub(super) text: String,
}

impl TextFile {
    /// The lines, counted from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    pub(super) fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    pub(super) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == extension)
    }

    /// The file's own name.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether a program wrote it, as its first lines say.
    pub(super) fn is_generated(&self) -> bool {
        self.text
            .lines()
            .take(5)
            .any(|line| line.contains("@generated"))
    }

    /// The lines that the program itself is made of: none of a file of tests, and of others those
    /// above the module of tests. What comments say is left out.
    pub(super) fn program_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let all_tests = self
            .path
            .split('/')
            .any(|part| part == "tests" || part == "benches")
            || self.name() == "tests.rs";
        let until = if all_tests {
            0
        } else {
            self.first_line_of_tests()
        };
        self.lines()
            .take_while(move |(number, _)| *number < until)
            .map(|(n, line)| (n, code_of(line)))
    }

    fn first_line_of_tests(&self) -> usize {
        let mut lines = self.lines().peekable();
        while let Some((number, line)) = lines.next() {
            let next = lines.peek().map_or("", |(_, next)| *next);
            if line == "#[cfg(test)]" && next.starts_with("mod ") && next.ends_with('{') {
                return number;
            }
        }
        usize::MAX
    }
}

/// The part of a line before its comment. (A `//` inside a string that is not part of an address
/// counts as one; the rules that use this look for words that do not follow such strings.)
pub(super) fn code_of(line: &str) -> &str {
    let comment = line
        .match_indices("//")
        .find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// Where `word` stands on its own in the line.
pub(super) fn word_in(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let after = &line[at + word.len()..];
        let open_end = word.ends_with(part_of_name) && after.starts_with(part_of_name);
        !line[..at].ends_with(part_of_name) && !open_end
    })
}

/// Reads every text file of the tree, sorted by name.
pub(super) fn read(workspace: &Workspace) -> Result<Vec<TextFile>> {
    let mut files = Vec::new();
    read_directory(workspace, &workspace.root, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The file of this name.
pub(super) fn find<'a>(files: &'a [TextFile], path: &Path) -> Option<&'a TextFile> {
    let path = slashed(path);
    files.iter().find(|file| file.path == path)
}

/// A path with `/` between its parts, whatever the system writes.
pub(super) fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn read_directory(
    workspace: &Workspace,
    directory: &Path,
    files: &mut Vec<TextFile>,
) -> Result<()> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if path != workspace.target {
                read_directory(workspace, &path, files)?;
            }
        } else if kind.is_file() {
            let bytes =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(TextFile {
                    path: slashed(workspace.relative(&path)),
                    text,
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_left_out_and_addresses_are_not() {
        assert_eq!(code_of("let a = 1; // no todo"), "let a = 1; ");
        assert_eq!(code_of("get(\"http://host\")"), "get(\"http://host\")");
    }

    #[test]
    fn a_word_is_not_the_end_of_another() {
        assert!(word_in("use rand::Rng;", "rand::"));
        assert!(!word_in("use operand::Rng;", "rand::"));
        assert!(word_in("async fn a()", "async fn"));
        assert!(!word_in("std::fs_extra", "std::fs"));
    }

    #[test]
    fn tests_are_not_part_of_the_program() {
        let text = "use a;\n#[cfg(test)]\nmod values;\nfn b() {}\n\n#[cfg(test)]\nmod tests {\n}\n";
        let file = TextFile {
            path: "crates/a/src/b.rs".into(),
            text: text.into(),
        };
        assert_eq!(
            file.program_lines().map(|(number, _)| number).max(),
            Some(5)
        );
        let file = TextFile {
            path: "crates/a/tests/b.rs".into(),
            text: text.into(),
        };
        assert_eq!(file.program_lines().count(), 0);
    }
}
