//! A peer in a separate process that measures itself: it reads a request per line, and answers with
//! nanoseconds.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

pub(crate) struct Remote {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Remote {
    /// Starts `program`.
    pub(crate) fn start(program: &mut Command) -> Result<Self, Box<dyn Error>> {
        let mut child = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self {
            requests: child.stdin.take().ok_or("no pipe")?,
            answers: BufReader::new(child.stdout.take().ok_or("no pipe")?),
            child,
        })
    }

    /// The time that `request` took; it consists of a verb, its arguments, and a count.
    pub(crate) fn measure(&mut self, request: &str) -> Duration {
        let mut ask = || -> Result<Duration, Box<dyn Error>> {
            writeln!(self.requests, "{request}")?;
            let mut line = String::new();
            self.answers.read_line(&mut line)?;
            Ok(Duration::from_nanos(line.trim().parse()?))
        };
        // A wrong measurement would be worse than none, so this ends the whole run.
        ask().unwrap_or_else(|error| {
            eprintln!("a peer, {request}: {error}");
            std::process::exit(1)
        })
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
