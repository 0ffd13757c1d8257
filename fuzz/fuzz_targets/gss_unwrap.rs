//! Messages from anybody to an established context, with keys of every kind of token: any bytes are
//! refused, and an honest token that was altered is taken for what it was or refused.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/contexts.rs"]
mod contexts;
#[path = "support/script.rs"]
mod script;
#[path = "support/ticket.rs"]
mod ticket;

use kerberos_crypto::EncryptionType;
use kerberos_gss::{Part, Pieces, Protection};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use contexts::contexts;
use script::Script;

const ETYPES: [i32; 5] = [17, 20, 26, 23, 16];
const MESSAGE: &[u8] = b"a message of more than one block, and not of whole ones";

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let etype = ETYPES[usize::from(script.byte()) % ETYPES.len()];
    let (mut ours, mut theirs) = contexts(EncryptionType(etype));
    let protection = if script.byte() % 2 == 0 {
        Protection::Seal
    } else {
        Protection::Sign
    };
    let token = ours
        .wrap(protection, MESSAGE, &mut Constant)
        .expect("it fits");
    let altered = script.alter(token.clone());
    match theirs.unwrap(&altered) {
        Ok(read) => assert_eq!(read.message, MESSAGE),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let mut place = altered.clone();
    if let Ok(read) = theirs.receiver.unwrap_in_place(&mut place) {
        assert_eq!(read.message, MESSAGE);
    }
    let _ = theirs.verify_mic(MESSAGE, &altered);
    // The same octets in pieces.
    let cut = usize::from(script.byte()).min(altered.len());
    let (mut header, mut rest) = (altered[..cut].to_vec(), altered[cut..].to_vec());
    let mut parts = [Part::Signed(b"signed"), Part::Sealed(&mut rest)];
    let mut pieces = Pieces {
        header: &mut header,
        parts: &mut parts,
        padding: &mut [],
        trailer: None,
    };
    let _ = theirs.receiver.unwrap_scattered(&mut pieces);
});
