//! `klist -s`: whether there is a ticket that can be used now.

use std::ffi::OsStr;

use kerberos_files::ccache::Ccache;
use kerberos_files::ccache::CredentialView;
use kerberos_proto::Principal;

use crate::ccache_select;
use crate::klist::now;

/// The exit status: 0 for a cache that can be used, else 1. Nothing is said.
pub(super) fn exit_status(name: Option<&OsStr>) -> u8 {
    let cache = ccache_select::cache(name).and_then(|name| ccache_select::open(&name));
    u8::from(!cache.is_ok_and(|cache| is_valid(&cache)))
}

/// Whether `cache` has a local ticket-granting ticket that has not expired or, when it has no such
/// ticket at all, any other that has not.
pub(super) fn is_valid(cache: &Ccache) -> bool {
    let Ok(mut reader) = cache.open() else {
        return false;
    };
    let owner = reader.default_principal().clone();
    let mut validity = Validity::of(&owner, now());
    loop {
        match reader.next() {
            Ok(Some(credential)) => validity.see(&credential),
            Ok(None) => return validity.is_valid(),
            Err(_) => return false,
        }
    }
}

/// What the entries of a cache that were seen so far say of it.
pub(super) struct Validity<'a> {
    owner: &'a Principal,
    now: u32,
    local_tgt: Option<bool>,
    any: bool,
}

impl<'a> Validity<'a> {
    /// Of a cache of `owner`, before an entry was seen.
    pub(super) fn of(owner: &'a Principal, now: u32) -> Self {
        Self {
            owner,
            now,
            local_tgt: None,
            any: false,
        }
    }

    /// Takes the next entry into account.
    pub(super) fn see(&mut self, credential: &CredentialView<'_>) {
        let is_good = credential.endtime() > self.now;
        if is_local_tgt(credential, self.owner) {
            self.local_tgt = Some(self.local_tgt == Some(true) || is_good);
        } else {
            self.any |= !credential.is_config() && is_good;
        }
    }

    /// Whether there is a ticket that can be used.
    pub(super) fn is_valid(&self) -> bool {
        self.local_tgt.unwrap_or(self.any)
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
