//! Child processes that do not outlive the program that started them.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use causeway_local_process::{bound_to_parent, start_from_lasting_thread};
use rustix::process::{Pid, Signal, kill_process};

/// How often a child that is expected to do something is looked at.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// A running child with its log; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: String,
    log: PathBuf,
    log_start: u64,
}

impl Process {
    /// Starts `program` without a terminal, in a process group of its own so that Ctrl-C reaches
    /// only whoever decides in which order things stop. Its output is appended to `log`.
    ///
    /// Variables of ours that the caller's shell happens to export are not handed on: a child knows
    /// what `env` says and nothing else.
    pub(crate) fn spawn(
        name: &str,
        program: &Path,
        args: &[OsString],
        env: &[(&str, &str)],
        log: &Path,
    ) -> Result<Self> {
        ensure!(
            program.is_file(),
            "cannot start {name}: there is no program {}",
            program.display()
        );
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write the log of {name}, {}", log.display()))?;
        let log_start = output.metadata()?.len();
        let mut command = bound_to_parent(program);
        for (key, _) in std::env::vars_os() {
            if key.as_encoded_bytes().starts_with(b"CAUSEWAY_") {
                command.env_remove(key);
            }
        }
        command
            .args(args)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0);
        let child = start_from_lasting_thread(command)
            .with_context(|| format!("cannot start {name}, {}", program.display()))?;
        Ok(Self {
            child,
            name: name.to_owned(),
            log: log.to_owned(),
            log_start,
        })
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its output goes.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// What it has written to its log since it was started.
    pub(crate) fn output(&self) -> Result<String> {
        read_from(&self.log, self.log_start)
            .with_context(|| format!("cannot read {}", self.log.display()))
    }

    /// Its exit status once it has ended.
    pub(crate) fn exited(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("cannot ask after {}", self.name))
    }

    /// Fails, with the end of its log, when it is no longer running.
    pub(crate) fn ensure_running(&mut self) -> Result<()> {
        match self.exited()? {
            None => Ok(()),
            Some(status) => Err(self.complaint(&format!("ended by itself ({status})"))),
        }
    }

    /// An error about this process that carries the end of its log.
    pub(crate) fn complaint(&self, what: &str) -> anyhow::Error {
        let tail = self.log_tail(20);
        anyhow!(
            "{} {what}; its log {} ends with:\n{tail}",
            self.name,
            self.log.display()
        )
    }

    /// The last lines that it wrote.
    pub(crate) fn log_tail(&self, lines: usize) -> String {
        let output = self.output().unwrap_or_else(|error| format!("({error:#})"));
        let all: Vec<_> = output.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Kills it at once and collects it.
    pub(crate) fn kill(&mut self) -> Result<ExitStatus> {
        // Killing a child that has ended and was collected is not an error for std.
        self.child
            .kill()
            .with_context(|| format!("cannot kill {}", self.name))?;
        self.child
            .wait()
            .with_context(|| format!("cannot collect {}", self.name))
    }

    /// Asks it to end, and kills it when it does not do so within `patience`.
    pub(crate) async fn terminate(&mut self, patience: Duration) -> Result<ExitStatus> {
        if let Some(status) = self.exited()? {
            return Ok(status);
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .with_context(|| format!("cannot signal {}", self.name))?;
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let complaint = self.complaint(&format!("did not end within {patience:?} of SIGTERM"));
        self.kill()?;
        Err(complaint)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None))
            && let Err(error) = self.kill()
        {
            tracing::warn!(process = self.name, pid = self.id(), %error, "left running");
        }
    }
}

fn read_from(path: &Path, start: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The directory that the running program was built into, such as `target/debug`.
pub(crate) fn build_dir() -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let mut dir = program.parent().map(Path::to_owned).unwrap_or_default();
    // Tests live one level deeper than the programs.
    if dir.file_name() == Some(OsStr::new("deps")) {
        dir.pop();
    }
    Ok(dir)
}

/// A TCP port of this machine that nothing listens on now, for a program that must be told one.
///
/// The ports come from below the range that the system hands out by itself, in an order that depends
/// on the process, so that programs started at the same time rarely ask for the same one. Prefer a
/// program that takes port 0 and says what it got.
pub fn unused_port() -> Result<u16> {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let start = std::process::id().wrapping_mul(101);
        let port = u16::try_from(FIRST + start.wrapping_add(step) % COUNT)?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(anyhow!(
        "every port from {FIRST} to {} is taken; stop something",
        FIRST + COUNT - 1
    ))
}

/// The status of process `pid` as the kernel reports it in the file `what`.
pub(crate) fn proc_file(pid: u32, what: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{what}");
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}: is it still running?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, log: &Path) -> Process {
        let args = ["-c".into(), script.into()];
        Process::spawn("shell", Path::new("/bin/sh"), &args, &[], log).unwrap()
    }

    fn runs(pid: u32) -> bool {
        proc_file(pid, "stat").is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[test]
    fn a_dropped_process_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let process = shell("sleep 600", &dir.path().join("log"));
        let pid = process.id();
        assert!(runs(pid));
        drop(process);
        assert!(!runs(pid));
    }

    #[test]
    fn a_process_that_ended_is_reported_with_the_end_of_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = shell("echo one; echo two >&2; exit 3", &dir.path().join("log"));
        process.child.wait().unwrap();
        let complaint = process.ensure_running().unwrap_err().to_string();
        assert!(complaint.contains("exit status: 3"), "{complaint}");
        assert!(complaint.ends_with("one\ntwo"), "{complaint}");
    }

    #[test]
    fn a_log_that_is_continued_shows_only_the_last_run() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        shell("echo first", &log).child.wait().unwrap();
        let mut second = shell("echo second", &log);
        second.child.wait().unwrap();
        assert_eq!(second.output().unwrap(), "second\n");
        assert_eq!(fs::read_to_string(&log).unwrap(), "first\nsecond\n");
    }

    #[tokio::test]
    async fn sigterm_is_given_time_and_its_exit_status_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        let script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.01; done";
        let mut process = shell(script, &dir.path().join("log"));
        while !process.output().unwrap().contains("ready") {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let status = process.terminate(Duration::from_secs(20)).await.unwrap();
        assert_eq!(status.code(), Some(7));
    }

    #[tokio::test]
    async fn whoever_ignores_sigterm_is_killed_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let script = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
        let mut process = shell(script, &dir.path().join("log"));
        while !process.output().unwrap().contains("ready") {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let error = process
            .terminate(Duration::from_millis(100))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("did not end within 100ms"), "{error}");
        assert!(!runs(process.id()));
    }

    #[test]
    fn ports_are_not_given_out_twice() {
        let (first, second) = (unused_port().unwrap(), unused_port().unwrap());
        assert_ne!(first, second);
    }
}
