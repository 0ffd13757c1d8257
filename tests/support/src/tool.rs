//! `Tool`: a single run of a command-line program, with a time limit.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{fmt, thread};

use crate::parts;

/// A program to run. By default the environment and standard input are empty, and the limit is 30
/// seconds.
#[derive(Debug)]
#[must_use = "a tool does nothing until `run`"]
pub struct Tool {
    command: Command,
    stdin: Vec<u8>,
    limit: Duration,
}

impl Tool {
    /// The program at `path`.
    pub fn new(path: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(path);
        command.env_clear().env("PATH", "/usr/bin:/bin");
        Self {
            command,
            stdin: Vec::new(),
            limit: Duration::from_secs(30),
        }
    }

    /// Our binary, called by `name`.
    pub fn ours(name: &str) -> Self {
        let mut tool = Self::new(crate::rkinit());
        tool.command.arg0(name);
        tool
    }

    /// MIT's tool `name`, as installed by Debian.
    pub fn mit(name: &str) -> Self {
        let mut tool = Self::new(Path::new("/usr/bin").join(name));
        tool.command.arg0(name);
        tool
    }

    /// Heimdal's tool `name`.
    ///
    /// # Panics
    /// When Heimdal is not available.
    pub fn heimdal(name: &str) -> Self {
        let mut tool = Self::new(heimdal_program(name));
        // Several of its tools are a single program.
        tool.command.arg0(name);
        tool
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Adds the words of `line` as arguments.
    pub fn line(self, line: &str) -> Self {
        self.args(line.split_whitespace())
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Removes an environment variable.
    pub fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs in `folder`.
    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets the contents of standard input.
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// Kills the program, and fails, when it runs longer than this.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs `wrapper` with the program and its arguments appended, as required by `setpriv`
    /// and `sh -c`.
    ///
    /// The program is then called by the name of its file, and not by any other name.
    pub fn through<S: AsRef<OsStr>>(self, wrapper: impl IntoIterator<Item = S>) -> Self {
        let mut command = Command::new("/usr/bin/env");
        command.env_clear();
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        command
            .args(wrapper)
            .arg(self.command.get_program())
            .args(self.command.get_args());
        Self { command, ..self }
    }

    /// The underlying command, for further settings.
    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Runs the program to its end.
    ///
    /// # Panics
    /// When it cannot be started or exceeds the time limit.
    pub fn run(mut self) -> Finished {
        let shown = shown(&self.command);
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let start = Instant::now();
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run `{shown}`: {error}"));
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        let input = self.stdin;
        // A program may close the pipe without reading its input.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        let stdout = reader(child.stdout.take().expect("stdout is a pipe"));
        let stderr = reader(child.stderr.take().expect("stderr is a pipe"));
        let mut over = false;
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                break status;
            }
            if start.elapsed() > self.limit {
                over = true;
                let _ = child.kill();
            }
            thread::sleep(Duration::from_millis(2));
        };
        let elapsed = start.elapsed();
        writer
            .join()
            .expect("the thread that writes stdin does not panic");
        let collect = |reader: thread::JoinHandle<Vec<u8>>| {
            reader
                .join()
                .expect("a thread that reads output does not panic")
        };
        let finished = Finished {
            shown,
            status,
            stdout: collect(stdout),
            stderr: collect(stderr),
            elapsed,
        };
        assert!(!over, "ran longer than {:?}: {finished}", self.limit);
        finished
    }
}

/// The exit status and the output of a program.
#[derive(Debug)]
pub struct Finished {
    shown: String,
    status: ExitStatus,
    /// The bytes on its standard output.
    pub stdout: Vec<u8>,
    /// The bytes on its standard error.
    pub stderr: Vec<u8>,
    /// How long it ran.
    pub elapsed: Duration,
}

impl Finished {
    /// The exit code; for a program killed by a signal it is 128 + the signal, as in a shell.
    pub fn code(&self) -> i32 {
        self.status
            .code()
            .or(self.status.signal().map(|signal| 128 + signal))
            .unwrap_or(-1)
    }

    /// Standard output as text.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Standard error without our `hint:` lines, which MIT's tools do not have.
    pub fn stderr_without_hint(&self) -> String {
        let text = self.stderr();
        text.split_inclusive('\n')
            .filter(|line| !line.starts_with("hint:"))
            .collect()
    }

    /// Checks that the exit code is 0.
    ///
    /// # Panics
    /// When it is not, showing all output.
    #[track_caller]
    pub fn success(self) -> Self {
        self.exits(0)
    }

    /// Checks that the exit code is `code`.
    ///
    /// # Panics
    /// When it is not, showing all output.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(self.code() == code, "expected exit code {code}: {self}");
        self
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` ended with {} after {:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.shown,
            self.status,
            self.elapsed,
            self.stdout(),
            self.stderr()
        )
    }
}

fn reader(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

fn heimdal_program(name: &str) -> PathBuf {
    let root = parts::heimdal_root()
        .expect("Heimdal is not installed: `cargo xtask install` installs what the tests need");
    // Debian adds a suffix to the names of tools that MIT has, too.
    let suffixed = root.join("usr/bin").join(format!("{name}.heimdal"));
    if suffixed.exists() {
        suffixed
    } else {
        root.join("usr/bin").join(name)
    }
}

fn shown(command: &Command) -> String {
    let arguments: Vec<OsString> = command.get_args().map(OsStr::to_owned).collect();
    let mut shown = command.get_program().to_string_lossy().into_owned();
    for argument in arguments {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}
