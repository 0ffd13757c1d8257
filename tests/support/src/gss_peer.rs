//! `GssPeer`: MIT's GSS-API library in a separate process, controlled call by call through
//! python-gssapi.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::{Place, parts};

/// A context of MIT's library. The process ends when this is dropped.
#[derive(Debug)]
pub struct GssPeer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl GssPeer {
    /// Starts a peer that uses the krb5.conf, the cache and the keytab of `place`, without a replay
    /// cache.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(place: &Place) -> Self {
        assert!(
            parts::python_gssapi(),
            "python-gssapi is not installed: `cargo xtask install` installs it"
        );
        let script = place.write("gss_peer.py", include_str!("gss_peer.py"));
        let mut tool = place.program("/usr/bin/setpriv");
        let command = tool.command();
        command.args(["--pdeathsig", "KILL", "--", "/usr/bin/python3"]);
        command.arg(script).env("KRB5RCACHENAME", "none:");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python starts");
        Self {
            requests: child.stdin.take().expect("stdin is a pipe"),
            answers: BufReader::new(child.stdout.take().expect("stdout is a pipe")),
            child,
        }
    }

    /// Calls `verb`, one of those in `gss_peer.py`, with arguments and `payload`.
    ///
    /// # Errors
    /// The exception's name and text.
    ///
    /// # Panics
    /// When the process has ended.
    pub fn call(&mut self, verb: &str, payload: &[u8]) -> Result<Vec<u8>, String> {
        writeln!(self.requests, "{verb} {}", payload.len()).expect("the peer reads requests");
        self.requests
            .write_all(payload)
            .expect("the peer reads requests");
        self.requests.flush().expect("the peer reads requests");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peer answers");
        let (status, length) = line
            .trim()
            .split_once(' ')
            .expect("the answer starts with status and length");
        let mut answer = vec![0; length.parse().expect("the value is a number")];
        self.answers
            .read_exact(&mut answer)
            .expect("the peer answers");
        match status {
            "ok" => Ok(answer),
            _ => Err(String::from_utf8_lossy(&answer).into_owned()),
        }
    }

    /// The same as [`call`](Self::call), for a call that must succeed.
    ///
    /// # Panics
    /// When it fails.
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
