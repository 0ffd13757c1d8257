//! A service with its keytab, on this machine.

use std::os::fd::{AsRawFd, IntoRawFd};

use kerberos_client::{Config, ServiceAcceptor};
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_files::keytab::{KeytabEntry, encode_keytab};
use kerberos_proto::Principal;

use crate::memory_file;

/// The service's name.
pub const NAME: &str = "HTTP/www@R";

/// The service's key.
pub fn key() -> KeyBlock {
    KeyBlock::new(EncryptionType::AES128_CTS_HMAC_SHA1_96, vec![7; 16])
}

/// The service, without a replay cache.
pub fn service() -> ServiceAcceptor {
    let entry = KeytabEntry {
        principal: Principal::parse(NAME).expect("valid name"),
        timestamp: 0,
        kvno: 1,
        key: key(),
    };
    let keytab = encode_keytab(&[entry]).expect("the keytab can be encoded");
    let config = Config::parse("").expect("an empty configuration is valid");
    let config = config
        .with_keytab_name(lasting(&keytab))
        .with_rcache_name("none:");
    ServiceAcceptor::new(&config).expect("the keytab can be read")
}

/// The name of a file that contains `bytes` and can be read again and again.
pub fn lasting(bytes: &[u8]) -> String {
    let file = memory_file::holding(bytes);
    let name = format!("FILE:/proc/self/fd/{}", file.as_raw_fd());
    let _ = file.into_raw_fd();
    name
}
