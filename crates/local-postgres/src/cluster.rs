//! The directory of a fresh server. Making one takes a second, so it is made once and copied.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::fs::statvfs;
use tempfile::TempDir;

use crate::{
    PostgresError,
    programs::{Programs, check},
};

/// Bytes that several servers fit into.
const ENOUGH: u64 = 1 << 30;

/// A directory with a fresh server's data in `data`, room for its socket, and its log.
pub(crate) fn create(programs: &Programs) -> Result<TempDir, PostgresError> {
    let template = template(programs)?;
    let directory = directory("causeway-postgres-", programs)?;
    let mut copy = Command::new("cp");
    copy.arg("--archive")
        .arg(template)
        .arg(directory.path().join("data"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    check(PathBuf::from("cp"), copy)?;
    Ok(directory)
}

/// The data to copy; made by whoever comes first.
fn template(programs: &Programs) -> Result<PathBuf, PostgresError> {
    let template = room().join(format!("causeway-postgres-template-{}", programs.name()));
    if template.is_dir() {
        return Ok(template);
    }
    let making = directory("causeway-postgres-making-", programs)?;
    let data = making.path().join("data");
    let path = data.to_string_lossy();
    let arguments = [
        "--pgdata",
        &path,
        "--username=causeway",
        // Whoever can reach the socket is its owner.
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
        "--no-instructions",
        "--wal-segsize=1",
    ];
    programs.run("initdb", &arguments)?;
    // Two may make it at once, and the first to finish wins; only then is it there at all.
    match fs::rename(&data, &template) {
        Ok(()) => Ok(template),
        Err(_) if template.is_dir() => Ok(template),
        Err(source) => Err(PostgresError::File {
            what: "keep a template in",
            path: template,
            source,
        }),
    }
}

fn directory(prefix: &str, programs: &Programs) -> Result<TempDir, PostgresError> {
    let made = tempfile::Builder::new().prefix(prefix).tempdir_in(room());
    let directory = made.map_err(|source| PostgresError::File {
        what: "make a directory in",
        path: room(),
        source,
    })?;
    programs.give(directory.path())?;
    Ok(directory)
}

/// In memory where there is enough of it: a server is a thousand small files that are soon gone.
fn room() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let free = statvfs(memory).map_or(0, |of| of.f_bavail.saturating_mul(of.f_frsize));
    if free >= ENOUGH {
        memory.to_owned()
    } else {
        env::temp_dir()
    }
}

/// The end of a log.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
