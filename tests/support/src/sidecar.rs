//! `Sidecar`: a program that runs beside a test until it is told to end, with its log in a file.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Tool;

/// A running program, killed on drop. If the test that owns it panics, its log is printed.
#[derive(Debug)]
pub struct Sidecar {
    child: Child,
    log: PathBuf,
}

impl Sidecar {
    /// Starts `tool`, whose standard output and error go to the file `log`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(mut tool: Tool, log: impl Into<PathBuf>) -> Self {
        let log = log.into();
        let output = File::create(&log).expect("the log's folder is writable");
        let command = tool.command();
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the log file can be cloned"))
            .stderr(output);
        let child = command.spawn().expect("the program can be started");
        Self { child, log }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A value in KiB from `/proc/ID/status`, such as `VmRSS`.
    ///
    /// # Panics
    /// When the process has ended, or the kernel does not provide the value.
    pub fn kib(&self, what: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))
            .expect("the process is running");
        let line = status.lines().find_map(|line| line.strip_prefix(what));
        let figure = line.and_then(|rest| rest.split_whitespace().nth(1));
        figure
            .and_then(|figure| figure.parse().ok())
            .expect("the status line has a number")
    }

    /// The log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until the log contains `text` a number of times, and returns how long that took.
    ///
    /// # Panics
    /// When this does not happen, or the program ends before.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str, times: usize) -> Duration {
        let start = Instant::now();
        loop {
            let ended = self.child.try_wait().expect("a child can be waited for");
            let log = self.log();
            if log.matches(text).count() >= times {
                return start.elapsed();
            }
            assert!(
                ended.is_none(),
                "the sidecar ended ({ended:?}) without {text}:\n{log}"
            );
            assert!(
                start.elapsed() < LIMIT,
                "timed out waiting for {text}:\n{log}"
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Sends a signal, given by its name without `SIG`.
    ///
    /// # Panics
    /// When the process has ended.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("/bin/kill");
        let kill = kill.arg(format!("-{name}")).arg(self.id().to_string());
        assert!(kill.status().expect("kill can be run").success());
    }

    /// Waits for its end. Returns its exit code, or 128 plus the number of the signal that ended
    /// it.
    ///
    /// # Panics
    /// When it is still running after `limit`.
    #[track_caller]
    pub fn wait(&mut self, limit: Duration) -> i32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return code(status);
            }
            assert!(
                start.elapsed() < limit,
                "the sidecar is still running:\n{}",
                self.log()
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Kills it with SIGKILL, so that it cannot clean up.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The path of the log.
    pub fn log_path(&self) -> &Path {
        &self.log
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- {}\n{}", self.log.display(), self.log());
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    let signal = status.signal().map(|signal| 128 + signal);
    status.code().or(signal).unwrap_or(-1)
}

/// Longer than anything should take on a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(60);
