//! KCM caches: kept by a daemon, Heimdal's kcm or sssd-kcm, that is reached through a UNIX socket.
//!
//! `KCM:` is the user's collection, and stands for its primary cache. `KCM:name` is a single cache,
//! whose name the daemon chose. Daemons support different operations: if one cannot list
//! credentials, they are requested one by one; if one cannot replace a cache, the cache is emptied
//! and filled.
//!
//! Each operation uses its own connection, with a time limit for all of its requests, so restarts
//! of the daemon and the closing of idle connections (as by sssd) do not matter. The messages are
//! in `kcm/message.rs`, the socket in `kcm/connection.rs`.

mod connection;
mod error;
mod message;

use std::io::{Read, Write};

use kerberos_proto::{ClockOffset, Credential, Principal};

use crate::ccache::store::{Store, records};
use crate::ccache::{
    CcacheBuilder, CcacheError, CcacheKind, CcacheName, CcacheNameError, CcacheOptions,
    CcacheReader, CredentialView, Header, Version, decode_principal, encode_credential,
    encode_principal,
};
use crate::wire::DecodeError;
use connection::{Connection, Stream, Timed};
pub use error::KcmError;
use message::{Operation, Reply};

/// A cache of the daemon.
#[derive(Clone, Debug)]
pub(super) struct KcmStore {
    residual: String,
    options: CcacheOptions,
}

impl KcmStore {
    /// The cache named `residual`, or the primary one if it is empty.
    pub(super) fn resolve(residual: &str, options: &CcacheOptions) -> Result<Self, CcacheError> {
        if residual.contains('\0') {
            return Err(CcacheNameError::Nul.into());
        }
        // Connect even if the name is complete: as in MIT's library, a missing daemon is reported
        // here.
        let mut daemon = Connection::open(options)?;
        if !residual.is_empty() {
            return Ok(Self::new(residual, options));
        }
        let primary = daemon.call(Operation::GetDefaultCache, &[])?.name()?;
        Ok(Self::new(&primary, options))
    }

    /// The user's caches, the primary one first; or the single cache named `residual`.
    pub(super) fn all(residual: &str, options: &CcacheOptions) -> Result<Vec<Self>, CcacheError> {
        let mut daemon = Connection::open(options)?;
        let mut names = Vec::new();
        if !residual.is_empty() {
            names.extend(is_there(&mut daemon, residual).then(|| residual.to_owned()));
        } else if let Some(list) = found(daemon.call(Operation::GetCacheUuidList, &[]))? {
            let primary = daemon.call(Operation::GetDefaultCache, &[])?.name()?;
            names.extend(is_there(&mut daemon, &primary).then(|| primary.clone()));
            for uuid in list.uuids()? {
                // A cache that is not found has been removed meanwhile.
                if let Some(reply) = found(daemon.call(Operation::GetCacheByUuid, &[uuid]))? {
                    names.extend(Some(reply.name()?).filter(|name| *name != primary));
                }
            }
        }
        let store = |name: &String| Self::new(name, options);
        Ok(names.iter().map(store).collect())
    }

    /// A cache with a name chosen by the daemon.
    pub(super) fn new_unique(options: &CcacheOptions) -> Result<Self, CcacheError> {
        let name = Connection::open(options)?
            .call(Operation::GenNew, &[])?
            .name()?;
        Ok(Self::new(&name, options))
    }

    pub(super) fn name(&self) -> CcacheName {
        CcacheName::new(CcacheKind::Kcm, self.residual.as_str())
    }

    fn new(residual: &str, options: &CcacheOptions) -> Self {
        Self {
            residual: residual.to_owned(),
            options: options.clone(),
        }
    }

    fn connect(&self) -> Result<Session<'_>, CcacheError> {
        Ok(Session {
            store: self,
            name: c_string(&self.residual),
            daemon: Connection::open(&self.options)?,
        })
    }

    /// The reply about this cache, or an error if it does not exist.
    fn there(&self, reply: Result<Reply, KcmError>) -> Result<Reply, CcacheError> {
        found(reply)?.ok_or_else(|| CcacheError::Missing { name: self.name() })
    }

    fn bad_entry(&self, problem: DecodeError) -> CcacheError {
        CcacheError::Entry {
            name: self.name(),
            problem,
        }
    }
}

impl Store for KcmStore {
    fn open(&self) -> Result<CcacheReader, CcacheError> {
        self.connect()?.open()
    }

    fn principal(&self) -> Result<Principal, CcacheError> {
        self.connect()?.principal()
    }

    fn replace_with(&self, cache: &CcacheBuilder) -> Result<(), CcacheError> {
        let mut session = self.connect()?;
        let reader = CcacheReader::from_builder(cache.clone(), self.name().to_string())?;
        let principal = encode_principal(Version::V4, reader.default_principal())?;
        let offset = reader.kdc_offset().map_or(0, |offset| offset.seconds);
        let records = records(reader)?;
        let count = u32::try_from(records.len())
            .unwrap_or(u32::MAX)
            .to_be_bytes();
        let lengths: Vec<[u8; 4]> = records
            .iter()
            .map(|record| {
                u32::try_from(record.len())
                    .unwrap_or(u32::MAX)
                    .to_be_bytes()
            })
            .collect();
        let offset = offset.to_be_bytes();
        let mut parts: Vec<&[u8]> = vec![&offset, &principal, &count];
        for (length, record) in lengths.iter().zip(&records) {
            parts.extend([&length[..], record.as_slice()]);
        }
        match session.call(Operation::Replace, &parts) {
            Err(error) if error.is_unsupported() => {}
            reply => return reply.map(drop).map_err(CcacheError::from),
        }
        session.call(Operation::Initialize, &[&principal])?;
        // Sent even if the offset is unknown: until it is set, Heimdal's daemon returns arbitrary
        // values. A daemon may refuse it, which MIT's library ignores, too.
        let _ = session.call(Operation::SetKdcOffset, &[&offset]);
        for record in &records {
            session.call(Operation::Store, &[record])?;
        }
        Ok(())
    }

    fn append(&self, credentials: &[&Credential]) -> Result<(), CcacheError> {
        let mut session = self.connect()?;
        for credential in credentials {
            let record = encode_credential(Version::V4, credential)?;
            self.there(session.call(Operation::Store, &[&record]))?;
        }
        Ok(())
    }

    fn destroy(&self) -> Result<(), CcacheError> {
        self.there(self.connect()?.call(Operation::Destroy, &[]))?;
        Ok(())
    }

    fn make_primary(&self) -> Result<(), CcacheError> {
        self.connect()?.call(Operation::SetDefaultCache, &[])?;
        Ok(())
    }
}

/// Reads a cache from a daemon whose replies come from `stream`; for the fuzz target.
///
/// # Errors
/// The same as [`Ccache::open`](crate::ccache::Ccache::open).
pub fn read_from(stream: impl Read + Write) -> Result<CcacheReader, CcacheError> {
    let store = KcmStore::new("0", &CcacheOptions::default());
    let mut session = Session {
        store: &store,
        name: c_string("0"),
        daemon: Stream::new(stream),
    };
    session.open()
}

/// A connection for operations on one cache.
struct Session<'a, S = Timed> {
    store: &'a KcmStore,
    /// The cache's name, as encoded in requests.
    name: Vec<u8>,
    daemon: Stream<S>,
}

impl<S: Read + Write> Session<'_, S> {
    fn open(&mut self) -> Result<CcacheReader, CcacheError> {
        let principal = self.principal()?;
        let header = Header::new(Version::V4, self.kdc_offset());
        let mut cache = CcacheBuilder::new(&header, &principal)?;
        let store = self.store;
        self.credentials(&mut |record| {
            let view = CredentialView::parse(record, Version::V4);
            cache.copy(&view.map_err(|problem| store.bad_entry(problem))?)?;
            Ok(())
        })?;
        CcacheReader::from_builder(cache, store.name().to_string())
    }

    fn call(&mut self, operation: Operation, more: &[&[u8]]) -> Result<Reply, KcmError> {
        let mut parts = vec![self.name.as_slice()];
        parts.extend(more);
        self.daemon.call(operation, &parts)
    }

    fn principal(&mut self) -> Result<Principal, CcacheError> {
        let reply = self.call(Operation::GetPrincipal, &[]);
        // For a cache that does not exist, Heimdal's daemon returns success without a result.
        let reply = found(reply)?.filter(|reply| !reply.rest().is_empty());
        let name = || self.store.name();
        let reply = reply.ok_or_else(|| CcacheError::Missing { name: name() })?;
        decode_principal(Version::V4, reply.rest()).map_err(|problem| self.store.bad_entry(problem))
    }

    /// How far the KDC's clock is ahead. Daemons return 0 if they were not told.
    fn kdc_offset(&mut self) -> Option<ClockOffset> {
        let reply = self.call(Operation::GetKdcOffset, &[]).ok()?;
        let seconds = reply.number().ok()?.cast_signed();
        (seconds != 0).then_some(ClockOffset {
            seconds,
            microseconds: 0,
        })
    }

    /// Calls `each` with every record.
    fn credentials(
        &mut self,
        each: &mut dyn FnMut(&[u8]) -> Result<(), CcacheError>,
    ) -> Result<(), CcacheError> {
        match self.call(Operation::GetCredList, &[]) {
            Err(error) if error.is_unsupported() => {}
            reply => {
                for record in reply?.credentials()? {
                    each(record?)?;
                }
                return Ok(());
            }
        }
        let list = self.call(Operation::GetCredUuidList, &[])?;
        let mut total = 0;
        for uuid in list.uuids()? {
            if let Some(reply) = found(self.call(Operation::GetCredByUuid, &[uuid]))? {
                total += reply.rest().len();
                if total > LARGEST_CACHE {
                    return Err(KcmError::TooBig { length: total }.into());
                }
                each(reply.rest())?;
            }
        }
        Ok(())
    }
}

/// The reply; `None` if the daemon does not have the requested object.
fn found(reply: Result<Reply, KcmError>) -> Result<Option<Reply>, KcmError> {
    match reply {
        Err(error) if error.is_not_found() => Ok(None),
        reply => reply.map(Some),
    }
}

fn is_there(daemon: &mut Connection, name: &str) -> bool {
    let reply = daemon.call(Operation::GetPrincipal, &[&c_string(name)]);
    reply.is_ok_and(|reply| !reply.rest().is_empty())
}

fn c_string(name: &str) -> Vec<u8> {
    [name.as_bytes(), b"\0"].concat()
}

/// The limit for the total size of credentials that are sent one by one.
const LARGEST_CACHE: usize = 64 << 20;
