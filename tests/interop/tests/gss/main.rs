//! GSS-API with MIT's library at the other end, in both roles: contexts with keys of all types,
//! their messages, and what each refuses from the other.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod contexts;
mod credentials;
mod messages;
mod negotiation;
mod programs;
mod scattered;
#[path = "../shared/ticket.rs"]
mod ticket;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use kerberos_client::kerberos_proto::{
    self, Credential, KeyEntry, MemoryReplayCache, Principal, ServiceKeys,
};
use kerberos_client::{now, system_rng};
use kerberos_files::ccache::{CcacheBuilder, CcacheFile, Header, Version};
use kerberos_files::keytab::KeytabFile;
use kerberos_gss::{
    AcceptorOptions, ChannelBindings, Context, ContextFlags, GssError, Initiator, InitiatorOptions,
    SpnegoAcceptor, Step,
};
use test_support::{GssPeer, MitRealm, Place};

pub(crate) const SERVER: &str = "host/localhost@MIT.TEST";

/// A realm, and a place where MIT's library finds [`SERVER`]'s keys.
pub(crate) struct World {
    pub(crate) realm: MitRealm,
    pub(crate) place: Place,
}

impl World {
    pub(crate) fn new() -> Self {
        let realm = MitRealm::start();
        let place = realm.place();
        let keytab = std::fs::read(realm.keytab("localhost")).unwrap();
        place.write("keytab", keytab);
        Self { realm, place }
    }

    /// alice's ticket for the service with a session key of this type, also stored in her cache.
    pub(crate) fn ticket(&self, etype: &str) -> Credential {
        let credential = ticket::by_hand(SERVER, &self.place.path("keytab"), etype);
        store(&credential, self.place.cache());
        credential
    }

    /// Our service, with the same keys.
    pub(crate) fn service(&self) -> Arc<kerberos_proto::Acceptor<ServiceKeys>> {
        let server = Principal::parse(SERVER).unwrap();
        let file = KeytabFile::new(self.place.path("keytab"));
        let entries = test_support::ETYPES.iter().filter_map(|(_, etype)| {
            let etype = kerberos_crypto::EncryptionType::from_name(etype).unwrap();
            let entry = file.find(&server, None, Some(etype)).ok()?;
            let (kvno, key) = (entry.kvno, entry.key);
            Some((server.clone(), KeyEntry { kvno, key }))
        });
        let keys = ServiceKeys::new(entries).unwrap();
        Arc::new(kerberos_proto::Acceptor::new(keys))
    }

    pub(crate) fn peer(&self) -> GssPeer {
        GssPeer::start(&self.place)
    }
}

/// Creates a cache with `credential`.
pub(crate) fn store(credential: &Credential, cache: &Path) {
    let header = Header::new(Version::V4, None);
    let mut builder = CcacheBuilder::new(&header, &credential.client).unwrap();
    builder.credential(credential).unwrap();
    CcacheFile::new(cache).replace_with(&builder).unwrap();
}

/// Our context and MIT's.
pub(crate) struct Pair {
    pub(crate) ours: Box<Context>,
    pub(crate) theirs: GssPeer,
}

/// Establishes a context with our initiator.
pub(crate) fn initiate(
    world: &World,
    credential: &Credential,
    options: &InitiatorOptions,
    their_bindings: Option<&ChannelBindings>,
) -> Result<Pair, String> {
    let mut theirs = world.peer();
    theirs.ok(&format!("accept {}", hex(their_bindings)), b"");
    let (mut initiator, mut step) =
        Initiator::start(credential, options, &mut system_rng().unwrap(), now()).unwrap();
    let ours = loop {
        let (token, done) = match step {
            Step::Continue(token) => (Some(token), None),
            Step::Done { send, context } => (send, Some(context)),
        };
        let answer = match token {
            Some(token) => theirs.call("step", &token)?,
            None => vec![1],
        };
        let (complete, answer) = answer.split_first().unwrap();
        if let Some(context) = done {
            assert!(*complete == 1 && answer.is_empty());
            break context;
        }
        step = initiator
            .step(answer, &mut system_rng().unwrap(), now())
            .map_err(|error| error.to_string())?;
    };
    Ok(Pair { ours, theirs })
}

/// Establishes a context with our acceptor.
pub(crate) fn accept(
    world: &World,
    flags: ContextFlags,
    their_bindings: Option<&ChannelBindings>,
    mechanism: &str,
    options: AcceptorOptions,
) -> Result<Pair, GssError> {
    let mut theirs = world.peer();
    let (flags, bindings) = (flags.0, hex(their_bindings));
    let verb = format!("initiate {SERVER} {flags} {bindings} {mechanism}");
    let mut answer = theirs.ok(&verb, b"");
    let mut replays = MemoryReplayCache::default();
    let mut acceptor = SpnegoAcceptor::new(world.service(), options);
    let ours = loop {
        let (complete, token) = answer.split_first().unwrap();
        let step = acceptor.step(token, &mut replays, &mut system_rng().unwrap(), now());
        let (send, done) = match step {
            Ok(Step::Continue(token)) => (Some(token), None),
            Ok(Step::Done { send, context }) => (send, Some(context)),
            Err(failed) => {
                // The peer receives our error token and understands it.
                if let Some(token) = failed.send {
                    let told = theirs.call("step", &token);
                    assert!(told.is_err(), "{told:?}");
                }
                return Err(*failed.error);
            }
        };
        let mut over = *complete == 1;
        if let Some(token) = send {
            answer = theirs.ok("step", &token);
            over = answer[0] == 1;
        }
        if let Some(context) = done {
            assert!(over, "MIT's end still waits for a token");
            break context;
        }
    };
    Ok(Pair { ours, theirs })
}

/// The application data, the only part that we use in bindings.
fn hex(bindings: Option<&ChannelBindings>) -> String {
    let Some(bindings) = bindings else {
        return "-".to_owned();
    };
    let mut text = String::new();
    for byte in &bindings.application_data {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

pub(crate) fn all_flags() -> ContextFlags {
    InitiatorOptions::default().flags
}
