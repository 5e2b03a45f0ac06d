//! The directory that a network lives in: its own, and only one network's at a time.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Marks a directory as ours; locked while a network lives in it.
const MARK: &str = "network.lock";

/// A directory that nobody else's network uses while this lives.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Takes a directory, and clears what an earlier network left there: the chains begin anew, so
    /// it would only mislead. Never clears a directory that is not a network's.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        let shown = path.display();
        fs::create_dir_all(path).with_context(|| format!("cannot create {shown}"))?;
        let path = path
            .canonicalize()
            .with_context(|| format!("cannot find {shown}"))?;
        let mark = path.join(MARK);
        if !mark.exists() && fs::read_dir(&path)?.next().is_some() {
            bail!("{shown} holds something else: name an empty or a new directory with --dir");
        }
        let lock = File::create(&mark).with_context(|| format!("cannot write in {shown}"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another network runs in {shown}: stop it with Ctrl-C in its terminal, or name another directory with --dir"
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", mark.display()));
            }
        }
        for entry in fs::read_dir(&path)? {
            let old = entry?.path();
            if old != mark {
                let removed = if old.is_dir() {
                    fs::remove_dir_all(&old)
                } else {
                    fs::remove_file(&old)
                };
                removed.with_context(|| format!("cannot clear {}", old.display()))?;
            }
        }
        Ok(Self { path, _lock: lock })
    }

    /// Where it is, from anywhere.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_network_left_is_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("network");
        let first = Directory::take(&path).unwrap();
        fs::write(first.path().join("relayer.db"), "old").unwrap();
        drop(first);
        let second = Directory::take(&path).unwrap();
        assert!(!second.path().join("relayer.db").exists());
    }

    #[test]
    fn a_directory_is_neither_shared_nor_cleared_while_a_network_lives_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = Directory::take(dir.path()).unwrap();
        fs::write(first.path().join("relayer.db"), "in use").unwrap();
        let error = Directory::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains("another network runs in"), "{error}");
        assert!(first.path().join("relayer.db").exists());
    }

    #[test]
    fn a_directory_with_other_things_in_it_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.tex"), "years of work").unwrap();
        let error = Directory::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains("holds something else"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
