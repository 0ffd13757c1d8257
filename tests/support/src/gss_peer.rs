//! `GssPeer`: MIT's GSS-API library in a process of its own, through python-gssapi, led call by
//! call.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::{Place, parts};

/// One context of MIT's library. The process ends with it.
#[derive(Debug)]
pub struct GssPeer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl GssPeer {
    /// A peer that sees the krb5.conf, the cache and the keytab of `place`. It has no replay cache.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(place: &Place) -> Self {
        assert!(
            parts::python_gssapi(),
            "python-gssapi is not here: `cargo xtask install` installs it"
        );
        let script = place.write("gss_peer.py", include_str!("gss_peer.py"));
        let mut tool = place.program("/usr/bin/setpriv");
        let command = tool.command();
        command.args(["--pdeathsig", "KILL", "--", "/usr/bin/python3"]);
        command.arg(script).env("KRB5RCACHENAME", "none:");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python starts");
        Self {
            requests: child.stdin.take().expect("a pipe"),
            answers: BufReader::new(child.stdout.take().expect("a pipe")),
            child,
        }
    }

    /// Calls `verb` (`gss_peer.py` has them) with arguments and `payload`.
    ///
    /// # Errors
    /// With the exception's name and text.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn call(&mut self, verb: &str, payload: &[u8]) -> Result<Vec<u8>, String> {
        writeln!(self.requests, "{verb} {}", payload.len()).expect("it listens");
        self.requests.write_all(payload).expect("it listens");
        self.requests.flush().expect("it listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        let (status, length) = line.trim().split_once(' ').expect("status and length");
        let mut answer = vec![0; length.parse().expect("a number")];
        self.answers.read_exact(&mut answer).expect("it answers");
        match status {
            "ok" => Ok(answer),
            _ => Err(String::from_utf8_lossy(&answer).into_owned()),
        }
    }

    /// As [`call`](Self::call), for what has to work.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn ok(&mut self, verb: &str, payload: &[u8]) -> Vec<u8> {
        match self.call(verb, payload) {
            Ok(answer) => answer,
            Err(error) => panic!("MIT's library, {verb}: {error}"),
        }
    }
}

impl Drop for GssPeer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
