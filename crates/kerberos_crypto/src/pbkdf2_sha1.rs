//! PBKDF2 with HMAC-SHA1 (RFC 8018 §5.2), for keys of up to 40 bytes.
//!
//! A password login spends nearly all of its time here, so this uses the compression function
//! directly: an iteration is two compressions of one block each, starting from the states after the
//! key blocks. A key of 32 bytes needs two chains of iterations, which advance in step so that the
//! processor can work on both at the same time.
//! works on both at a time.

use hmac::{Hmac, Mac};
use sha1::block_api::compress;
use sha1::{Digest, Sha1};
use zeroize::{Zeroize, Zeroizing};

/// Fills `out` with the key derived from `password` and `salt` in `iterations` iterations.
///
/// Anything after 40 bytes is left unchanged; no key is that long.
pub(crate) fn pbkdf2_sha1(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
    let states = HmacStates::new(password);
    let first = |number: u32| Chain::new(password, salt, number);
    let (head, tail) = out.split_at_mut(out.len().min(DIGEST));
    if tail.is_empty() {
        let [one] = run([first(1)], &states, iterations);
        one.write(head);
    } else {
        let [one, two] = run([first(1), first(2)], &states, iterations);
        one.write(head);
        two.write(tail);
    }
}

/// Advances all chains in step, one compression of each at a time.
fn run<const N: usize>(mut chains: [Chain; N], states: &HmacStates, iterations: u32) -> [Chain; N] {
    for _ in 1..iterations {
        for state in [&states.inner, &states.outer] {
            for chain in &mut chains {
                chain.compress_from(state);
            }
        }
        for chain in &mut chains {
            chain.add();
        }
    }
    chains
}

/// The size of a SHA-1 digest.
const DIGEST: usize = 20;
/// The block size of SHA-1.
const BLOCK: usize = 64;

type State = [u32; 5];

const ONE_BIT: u32 = 1 << 31;
const LENGTH_IN_BITS: u16 = 84 * 8;

/// The initial state of SHA-1 (FIPS 180-4 §5.3.1).
const INITIAL: State = [
    0x6745_2301,
    0xEFCD_AB89,
    0x98BA_DCFE,
    0x1032_5476,
    0xC3D2_E1F0,
];

/// The states of SHA-1 after the inner and outer key block of HMAC (RFC 2104 §2).
struct HmacStates {
    inner: State,
    outer: State,
}

impl Drop for HmacStates {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl HmacStates {
    fn new(password: &[u8]) -> Self {
        let mut key = Zeroizing::new([0; BLOCK]);
        if password.len() > BLOCK {
            let mut digest = Sha1::digest(password);
            copy(&mut *key, &digest);
            digest.as_mut_slice().zeroize();
        } else {
            copy(&mut *key, password);
        }
        let after = |pad: u8| {
            let block = Zeroizing::new(key.map(|byte| byte ^ pad));
            let mut state = INITIAL;
            compress(&mut state, core::slice::from_ref(&*block));
            state
        };
        Self {
            inner: after(0x36),
            outer: after(0x5C),
        }
    }
}

/// One block of the output: U₁ ⊕ U₂ ⊕ … (RFC 8018 §5.2).
struct Chain {
    current: State,
    sum: State,
    /// The next block to compress: the digest, and the padding for a message that consists of the
    /// key block and one digest (FIPS 180-4 §5.1.1).
    block: [u8; BLOCK],
}

impl Drop for Chain {
    fn drop(&mut self) {
        self.current.zeroize();
        self.sum.zeroize();
        self.block.zeroize();
    }
}

impl Chain {
    /// U₁ = HMAC(password, salt | number).
    fn new(password: &[u8], salt: &[u8], number: u32) -> Self {
        let mac: Hmac<Sha1> = crate::profile::keyed(password);
        let code = mac
            .chain_update(salt)
            .chain_update(number.to_be_bytes())
            .finalize();
        let mut current = State::default();
        let (words, _) = code.as_bytes().as_chunks::<4>();
        for (to, word) in current.iter_mut().zip(words) {
            *to = u32::from_be_bytes(*word);
        }
        let mut block = [0; BLOCK];
        let [.., high, low] = &mut block;
        [*high, *low] = LENGTH_IN_BITS.to_be_bytes();
        Self {
            current,
            sum: current,
            block,
        }
    }

    /// Compresses the digest as the block that follows `state`, and replaces it by the result.
    #[inline]
    fn compress_from(&mut self, state: &State) {
        // Writes sixteen octets at a time, because they are read back that way.
        let [a, b, c, d, last] = self.current;
        let (quarters, _) = self.block.as_chunks_mut::<16>();
        if let [first, second, ..] = quarters {
            first.copy_from_slice([a, b, c, d].map(u32::to_be_bytes).as_flattened());
            second.copy_from_slice([last, ONE_BIT, 0, 0].map(u32::to_be_bytes).as_flattened());
        }
        self.current = *state;
        compress(&mut self.current, core::slice::from_ref(&self.block));
    }

    /// Adds the digest to the sum.
    #[inline]
    fn add(&mut self) {
        for (sum, word) in self.sum.iter_mut().zip(&self.current) {
            *sum ^= word;
        }
    }

    fn write(&self, out: &mut [u8]) {
        for (to, word) in out.chunks_mut(4).zip(&self.sum) {
            copy(to, &word.to_be_bytes());
        }
    }
}

fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use crate::testing::hex;

    /// RFC 6070 §2, except for counts that take too long for a unit test.
    #[test]
    fn rfc6070_vectors() {
        let check = |password: &[u8], salt: &[u8], iterations, expected: &str| {
            let expected = hex(expected);
            let mut out = vec![0; expected.len()];
            super::pbkdf2_sha1(password, salt, iterations, &mut out);
            assert_eq!(out, expected, "{iterations} iterations");
        };
        check(
            b"password",
            b"salt",
            1,
            "0c60c80f961f0e71f3a9b524af6012062fe037a6",
        );
        check(
            b"password",
            b"salt",
            2,
            "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957",
        );
        check(
            b"password",
            b"salt",
            4096,
            "4b007901b765489abead49d926f721d065a429c1",
        );
        check(
            b"pass\0word",
            b"sa\0lt",
            4096,
            "56fa6aa75548099dcc37d7f03425e0c3",
        );
        check(
            b"passwordPASSWORDpassword",
            b"saltSALTsaltSALTsaltSALTsaltSALTsalt",
            4096,
            "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038",
        );
    }
}
