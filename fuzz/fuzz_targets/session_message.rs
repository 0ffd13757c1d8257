//! KRB-SAFE and KRB-PRIV from a stranger, or altered on the way: refused, or accepted as sent.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/script.rs"]
mod script;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use kerberos_crypto::{EncryptionType, Key};
use kerberos_proto::{HostAddress, MessageReceiver, MessageSender, Timestamp};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use script::Script;

const NOW: Timestamp = Timestamp::new(1_000_000_000, 7);
const DATA: &[u8] = b"what was agreed upon";
const ETYPES: [i32; 5] = [17, 20, 26, 23, 16];

static KEYS: LazyLock<[Key; 5]> = LazyLock::new(|| {
    let key = |etype| Key::generate(EncryptionType(etype), &mut Constant).expect("valid key");
    ETYPES.map(key)
});

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let key = &KEYS[usize::from(script.byte()) % KEYS.len()];
    let choices = script.byte();
    let address = HostAddress::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let mut sender = MessageSender::new(key, address.clone());
    sender.with_time = true;
    sender.sequence_number = Some(7);
    let mut receiver = MessageReceiver::new(key);
    receiver.sequence_number = (choices & 1 != 0).then_some(7);
    receiver.sender = (choices & 2 != 0).then_some(address);
    let is_honest = script.is_honest();
    let received = if choices & 4 == 0 {
        let message = script.alter(sender.private(DATA, &mut Constant, NOW));
        receiver.private(&message, NOW)
    } else {
        let message = script.alter(sender.safe(DATA, NOW));
        receiver.safe(&message, NOW)
    };
    match received {
        Ok(received) => {
            assert_eq!(&*received.data, DATA);
            assert_eq!(received.time, Some(NOW));
            assert_eq!(received.sequence_number, Some(7));
        }
        Err(error) => assert!(!is_honest && !error.to_string().is_empty()),
    }
});
