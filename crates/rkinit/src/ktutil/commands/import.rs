//! `import`: adds entries from the JSON document that `list --json --keys` prints.
//!
//! The whole document is read and checked before anything is written.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;

use kerberos_asn1::NameType;
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_files::keytab::KeytabEntry;
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use crate::input::ccache_select;
use crate::ktutil::commands::change::{Standing, other_key, standing};
use crate::ktutil::commands::{Done, Target};
use crate::messages::refusal::Refusal;
use crate::messages::system_text;
use crate::output::hex;

/// The maximum size of a document.
const MAX_LEN: u64 = 64 * 1024 * 1024;

/// Adds the entries of the document in `file`, or on standard input, that `target` does not have.
pub(super) fn run(target: &Target, file: Option<&OsStr>) -> Result<Done, Refusal> {
    let file = file.filter(|file| *file != "-");
    let context = match file {
        Some(file) => format!("while importing {}", file.display()),
        None => "while importing standard input".into(),
    };
    let mut text = Zeroizing::new(Vec::new());
    let read = match file {
        Some(file) => File::open(file).and_then(|file| file.take(MAX_LEN).read_to_end(&mut text)),
        None => std::io::stdin().lock().take(MAX_LEN).read_to_end(&mut text),
    };
    read.map_err(|error| Refusal::new(system_text(&error), &context))?;
    let entries = self::read(&text).map_err(|problem| refusal(problem, &context))?;

    let mut known = target.entries_if_any()?;
    let before = known.len();
    for entry in entries {
        match standing(&known, &entry) {
            Standing::Absent => known.push(entry),
            Standing::Present => {}
            Standing::OtherKey => return Err(Refusal::new(other_key(&entry), &context)),
        }
    }
    let new = known.split_off(before);
    target.add(&new)?;
    Ok(Done::Count(new.len(), "added"))
}

/// The entries of a document; otherwise a description of what is wrong, without any of its
/// contents.
pub(in crate::ktutil) fn read(text: &[u8]) -> Result<Vec<KeytabEntry>, String> {
    let mut document: Value = serde_json::from_slice(text).map_err(|error| {
        // The message names only the position, because the text there may be a key.
        let place = format!("line {}, column {}", error.line(), error.column());
        format!("this is not JSON: see {place}")
    })?;
    let entries = entries(&document);
    wipe(&mut document);
    entries
}

/// Erases all keys in memory.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}

fn refusal(problem: String, context: &str) -> Refusal {
    Refusal {
        hint: Some(problem),
        ..Refusal::new("Bad format of the document", context)
    }
}

/// The entries of a document, or of a bare list of entries; otherwise what is wrong.
fn entries(document: &Value) -> Result<Vec<KeytabEntry>, String> {
    let list = document.get("entries").unwrap_or(document).as_array();
    let list = list.ok_or("it has no list of entries")?;
    let numbered = list.iter().enumerate().map(|(index, value)| {
        entry(value).map_err(|problem| format!("entry {}: {problem}", index + 1))
    });
    numbered.collect()
}

fn entry(value: &Value) -> Result<KeytabEntry, &'static str> {
    let text = |name| value.get(name).and_then(Value::as_str);
    let number = |name| value.get(name).and_then(Value::as_i64);
    let principal = text("principal").ok_or("it has no principal")?;
    if principal.contains(char::REPLACEMENT_CHARACTER) {
        return Err("its principal is not UTF-8 in the keytab, so it is missing from the document");
    }
    let mut principal = ccache_select::principal(principal.as_bytes(), false)
        .map_err(|_| "its principal is malformed, or has no realm")?;
    if let Some(name_type) = number("name_type") {
        let name_type = i32::try_from(name_type).map_err(|_| "its name_type is out of range")?;
        principal = principal.with_name_type(NameType(name_type));
    }
    let kvno = match value.get("kvno") {
        None => return Err("it has no kvno"),
        Some(kvno) if !kvno.is_number() => return Err("its kvno is not a number"),
        Some(kvno) => kvno.as_u64().and_then(|kvno| u32::try_from(kvno).ok()),
    };
    let etype = match number("enctype_number") {
        Some(etype) => i32::try_from(etype).ok().map(EncryptionType),
        None => text("enctype").and_then(EncryptionType::from_name),
    };
    let etype = etype.ok_or("it has no enctype_number and no known enctype")?;
    let key = text("key").ok_or("it has no key: list --json needs --keys")?;
    let mut key = hex::decode(key.as_bytes()).ok_or("its key is not hexadecimal")?;
    if etype.key_size().is_some_and(|size| size != key.len()) {
        return Err("its key has the wrong size for its encryption type");
    }
    // Keytabs store seconds since 1970 in 32 bits.
    let timestamp = match value.get("timestamp") {
        None => Some(crate::ktutil::now()),
        Some(Value::String(time)) => {
            let time = time.parse::<jiff::Timestamp>();
            let time = time.map_err(|_| "its timestamp is not in the format of RFC 3339")?;
            u32::try_from(time.as_second()).ok()
        }
        Some(time) if !time.is_number() => {
            return Err("its timestamp is not in the format of RFC 3339");
        }
        Some(time) => time.as_u64().and_then(|time| u32::try_from(time).ok()),
    };
    Ok(KeytabEntry {
        principal,
        timestamp: timestamp.ok_or("its timestamp is out of range: 1970 to 2106")?,
        kvno: kvno.ok_or("its kvno is out of range: 0 to 4294967295")?,
        key: KeyBlock::new(etype, std::mem::take(&mut *key)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<KeytabEntry>, String> {
        entries(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn entries_are_read_from_documents_and_bare_lists() {
        let entry = r#"{"principal": "a\\@b/c@R", "kvno": 7, "enctype": "rc4-hmac", "name_type": 3,
            "key": "00112233445566778899AABBCCDDEEFF", "timestamp": "2023-11-14T22:13:20Z"}"#;
        for text in [format!("[{entry}]"), format!("{{\"entries\": [{entry}]}}")] {
            let entries = read(&text).unwrap();
            let [entry] = entries.as_slice() else {
                panic!("{entries:?}");
            };
            assert_eq!(entry.principal.to_string(), "a\\@b/c@R");
            assert_eq!(entry.principal.name_type(), NameType::SRV_HST);
            assert_eq!((entry.kvno, entry.timestamp), (7, 1_700_000_000));
            assert_eq!(entry.key.expose_bytes()[..2], [0, 0x11]);
        }
        assert!(read("[]").unwrap().is_empty());
        // An unknown encryption type is kept by its number.
        let odd = r#"[{"principal": "a@R", "kvno": 1, "enctype": "etype 99",
            "enctype_number": 99, "key": "ab", "timestamp": 5}]"#;
        assert_eq!(read(odd).unwrap()[0].key.etype(), EncryptionType(99));
    }

    #[test]
    fn invalid_entry_is_refused_with_its_number_and_problem() {
        let good = r#"{"principal": "a@R", "kvno": 1, "enctype_number": 99, "key": "ab"}"#;
        assert!(read(&format!("[{good}]")).is_ok());
        let check = |from: &str, to: &str, problem: &str| {
            let text = format!("[{good}, {}]", good.replace(from, to));
            assert_eq!(read(&text).unwrap_err(), format!("entry 2: {problem}"));
        };
        check("principal", "x", "it has no principal");
        check(
            "a@R",
            "a@b@c",
            "its principal is malformed, or has no realm",
        );
        check("kvno", "x", "it has no kvno");
        let range = "its kvno is out of range: 0 to 4294967295";
        check("\"kvno\": 1", "\"kvno\": -1", range);
        check("\"kvno\": 1", "\"kvno\": 4294967296", range);
        check("\"kvno\": 1", "\"kvno\": \"1\"", "its kvno is not a number");
        for time in ["\"1960-01-01T00:00:00Z\"", "\"2200-01-01T00:00:00Z\"", "-1"] {
            check(
                "\"kvno\"",
                &format!("\"timestamp\": {time}, \"kvno\""),
                "its timestamp is out of range: 1970 to 2106",
            );
        }
        check("\"ab\"", "\"abc\"", "its key is not hexadecimal");
        check("key", "x", "it has no key: list --json needs --keys");
        check(
            "99",
            "18",
            "its key has the wrong size for its encryption type",
        );
        check(
            "enctype_number",
            "x",
            "it has no enctype_number and no known enctype",
        );
        check(
            "\"kvno\"",
            "\"timestamp\": \"yesterday\", \"kvno\"",
            "its timestamp is not in the format of RFC 3339",
        );
        assert_eq!(read("{}").unwrap_err(), "it has no list of entries");
        assert_eq!(read("5").unwrap_err(), "it has no list of entries");
    }
}
