use std::path::PathBuf;

use thiserror::Error;

/// Why there is no server.
#[derive(Debug, Error)]
pub enum PostgresError {
    /// The server is not installed.
    #[error(
        "PostgreSQL's server is not installed: install your system's package `postgresql` (on Debian \
         `apt-get install postgresql`), or set {variable} to the directory that holds `initdb` and \
         `postgres`"
    )]
    NotInstalled {
        /// The variable that names another place.
        variable: &'static str,
    },
    /// PostgreSQL refuses to run as root, and there is nobody else to run it as.
    #[error(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as"
    )]
    NoUser,
    /// A file or a directory could not be used.
    #[error("cannot {what} {path}")]
    File {
        /// What was to be done.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program could not be run.
    #[error("cannot run {program}")]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program failed.
    #[error("{program} failed: {output}")]
    Failed {
        /// The program.
        program: PathBuf,
        /// What it said.
        output: String,
    },
    /// The server did not come up.
    #[error("the server did not take connections in time; its log ends with:\n{log}")]
    NotReady {
        /// The end of its log.
        log: String,
    },
}
