use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use causeway_local_process::start_from_lasting_thread;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    PostgresError,
    cluster::{create, tail},
    programs::{Programs, check},
};

/// Longer than a start takes on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// A running server with its data; stopped, and its data removed, when dropped.
#[derive(Debug)]
pub struct PostgresServer {
    programs: Programs,
    directory: TempDir,
    process: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl PostgresServer {
    /// Starts a server with empty data.
    pub fn start() -> Result<Self, PostgresError> {
        let programs = Programs::find()?;
        let server = Self {
            directory: create(&programs)?,
            programs,
            process: Mutex::new(None),
            databases: AtomicU32::new(0),
        };
        server.start_again()?;
        Ok(server)
    }

    /// The server that all of this process share, started by the first who asks and stopped when
    /// the last lets it go.
    pub fn shared() -> Result<Arc<Self>, PostgresError> {
        static SHARED: Mutex<Weak<PostgresServer>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Ok(server);
        }
        let server = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&server);
        Ok(server)
    }

    /// Makes an empty database and answers its address.
    pub fn create_database(&self) -> Result<String, PostgresError> {
        let name = match self.databases.fetch_add(1, Ordering::Relaxed) {
            // Every server has one from the start.
            0 => "postgres".to_owned(),
            number => format!("causeway_{number}"),
        };
        if name != "postgres" {
            self.psql(&format!("CREATE DATABASE {name}"))?;
        }
        let socket = self.directory.path().to_string_lossy().replace('/', "%2F");
        Ok(format!("postgres://causeway@{socket}/{name}"))
    }

    /// Restores what `pg_dump --format=custom` wrote, as the answered database.
    pub fn restore(&self, dump: &Path) -> Result<String, PostgresError> {
        let url = self.create_database()?;
        let program = PathBuf::from("pg_restore");
        let opened = File::open(dump).map_err(|source| PostgresError::File {
            what: "read",
            path: dump.to_owned(),
            source,
        })?;
        let mut command = self.programs.command("pg_restore", false);
        command
            .args(["--no-owner", "--exit-on-error", "--dbname", &url])
            .stdin(opened)
            .stderr(Stdio::piped());
        check(program, command)?;
        Ok(url)
    }

    /// Stops the server as a crash would: at once, and without telling anybody.
    pub fn kill(&self) -> Result<(), PostgresError> {
        self.end(Signal::QUIT)
    }

    /// Starts a server that was stopped, with its data.
    pub fn start_again(&self) -> Result<(), PostgresError> {
        let path = self.log();
        let log = OpenOptions::new().create(true).append(true).open(&path);
        let log = log.map_err(|source| PostgresError::File {
            what: "write",
            path,
            source,
        })?;
        let mut command = self.programs.command("postgres", true);
        command
            .arg("-D")
            .arg(self.directory.path().join("data"))
            .arg("-k")
            .arg(self.directory.path())
            .args(["-c", "listen_addresses=", "-c", "max_connections=200"])
            .args(["-c", "fsync=off", "-c", "full_page_writes=off"])
            .args(["-c", "shared_buffers=16MB"])
            .stderr(log);
        let program = PathBuf::from("postgres");
        let child = start_from_lasting_thread(command)
            .map_err(|source| PostgresError::Run { program, source })?;
        *self.process() = Some(child);
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            let ended = self
                .process()
                .as_mut()
                .is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if ended || Instant::now() > deadline {
                let log = tail(&self.log());
                return Err(PostgresError::NotReady { log });
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// Whether it takes connections, by its own word: the last line of its process id's file.
    fn is_ready(&self) -> bool {
        let file = self.directory.path().join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let id = self.process().as_ref().map(Child::id);
        text.lines().next().and_then(|line| line.parse().ok()) == id
            && text.lines().last().map(str::trim) == Some("ready")
    }

    /// Runs a statement.
    fn psql(&self, sql: &str) -> Result<(), PostgresError> {
        let host = self.directory.path().to_string_lossy();
        let arguments = [
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--username=causeway",
            "--host",
            &host,
            "--command",
            sql,
            "postgres",
        ];
        self.programs.run("psql", &arguments)
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("postgres.log")
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, signal: Signal) -> Result<(), PostgresError> {
        let Some(mut child) = self.process().take() else {
            return Ok(());
        };
        // One that has ended already cannot be signalled, and need not be.
        let _ = kill_process(Pid::from_child(&child), signal);
        child.wait().map_err(|source| PostgresError::Run {
            program: PathBuf::from("postgres"),
            source,
        })?;
        Ok(())
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // An immediate shutdown: nobody wants the data any more.
        let _ = self.end(Signal::QUIT);
    }
}
