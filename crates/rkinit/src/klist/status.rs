//! `klist -s`: whether there is a ticket that can be used now.

use std::ffi::OsStr;

use kerberos_files::ccache::CcacheFile;
use kerberos_files::ccache::CcacheName;
use kerberos_files::ccache::CredentialView;
use kerberos_proto::Principal;

use crate::klist::cache_name;
use crate::klist::now;

/// The exit status: 0 for a cache that can be used, else 1. Nothing is said.
///
/// The collection of a file cache is that cache, so `-A -s` asks the same.
pub(super) fn exit_status(name: Option<&OsStr>) -> u8 {
    match cache_name(name) {
        Ok(name) if is_valid(&name) => 0,
        _ => 1,
    }
}

/// Whether `name` has a local ticket-granting ticket that has not expired or, when it has no such
/// ticket at all, any other that has not.
pub(super) fn is_valid(name: &CcacheName) -> bool {
    let Some(mut reader) = name
        .file_path()
        .ok()
        .and_then(|path| CcacheFile::new(path).open().ok())
    else {
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
