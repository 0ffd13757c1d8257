//! Keys as hexadecimal digits: shown on request, and parsed when a user types them.

use zeroize::Zeroizing;

/// Appends two lower-case digits per byte.
pub(crate) fn push(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.extend([digit(byte >> 4), digit(byte & 15)]);
    }
}

/// The bytes of pairs of digits, in either case; `None` for anything else.
pub(crate) fn decode(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
    for pair in digits.chunks(2) {
        let [high, low] = *pair else {
            return None;
        };
        bytes.push(value(high)? << 4 | value(low)?);
    }
    Some(bytes)
}

fn digit(number: u8) -> u8 {
    if number < 10 {
        b'0' + number
    } else {
        b'a' - 10 + number
    }
}

fn value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_and_decoding_round_trip() {
        let all: Vec<u8> = (0..=255).collect();
        let mut digits = Vec::new();
        push(&all, &mut digits);
        assert!(digits.starts_with(b"000102") && digits.ends_with(b"fdfeff"));
        assert_eq!(*decode(&digits).unwrap(), all);
        assert_eq!(*decode(&digits.to_ascii_uppercase()).unwrap(), all);
    }

    #[test]
    fn malformed_hex_is_refused() {
        for digits in ["0", "0g", " 0", "0x00", "00\n", "é"] {
            assert!(decode(digits.as_bytes()).is_none(), "{digits}");
        }
    }
}
