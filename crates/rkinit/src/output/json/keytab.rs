//! A keytab in the documents of klist and ktutil, and in those that ktutil imports.

use kerberos_files::keytab::{KeytabEntry, KeytabName};

use crate::output::hex;
use crate::output::json::Object;

/// A document that is being written, entry by entry.
pub(crate) struct Document {
    /// Whether keys are shown.
    keys: bool,
    slot: usize,
}

impl Document {
    /// Begins the document for the keytab called `name`.
    pub(crate) fn begin(name: &KeytabName, keys: bool, out: &mut Vec<u8>) -> Self {
        let mut object = Object::begin(out);
        object.text("keytab", &name.to_string());
        object.field("entries").push(b'[');
        Self { keys, slot: 0 }
    }

    /// Appends `entry`.
    pub(crate) fn entry(&mut self, entry: &KeytabEntry, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.slot == 0 { b"\n  " } else { b",\n  " });
        self.slot += 1;
        let principal = &entry.principal;
        let mut object = Object::begin(out);
        object.literal("slot", self.slot);
        object.name("principal", |out| principal.unparse_into(out));
        object.literal("name_type", principal.name_type().0);
        object.literal("kvno", entry.kvno);
        object.etype("enctype", Some(entry.key.etype()));
        object.time("timestamp", Some(entry.timestamp.into()));
        if self.keys {
            let field = object.field("key");
            field.push(b'"');
            hex::push(entry.key.expose_bytes(), field);
            field.push(b'"');
        }
        object.end();
    }

    /// Ends the document; `error` says why it does not contain the whole keytab.
    pub(crate) fn end(self, error: Option<&str>, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.slot == 0 { b"]" } else { b"\n]" });
        let mut object = Object::resume(out);
        if let Some(error) = error {
            object.text("error", error);
        }
        object.end();
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use kerberos_crypto::{EncryptionType, KeyBlock};
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
        let check = |entries: &[&KeytabEntry], keys, error, expected: &str| {
            let mut out = Vec::new();
            let mut document = Document::begin(&KeytabName::file("/x"), keys, &mut out);
            for entry in entries {
                document.entry(entry, &mut out);
            }
            document.end(error, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        let expected = "{\"keytab\": \"FILE:/x\", \"entries\": [\n  {\"slot\": 1, \"principal\": \
            \"host/a\\\\tb@R\", \"name_type\": 1, \"kvno\": 3, \"enctype\": \"arcfour-hmac\", \
            \"enctype_number\": 23, \"timestamp\": \"2023-11-14T22:13:20Z\"}\n]}\n";
        check(&[&entry], false, None, expected);
        let with_key = expected.replace("Z\"}", "Z\", \"key\": \"abab\"}");
        check(&[&entry], true, None, &with_key);
        check(
            &[],
            true,
            None,
            "{\"keytab\": \"FILE:/x\", \"entries\": []}\n",
        );
        let torn = "{\"keytab\": \"FILE:/x\", \"entries\": [], \"error\": \"torn\"}\n";
        check(&[], true, Some("torn"), torn);
    }
}
