//! One running `causeway` node: ready when it is handed over, killed when dropped.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    http,
    process::{LOOK_AGAIN, Process, build_dir, proc_file},
};

/// Names the `causeway` binary to use instead of the one built beside the running program.
pub const CAUSEWAY_VARIABLE: &str = "CAUSEWAY_BINARY";

/// How long a node may take to become ready, on a machine that is busy compiling.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// How long a node may take to finish what is in flight when it is told to stop.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// The `causeway` binary: the one that `CAUSEWAY_BINARY` names, else the one built beside the
/// running program.
pub fn locate_causeway() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(CAUSEWAY_VARIABLE).map(PathBuf::from) {
        if path.is_file() {
            return Ok(path);
        }
        bail!(
            "{CAUSEWAY_VARIABLE} names {}, which is not a file: set it to a causeway binary, or unset it",
            path.display()
        );
    }
    let path = build_dir()?.join(format!("causeway{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() {
        return Ok(path);
    }
    bail!(
        "there is no {}: run `cargo build -p causeway-cli` first",
        path.display()
    )
}

/// A running `causeway run --config …`; killed when dropped.
#[derive(Debug)]
pub struct Node {
    process: Process,
    listen: SocketAddr,
}

impl Node {
    /// Starts a node and waits until it says that it is ready, at `/readyz` of the address that its
    /// configuration names as `listen`. Its output is appended to `log`.
    pub async fn spawn(
        binary: &Path,
        config: &Path,
        env: &[(&str, &str)],
        log: &Path,
    ) -> Result<Self> {
        let mut node = Self::start(binary, config, env, log)?;
        node.ready(READY_WITHIN).await?;
        Ok(node)
    }

    /// Starts a node and does not wait: for tests of nodes that cannot become ready.
    pub fn start(binary: &Path, config: &Path, env: &[(&str, &str)], log: &Path) -> Result<Self> {
        let listen = listen_address(config)?;
        let name = config.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("node {name}");
        let arguments = ["run".into(), "--config".into(), config.into()];
        let process = Process::spawn(&name, binary, &arguments, env, log)?;
        Ok(Self { process, listen })
    }

    /// Waits until the node is ready; fails with the end of its log when it ends or takes longer.
    pub async fn ready(&mut self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            let answer = http::get(self.listen, "/readyz").await;
            // Looked at after the question: whoever answers for a node that has ended is not ours.
            self.process.ensure_running()?;
            let state = match answer {
                Ok(answer) if answer.status == 200 => return Ok(()),
                Ok(answer) => format!("{} {}", answer.status, answer.body),
                Err(error) => format!("{error:#}"),
            };
            if Instant::now() >= deadline {
                let what = format!("was not ready within {patience:?} (it says: {state})");
                return Err(self.process.complaint(&what));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Where its HTTP interface listens.
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The file that its output goes to.
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// The last lines that it wrote since it was started.
    pub fn log_tail(&self, lines: usize) -> String {
        self.process.log_tail(lines)
    }

    /// Fails, with the end of its log, when the process is no longer running.
    pub fn ensure_running(&mut self) -> Result<()> {
        self.process.ensure_running()
    }

    /// Waits until the process ends by itself, and says how.
    pub async fn wait(mut self, patience: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.process.exited()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                return Err(self
                    .process
                    .complaint(&format!("was still running after {patience:?}")));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Kills it at once, as a power cut would.
    #[expect(
        clippy::unused_async,
        reason = "ending a node is awaited, whichever way it ends"
    )]
    pub async fn kill9(mut self) -> Result<()> {
        self.process.ensure_running()?;
        self.process.kill()?;
        Ok(())
    }

    /// Asks it to stop, waits until it has, and says how it ended.
    pub async fn terminate(mut self) -> Result<ExitStatus> {
        self.process.ensure_running()?;
        self.process.terminate(STOPPED_WITHIN).await
    }

    /// Memory that it holds now.
    pub fn rss_bytes(&self) -> Result<u64> {
        rss_bytes_of(self.pid())
    }

    /// The most memory that it has ever held.
    pub fn peak_rss_bytes(&self) -> Result<u64> {
        status_bytes(&proc_file(self.pid(), "status")?, "VmHWM:")
    }

    /// Processor time that it has used so far, its own and the system's on its behalf.
    pub fn cpu_time(&self) -> Result<Duration> {
        cpu_time_of(self.pid())
    }
}

/// Memory that a process holds now.
pub fn rss_bytes_of(pid: u32) -> Result<u64> {
    status_bytes(&proc_file(pid, "status")?, "VmRSS:")
}

/// Processor time that a process has used so far, its own and the system's on its behalf.
pub fn cpu_time_of(pid: u32) -> Result<Duration> {
    let ticks = processor_ticks(&proc_file(pid, "stat")?)?;
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_millis(
        ticks.saturating_mul(1000) / per_second.max(1),
    ))
}

/// The address that the configuration names as `listen`, as seen from this machine.
fn listen_address(config: &Path) -> Result<SocketAddr> {
    let text = std::fs::read_to_string(config)
        .with_context(|| format!("cannot read the configuration {}", config.display()))?;
    let table: toml::Table = text
        .parse()
        .with_context(|| format!("the configuration {} is not TOML", config.display()))?;
    let listen = table
        .get("listen")
        .and_then(toml::Value::as_str)
        .with_context(|| {
            format!(
                "{} has no `listen`: name the address of the node's HTTP interface",
                config.display()
            )
        })?;
    let mut address: SocketAddr = listen.parse().with_context(|| {
        format!(
            "`listen` of {} is {listen:?}, expected address:port",
            config.display()
        )
    })?;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    Ok(address)
}

/// An amount of memory in `/proc/<pid>/status`.
fn status_bytes(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let kibibytes = kibibytes.with_context(|| format!("the kernel reports no {name}"))?;
    Ok(kibibytes * 1024)
}

/// `utime + stime`, fields 14 and 15 of `/proc/<pid>/stat`; field 2, the name, may hold spaces and
/// parentheses.
fn processor_ticks(stat: &str) -> Result<u64> {
    let (_, after_name) = stat
        .rsplit_once(')')
        .context("the kernel reports no processor time")?;
    let mut fields = after_name
        .split_whitespace()
        .skip(11)
        .map(str::parse::<u64>);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(system))) => Ok(user + system),
        _ => bail!("the kernel reports no processor time"),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::process::unused_port;

    /// A stand-in for `causeway` that does what the script says.
    async fn node_that(script: &str) -> (tempfile::TempDir, Result<Node>) {
        let dir = tempfile::tempdir().unwrap();
        let binary = dir.path().join("causeway");
        fs::write(&binary, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
        let config = dir.path().join("relayer.toml");
        fs::write(
            &config,
            format!("listen = \"127.0.0.1:{}\"\n", unused_port().unwrap()),
        )
        .unwrap();
        let env = [("CAUSEWAY_KEY", "0x01")];
        let node = Node::spawn(&binary, &config, &env, &dir.path().join("log")).await;
        (dir, node)
    }

    #[tokio::test]
    async fn a_node_that_ends_early_is_an_error_with_its_last_words() {
        let (_dir, node) =
            node_that("echo \"$1 $2 $CAUSEWAY_KEY\"; echo no database >&2; exit 2").await;
        let error = node.unwrap_err().to_string();
        assert!(
            error.contains("node relayer ended by itself (exit status: 2)"),
            "{error}"
        );
        assert!(error.ends_with("run --config 0x01\nno database"), "{error}");
    }

    #[tokio::test]
    async fn a_configuration_without_an_address_is_an_error_that_names_the_field() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("relayer.toml");
        fs::write(&config, "[relayer]\n").unwrap();
        let log = dir.path().join("log");
        let error = Node::spawn(Path::new("/bin/true"), &config, &[], &log)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("has no `listen`"), "{error}");
    }

    #[test]
    fn an_unspecified_address_is_asked_on_the_loopback_interface() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("relayer.toml");
        fs::write(&config, "listen = \"0.0.0.0:7200\"\n").unwrap();
        assert_eq!(
            listen_address(&config).unwrap(),
            ([127, 0, 0, 1], 7200).into()
        );
    }

    #[test]
    fn memory_and_processor_time_are_read_from_the_kernel() {
        let status = proc_file(std::process::id(), "status").unwrap();
        let now = status_bytes(&status, "VmRSS:").unwrap();
        assert!(now > 100_000);
        assert!(status_bytes(&status, "VmHWM:").unwrap() >= now);
        assert!(status_bytes(&status, "VmNone:").is_err());
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 9 0 0 0 30 12 0 0 20 0 9 0 100";
        assert_eq!(processor_ticks(stat).unwrap(), 42);
        assert!(processor_ticks("42 (a").is_err());
    }
}
