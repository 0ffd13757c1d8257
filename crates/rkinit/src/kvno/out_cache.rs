//! `--out-cache`: stores the tickets of a command line in a cache of their own.

use kerberos_client::{Client, ClientError};
use kerberos_files::ccache::{Ccache, CcacheBuilder, CcacheKind, CcacheName, ConfigEntry, Header};
use kerberos_proto::{Credential, Principal};

use crate::input::ccache_select;
use crate::messages::refusal::Refusal;

/// Replaces `cache` with a cache of `tickets`, which were obtained with the cache called `source`.
/// It belongs to the client of the first ticket.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(
    client: &Client,
    source: &CcacheName,
    cache: &Ccache,
    tickets: &[Credential],
) -> Result<(), Refusal> {
    let [first, ..] = tickets else {
        return Ok(());
    };
    let written = content(client, source, cache.name().kind(), &first.client, tickets)
        .and_then(|content| Ok(cache.replace_with(&content)?));
    written.map_err(|error| Refusal::of(&error, "while writing output ccache"))
}

fn content(
    client: &Client,
    source: &CcacheName,
    kind: CcacheKind,
    owner: &Principal,
    tickets: &[Credential],
) -> Result<CcacheBuilder, ClientError> {
    let version = client.config().krb5().ccache_version(kind);
    // Programs that use the new cache have the same clock.
    let kdc_offset = match ccache_select::open(source) {
        Ok(source) => source.open()?.kdc_offset(),
        Err(_) => None,
    };
    let mut cache = CcacheBuilder::new(&Header::new(version, kdc_offset), owner)?;
    if let [only] = tickets
        && let Some(realm) = foreign_realm(only)
    {
        cache.config(&ConfigEntry::new("start_realm", None, realm))?;
    }
    for ticket in tickets {
        cache.credential(ticket)?;
    }
    Ok(cache)
}

/// The realm that a TGT is for, if it is not the client's: lookups must start there.
fn foreign_realm(ticket: &Credential) -> Option<&[u8]> {
    let realm = ticket.server.tgt_realm();
    realm.filter(|realm| *realm != ticket.client.realm())
}
