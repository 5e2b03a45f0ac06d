//! Where PostgreSQL's programs are, and as whom they run.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use causeway_local_process::has_setpriv;

use crate::PostgresError;

/// Names the directory that holds the server's programs.
const VARIABLE: &str = "CAUSEWAY_POSTGRES";

/// Where Debian keeps each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one installation.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    directory: PathBuf,
    user: Option<User>,
}

/// Whom to become: the server refuses to run as root.
#[derive(Clone, Debug)]
struct User {
    id: u32,
    group: u32,
}

impl Programs {
    /// Finds the installation that `CAUSEWAY_POSTGRES` names, else Debian's newest, else the one on
    /// the search path.
    pub(crate) fn find() -> Result<Self, PostgresError> {
        let holds = |directory: &PathBuf| {
            ["initdb", "postgres", "psql"]
                .iter()
                .all(|name| directory.join(name).is_file())
        };
        let directory = match env::var_os(VARIABLE) {
            Some(named) => Some(PathBuf::from(named)).filter(holds),
            None => debian().into_iter().chain(on_path()).find(holds),
        };
        let directory = directory.ok_or(PostgresError::NotInstalled { variable: VARIABLE })?;
        let user = if rustix::process::geteuid().is_root() {
            let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
            let known = ["postgres", "nobody"]
                .into_iter()
                .find_map(|name| account(&accounts, name));
            Some(known.ok_or(PostgresError::NoUser)?)
        } else {
            None
        };
        Ok(Self { directory, user })
    }

    /// What tells this installation from another.
    pub(crate) fn name(&self) -> String {
        let words: Vec<_> = self.directory.iter().rev().take(2).collect();
        let version = words.last().map_or_else(String::new, |word| {
            word.to_string_lossy().replace(['/', ' '], "-")
        });
        let user = rustix::process::geteuid().as_raw();
        format!("{version}-{user}")
    }

    /// Hands a file or directory over to the server.
    pub(crate) fn give(&self, path: &Path) -> Result<(), PostgresError> {
        let Some(User { id, group }) = self.user else {
            return Ok(());
        };
        std::os::unix::fs::chown(path, Some(id), Some(group)).map_err(|source| {
            PostgresError::File {
                what: "give away",
                path: path.to_owned(),
                source,
            }
        })
    }

    /// The program, run as whom the server runs as. With `bound`, the kernel stops it when the
    /// thread that starts it dies, where the system has util-linux's `setpriv`.
    pub(crate) fn command(&self, name: &str, bound: bool) -> Command {
        let program = self.directory.join(name);
        let mut command = Command::new("setpriv");
        match &self.user {
            Some(User { id, group }) => {
                command.args([format!("--reuid={id}"), format!("--regid={group}")]);
                command.arg("--clear-groups");
            }
            None if bound && has_setpriv() => {}
            None => command = Command::new(&program),
        }
        if has_setpriv() && bound {
            // An immediate shutdown, which leaves nothing behind.
            command.args(["--pdeathsig", "QUIT"]);
        }
        if command.get_program() == "setpriv" {
            command.arg("--").arg(program);
        }
        for (variable, _) in env::vars_os() {
            // Defaults of the caller's own, such as PGHOST, are not for this server.
            if variable.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(variable);
            }
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs a program to its end.
    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Result<(), PostgresError> {
        let program = self.directory.join(name);
        let mut command = self.command(name, false);
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        check(program, command)
    }
}

/// Runs a command to its end; what it said, if it fails.
pub(crate) fn check(program: PathBuf, mut command: Command) -> Result<(), PostgresError> {
    let Output {
        status,
        stdout,
        stderr,
    } = match command.output() {
        Ok(output) => output,
        Err(source) => return Err(PostgresError::Run { program, source }),
    };
    if status.success() {
        return Ok(());
    }
    let output = [stdout, stderr].concat();
    let output = String::from_utf8_lossy(&output).into_owned();
    Err(PostgresError::Failed { program, output })
}

/// The directories of Debian's installations, newest first.
fn debian() -> Vec<PathBuf> {
    let entries = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, path)| path).collect()
}

fn on_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect()
}

/// The user and group of this name in the text of `/etc/passwd`.
fn account(accounts: &str, name: &str) -> Option<User> {
    accounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [found, _, id, group, ..] = fields[..] else {
            return None;
        };
        (found == name).then_some(())?;
        Some(User {
            id: id.parse().ok()?,
            group: group.parse().ok()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\nnobody2:x:1:1::/:/bin/sh\n\
                        nobody:x:65534:65533:nobody:/:/usr/sbin/nologin\n";
        let user = account(accounts, "nobody").unwrap();
        assert_eq!((user.id, user.group), (65534, 65533));
        assert!(account(accounts, "postgres").is_none());
    }

    #[test]
    fn a_missing_server_is_an_error_with_the_remedy() {
        let error = PostgresError::NotInstalled { variable: VARIABLE };
        let text = error.to_string();
        assert!(text.contains("apt-get install postgresql") && text.contains(VARIABLE));
    }
}
