use std::path::PathBuf;

use thiserror::Error;

/// Why there is no node.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The node's program is not installed.
    #[error(
        "{program} is not installed: run `cargo xtask setup`, or set {variable} to such a program"
    )]
    NotInstalled {
        /// The program's name.
        program: &'static str,
        /// The variable that names another place.
        variable: &'static str,
    },
    /// The variable names something else.
    #[error(
        "{variable} names {path}, which is not a file: set it to a {program} program, or unset it"
    )]
    NotThere {
        /// The program's name.
        program: &'static str,
        /// The variable.
        variable: &'static str,
        /// What it names.
        path: PathBuf,
    },
    /// A file, a directory or a port could not be used.
    #[error("cannot {what} {path}")]
    File {
        /// What was to be done.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No port is free.
    #[error("no port on this machine is free")]
    NoPort(#[source] std::io::Error),
    /// A program could not be run.
    #[error("cannot run {program}")]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The node did not come up.
    #[error("{program} was not ready in time; its log ends with:\n{log}")]
    NotReady {
        /// The program.
        program: PathBuf,
        /// The end of its log.
        log: String,
    },
}
