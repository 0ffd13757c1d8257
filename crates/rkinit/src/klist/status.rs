//! `klist -s`: whether there is a ticket that can be used now.

use std::ffi::OsStr;

use kerberos_files::ccache::{Ccache, CcacheError, CcacheReader, CredentialView};
use kerberos_proto::Principal;

use crate::input::ccache_select;
use crate::klist::now;

/// The exit status: 0 for a cache that can be used, else 1. Nothing is said. A damaged one cannot,
/// as other ways to list it say.
pub(super) fn exit_status(name: Option<&OsStr>) -> u8 {
    let cache = ccache_select::cache(name).and_then(|name| ccache_select::open(&name));
    let end = cache.and_then(|cache| Ok(last_end(&mut cache.open()?)?));
    u8::from(!matches!(end, Ok(Some(end)) if end > now()))
}

/// Whether `cache` has a local ticket-granting ticket that has not expired or, when it has no such
/// ticket at all, any other that has not. Of a damaged one the whole entries count.
pub(super) fn is_valid(cache: &Ccache) -> bool {
    let end = cache.open().map(|mut reader| ends(&mut reader).0);
    matches!(end, Ok(Some(end)) if end > now())
}

/// When the last local ticket-granting ticket ends of a cache of which no entry was read yet or,
/// when it has no such ticket at all, the last of the others; `None` without any ticket.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn last_end(reader: &mut CcacheReader) -> Result<Option<u32>, CcacheError> {
    let (end, read) = ends(reader);
    read.map(|()| end)
}

/// What the whole entries say of that, and whether all are whole.
fn ends(reader: &mut CcacheReader) -> (Option<u32>, Result<(), CcacheError>) {
    let owner = reader.default_principal().clone();
    let mut validity = Validity::of(&owner);
    let read = loop {
        match reader.next() {
            Ok(Some(credential)) => validity.see(&credential),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    (validity.until(), read)
}

/// What the entries of a cache that were seen so far say of how long it is good.
pub(super) struct Validity<'a> {
    owner: &'a Principal,
    local_tgt: Option<u32>,
    any: Option<u32>,
}

impl<'a> Validity<'a> {
    /// Of a cache of `owner`, before an entry was seen.
    pub(super) fn of(owner: &'a Principal) -> Self {
        Self {
            owner,
            local_tgt: None,
            any: None,
        }
    }

    /// Takes the next entry into account.
    pub(super) fn see(&mut self, credential: &CredentialView<'_>) {
        let last = if is_local_tgt(credential, self.owner) {
            &mut self.local_tgt
        } else if credential.is_config() {
            return;
        } else {
            &mut self.any
        };
        *last = Some(credential.endtime()).max(*last);
    }

    /// When the last local ticket-granting ticket ends or, when there is none at all, the last of
    /// the others.
    pub(super) fn until(&self) -> Option<u32> {
        self.local_tgt.or(self.any)
    }

    /// Whether there is a ticket that can be used.
    pub(super) fn is_valid(&self, now: u32) -> bool {
        self.until().is_some_and(|end| end > now)
    }
}

/// Whether the server is `krbtgt/REALM@REALM` with the realm of the cache's principal.
fn is_local_tgt(credential: &CredentialView<'_>, owner: &Principal) -> bool {
    let server = credential.server();
    server.realm() == owner.realm()
        && server
            .components()
            .eq([b"krbtgt".as_slice(), owner.realm()])
}
