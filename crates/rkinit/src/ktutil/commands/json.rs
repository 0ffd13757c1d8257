//! The JSON document of a keytab; its fields are listed in `docs/TOOLS.md`.

use std::io::Write as _;

use kerberos_files::keytab::KeytabEntry;
use kerberos_files::keytab::KeytabName;

use crate::hex;

/// Appends the document of `entries`, the keys only if that is wanted.
pub(super) fn write(name: &KeytabName, entries: &[KeytabEntry], keys: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"keytab\": ");
    push_text(&name.to_string(), out);
    out.extend_from_slice(b", \"entries\": [");
    for (index, entry) in entries.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"\n  {" } else { b",\n  {" });
        let _ = write!(out, "\"slot\": {}, \"principal\": ", index + 1);
        let mut principal = Vec::new();
        entry.principal.unparse_into(&mut principal);
        push_text(&String::from_utf8_lossy(&principal), out);
        let etype = entry.key.etype();
        let _ = write!(
            out,
            ", \"name_type\": {}, \"kvno\": {}, \"enctype\": \"{etype}\", \"enctype_number\": {}, \
             \"timestamp\": \"{}\"",
            entry.principal.name_type().0,
            entry.kvno,
            etype.0,
            time(entry.timestamp),
        );
        if keys {
            out.extend_from_slice(b", \"key\": \"");
            hex::push(entry.key.expose_bytes(), out);
            out.push(b'"');
        }
        out.push(b'}');
    }
    out.extend_from_slice(if entries.is_empty() {
        b"]}\n"
    } else {
        b"\n]}\n"
    });
}

/// RFC 3339, in UTC.
fn time(seconds: u32) -> jiff::Timestamp {
    // 32 bits are far within what a timestamp holds.
    jiff::Timestamp::from_second(seconds.into()).unwrap_or_default()
}

/// Appends `text` as a JSON string (RFC 8259 §7).
fn push_text(text: &str, out: &mut Vec<u8>) {
    // A string is always representable.
    out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use kerberos_crypto::EncryptionType;
    use kerberos_crypto::KeyBlock;
    use kerberos_proto::Principal;

    use super::*;

    #[test]
    fn keys_are_shown_only_when_asked_for() {
        let entry = KeytabEntry {
            principal: Principal::parse("host/a\\tb@R").unwrap(),
            timestamp: 1_700_000_000,
            kvno: 3,
            key: KeyBlock::new(EncryptionType::ARCFOUR_HMAC, vec![0xab; 2]),
        };
        let text = |entries: &[KeytabEntry], keys| {
            let mut out = Vec::new();
            write(&KeytabName::file("/x"), entries, keys, &mut out);
            String::from_utf8(out).unwrap()
        };
        let expected = "{\"keytab\": \"FILE:/x\", \"entries\": [\n  {\"slot\": 1, \"principal\": \
            \"host/a\\\\tb@R\", \"name_type\": 1, \"kvno\": 3, \"enctype\": \"arcfour-hmac\", \
            \"enctype_number\": 23, \"timestamp\": \"2023-11-14T22:13:20Z\"}\n]}\n";
        assert_eq!(text(std::slice::from_ref(&entry), false), expected);
        let with_key = expected.replace("Z\"}", "Z\", \"key\": \"abab\"}");
        assert_eq!(text(&[entry], true), with_key);
        assert_eq!(
            text(&[], true),
            "{\"keytab\": \"FILE:/x\", \"entries\": []}\n"
        );
    }
}
