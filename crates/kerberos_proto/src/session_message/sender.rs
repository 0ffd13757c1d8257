//! `MessageSender`: makes KRB-SAFE and KRB-PRIV (RFC 4120 §3.4.1, §3.5.1).

use alloc::vec::Vec;

use kerberos_asn1::{
    Checksum, EncKrbPrivPart, Encode, EncryptedData, KrbPriv, KrbSafe, KrbSafeBody, Microseconds,
};
use kerberos_crypto::{CryptoRng, Key, KeyUsage};
use zeroize::Zeroizing;

use crate::{HostAddress, Timestamp};

/// The sender and its key, and what a message contains besides the data.
///
/// # Example
/// ```
/// use core::net::{IpAddr, Ipv4Addr};
/// use kerberos_crypto::{EncryptionType, Key};
/// use kerberos_proto::{MessageError, MessageReceiver, MessageSender, OriginFault, Timestamp};
/// # let mut rng = kerberos_testkdc::Repeatable(7);
/// # let now = Timestamp::new(1_767_225_600, 0);
/// // Both have the subkey, and each other's first sequence number, from the AP exchange.
/// let subkey = Key::from_bytes(EncryptionType::AES256_CTS_HMAC_SHA1_96, &[1; 32])?;
/// let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// let mut sender = MessageSender::new(&subkey, address.into());
/// sender.sequence_number = Some(7);
/// let message = sender.private(b"attack at dawn", &mut rng, now);
///
/// let mut receiver = MessageReceiver::new(&subkey);
/// receiver.sequence_number = Some(7);
/// assert_eq!(&*receiver.private(&message, now)?.data, b"attack at dawn");
///
/// // The same a second time is not what comes next.
/// receiver.sequence_number = Some(8);
/// let replayed = receiver.private(&message, now).unwrap_err();
/// assert!(matches!(replayed, MessageError::Origin(OriginFault::Sequence { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageSender<'k> {
    /// The subkey or session key shared with the recipient.
    pub key: &'k Key,
    /// Whether to include the time. RFC 4120 §3.4.1 requires a time or a sequence number.
    pub with_time: bool,
    /// The sequence number of the message, if the session numbers its messages.
    pub sequence_number: Option<u32>,
    /// The sender's address.
    pub sender: HostAddress,
    /// The recipient's address.
    pub recipient: Option<HostAddress>,
}

impl<'k> MessageSender<'k> {
    /// A sender at the address `sender`, without time and sequence number.
    pub fn new(key: &'k Key, sender: HostAddress) -> Self {
        Self {
            key,
            with_time: false,
            sequence_number: None,
            sender,
            recipient: None,
        }
    }

    /// The KRB-PRIV that contains `data`, made at the time `now`.
    pub fn private(&self, data: &[u8], rng: &mut dyn CryptoRng, now: Timestamp) -> Vec<u8> {
        let (timestamp, usec) = self.time(now);
        let part = EncKrbPrivPart {
            user_data: data,
            timestamp: timestamp.map(Timestamp::to_kerberos_time),
            usec,
            seq_number: self.sequence_number,
            s_address: self.sender.to_wire(),
            r_address: self.recipient.as_ref().map(HostAddress::to_wire),
        };
        let part = Zeroizing::new(part.to_der());
        // RFC 4120 §5.7.1: key usage 13.
        let cipher = self.key.encrypt(KeyUsage::KRB_PRIV_ENC_PART, &part, rng);
        KrbPriv {
            enc_part: EncryptedData {
                etype: self.key.etype().0,
                kvno: None,
                cipher: &cipher,
            },
        }
        .to_der()
    }

    /// The KRB-SAFE that contains `data`, made at the time `now`. Everyone can read it.
    pub fn safe(&self, data: &[u8], now: Timestamp) -> Vec<u8> {
        let (timestamp, usec) = self.time(now);
        let body = KrbSafeBody {
            user_data: data,
            timestamp: timestamp.map(Timestamp::to_kerberos_time),
            usec,
            seq_number: self.sequence_number,
            s_address: self.sender.to_wire(),
            r_address: self.recipient.as_ref().map(HostAddress::to_wire),
        };
        let covered = without_checksum(body.clone());
        // RFC 4120 §5.6.1: key usage 15.
        let checksum = self.key.checksum(KeyUsage::KRB_SAFE_CHECKSUM, &covered);
        KrbSafe {
            safe_body: body,
            cksum: Checksum {
                cksumtype: self.key.checksum_type().0,
                checksum: &checksum,
            },
        }
        .to_der()
    }

    fn time(&self, now: Timestamp) -> (Option<Timestamp>, Option<Microseconds>) {
        let time = self.with_time.then_some(now);
        (time, time.map(|time| Microseconds(time.microseconds)))
    }
}

/// What the checksum of a KRB-SAFE covers: the message with a checksum whose type and length are
/// zero (RFC 4120 §5.6.1).
pub(super) fn without_checksum(safe_body: KrbSafeBody<'_>) -> Vec<u8> {
    KrbSafe {
        safe_body,
        cksum: Checksum {
            cksumtype: 0,
            checksum: b"",
        },
    }
    .to_der()
}
