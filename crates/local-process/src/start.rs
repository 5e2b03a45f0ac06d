use std::{
    io,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{LazyLock, mpsc},
    thread,
};

/// Whether the system has util-linux's `setpriv`, which can have the kernel signal a process when the
/// thread that started it dies.
pub fn has_setpriv() -> bool {
    static AVAILABLE: LazyLock<bool> = LazyLock::new(|| {
        Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "true"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    });
    *AVAILABLE
}

/// A command for a program whose process the kernel kills when the thread that starts it dies, where the
/// system [can do that](has_setpriv); elsewhere only its owner stops it.
pub fn bound_to_parent(program: &Path) -> Command {
    if has_setpriv() {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Starts a command from a thread that lives as long as this program.
///
/// The kernel's "parent" is the thread, and threads of runtimes and of tests end: a process must not go
/// because one of them had nothing more to do.
///
/// # Errors
/// When the command cannot be started.
pub fn start_from_lasting_thread(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static STARTER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in orders {
                // Whoever asked may be gone; the child that nobody takes is killed.
                if let Err(mpsc::SendError(Ok(mut orphan))) = answer.send(command.spawn()) {
                    orphan.kill().and_then(|()| orphan.wait()).ok();
                }
            }
        });
        sender
    });
    let (answer, child) = mpsc::channel();
    STARTER.send((command, answer)).map_err(io::Error::other)?;
    child.recv().map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_outlives_the_thread_that_asked_for_it() {
        let started = thread::spawn(|| {
            let mut command = bound_to_parent(Path::new("sleep"));
            command.arg("60");
            start_from_lasting_thread(command).unwrap()
        });
        let mut child = started.join().unwrap();
        thread::sleep(std::time::Duration::from_millis(100));
        assert!(
            child.try_wait().unwrap().is_none(),
            "it went with the thread"
        );
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_program_that_is_missing_is_an_error() {
        let command = Command::new("/nonexistent/program");
        let error = start_from_lasting_thread(command).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
