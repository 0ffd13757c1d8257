//! Splits a line of the shell into words: blanks and tabs separate them, and double quotes keep
//! them together.
//!
//! ```text
//! a "b c"       two words
//! a"b c"d       one: ab cd
//! "say ""hi"""  one: say "hi"
//! ""            one, which is empty
//! ```
//! There is no other escape: a backslash stays a backslash, because principals contain them.

/// A quote was opened but not closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unbalanced;

/// The words of `line`.
///
/// # Errors
/// [`Unbalanced`].
pub(super) fn split(line: &[u8]) -> Result<Vec<Vec<u8>>, Unbalanced> {
    let mut words = Vec::new();
    // `None` between words; `Some` of an empty word is a word.
    let mut word: Option<Vec<u8>> = None;
    let mut quoted = false;
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted && bytes.peek() == Some(&b'"') => {
                bytes.next();
                word.get_or_insert_default().push(byte);
            }
            b'"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            b' ' | b'\t' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(byte),
        }
    }
    if quoted {
        return Err(Unbalanced);
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_split_into_words_with_quotes() {
        let check = |line: &str, expected: &[&str]| {
            let words = split(line.as_bytes()).unwrap();
            let words: Vec<_> = words
                .iter()
                .map(|word| str::from_utf8(word).unwrap())
                .collect();
            assert_eq!(words, expected, "{line}");
        };
        check("", &[]);
        check(" \t ", &[]);
        check("list -e", &["list", "-e"]);
        check("\tlist\t -e  ", &["list", "-e"]);
        check("a \"b c\"", &["a", "b c"]);
        check("a\"b c\"d", &["ab cd"]);
        check("\"\"", &[""]);
        check("a \"\" b", &["a", "", "b"]);
        check("\"say \"\"hi\"\"\"", &["say \"hi\""]);
        check("a\"\"\"\"b", &["a\"b"]);
        check("back\\slash \\\"q\"", &["back\\slash", "\\q"]);
        check("it's", &["it's"]);
    }

    #[test]
    fn quotes_must_be_closed() {
        for line in ["\"", "a \"b", "a\"b\" \"", "\"a\"\"", "\"\"\""] {
            assert_eq!(split(line.as_bytes()), Err(Unbalanced), "{line}");
        }
    }
}
