//! `Kpropd`: MIT's kpropd, as the simplest way to call MIT's acceptor: send an AP-REQ, get the
//! answer.
//!
//! It runs as under inetd, with one process per connection. Its real work follows after
//! authentication, for which nobody is authorised here.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::parts;

/// MIT's acceptor for `host/…`; nothing runs between calls.
#[derive(Debug)]
pub struct Kpropd {
    realm: String,
    keytab: PathBuf,
    environment: Vec<(String, PathBuf)>,
}

/// The answer of MIT's acceptor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KpropdAnswer {
    /// It accepts the request. This is the AP-REP, if one was requested.
    Accepted(Option<Vec<u8>>),
    /// It refuses with this KRB-ERROR.
    Refused(Vec<u8>),
}

/// The time limit for an answer.
const LIMIT: Duration = Duration::from_secs(60);

impl Kpropd {
    /// An acceptor for `realm` with this keytab and krb5.conf. The krb5.conf must set
    /// `ignore_acceptor_hostname`, because kpropd assumes that its principal is `host/` and the
    /// machine's name.
    ///
    /// # Panics
    /// When kpropd is not installed.
    pub fn new(realm: &str, keytab: &Path, configuration: &Path) -> Self {
        assert!(
            parts::kpropd(),
            "kpropd is not installed: `cargo xtask install` installs it"
        );
        let environment = vec![
            ("KRB5_CONFIG".to_owned(), configuration.to_owned()),
            ("KRB5_KDC_PROFILE".to_owned(), "/dev/null".into()),
        ];
        Self {
            realm: realm.to_owned(),
            keytab: keytab.to_owned(),
            environment,
        }
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.to_owned(), value.as_ref().into()));
        self
    }

    /// Sends `ap_req` in the way of `krb5_sendauth`.
    ///
    /// # Panics
    /// When kpropd does not answer as expected.
    pub fn accept(&self, ap_req: &[u8]) -> KpropdAnswer {
        let (mut here, there) = connection().unwrap();
        let mut command = Command::new("/usr/sbin/kpropd");
        command
            .args(["-r", &self.realm, "-s"])
            .arg(&self.keytab)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(OwnedFd::from(there)))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        drop(command);
        let answer = converse(&mut here, ap_req);
        drop(here);
        // It ends once the connection is closed.
        let _ = child.wait();
        answer.unwrap_or_else(|error| panic!("kpropd: {error}"))
    }
}

fn connection() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let here = TcpStream::connect(listener.local_addr()?)?;
    let (there, _) = listener.accept()?;
    here.set_read_timeout(Some(LIMIT))?;
    here.set_write_timeout(Some(LIMIT))?;
    Ok((here, there))
}

fn converse(stream: &mut TcpStream, ap_req: &[u8]) -> io::Result<KpropdAnswer> {
    send(stream, b"KRB5_SENDAUTH_V1.0\0")?;
    send(stream, b"kprop5_01\0")?;
    let mut versions_fit = [1];
    stream.read_exact(&mut versions_fit)?;
    assert_eq!(versions_fit, [0]);
    send(stream, ap_req)?;
    let error = receive(stream)?;
    if !error.is_empty() {
        return Ok(KpropdAnswer::Refused(error));
    }
    // Without mutual authentication, kpropd continues and then ends.
    let reply = match receive(stream) {
        Ok(reply) => Some(reply),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => None,
        Err(error) => return Err(error),
    };
    Ok(KpropdAnswer::Accepted(reply))
}

fn send(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, message].concat())
}

fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut message = Vec::new();
    let length = u32::from_be_bytes(length);
    stream.take(length.into()).read_to_end(&mut message)?;
    Ok(message)
}
