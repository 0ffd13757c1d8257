//! JSON (RFC 8259) for programs: the parts that the documents of several tools share.
//!
//! Documents are written piece by piece and never held as a tree: a listing of ten thousand tickets
//! needs no more memory than one ticket. The fields are documented in `docs/JSON.md`.

pub(crate) mod keytab;
pub(crate) mod ticket;

use std::fmt;
use std::io::Write as _;

use kerberos_crypto::EncryptionType;

/// An object that is being written. [`end`](Self::end) closes it.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    /// Appends the start of an object to `out`.
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self {
            out,
            is_empty: true,
        }
    }

    /// Continues an object that already has fields.
    pub(crate) fn resume(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            is_empty: false,
        }
    }

    /// Begins a field. Its value must be appended to the returned buffer.
    pub(crate) fn field(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.extend_from_slice(b", ");
        }
        self.is_empty = false;
        push_text(name, self.out);
        self.out.extend_from_slice(b": ");
        self.out
    }

    /// A string field.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        push_text(value, self.field(name));
    }

    /// A field with a Kerberos name, which is not necessarily UTF-8.
    pub(crate) fn name(&mut self, name: &str, unparse: impl FnOnce(&mut Vec<u8>)) {
        let mut value = Vec::new();
        unparse(&mut value);
        self.text(name, &String::from_utf8_lossy(&value));
    }

    /// A field with a number, `true`, `false` or `null`.
    pub(crate) fn literal(&mut self, name: &str, value: impl fmt::Display) {
        // Writing to a vector cannot fail.
        let _ = write!(self.field(name), "{value}");
    }

    /// A field with a time in seconds since 1970.
    pub(crate) fn time(&mut self, name: &str, seconds: Option<i64>) {
        match seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
            Some(time) => self.text(name, &time.to_string()),
            None => self.literal(name, "null"),
        }
    }

    /// Two fields with an encryption type, by name and by number.
    pub(crate) fn etype(&mut self, name: &str, etype: Option<EncryptionType>) {
        let number = format!("{name}_number");
        if let Some(etype) = etype {
            self.text(name, &etype.to_string());
            self.literal(&number, etype.0);
        } else {
            self.literal(name, "null");
            self.literal(&number, "null");
        }
    }

    /// Closes the object.
    pub(crate) fn end(self) {
        self.out.push(b'}');
    }
}

/// Appends an array, with `push` appending each of `items`.
pub(crate) fn push_array<T>(
    items: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    mut push: impl FnMut(T, &mut Vec<u8>),
) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        push(item, out);
    }
    out.push(b']');
}

/// Appends `text` as a string, without characters that could control a terminal.
pub(crate) fn push_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            character if character.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            character => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_writer_produces_valid_json() {
        let mut out = Vec::new();
        let mut object = Object::begin(&mut out);
        object.text("a", "say \"x\" \\ \n\u{1b}\u{9b}é");
        object.literal("b", 1);
        object.time("c", Some(1_700_000_000));
        object.time("d", None);
        object.etype("e", Some(EncryptionType(99)));
        object.etype("f", None);
        push_array(0..2, object.field("g"), |item, out| {
            let _ = write!(out, "{item}");
        });
        object.name("h", |out| out.extend_from_slice(b"\xff"));
        object.end();
        let text = String::from_utf8(out).unwrap();
        let expected = "{\"a\": \"say \\\"x\\\" \\\\ \\n\\u001b\\u009bé\", \"b\": 1, \
            \"c\": \"2023-11-14T22:13:20Z\", \"d\": null, \"e\": \"etype 99\", \"e_number\": 99, \
            \"f\": null, \"f_number\": null, \"g\": [0, 1], \"h\": \"\u{fffd}\"}";
        assert_eq!(text, expected);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        let mut out = Vec::new();
        Object::begin(&mut out).end();
        assert_eq!(out, b"{}");
    }
}
