//! Makes bytes that others chose, such as names in a cache, safe for a terminal: control characters
//! are replaced by `?`.

/// Appends `bytes` without control characters, except those in `may_stay`. This is safe on
/// terminals with UTF-8 and with single-byte encodings.
pub(crate) fn push(bytes: &[u8], may_stay: &[char], out: &mut Vec<u8>) {
    let drives = |character: char| character.is_control() && !may_stay.contains(&character);
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        if valid.contains(drives) {
            out.extend_from_slice(valid.replace(drives, "?").as_bytes());
        } else {
            out.extend_from_slice(valid.as_bytes());
        }
        let control = |byte: u8| (0x80..=0x9f).contains(&byte);
        let invalid = chunk.invalid().iter();
        out.extend(invalid.map(|&byte| if control(byte) { b'?' } else { byte }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_control_characters_are_replaced() {
        fn check(bytes: &[u8], may_stay: &[char], expected: &[u8]) {
            let mut out = b">".to_vec();
            push(bytes, may_stay, &mut out);
            assert_eq!(out, [b">", expected].concat());
        }
        check("für\u{1b}[2J\n".as_bytes(), &[], "für?[2J?".as_bytes());
        check(b"a\n\tb\r\x07", &['\n', '\t'], b"a\n\tb??");
        check("\u{9b}1m".as_bytes(), &[], b"?1m");
        // CSI in Latin-1, and a letter in Latin-1.
        check(b"\x9b1m\xe4", &[], b"?1m\xe4");
    }
}
