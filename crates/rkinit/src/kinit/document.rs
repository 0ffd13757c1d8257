//! `kinit --json`: the new ticket as a document, whose fields are listed in `docs/JSON.md`.

use kerberos_asn1::KerberosTime;
use kerberos_files::ccache::Ccache;

use crate::kinit::Got;
use crate::output::json::{Object, ticket};

/// The document for `got`, which is stored in `cache`; `now` is in seconds since 1970.
pub(super) fn of(got: &Got, cache: &Ccache, now: i64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = Object::begin(&mut out);
    object.text("cache", &cache.name().to_string());
    object.name("principal", |out| got.credential.client.unparse_into(out));
    let expires = got.password_expiration.map(KerberosTime::unix);
    object.time("password_expires", expires);
    ticket::push(&got.credential, false, now, object.field("ticket"));
    object.end();
    out.push(b'\n');
    out
}
