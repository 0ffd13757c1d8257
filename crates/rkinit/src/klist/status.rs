//! `klist -s`: whether there is a usable ticket.

use std::ffi::OsStr;

use kerberos_files::ccache::{Ccache, CcacheError, CcacheReader, CredentialView};
use kerberos_proto::Principal;

use crate::input::ccache_select;
use crate::klist::now;

/// The exit status: 0 for a usable cache, else 1. Nothing is printed. A damaged cache counts as
/// unusable, because other ways of listing it fail.
pub(super) fn exit_status(name: Option<&OsStr>) -> u8 {
    let cache = ccache_select::cache(name).and_then(|name| ccache_select::open(&name));
    let end = cache.and_then(|cache| Ok(last_end(&mut cache.open()?)?));
    u8::from(!matches!(end, Ok(Some(end)) if end > now()))
}

/// Whether `cache` has an unexpired local ticket-granting ticket or, if it has no such ticket at
/// all, any other unexpired ticket. In a damaged cache, the complete entries count.
pub(super) fn is_valid(cache: &Ccache) -> bool {
    let end = cache.open().map(|mut reader| ends(&mut reader).0);
    matches!(end, Ok(Some(end)) if end > now())
}

/// The end time of the last local ticket-granting ticket or, if the cache has no such ticket at
/// all, of the last other ticket; `None` without any ticket. `reader` must be at the first entry.
///
/// # Errors
/// When the cache cannot be read.
pub(crate) fn last_end(reader: &mut CcacheReader) -> Result<Option<u32>, CcacheError> {
    let (end, read) = ends(reader);
    read.map(|()| end)
}

/// The end time according to the complete entries, and whether all entries are complete.
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

/// How long a cache is usable, according to the entries seen so far.
pub(super) struct Validity<'a> {
    owner: &'a Principal,
    local_tgt: Option<u32>,
    any: Option<u32>,
}

impl<'a> Validity<'a> {
    /// The state for a cache of `owner` before the first entry.
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

    /// The end time of the last local ticket-granting ticket or, if there is none at all, of the
    /// last other ticket.
    pub(super) fn until(&self) -> Option<u32> {
        self.local_tgt.or(self.any)
    }

    /// Whether there is a usable ticket.
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
