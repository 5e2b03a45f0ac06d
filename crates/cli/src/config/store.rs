//! Where the node's database is.

use std::path::PathBuf;

use url::Url;

use super::LoadedConfig;
use crate::redact::redact_url;

/// A database as the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// A `SQLite` file, of this node alone.
    File(PathBuf),
    /// A `PostgreSQL` database, which several replicas of the node may share.
    Server(Url),
}

impl Store {
    /// Reads the configuration's text; why it names no database.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            if path.is_empty() {
                return Err("it names no file");
            }
            return Ok(Self::File(path.into()));
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err("its kind is none that this build can open");
        }
        let url: Url = text.parse().map_err(|_| "it is no URL")?;
        let elsewhere = |name: &str| url.query_pairs().any(|(key, _)| key == name);
        if url.host_str().is_none_or(str::is_empty) && !elsewhere("host") {
            return Err("it names no host");
        }
        if url.path().trim_start_matches('/').is_empty() && !elsewhere("dbname") {
            return Err("it names no database");
        }
        Ok(Self::Server(url))
    }

    /// As the engine wants it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::File(path) => format!("sqlite://{}", path.display()),
            Self::Server(url) => url.to_string(),
        }
    }

    /// As it may be shown.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Server(url) => redact_url(url),
        }
    }

    /// What to do when it cannot be opened.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::File(_) => "check that the directory exists, may be written to and has space",
            Self::Server(_) => {
                "check that the server runs and lets this user into this database, with the password in \
                 the URL, in PGPASSWORD or in ~/.pgpass"
            }
        }
    }
}

impl LoadedConfig {
    /// The node's database; a relative path is taken from the file's own directory.
    pub(crate) fn store(&self) -> Store {
        match Store::parse(&self.config.store) {
            Ok(Store::File(path)) => Store::File(self.resolve(&path)),
            Ok(server) => server,
            // Checked when the file was read; the engine refuses it as well.
            Err(_) => Store::File(PathBuf::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_file_or_a_database_on_a_server() {
        for (text, reason) in [
            ("sqlite://causeway.db", None),
            ("postgres://user:secret@host/db", None),
            ("postgresql://host:5433/db?sslmode=require", None),
            ("postgres://user@%2Frun%2Fpostgresql/db", None),
            ("postgres:///db?host=/run/postgresql", None),
            ("sqlite://", Some("no file")),
            ("mysql://host/db", Some("kind")),
            ("causeway.db", Some("kind")),
            ("postgres://user@host:port/db", Some("no URL")),
            ("postgres:///db", Some("no host")),
            ("postgres://user:secret@host/", Some("no database")),
        ] {
            match (Store::parse(text), reason) {
                (Ok(store), None) => assert!(!store.shown().contains("secret")),
                (Err(said), Some(reason)) => assert!(said.contains(reason), "{text}: {said}"),
                (parsed, _) => panic!("{text}: {parsed:?}"),
            }
        }
    }
}
