//! n-fold (RFC 3961 §5.1): stretches or shrinks a string so that every input bit counts.

use alloc::vec;

use zeroize::Zeroizing;

/// Folds `input` to the length of `out`. An empty input folds to zeros.
pub(crate) fn nfold(input: &[u8], out: &mut [u8]) {
    if let (Ok(input), Ok(out)) = (
        <&[u8; 5]>::try_from(input),
        <&mut [u8; 16]>::try_from(&mut *out),
    ) {
        *out = nfold_usage(*input);
    } else {
        nfold_general(input, out);
    }
}

fn nfold_general(input: &[u8], out: &mut [u8]) {
    out.fill(0);
    if input.is_empty() || out.is_empty() {
        return;
    }
    // The input is repeated up to the least common multiple of both lengths. Each repetition is the
    // previous one, rotated right by 13 bits.
    let input_bits = input.len() * 8;
    let total = input.len() / gcd(input.len(), out.len()) * out.len();
    // Zeroizing, because triple DES folds passwords.
    let mut sums = Zeroizing::new(vec![0_u64; out.len()]);
    for (repetition, start) in (0..total).step_by(input.len()).enumerate() {
        let rotation = 13 * repetition % input_bits;
        for position in 0..input.len() {
            let bit = (position * 8 + input_bits - rotation) % input_bits;
            if let Some(sum) = sums.get_mut((start + position) % out.len()) {
                *sum += u64::from(cyclic_byte(input, bit));
            }
        }
    }
    // Pieces of the output's length are added in ones' complement: the carry out of the top is
    // added at the bottom.
    let mut carry = 0;
    loop {
        for (sum, byte) in sums.iter_mut().zip(out.iter_mut()).rev() {
            let value = *sum + carry;
            let [.., low] = value.to_be_bytes();
            *byte = low;
            *sum = u64::from(low);
            carry = value >> 8;
        }
        if carry == 0 {
            return;
        }
    }
}

/// The 128-fold of five bytes, which is needed for each derivation of a key for a usage (RFC 3961
/// §5.3). A service derives keys for every request, and would spend a quarter of its time in the
/// general function.
fn nfold_usage(input: [u8; 5]) -> [u8; 16] {
    let value = input
        .iter()
        .fold(0, |value, byte| value << 8 | u64::from(*byte));
    // Sixteen repetitions have the length of five outputs.
    let mut repetitions = [0; 80];
    for (place, rotation) in repetitions.chunks_exact_mut(5).zip((0..).step_by(13)) {
        let rotation = rotation % 40;
        let rotated = value >> rotation | value << (40 - rotation);
        let [_, _, _, bytes @ ..] = rotated.to_be_bytes();
        place.copy_from_slice(&bytes);
    }
    let (pieces, _) = repetitions.as_chunks();
    let sum = pieces.iter().fold(0, |sum: u128, piece| {
        let (sum, carry) = sum.overflowing_add(u128::from_be_bytes(*piece));
        sum + u128::from(carry)
    });
    sum.to_be_bytes()
}

/// The eight bits of `input` that start at `bit`, wrapping around at the end.
fn cyclic_byte(input: &[u8], bit: usize) -> u8 {
    let at = |index: usize| input.get(index % input.len()).copied().unwrap_or(0);
    let [_, byte] =
        (u16::from_be_bytes([at(bit / 8), at(bit / 8 + 1)]) >> (8 - bit % 8)).to_be_bytes();
    byte
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use crate::testing::hex;

    fn check(input: &str, expected: &str) {
        let expected = hex(expected);
        let mut out = vec![0; expected.len()];
        super::nfold(input.as_bytes(), &mut out);
        assert_eq!(out, expected, "{}-fold({input:?})", expected.len() * 8);
    }

    #[test]
    fn rfc3961_appendix_a_1() {
        check("012345", "be072631276b1955");
        check("password", "78a07b6caf85fa");
        check("Rough Consensus, and Running Code", "bb6ed30870b7f0e0");
        check("password", "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e");
        check(
            "MASSACHVSETTS INSTITVTE OF TECHNOLOGY",
            "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b",
        );
        check("Q", "518a54a2 15a8452a 518a54a2 15a8452a 518a54a2 15");
        check("ba", "fb25d531 ae897449 9f52fd92 ea9857c4 ba24cf29 7e");
        check("kerberos", "6b657262 65726f73");
        check("kerberos", "6b657262 65726f73 7b9b5b2b 93132b93");
        check(
            "kerberos",
            "8372c236 344e5f15 50cd0747 e15d62ca 7a5a3bce a4",
        );
        check(
            "kerberos",
            "6b657262 65726f73 7b9b5b2b 93132b93 5c9bdcda d95c9899 c4cae4de e6d6cae4",
        );
    }

    #[test]
    fn nfold_usage_agrees_with_general_nfold() {
        for usage in (0..2000_u32).chain([u32::MAX, 0x8000_0000, 0x0102_0304]) {
            for purpose in [0x55, 0x99, 0xaa, 0x00, 0xff] {
                let [a, b, c, d] = usage.to_be_bytes();
                let input = [a, b, c, d, purpose];
                let mut general = [0; 16];
                super::nfold_general(&input, &mut general);
                assert_eq!(super::nfold_usage(input), general, "{input:02x?}");
            }
        }
    }

    #[test]
    fn empty_input_folds_to_zeros() {
        check("", "0000000000000000");
    }
}
