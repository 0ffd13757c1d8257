//! Booleans and integers, parsed like in MIT's profile library.

/// A yes or no in any case; `None` for anything else.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let is_any = |words: [&str; 6]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_any(["y", "yes", "true", "t", "1", "on"]) {
        Some(true)
    } else if is_any(["n", "no", "false", "nil", "0", "off"]) {
        Some(false)
    } else {
        None
    }
}

/// A decimal 32-bit number with nothing after it.
pub(super) fn integer(text: &str) -> Option<i32> {
    text.trim_ascii_start().parse().ok()
}

/// The numbers in a list, up to the first word that is not a number.
pub(super) fn integers(list: &str) -> Vec<i32> {
    list.split([',', ' ', '\t'])
        .filter(|word| !word.is_empty())
        .map_while(integer)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_accept_the_words_of_mit() {
        for text in ["y", "YES", "True", "t", "1", "on"] {
            assert_eq!(boolean(text), Some(true), "{text}");
        }
        for text in ["n", "no", "FALSE", "nil", "0", "Off"] {
            assert_eq!(boolean(text), Some(false), "{text}");
        }
        for text in ["", "maybe", "2", "yes ", "truee"] {
            assert_eq!(boolean(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_decimal_and_of_32_bits() {
        let cases = [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("+7", Some(7)),
            ("2147483647", Some(i32::MAX)),
            ("2147483648", None),
            ("0x10", None),
            ("", None),
            ("12a", None),
            ("1 2", None),
        ];
        for (text, expected) in cases {
            assert_eq!(integer(text), expected, "{text:?}");
        }
        assert_eq!(integers("17, 16,15 14"), [17, 16, 15, 14]);
        assert_eq!(integers("2 x 3"), [2]);
        assert_eq!(integers(""), [0; 0]);
    }
}
