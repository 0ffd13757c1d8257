//! A setting in a cache as shown by `klist -C`: `config: key(principal) = value`.

use std::io::Write as _;

use kerberos_files::ccache::CredentialView;

/// The first column of a continued value.
const INDENT: usize = 8;
/// A value is wrapped after the first character beyond this column.
const LAST_COLUMN: usize = 72;

/// Appends `config: key(principal) = ` and returns the column where it ends.
pub(super) fn push_name(credential: &CredentialView<'_>, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(b"config: ");
    for (index, component) in credential.server().components().skip(1).enumerate() {
        // C prints a string up to its first NUL.
        let text = component
            .split(|byte| *byte == 0)
            .next()
            .unwrap_or_default();
        let (open, close): (&[u8], &[u8]) = if index > 0 { (b"(", b")") } else { (b"", b"") };
        for part in [open, text, close] {
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(b" = ");
    out.len() - start
}

/// Appends the value, wrapped into lines: printable ASCII unchanged, all other bytes in octal.
pub(super) fn push_value(value: &[u8], mut column: usize, out: &mut Vec<u8>) {
    for byte in value {
        while column < INDENT {
            out.push(b' ');
            column += 1;
        }
        if byte.is_ascii_graphic() {
            out.push(*byte);
            column += 1;
        } else {
            let _ = write!(out, "\\{byte:03o}");
            column += 4;
        }
        if column > LAST_COLUMN {
            out.push(b'\n');
            column = 0;
        }
    }
    if column > 0 {
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_values_are_escaped_and_wrapped() {
        let check = |value: &[u8], column, expected: &str| {
            let mut out = Vec::new();
            push_value(value, column, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(b"yes", 20, "yes\n");
        check(b"", 20, "\n");
        check(b"a b\n\xff~", 20, "a\\040b\\012\\377~\n");
        check(
            &[b'x'; 60],
            20,
            &format!("{}\n        {}\n", "x".repeat(53), "x".repeat(7)),
        );
        check(&[b'x'; 53], 20, &format!("{}\n", "x".repeat(53)));
    }
}
