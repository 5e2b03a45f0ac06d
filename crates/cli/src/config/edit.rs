use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use alloy::primitives::Address;
use causeway_types::ChainId;
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use super::{ConfigError, Problem, RouteConfig, RouteEnd};

/// Changes to the file that keep its comments, its order and everything else a person wrote.
#[derive(Debug)]
pub(crate) struct ConfigEdit {
    path: PathBuf,
    document: DocumentMut,
}

impl ConfigEdit {
    /// Opens the file for changes; nothing is written before [`Self::save`].
    pub(crate) fn open(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| {
            let reason = error.to_string();
            ConfigError::of_file(Problem::Unreadable {
                path: path.to_owned(),
                reason,
            })
        })?;
        let document = text.parse::<DocumentMut>().map_err(|error| {
            let message = error.message().to_owned();
            ConfigError::of_file(Problem::Syntax {
                line: 1,
                column: 1,
                message,
            })
        })?;
        Ok(Self {
            path: path.to_owned(),
            document,
        })
    }

    /// Whether the file itself, without the environment, has this chain.
    pub(crate) fn has_chain(&self, chain: &ChainId) -> bool {
        let chains = self
            .document
            .get("chains")
            .and_then(Item::as_array_of_tables);
        chains.is_some_and(|chains| chains.iter().any(|entry| is_chain(entry, chain)))
    }

    /// Sets the router of a chain and the block from which its events are read; false if the file
    /// has no such chain.
    pub(crate) fn set_router(&mut self, chain: &ChainId, router: Address, start: u64) -> bool {
        let chains = self
            .document
            .get_mut("chains")
            .and_then(Item::as_array_of_tables_mut);
        let entry = chains.and_then(|chains| chains.iter_mut().find(|e| is_chain(e, chain)));
        let Some(entry) = entry else { return false };
        set(entry, "router", router.to_checksum(None).into());
        // A height that TOML cannot hold will not come.
        set(
            entry,
            "start_height",
            i64::try_from(start).unwrap_or_default().into(),
        );
        true
    }

    /// Sets the contract for swaps on a chain; false if the file has no such chain to swap on.
    pub(crate) fn set_swap_contract(&mut self, chain: &ChainId, contract: Address) -> bool {
        let swaps = self.document.get_mut("swaps");
        let chains = swaps
            .and_then(|swaps| swaps.get_mut("chains"))
            .and_then(Item::as_array_of_tables_mut);
        let entry = chains.and_then(|chains| chains.iter_mut().find(|e| is_chain(e, chain)));
        let Some(entry) = entry else { return false };
        set(entry, "contract", contract.to_checksum(None).into());
        true
    }

    /// Adds a route unless the file already has it.
    pub(crate) fn add_route(&mut self, route: &RouteConfig) -> bool {
        let routes = self
            .document
            .entry("routes")
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        let Some(routes) = routes.as_array_of_tables_mut() else {
            return false;
        };
        let ends = [end(&route.a), end(&route.b)];
        let same = |table: &Table| {
            ["a", "b"].into_iter().zip(&ends).all(|(key, end)| {
                ["chain", "client"].into_iter().all(|word| {
                    table
                        .get(key)
                        .and_then(|e| e.get(word))
                        .and_then(Item::as_str)
                        == end.get(word).and_then(toml_edit::Value::as_str)
                })
            })
        };
        if !routes.iter().any(same) {
            let [a, b] = ends;
            let mut table = Table::new();
            table.insert("a", value(a));
            table.insert("b", value(b));
            routes.push(table);
        }
        true
    }

    /// Replaces the file as a whole, so that no reader ever sees half of it.
    pub(crate) fn save(&self) -> Result<(), ConfigError> {
        replace_file(&self.path, self.document.to_string().as_bytes()).map_err(|error| {
            let reason = error.to_string();
            ConfigError::of_file(Problem::Unwritable {
                path: self.path.clone(),
                reason,
            })
        })
    }
}

fn is_chain(entry: &Table, chain: &ChainId) -> bool {
    entry.get("id").and_then(Item::as_str) == Some(chain.as_str())
}

/// Replaces the value alone, which keeps a comment that stands behind it.
fn set(entry: &mut Table, key: &str, mut new: toml_edit::Value) {
    match entry.get_mut(key) {
        Some(Item::Value(old)) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        _ => {
            entry.insert(key, value(new));
        }
    }
}

fn end(end: &RouteEnd) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("chain", end.chain.as_str().into());
    table.insert("client", end.client.as_str().into());
    table
}

fn replace_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let directory = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    fs::set_permissions(file.path(), fs::metadata(path)?.permissions())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{STARTER, parse};

    fn route() -> RouteConfig {
        let end = |id, client: &str| RouteEnd {
            chain: ChainId::eip155(id),
            client: client.parse().unwrap(),
        };
        RouteConfig {
            a: end(31337, "attest-31338-on-31337"),
            b: end(31338, "attest-31337-on-31338"),
        }
    }

    #[test]
    fn a_deployment_is_written_without_touching_the_comments() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("causeway.toml");
        fs::write(&path, STARTER).unwrap();
        let router = Address::repeat_byte(0xab);
        for _ in 0..2 {
            let mut edit = ConfigEdit::open(&path).unwrap();
            assert!(edit.set_router(&ChainId::eip155(31337), router, 7));
            assert!(edit.set_router(&ChainId::eip155(31338), router, 7));
            assert!(!edit.set_router(&ChainId::eip155(1), router, 7));
            assert!(edit.add_route(&route()));
            edit.save().unwrap();
        }
        let written = fs::read_to_string(&path).unwrap();
        for line in STARTER.lines() {
            assert!(
                written.lines().any(|l| l == line),
                "{line} is gone from\n{written}"
            );
        }
        let config = parse(&written, []).unwrap();
        assert_eq!(config.chains[1].router, Some(router));
        assert_eq!(config.chains[0].start_height, 7);
        assert_eq!(config.routes.len(), 1, "{written}");
        assert_eq!(config.routes[0].b, route().b);
    }
}
