//! CBC with ciphertext stealing (CBC-CS3, RFC 3962 §5), always with a zero initial vector.
//!
//! This is plain CBC from the `cbc` crate and a swap of the last two blocks. A message of exactly
//! one block is that block encrypted once (RFC 3962 §5). The `cts` crate encrypts it twice, which
//! would break the pseudo-random function.

use cipher::array::Array;
use cipher::consts::U16;
use cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser,
    InnerIvInit,
};

type Block = Array<u8, U16>;

/// Encrypts `message` in place. A message shorter than one block is left unchanged.
pub(crate) fn encrypt<C>(cipher: &C, message: &mut [u8])
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    encrypt_between(cipher, message, |_| {}, |_| {});
}

/// Encrypts `message` in place, piece by piece. Each piece is passed to `before` in plaintext and
/// to `after` encrypted. A message shorter than one block is left unchanged.
///
/// CBC must finish each block before it begins the next, so the processor has time to hash in
/// between: both together take little longer than the encryption alone.
pub(crate) fn encrypt_between<C>(
    cipher: &C,
    message: &mut [u8],
    mut before: impl FnMut(&[u8]),
    mut after: impl FnMut(&[u8]),
) where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut cbc = cbc::Encryptor::inner_iv_init(cipher, &Block::default());
    // The last two blocks are swapped, so they stay together.
    let body = message.len().saturating_sub(32) / PIECE * PIECE;
    let (body, rest) = message.split_at_mut(body);
    for piece in body.chunks_exact_mut(PIECE) {
        before(piece);
        cbc.encrypt_blocks(Block::slice_as_chunks_mut(piece).0);
        after(piece);
    }
    before(rest);
    encrypt_end(cbc, rest);
    after(rest);
}

/// Encrypts the end of a message: at least two blocks, unless the message is shorter.
fn encrypt_end<C>(mut cbc: cbc::Encryptor<&C>, message: &mut [u8])
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let (blocks, tail) = Block::slice_as_chunks_mut(message);
    cbc.encrypt_blocks(blocks);
    if tail.is_empty() {
        if let [.., a, b] = blocks {
            core::mem::swap(a, b);
        }
        return;
    }
    let Some(last) = blocks.last_mut() else {
        return;
    };
    // The tail, padded with zeros, is the last block. The block before it is cut to the tail's
    // length.
    let mut padded = Block::default();
    for (to, from) in padded.iter_mut().zip(tail.iter()) {
        *to = *from;
    }
    cbc.encrypt_block(&mut padded);
    for (to, from) in tail.iter_mut().zip(last.iter()) {
        *to = *from;
    }
    *last = padded;
}

/// Reverses [`encrypt`] in place. `first` is the first block, `rest` everything after it.
///
/// They are separate so that a caller can leave the first block, the confounder, where it is.
pub(crate) fn decrypt<C>(cipher: &C, first: &mut [u8], rest: &mut [u8])
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let Ok(first) = <&mut Block>::try_from(first) else {
        return;
    };
    let (blocks, tail) = Block::slice_as_chunks_mut(rest);
    if tail.is_empty() {
        match blocks {
            [] => {}
            [only] => core::mem::swap(first, only),
            [.., a, b] => core::mem::swap(a, b),
        }
    } else {
        let last = blocks.last_mut().unwrap_or(first);
        // `last` is E(X ^ (P | 0…)) and `tail` the start of X. The rest of X is what follows the
        // end of P after decryption.
        cipher.decrypt_block(last);
        for (mixed, stolen) in last.iter_mut().zip(tail.iter_mut()) {
            let start_of_x = *stolen;
            *stolen ^= *mixed;
            *mixed = start_of_x;
        }
    }
    let mut cbc = cbc::Decryptor::inner_iv_init(cipher, &Block::default());
    cbc.decrypt_block(first);
    cbc.decrypt_blocks(blocks);
}

/// How much to encrypt between two calls: the block size of the common hash functions. With larger
/// pieces, a processor does not look far enough ahead to do both at once.
const PIECE: usize = 64;

#[cfg(test)]
mod tests {
    use aes::Aes128;
    use alloc::vec::Vec;
    use cipher::KeyInit;

    use crate::testing::hex;

    const INPUT: &[u8] = b"I would like the General Gau's Chicken, please, and wonton soup.";

    /// RFC 3962, appendix B: encrypting the first `length` bytes of the order gives `expected`.
    fn check(length: usize, expected: &str) {
        let cipher = Aes128::new_from_slice(b"chicken teriyaki").unwrap();
        let mut message: Vec<u8> = INPUT[..length].to_vec();
        super::encrypt(&cipher, &mut message);
        assert_eq!(message, hex(expected), "encrypting {length} bytes");
        let (first, rest) = message.split_at_mut(16);
        super::decrypt(&cipher, first, rest);
        assert_eq!(message, &INPUT[..length], "decrypting {length} bytes");
    }

    #[test]
    fn rfc3962_ciphertext_stealing() {
        // One block is plain CBC, so its value is the first block of the longer vectors.
        check(16, "97687268d6ecccc0c07b25e25ecfe584");
        check(17, "c6353568f2bf8cb4d8a580362da7ff7f97");
        check(
            31,
            "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5",
        );
        check(
            32,
            "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584",
        );
        check(
            47,
            "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e\
             39312523a78662d5be7fcbcc98ebf5",
        );
        check(
            48,
            "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd8\
             39312523a78662d5be7fcbcc98ebf5a8",
        );
        check(
            64,
            "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a8\
             4807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8",
        );
    }
}
