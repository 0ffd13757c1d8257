//! Contexts with other programs: Java 17's GSS-API, and MIT's samples `gss-client` and
//! `gss-server`. Starting with the login, both ends work like real programs.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use kerberos_client::{
    Client, Config, Delegation, GssMechanism, InitiateOptions, Initiation, ServiceAcceptor,
    system_rng,
};
use kerberos_gss::{AcceptorOptions, Context, Protection, Step};
use test_support::{MitRealm, Place, Server, Tool, free_port};

/// A realm, and a place where alice is logged in and which has the keys of `host/localhost`.
fn world() -> (MitRealm, Place) {
    let realm = MitRealm::start();
    let place = realm.place();
    place.write("keytab", std::fs::read(realm.keytab("localhost")).unwrap());
    let kinit = place.ours("kinit").line("-f alice");
    kinit.stdin("wonderland\n").run().success();
    (realm, place)
}

fn config(place: &Place) -> Config {
    let conf = std::fs::read_to_string(place.path("krb5.conf")).unwrap();
    Config::parse(&conf)
        .unwrap()
        .with_ccache_name(place.cache().display().to_string())
        .with_keytab_name(place.text("keytab"))
}

fn initiate(place: &Place, options: &InitiateOptions) -> (Initiation, Step) {
    let client = Client::new(config(place));
    let cache = client.config().ccache_name().unwrap();
    client.initiate(&cache, "host@localhost", options).unwrap()
}

fn acceptor(place: &Place) -> ServiceAcceptor {
    let acceptor = ServiceAcceptor::new(&config(place)).unwrap();
    acceptor.with_memory_replay_cache()
}

/// Tokens on a connection: our Java peer sends the length first; the samples send an octet of flags
/// before that.
struct Connection {
    stream: TcpStream,
    has_flags: bool,
}

impl Connection {
    fn send(&mut self, flags: u8, token: &[u8]) {
        let length = u32::try_from(token.len()).unwrap().to_be_bytes();
        let flags = [flags];
        let flags = &flags[..usize::from(self.has_flags)];
        let frame = [flags, &length, token].concat();
        self.stream.write_all(&frame).unwrap();
    }

    fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut flags = [0];
        if self.has_flags {
            self.stream.read_exact(&mut flags).unwrap();
        }
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut token = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        self.stream.read_exact(&mut token).unwrap();
        (flags[0], token)
    }

    fn initiate(&mut self, (mut ours, mut step): (Initiation, Step)) -> Box<Context> {
        loop {
            match step {
                Step::Continue(token) => self.send(samples::CONTEXT, &token),
                Step::Done { send, context } => {
                    assert!(send.is_none());
                    return context;
                }
            }
            step = ours.step(&self.receive().1).unwrap();
        }
    }

    fn accept(&mut self, service: &ServiceAcceptor) -> Box<Context> {
        let mut options = AcceptorOptions::default();
        options.delegation = true;
        let mut ours = service.acceptance(GssMechanism::Spnego, options);
        loop {
            let (send, done) = match ours.step(&self.receive().1).unwrap() {
                Step::Continue(token) => (Some(token), None),
                Step::Done { send, context } => (send, Some(context)),
            };
            if let Some(token) = send {
                self.send(samples::CONTEXT, &token);
            }
            if let Some(context) = done {
                return context;
            }
        }
    }
}

/// The meaning of the flags octet.
mod samples {
    pub(super) const NOOP: u8 = 1;
    pub(super) const CONTEXT: u8 = 2;
    pub(super) const DATA: u8 = 4;
    pub(super) const MIC: u8 = 8;
    pub(super) const CONTEXT_NEXT: u8 = 0x10;
    pub(super) const WRAPPED: u8 = 0x20;
    pub(super) const ENCRYPTED: u8 = 0x40;
    pub(super) const SEND_MIC: u8 = 0x80;
}

#[test]
#[cfg_attr(
    not(all(mit, gss_samples)),
    ignore = "needs MIT's KDC and gss-client: cargo xtask install"
)]
fn gss_client_talks_to_our_acceptor() {
    let (_realm, place) = world();
    for options in [
        "-krb5",
        "-spnego",
        "-krb5 -d",
        "-krb5 -nomutual",
        "-krb5 -seq",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let service = acceptor(&place);
        let ours = thread::spawn(move || {
            let stream = listener.accept().unwrap().0;
            let has_flags = true;
            let mut peer = Connection { stream, has_flags };
            let begin = samples::NOOP | samples::CONTEXT_NEXT;
            assert_eq!(peer.receive(), (begin, Vec::new()));
            let mut context = peer.accept(&service);
            let (flags, token) = peer.receive();
            let sealed = samples::WRAPPED | samples::ENCRYPTED | samples::SEND_MIC;
            assert_eq!(flags, samples::DATA | sealed);
            let read = context.unwrap(&token).unwrap();
            assert_eq!(
                (&read.message[..], read.protection),
                (&b"hello"[..], Protection::Seal)
            );
            peer.send(samples::MIC, &context.mic(b"hello").unwrap());
            assert_eq!(peer.receive(), (samples::NOOP, Vec::new()));
            context
        });
        let client = place.program("/usr/bin/gss-client");
        let client = client.line(&format!(
            "-port {port} {options} localhost host@localhost hello"
        ));
        let output = client.run().success().stdout();
        assert!(output.contains("Signature verified"), "{options}: {output}");
        let context = ours.join().unwrap();
        assert_eq!(context.details.initiator.to_string(), "alice@MIT.TEST");
        assert_eq!(
            context.details.delegated.len(),
            usize::from(options.contains("-d"))
        );
    }
}

#[test]
#[cfg_attr(
    not(all(mit, gss_samples)),
    ignore = "needs MIT's KDC and gss-server: cargo xtask install"
)]
fn our_initiator_talks_to_gss_server() {
    let (_realm, place) = world();
    let port = free_port();
    let log = place.path("gss-server.out");
    let _server = Server::start(
        Path::new("/usr/bin/gss-server"),
        |command| {
            command.args(["-port", &port.to_string(), "-verbose", "-keytab"]);
            command.arg(place.path("keytab")).arg("host@localhost");
            command.env("KRB5_CONFIG", place.path("krb5.conf"));
            command.env("KRB5RCACHENAME", "none:");
        },
        &log,
        &[],
        || TcpStream::connect(("127.0.0.1", port)).is_ok(),
    )
    .unwrap();
    for mechanism in [GssMechanism::Kerberos, GssMechanism::Spnego] {
        for delegation in [Delegation::None, Delegation::Always] {
            let mut options = InitiateOptions::default();
            options.mechanism = mechanism;
            options.delegation = delegation;
            let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let has_flags = true;
            let mut peer = Connection { stream, has_flags };
            peer.send(samples::NOOP | samples::CONTEXT_NEXT, b"");
            let mut context = peer.initiate(initiate(&place, &options));
            let mut rng = system_rng().unwrap();
            let token = context.wrap(Protection::Seal, b"hello", &mut rng).unwrap();
            let sealed = samples::WRAPPED | samples::ENCRYPTED | samples::SEND_MIC;
            peer.send(samples::DATA | sealed, &token);
            let (flags, mic) = peer.receive();
            assert_eq!(flags, samples::MIC);
            context.verify_mic(b"hello", &mic).unwrap();
            peer.send(samples::NOOP, b"");
        }
    }
}

/// `IfTrusted` depends on what the KDC says about the service.
#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn tgt_is_delegated_only_to_ok_as_delegate_services() {
    let (realm, place) = world();
    let keytab = std::fs::read(realm.keytab("services")).unwrap();
    place.write("keytab", keytab);
    let client = Client::new(config(&place));
    let cache = client.config().ccache_name().unwrap();
    let mut options = InitiateOptions::default();
    options.delegation = Delegation::IfTrusted;
    for (service, lent) in [("host/delegate.mit.test", 1), ("host/a.mit.test", 0)] {
        let begun = client.initiate(&cache, &format!("{service}@MIT.TEST"), &options);
        let Step::Continue(token) = begun.unwrap().1 else {
            panic!("expected a token for the peer")
        };
        let mut accept = AcceptorOptions::default();
        accept.delegation = true;
        let mut ours = acceptor(&place).acceptance(GssMechanism::Spnego, accept);
        let Step::Done { context, .. } = ours.step(&token).unwrap() else {
            panic!("expected a context after one token")
        };
        assert_eq!(context.details.delegated.len(), lent, "{service}");
    }
}

/// Java, with the class of `KrbPeer.java`.
fn java(place: &Place) -> Tool {
    if !place.path("KrbPeer.class").exists() {
        let source = place.write("KrbPeer.java", include_str!("KrbPeer.java"));
        let javac = place.program("/usr/bin/javac").arg("-nowarn").arg(source);
        javac.run().success();
    }
    let tool = place
        .program("/usr/bin/java")
        .line("-Xshare:auto -XX:TieredStopAtLevel=1");
    let conf = format!("-Djava.security.krb5.conf={}", place.text("krb5.conf"));
    tool.arg(conf).arg("-cp").arg(place.text("")).arg("KrbPeer")
}

#[test]
#[cfg_attr(
    not(all(mit, java)),
    ignore = "needs MIT's KDC and Java: cargo xtask install"
)]
fn java_client_talks_to_our_acceptor() {
    let (realm, place) = world();
    place.write("robot", std::fs::read(realm.keytab("robot")).unwrap());
    for (client, from) in [
        (
            vec!["cache".to_owned(), place.cache().display().to_string()],
            "alice@MIT.TEST",
        ),
        (
            vec![
                "keytab".to_owned(),
                place.text("robot"),
                "robot@MIT.TEST".to_owned(),
            ],
            "robot@MIT.TEST",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let service = acceptor(&place);
        let ours = thread::spawn(move || {
            let stream = listener.accept().unwrap().0;
            let has_flags = false;
            let mut peer = Connection { stream, has_flags };
            let mut context = peer.accept(&service);
            let read = context.unwrap(&peer.receive().1).unwrap();
            assert_eq!(
                (&read.message[..], read.protection),
                (&b"hello"[..], Protection::Seal)
            );
            let answer = format!("welcome {}", context.details.initiator);
            let mut rng = system_rng().unwrap();
            let token = context.wrap(Protection::Seal, answer.as_bytes(), &mut rng);
            peer.send(0, &token.unwrap());
        });
        let client = java(&place).args(client).args(["host@localhost", &port]);
        let output = client.run().success().stdout();
        assert_eq!(output, format!("welcome {from}\n"));
        ours.join().unwrap();
    }
}

#[test]
#[cfg_attr(
    not(all(mit, java)),
    ignore = "needs MIT's KDC and Java: cargo xtask install"
)]
fn our_initiator_talks_to_java_server() {
    let (_realm, place) = world();
    for delegation in [Delegation::None, Delegation::Always] {
        let mut tool = java(&place);
        let words = ["accept", &place.text("keytab"), "host/localhost@MIT.TEST"];
        let command: &mut Command = tool.command();
        let mut child = command.args(words).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        let mut port = String::new();
        while !port.ends_with('\n') {
            let mut octet = [0];
            output.read_exact(&mut octet).unwrap();
            port.push(char::from(octet[0]));
        }
        let port: u16 = port.trim().parse().unwrap();
        let mut options = InitiateOptions::default();
        options.mechanism = GssMechanism::Kerberos;
        options.delegation = delegation;
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let has_flags = false;
        let mut peer = Connection { stream, has_flags };
        let mut context = peer.initiate(initiate(&place, &options));
        let mut rng = system_rng().unwrap();
        peer.send(
            0,
            &context.wrap(Protection::Seal, b"hello", &mut rng).unwrap(),
        );
        let answer = context.unwrap(&peer.receive().1).unwrap();
        let lent = delegation == Delegation::Always;
        let expected = format!("hello from alice@MIT.TEST, lent {lent}");
        assert_eq!(String::from_utf8_lossy(&answer.message), expected);
        assert!(child.wait().unwrap().success());
    }
}
