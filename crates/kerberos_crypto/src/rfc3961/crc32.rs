//! The modified CRC-32 (RFC 3961 §6.1.3): neither keyed nor collision-proof.

/// The checksum of `data` in the octet order of the RFC's appendix A.5.
pub(crate) fn crc32(data: &[u8]) -> [u8; 4] {
    // ISO 3309, except that the initial sum is zero and the final sum is not complemented.
    let mut remainder = 0_u32;
    for &byte in data {
        remainder ^= u32::from(byte);
        for _ in 0..8 {
            let feedback = if remainder & 1 == 1 { POLYNOMIAL } else { 0 };
            remainder = remainder >> 1 ^ feedback;
        }
    }
    remainder.to_le_bytes()
}

/// The generator of ISO 3309, least significant bit first.
const POLYNOMIAL: u32 = 0xEDB8_8320;

#[cfg(test)]
mod tests {
    use crate::testing::hex;

    fn check(input: &[u8], expected: &str) {
        assert_eq!(super::crc32(input).as_slice(), hex(expected), "{input:x?}");
    }

    #[test]
    fn rfc3961_appendix_a_5() {
        check(b"foo", "33bc3273");
        check(b"test0123456789", "d6883eb8");
        check(b"MASSACHVSETTS INSTITVTE OF TECHNOLOGY", "f78041e3");
        check(&[0x80, 0x00], "4b98833b");
        check(&[0x00, 0x08], "3288db0e");
        check(&[0x00, 0x80], "2083b8ed");
        check(&[0x80], "2083b8ed");
        check(&[0x80, 0x00, 0x00, 0x00], "3bb659ed");
        check(&[0x00, 0x00, 0x00, 0x01], "96300777");
    }
}
