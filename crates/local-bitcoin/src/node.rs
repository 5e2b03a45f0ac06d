use std::{
    fs::{self, File, OpenOptions},
    hash::{BuildHasher as _, RandomState},
    io::{ErrorKind, Read as _, Seek as _, SeekFrom},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use causeway_local_process::{bound_to_parent, start_from_lasting_thread};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{NodeError, NodeKind};

/// Longer than a start takes on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(60);
/// Linux gives those from 32,768 on to connections, other systems higher ones.
const PORTS: Range<u16> = 16_000..32_000;
const MOST_PORTS: usize = 50;
const LOOK_AGAIN: Duration = Duration::from_millis(15);

/// A running node with a chain of its own; stopped, and its data removed, when dropped.
#[derive(Debug)]
pub struct RegtestNode {
    program: PathBuf,
    arguments: Vec<String>,
    address: SocketAddr,
    process: Mutex<Option<Child>>,
    // Declared after the process: it goes when the node is gone.
    directory: TempDir,
}

impl RegtestNode {
    /// Starts a node whose chain has its first block only, and waits until it answers.
    ///
    /// # Errors
    /// When the program is not installed or does not come up.
    pub fn start(kind: NodeKind) -> Result<Self, NodeError> {
        let program = kind.find()?;
        let made = tempfile::Builder::new().prefix("causeway-node-").tempdir();
        let directory = made.map_err(|source| NodeError::File {
            what: "make a directory in",
            path: std::env::temp_dir(),
            source,
        })?;
        let address = unused_address().map_err(NodeError::NoPort)?;
        let mut arguments: Vec<String> = [
            "-regtest",
            "-server=1",
            "-listen=0",
            "-connect=0",
            "-printtoconsole=1",
            "-rpcbind=127.0.0.1",
            "-rpcallowip=127.0.0.1",
            "-dbcache=16",
        ]
        .map(str::to_owned)
        .into();
        arguments.push(format!("-datadir={}", directory.path().display()));
        arguments.push(format!("-rpcport={}", address.port()));
        arguments.extend(kind.arguments().iter().map(|&argument| argument.to_owned()));
        let node = Self {
            program,
            arguments,
            address,
            process: Mutex::new(None),
            directory,
        };
        node.start_again()?;
        Ok(node)
    }

    /// Where it takes JSON-RPC requests.
    pub const fn rpc_address(&self) -> SocketAddr {
        self.address
    }

    /// The file with the user and the password of its JSON-RPC, which every start writes anew.
    pub fn cookie_file(&self) -> PathBuf {
        self.directory.path().join("regtest/.cookie")
    }

    /// Stops it as a crash would: at once, without a chance to save anything.
    ///
    /// # Errors
    /// When the process cannot be collected.
    pub fn kill(&self) -> Result<(), NodeError> {
        self.end(Signal::KILL)
    }

    /// Stops it in good order, its memory pool saved.
    ///
    /// # Errors
    /// When the process cannot be collected.
    pub fn stop(&self) -> Result<(), NodeError> {
        self.end(Signal::TERM)
    }

    /// Starts it after it was stopped, with its data and at its address.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_again(&self) -> Result<(), NodeError> {
        self.start_again_with(&[])
    }

    /// Starts it after it was stopped, with further arguments until the next stop.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_again_with(&self, further: &[&str]) -> Result<(), NodeError> {
        let path = self.log();
        let log = OpenOptions::new().create(true).append(true).open(&path);
        let unwritable = |source| NodeError::File {
            what: "write",
            path: self.log(),
            source,
        };
        let log = log.map_err(unwritable)?;
        let log_start = log.metadata().map_err(unwritable)?.len();
        let mut command = bound_to_parent(&self.program);
        command
            .args(&self.arguments)
            .args(further)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(unwritable)?)
            .stderr(log);
        let child = start_from_lasting_thread(command).map_err(|source| NodeError::Run {
            program: self.program.clone(),
            source,
        })?;
        *self.process() = Some(child);
        let deadline = Instant::now() + PATIENCE;
        // What it says when it takes requests and its chain is loaded.
        while !self.output_from(log_start).contains("Done loading") {
            let ended = self
                .process()
                .as_mut()
                .is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if ended || Instant::now() > deadline {
                let output = self.output_from(log_start);
                let lines: Vec<_> = output.lines().collect();
                return Err(NodeError::NotReady {
                    program: self.program.clone(),
                    log: lines[lines.len().saturating_sub(20)..].join("\n"),
                });
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("node.log")
    }

    fn output_from(&self, start: u64) -> String {
        read_from(&self.log(), start).unwrap_or_default()
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, signal: Signal) -> Result<(), NodeError> {
        let Some(mut child) = self.process().take() else {
            return Ok(());
        };
        // One that has ended already cannot be signalled, and need not be.
        let _ = kill_process(Pid::from_child(&child), signal);
        child.wait().map_err(|source| NodeError::Run {
            program: self.program.clone(),
            source,
        })?;
        // A cookie that was left behind would be believed until the next start writes its own.
        let _ = fs::remove_file(self.cookie_file());
        Ok(())
    }
}

impl Drop for RegtestNode {
    fn drop(&mut self) {
        // Nobody wants the data any more.
        let _ = self.kill();
    }
}

/// A port that nobody listens at, below those that systems give to connections: one of them may come to
/// be used between a stop of the node and its next start. Should another process listen there before the
/// node does, the node says so in its log and ends.
fn unused_address() -> std::io::Result<SocketAddr> {
    let mut last = None;
    for _ in 0..MOST_PORTS {
        let port = PORTS.start + random() % (PORTS.end - PORTS.start);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return listener.local_addr(),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| ErrorKind::AddrInUse.into()))
}

/// Of a quality that keeps two processes apart, and no better.
fn random() -> u16 {
    let [low, high, ..] = RandomState::new().hash_one(()).to_le_bytes();
    u16::from_le_bytes([low, high])
}

fn read_from(path: &Path, start: u64) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_node_listens_until_it_is_stopped_and_again_when_it_is_started() {
        let node = RegtestNode::start(NodeKind::Litecoin).unwrap();
        assert!(node.cookie_file().is_file());
        TcpStream::connect(node.rpc_address()).unwrap();
        for stop in [RegtestNode::kill, RegtestNode::stop] {
            stop(&node).unwrap();
            TcpStream::connect(node.rpc_address()).unwrap_err();
            node.start_again().unwrap();
            TcpStream::connect(node.rpc_address()).unwrap();
            assert!(node.cookie_file().is_file());
        }
    }

    #[test]
    fn a_dropped_node_is_gone_with_its_data() {
        let node = RegtestNode::start(NodeKind::Litecoin).unwrap();
        let (address, directory) = (node.rpc_address(), node.directory.path().to_owned());
        drop(node);
        TcpStream::connect(address).unwrap_err();
        assert!(!directory.exists());
    }

    #[test]
    fn a_node_that_does_not_come_up_is_an_error_with_its_words() {
        let node = RegtestNode::start(NodeKind::Litecoin).unwrap();
        node.stop().unwrap();
        let _taken = TcpListener::bind(node.rpc_address()).unwrap();
        let error = node.start_again().unwrap_err();
        assert!(matches!(error, NodeError::NotReady { .. }), "{error}");
        assert!(error.to_string().contains("Unable to"), "{error}");
    }
}
