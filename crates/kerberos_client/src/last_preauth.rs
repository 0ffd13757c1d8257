//! Reads from a cache how its login preauthenticated, so that the next login need not ask the KDC.

use kerberos_crypto::EncryptionType;
use kerberos_files::ccache::{Ccache, ConfigEntryView};
use kerberos_proto::{AsParams, LastPreauth};

/// How the client of `params` preauthenticated when it got the ticket in `cache` that it now
/// requests again; for [`AsParams::last_preauth`].
///
/// `None` when the cache does not exist, belongs to another client, or has no such setting. It is
/// read as far as the first ticket, since a login writes its settings before that.
pub fn last_preauth(cache: &Ccache, params: &AsParams) -> Option<LastPreauth> {
    let mut reader = cache.open().ok()?;
    if *reader.default_principal() != params.client {
        return None;
    }
    let mut server = Vec::new();
    params
        .server_in(params.client.realm())
        .unparse_into(&mut server);
    let (mut pa_type, mut etype) = (None, None);
    while let Ok(Some(entry)) = reader.next()
        && entry.is_config()
    {
        match entry.config() {
            Some(setting) if setting.principal != Some(&server) => {}
            Some(setting) if setting.key == b"pa_type" => pa_type = number(&setting),
            Some(setting) if setting.key == b"pa_etype" => etype = number(&setting),
            _ => {}
        }
    }
    let mut last = LastPreauth::new(pa_type?);
    last.etype = etype.map(EncryptionType);
    Some(last)
}

fn number(setting: &ConfigEntryView<'_>) -> Option<i32> {
    str::from_utf8(setting.value).ok()?.parse().ok()
}
