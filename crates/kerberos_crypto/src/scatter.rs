//! CBC with ciphertext stealing (RFC 3962 §5) for a message in several pieces: a first block (the
//! confounder) and [`Part`]s of any length.
//!
//! Whole blocks within a part are processed in place. Only blocks that span two parts, and the two
//! blocks at the end, which are swapped, are copied into a buffer.

use cipher::array::Array;
use cipher::consts::U16;
use cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser,
    InnerIvInit,
};
use zeroize::Zeroize;

use crate::profile::Part;

type Block = Array<u8, U16>;

/// The confounder and all parts, for computing the code that covers them.
pub(crate) fn all<'p>(
    confounder: &'p [u8],
    parts: &'p [Part<'_>],
) -> impl Iterator<Item = &'p [u8]> {
    core::iter::once(confounder).chain(parts.iter().map(Part::bytes))
}

/// Wipes the confounder and the decrypted parts.
pub(crate) fn wipe(confounder: &mut [u8], parts: &mut [Part<'_>]) {
    confounder.zeroize();
    sealed(parts).for_each(Zeroize::zeroize);
}

/// Encrypts in place, with the same result as [`cts::encrypt`](crate::cts::encrypt) on the
/// concatenated pieces.
pub(crate) fn encrypt<C>(cipher: &C, confounder: &mut [u8], parts: &mut [Part<'_>])
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let Ok(first) = <&mut Block>::try_from(confounder) else {
        return;
    };
    let mut cbc = cbc::Encryptor::inner_iv_init(cipher, &Block::default());
    let Some(tail_len) = Tail::length(parts) else {
        return cbc.encrypt_block(first);
    };
    let mut tail = Tail::take(first, parts, tail_len);
    if !tail.has_first {
        cbc.encrypt_block(first);
    }
    let body = total(parts).saturating_sub(tail.in_parts());
    each_block(parts, body, |blocks| cbc.encrypt_blocks(blocks));
    // The last two blocks: the shorter one is padded with zeros, and they are swapped.
    let [a, b] = &mut tail.blocks;
    cbc.encrypt_block(a);
    cbc.encrypt_block(b);
    core::mem::swap(a, b);
    tail.put_back(first, parts, body);
}

/// Reverses [`encrypt`] in place.
pub(crate) fn decrypt<C>(cipher: &C, confounder: &mut [u8], parts: &mut [Part<'_>])
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let Ok(first) = <&mut Block>::try_from(confounder) else {
        return;
    };
    let mut cbc = cbc::Decryptor::inner_iv_init(cipher, &Block::default());
    let Some(tail_len) = Tail::length(parts) else {
        return cbc.decrypt_block(first);
    };
    let mut tail = Tail::take(first, parts, tail_len);
    if !tail.has_first {
        cbc.decrypt_block(first);
    }
    let body = total(parts).saturating_sub(tail.in_parts());
    each_block(parts, body, |blocks| cbc.decrypt_blocks(blocks));
    let [a, b] = &mut tail.blocks;
    // `a` is E(X ^ (P | 0…)) and `b` the start of X. The rest of X is what follows the end of P
    // after decryption.
    let mut mixed = *a;
    cipher.decrypt_block(&mut mixed);
    for (to, from) in b.iter_mut().zip(mixed.iter()).skip(tail_len) {
        *to = *from;
    }
    core::mem::swap(a, b);
    cbc.decrypt_block(a);
    cbc.decrypt_block(b);
    mixed.as_mut_slice().zeroize();
    tail.put_back(first, parts, body);
}

/// The last two blocks of a message. The second may be incomplete.
struct Tail {
    blocks: [Block; 2],
    /// How many bytes of the second block belong to the message.
    second: usize,
    /// Whether the first block is the confounder.
    has_first: bool,
}

impl Tail {
    /// The length of the last block; `None` if the message is just the confounder.
    fn length(parts: &mut [Part<'_>]) -> Option<usize> {
        match total(parts) {
            0 => None,
            length => Some((length - 1) % BLOCK + 1),
        }
    }

    fn take(first: &Block, parts: &mut [Part<'_>], second: usize) -> Self {
        let mut tail = Self {
            blocks: [Block::default(); 2],
            second,
            has_first: total(parts) <= BLOCK,
        };
        if tail.has_first {
            let [block, _] = &mut tail.blocks;
            *block = *first;
        }
        let start = total(parts).saturating_sub(tail.in_parts());
        let places = from(parts, start).flatten();
        for (to, place) in tail.bytes_in_parts().zip(places) {
            *to = *place;
        }
        tail
    }

    /// Writes the blocks back to where they came from: the end of `parts`, from `start` on.
    fn put_back(mut self, first: &mut Block, parts: &mut [Part<'_>], start: usize) {
        if self.has_first {
            let [block, _] = &self.blocks;
            *first = *block;
        }
        let places = from(parts, start).flatten();
        for (place, byte) in places.zip(self.bytes_in_parts()) {
            *place = *byte;
        }
        self.blocks
            .iter_mut()
            .for_each(|block| block.as_mut_slice().zeroize());
    }

    /// How many bytes of the two blocks are in the parts.
    fn in_parts(&self) -> usize {
        let first = if self.has_first { 0 } else { BLOCK };
        first + self.second
    }

    fn bytes_in_parts(&mut self) -> impl Iterator<Item = &mut u8> {
        let skipped = if self.has_first { BLOCK } else { 0 };
        let count = self.in_parts();
        self.blocks.iter_mut().flatten().skip(skipped).take(count)
    }
}

/// Calls `work` with every block of the first `length` bytes, in order. `length` is a whole number
/// of blocks.
fn each_block(parts: &mut [Part<'_>], length: usize, mut work: impl FnMut(&mut [Block])) {
    let mut left = length;
    // A block that began in earlier parts, and how much of it has been collected.
    let (mut block, mut filled) = (Block::default(), 0);
    let mut position = 0;
    let mut begun = 0;
    for index in 0..parts.len() {
        let (earlier, later) = parts.split_at_mut(index);
        let Some(Part::Sealed(bytes)) = later.first_mut() else {
            continue;
        };
        let here = bytes.len().min(left);
        left -= here;
        let bytes = bytes.get_mut(..here).unwrap_or_default();
        let missing = if filled == 0 {
            0
        } else {
            (BLOCK - filled).min(here)
        };
        let (head, rest) = bytes.split_at_mut(missing);
        if missing > 0 {
            for (to, from) in block.iter_mut().skip(filled).zip(head.iter()) {
                *to = *from;
            }
            filled += missing;
            if filled == BLOCK {
                work(core::slice::from_mut(&mut block));
                let places = from(earlier, begun).flatten().chain(head.iter_mut());
                for (place, byte) in places.zip(block.iter()) {
                    *place = *byte;
                }
                filled = 0;
            }
        }
        let (blocks, tail) = Block::slice_as_chunks_mut(rest);
        if !blocks.is_empty() {
            work(blocks);
        }
        if !tail.is_empty() {
            begun = position + here - tail.len();
            filled = tail.len();
            for (to, from) in block.iter_mut().zip(tail.iter()) {
                *to = *from;
            }
        }
        position += here;
    }
    block.as_mut_slice().zeroize();
}

/// The sealed bytes of `parts` from position `start` on, counting only sealed bytes.
fn from<'p>(parts: &'p mut [Part<'_>], start: usize) -> impl Iterator<Item = &'p mut [u8]> {
    let mut skip = start;
    sealed(parts).map(move |bytes| {
        let skipped = skip.min(bytes.len());
        skip -= skipped;
        bytes.get_mut(skipped..).unwrap_or_default()
    })
}

fn sealed<'p>(parts: &'p mut [Part<'_>]) -> impl Iterator<Item = &'p mut [u8]> {
    parts.iter_mut().filter_map(|part| match part {
        Part::Sealed(bytes) => Some(&mut **bytes),
        Part::Signed(_) => None,
    })
}

fn total(parts: &mut [Part<'_>]) -> usize {
    sealed(parts).map(|bytes| bytes.len()).sum()
}

const BLOCK: usize = 16;

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::Part;
    use crate::testing::FixedRng;
    use crate::{EncryptionType, Key, KeyUsage};

    /// A message of `length` bytes is encrypted as if it were in one piece, however it is cut.
    fn check(key: &Key, length: usize, cuts: &[usize]) {
        let usage = KeyUsage::GSS_ACCEPTOR_SEAL;
        let text: Vec<u8> = (0..=255).cycle().take(length).collect();
        let whole = key.encrypt(usage, &text, &mut FixedRng::new(&[9; 16]));
        let (mut confounder, mut code) = ([0; 16], alloc::vec![0; key.trailer_len()]);
        let mut scattered = text.clone();
        let mut parts = cut(&mut scattered, cuts);
        key.encrypt_scattered(
            usage,
            &mut confounder,
            &mut parts,
            &mut code,
            &mut FixedRng::new(&[9; 16]),
        )
        .unwrap();
        let sealed = [&confounder[..], &scattered, &code].concat();
        assert_eq!(sealed, whole, "{length} bytes cut at {cuts:?}");
        let mut parts = cut(&mut scattered, cuts);
        key.decrypt_scattered(usage, &mut confounder, &mut parts, &code)
            .unwrap();
        assert_eq!(scattered, text, "{length} bytes cut at {cuts:?}");
        assert_eq!(confounder, [9; 16]);
    }

    fn cut<'a>(mut bytes: &'a mut [u8], cuts: &[usize]) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        for &at in cuts {
            let (part, rest) = bytes.split_at_mut(at.min(bytes.len()));
            parts.push(Part::Sealed(part));
            bytes = rest;
        }
        parts.push(Part::Sealed(bytes));
        parts
    }

    fn keys() -> impl Iterator<Item = Key> {
        [17, 18, 19, 20, 25, 26].into_iter().map(|number| {
            let etype = EncryptionType(number);
            Key::from_bytes(etype, &alloc::vec![3; etype.key_size().unwrap()]).unwrap()
        })
    }

    #[test]
    fn scattered_encryption_equals_contiguous_encryption() {
        for key in keys() {
            for length in (0..70).chain([256, 1000]) {
                for cuts in [
                    &[][..],
                    &[1],
                    &[0, 16, 0, 16],
                    &[15, 2, 14],
                    &[1; 40],
                    &[31, 1, 1, 30],
                    &[48, 3, 3, 100],
                ] {
                    check(&key, length, cuts);
                }
            }
        }
    }

    #[test]
    fn altered_signed_only_part_fails_decryption() {
        for key in keys() {
            let usage = KeyUsage::GSS_ACCEPTOR_SEAL;
            let (mut confounder, mut code) = ([0; 16], alloc::vec![0; key.trailer_len()]);
            let mut text = *b"some text that is longer than a block";
            let mut rng = FixedRng::new(&[9; 16]);
            let (start, end) = text.split_at_mut(5);
            let mut parts = [
                Part::Signed(b"head"),
                Part::Sealed(start),
                Part::Signed(b"x"),
                Part::Sealed(end),
            ];
            key.encrypt_scattered(usage, &mut confounder, &mut parts, &mut code, &mut rng)
                .unwrap();
            for (head, good) in [(b"head", true), (b"heat", false)] {
                let (mut confounder, mut text) = (confounder, text);
                let (start, end) = text.split_at_mut(5);
                let mut parts = [
                    Part::Signed(head),
                    Part::Sealed(start),
                    Part::Signed(b"x"),
                    Part::Sealed(end),
                ];
                let opened = key.decrypt_scattered(usage, &mut confounder, &mut parts, &code);
                assert_eq!(opened.is_ok(), good);
                assert_eq!(text.starts_with(b"some text"), good);
            }
        }
    }
}
