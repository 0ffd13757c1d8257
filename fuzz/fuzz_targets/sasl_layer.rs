//! Frames from anybody to a SASL security layer, in pieces of any size: they are refused or more
//! input is awaited, and altered honest frames are refused or accepted with their original
//! contents.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/contexts.rs"]
mod contexts;
#[path = "support/script.rs"]
mod script;
#[path = "support/ticket.rs"]
mod ticket;

use std::sync::LazyLock;

use kerberos_crypto::EncryptionType;
use kerberos_sasl::{Layers, SecurityLayer};
use libfuzzer_sys::fuzz_target;

use contexts::contexts;
use script::Script;

const LAYERS: [Layers; 3] = [Layers::NONE, Layers::INTEGRITY, Layers::CONFIDENTIALITY];
const LIMIT: u32 = 512;

/// No two parts of it are equal, so that a missing, repeated or early frame is noticed.
static MESSAGE: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..350_u16).flat_map(u16::to_be_bytes).collect());

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let layer = LAYERS[usize::from(script.byte()) % LAYERS.len()];
    let (ours, theirs) = contexts(EncryptionType::AES128_CTS_HMAC_SHA1_96);
    let framed = |context| {
        let framed = SecurityLayer::framed(context, layer, LIMIT, LIMIT);
        framed.expect("the context has this layer").1
    };
    let (mut ours, mut theirs) = (framed(*ours), framed(*theirs));
    let mut frames = Vec::new();
    ours.sender
        .protect(&MESSAGE, &mut frames)
        .expect("the message can be protected");
    let step = usize::from(script.byte()) + 1;
    let altered = script.alter(frames);
    let (mut received, mut messages) = (Vec::new(), Vec::new());
    'connection: for piece in altered.chunks(step) {
        received.extend_from_slice(piece);
        loop {
            match theirs.receiver.receive(&mut received, &mut messages) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    break 'connection;
                }
            }
        }
        // Never waits for more than a frame.
        assert!(received.len() <= 4 + LIMIT as usize);
    }
    if layer != Layers::NONE {
        assert!(MESSAGE.starts_with(&messages));
    }
});
