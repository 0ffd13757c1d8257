//! `klist --json`: a cache as a document, whose fields are listed in `docs/JSON.md`.

use std::io;

use kerberos_files::ccache::{Ccache, CcacheError, CcacheReader, ConfigEntryView};

use crate::klist::now;
use crate::klist::status::Validity;
use crate::output::json::{Object, push_text, ticket};
use crate::output::{Output, hex};

/// Appends the document for the contents of `cache`, read from `reader`. If reading fails, the
/// error becomes part of the document.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn push(
    cache: &Ccache,
    mut reader: CcacheReader,
    keys: bool,
    out: &mut Output,
) -> io::Result<Option<CcacheError>> {
    let owner = reader.default_principal().clone();
    let now = now();
    let mut validity = Validity::of(&owner);
    let mut object = Object::begin(out.buffer());
    object.text("cache", &cache.name().to_string());
    object.name("principal", |out| owner.unparse_into(out));
    match reader.kdc_offset() {
        Some(offset) => object.literal("kdc_offset_seconds", offset.seconds),
        None => object.literal("kdc_offset_seconds", "null"),
    }
    object.field("tickets").push(b'[');

    // Settings are mixed with the tickets, but there are only few.
    let mut settings = Vec::new();
    let mut separator = "";
    let error = loop {
        match reader.next() {
            Ok(Some(credential)) => {
                validity.see(&credential);
                if let Some(setting) = credential.config() {
                    push_setting(&setting, &mut settings);
                } else {
                    out.put(separator.as_bytes());
                    out.put(b"\n  ");
                    let credential = credential.to_credential();
                    ticket::push(&credential, keys, now.into(), out.buffer());
                    separator = ",";
                }
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
        out.flush_if_full()?;
    };
    out.put(if separator.is_empty() { b"]" } else { b"\n]" });

    let mut object = Object::resume(out.buffer());
    let field = object.field("config");
    field.push(b'[');
    field.append(&mut settings);
    field.push(b']');
    object.literal("valid", error.is_none() && validity.is_valid(now));
    if let Some(error) = &error {
        object.text("error", &error.to_string());
    }
    object.end();
    Ok(error)
}

fn push_setting(setting: &ConfigEntryView<'_>, out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.extend_from_slice(b", ");
    }
    let mut object = Object::begin(out);
    object.text("name", &String::from_utf8_lossy(setting.key));
    match setting.principal {
        Some(principal) => object.text("principal", &String::from_utf8_lossy(principal)),
        None => object.literal("principal", "null"),
    }
    // Some values are text, others are bytes. The hexadecimal form always contains all bytes.
    match str::from_utf8(setting.value) {
        Ok(text) => push_text(text, object.field("value")),
        Err(_) => object.literal("value", "null"),
    }
    let field = object.field("value_hex");
    field.push(b'"');
    hex::push(setting.value, field);
    field.push(b'"');
    object.end();
}
