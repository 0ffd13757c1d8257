//! `Server`: a real server as a subprocess, killed on drop and when the test process dies.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::net::{TcpListener, UdpSocket};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The time limit for a server's start, on a machine that is busy with other tests.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running server. If the test that owns it panics, its logs are printed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    logs: Vec<PathBuf>,
}

impl Server {
    /// Starts `program` with `arguments`, adjusted by `configure`, and waits until `ready` returns
    /// true.
    ///
    /// Its standard output and error go to `log`; `logs` are further log files of its own. `Err`
    /// means that it ended before it was ready, for example because another process had taken its
    /// port.
    ///
    /// # Errors
    /// All its logs, when the server ended by itself.
    ///
    /// # Panics
    /// When the program cannot be started or does not become ready in time.
    pub fn start(
        program: &Path,
        configure: impl FnOnce(&mut Command),
        log: &Path,
        own_logs: &[PathBuf],
        ready: impl Fn() -> bool,
    ) -> Result<Self, String> {
        // The kernel kills the server when the thread that started it ends, even by a kill.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        let output = File::create(log).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        configure(&mut command);
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("cannot start {}: {error}\n{MISSING}", program.display())
        });
        let mut logs = vec![log.to_path_buf()];
        logs.extend_from_slice(own_logs);
        let mut server = Self { child, logs };

        let deadline = Instant::now() + START_LIMIT;
        while !ready() {
            if let Some(status) = server.child.try_wait().unwrap() {
                return Err(format!(
                    "{}: {status}\n{}",
                    program.display(),
                    server.read_logs()
                ));
            }
            assert!(
                Instant::now() < deadline,
                "{} is not ready in time",
                program.display()
            );
            thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// Calls `start` with a free port on 127.0.0.1. If another process takes the port first, it is
    /// tried again with another port.
    ///
    /// # Panics
    /// With the logs of the last attempt, when `what` does not start.
    pub fn on_free_port(what: &str, start: impl Fn(u16) -> Result<Self, String>) -> (Self, u16) {
        let mut last = String::new();
        for _ in 0..5 {
            let port = free_port();
            match start(port) {
                Ok(server) => return (server, port),
                Err(logs) => last = logs,
            }
        }
        panic!("{what} does not start:\n{last}");
    }

    /// The contents of all logs so far.
    pub fn read_logs(&self) -> String {
        let read = |path: &PathBuf| {
            let text = fs::read(path).unwrap_or_default();
            format!("--- {}\n{}", path.display(), String::from_utf8_lossy(&text))
        };
        self.logs.iter().map(read).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{}", self.read_logs());
        }
    }
}

/// A command prefix for a program that starts other programs. It gets its own process ids, mounts
/// and shared memory, and when it ends, everything that it has started ends, too. This requires
/// root.
pub(crate) const CONTAINED: [&str; 7] = [
    "unshare",
    "--mount",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child=KILL",
    "--mount-proc",
];

/// A port on 127.0.0.1 that is free for UDP and TCP, and that no other test gets during the
/// lifetime of this process.
///
/// It is outside the range from which the kernel assigns ports, so that nobody can get it by chance
/// before the server does. Otherwise the server would seem ready at once, and a port that should be
/// dead would be alive.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    const BELOW_THE_KERNELS: Range<u16> = 10_000..32_000;
    static HELD: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());
    let start = RandomState::new().hash_one(());
    let candidate = |step: u64| -> Option<(UdpSocket, u16)> {
        let count = u64::from(BELOW_THE_KERNELS.end - BELOW_THE_KERNELS.start);
        let step = u16::try_from(start.wrapping_add(step) % count).ok()?;
        let port = BELOW_THE_KERNELS.start + step;
        // Binding the port on another address of this machine reserves it. The reservation ends
        // with the process.
        let held = UdpSocket::bind(("127.0.0.2", port)).ok()?;
        UdpSocket::bind(("127.0.0.1", port)).ok()?;
        TcpListener::bind(("127.0.0.1", port)).ok()?;
        Some((held, port))
    };
    let (held, port) = (0..1000)
        .find_map(candidate)
        .expect("some port is free for both");
    let mut all = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    all.push(held);
    port
}

const MISSING: &str = "`cargo xtask install` installs what the tests need";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let ports: HashSet<u16> = (0..200).map(|_| free_port()).collect();
        assert_eq!(ports.len(), 200);
    }
}
