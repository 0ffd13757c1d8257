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
    let now = now();
    let mut local_tgt = None;
    let mut any = false;
    loop {
        match reader.next() {
            Ok(Some(credential)) if is_local_tgt(&credential, &owner) => {
                local_tgt = Some(local_tgt == Some(true) || credential.endtime() > now);
            }
            Ok(Some(credential)) => any |= !credential.is_config() && credential.endtime() > now,
            Ok(None) => return local_tgt.unwrap_or(any),
            Err(_) => return false,
        }
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
