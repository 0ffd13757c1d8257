//! `kvno --json`: the result for each name, as a document whose fields are listed in
//! `docs/JSON.md`.

use std::ffi::OsStr;

use kerberos_files::ccache::CcacheName;
use kerberos_proto::Credential;

use crate::output::json::{Object, ticket};

/// A document that is being written, name by name.
pub(super) struct Document {
    now: i64,
    is_empty: bool,
}

impl Document {
    /// Begins the document of tickets that are requested with those in `cache`; `now` is in seconds
    /// since 1970.
    pub(super) fn begin(cache: &CcacheName, now: i64, out: &mut Vec<u8>) -> Self {
        let mut object = Object::begin(out);
        object.text("cache", &cache.to_string());
        object.field("services").push(b'[');
        Self {
            now,
            is_empty: true,
        }
    }

    /// Appends the ticket for `name`; `keytab` says whether the keytab can decrypt it, if one was
    /// given.
    pub(super) fn ticket(
        &mut self,
        name: &OsStr,
        kvno: u32,
        keytab: Option<bool>,
        credential: &Credential,
        out: &mut Vec<u8>,
    ) {
        let mut object = self.service(name, out);
        object.literal("kvno", kvno);
        match keytab {
            Some(is_valid) => object.literal("keytab_entry_valid", is_valid),
            None => object.literal("keytab_entry_valid", "null"),
        }
        ticket::push(credential, false, self.now, object.field("ticket"));
        object.end();
    }

    /// Appends why there is no ticket for `name`.
    pub(super) fn error(&mut self, name: &OsStr, message: &str, out: &mut Vec<u8>) {
        let mut object = self.service(name, out);
        object.text("error", message);
        object.end();
    }

    /// Ends the document.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.is_empty { b"]}\n" } else { b"\n]}\n" });
    }

    fn service<'a>(&mut self, name: &OsStr, out: &'a mut Vec<u8>) -> Object<'a> {
        out.extend_from_slice(if self.is_empty { b"\n  " } else { b",\n  " });
        self.is_empty = false;
        let mut object = Object::begin(out);
        object.text("service", &name.to_string_lossy());
        object
    }
}
