//! Which programs there are, and where they are.

use std::{env, path::PathBuf};

use crate::NodeError;

/// Where `cargo xtask setup` puts Bitcoin Core, below the cache.
const BUILT_BITCOIND: &str = "bitcoin-core-0.4.1/bitcoind";

/// Debian's program itself. What it has on the search path is a script that also writes a
/// configuration into the home directory.
const DEBIAN_LITECOIND: &str = "/usr/lib/litecoin/litecoind";

/// Whose node to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Bitcoin Core.
    Bitcoin,
    /// Litecoin Core.
    Litecoin,
}

impl NodeKind {
    const fn program(self) -> &'static str {
        match self {
            Self::Bitcoin => "bitcoind",
            Self::Litecoin => "litecoind",
        }
    }

    /// The variable that names a program of one's own.
    const fn variable(self) -> &'static str {
        match self {
            Self::Bitcoin => "BITCOIND_EXE",
            Self::Litecoin => "LITECOIND_EXE",
        }
    }

    /// What this node needs beside what all of them are told.
    pub(crate) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Bitcoin => &[],
            Self::Litecoin => &[
                "-disablewallet",
                // Extension blocks stop mining at block 431 unless somebody uses them.
                "-vbparams=mweb:-2:9223372036854775807",
            ],
        }
    }

    /// The program that the variable names, else the one that set-up provides, else the one on the
    /// search path.
    pub(crate) fn find(self) -> Result<PathBuf, NodeError> {
        let (program, variable) = (self.program(), self.variable());
        if let Some(path) = env::var_os(variable).map(PathBuf::from) {
            if path.is_file() {
                return Ok(path);
            }
            return Err(NodeError::NotThere {
                program,
                variable,
                path,
            });
        }
        let preferred = match self {
            Self::Bitcoin => cache().map(|cache| cache.join(BUILT_BITCOIND)),
            Self::Litecoin => Some(PathBuf::from(DEBIAN_LITECOIND)),
        };
        let path = env::var_os("PATH").unwrap_or_default();
        let on_path = env::split_paths(&path).map(|directory| directory.join(program));
        preferred
            .into_iter()
            .chain(on_path)
            .find(|path| path.is_file())
            .ok_or(NodeError::NotInstalled { program, variable })
    }
}

/// What outlives clones of the project.
fn cache() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CAUSEWAY_CACHE") {
        return Some(named.into());
    }
    Some(PathBuf::from(env::var_os("HOME")?).join(".cache/causeway"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_node_is_an_error_with_the_remedy() {
        for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
            let (program, variable) = (kind.program(), kind.variable());
            let text = NodeError::NotInstalled { program, variable }.to_string();
            assert!(
                text.contains("cargo xtask setup") && text.contains(variable),
                "{text}"
            );
        }
    }
}
