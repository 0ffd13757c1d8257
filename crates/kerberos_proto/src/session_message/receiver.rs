//! `MessageReceiver`: reads and checks KRB-SAFE and KRB-PRIV (RFC 4120 §3.4.2, §3.5.2).

use alloc::vec::Vec;

use kerberos_asn1::{Decode, EncKrbPrivPart, KrbPriv, KrbSafe, MessageType};
use kerberos_crypto::{CryptoError, EncryptionType, Key, KeyUsage};
use zeroize::Zeroizing;

use super::sender::without_checksum;
use super::{ExpectedOrigin, MessageError, Origin};
use crate::plain::without_padding;
use crate::{HostAddress, Timestamp};

/// The requirements for a message. By default it only has to match the key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageReceiver<'k> {
    /// The subkey or session key shared with the sender.
    pub key: &'k Key,
    /// How much the sender's clock may differ, in seconds; `None` accepts a message of any age.
    pub clock_skew: Option<u32>,
    /// The required sequence number, if the session numbers its messages. As in MIT's library, a
    /// missing number counts as zero.
    pub sequence_number: Option<u32>,
    /// The address it came from. A message that states another sender is refused.
    pub sender: Option<HostAddress>,
    /// The address where it was received. A message that states another recipient is refused.
    pub recipient: Option<HostAddress>,
}

/// The contents of a message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedMessage {
    /// The application's data. `Debug` shows only its length.
    pub data: SecretData,
    /// When the message was made.
    pub time: Option<Timestamp>,
    /// Its sequence number.
    pub sequence_number: Option<u32>,
}

impl<'k> MessageReceiver<'k> {
    /// A receiver that requires only the key.
    pub fn new(key: &'k Key) -> Self {
        Self {
            key,
            clock_skew: None,
            sequence_number: None,
            sender: None,
            recipient: None,
        }
    }

    /// The contents of `message`, a KRB-PRIV received at the time `now`.
    ///
    /// # Errors
    /// A separate error for each possible fault. Its [`MessageError::code`] may be sent to the
    /// sender.
    pub fn private(&self, message: &[u8], now: Timestamp) -> Result<ReceivedMessage, MessageError> {
        expect(message, MessageType::KRB_PRIV)?;
        let message = KrbPriv::from_der(message).map_err(MessageError::decode("the KRB-PRIV"))?;
        let etype = self.key.etype();
        // A message of another type cannot have been encrypted with this key.
        if EncryptionType(message.enc_part.etype) != etype {
            return Err(MessageError::Integrity);
        }
        let plain = self
            .key
            .decrypt(KeyUsage::KRB_PRIV_ENC_PART, message.enc_part.cipher)
            .map_err(|_| MessageError::Integrity)?;
        let part = EncKrbPrivPart::from_der(without_padding(&plain, etype))
            .map_err(MessageError::decode("the encrypted part of the KRB-PRIV"))?;
        let origin = Origin {
            time: Origin::time(part.timestamp, part.usec),
            sequence_number: part.seq_number,
            sender: Some(part.s_address),
            recipient: part.r_address,
        };
        self.take(part.user_data, &origin, now)
    }

    /// The contents of `message`, a KRB-SAFE received at the time `now`.
    ///
    /// # Errors
    /// The same as [`private`](Self::private).
    pub fn safe(&self, message: &[u8], now: Timestamp) -> Result<ReceivedMessage, MessageError> {
        expect(message, MessageType::KRB_SAFE)?;
        let decode = || MessageError::decode("the KRB-SAFE");
        let safe = KrbSafe::from_der(message).map_err(decode())?;
        // RFC 4120 §3.4.2: the checksum must be collision-proof and keyed. The type that belongs to
        // the key is both.
        if safe.cksum.cksumtype != self.key.checksum_type().0 {
            return Err(MessageError::InappropriateChecksum(safe.cksum.cksumtype));
        }
        let verify = |covered: &[u8]| {
            let usage = KeyUsage::KRB_SAFE_CHECKSUM;
            self.key
                .verify_checksum(usage, covered, safe.cksum.checksum)
        };
        // §5.6.1: it covers the whole message. In RFC 1510, and for some peers, it covers the body
        // only.
        let body = KrbSafe::safe_body_der(message).map_err(decode())?;
        verify(&without_checksum(safe.safe_body.clone()))
            .or_else(|_: CryptoError| verify(body))
            .map_err(|_| MessageError::Altered)?;
        let body = &safe.safe_body;
        let origin = Origin {
            time: Origin::time(body.timestamp, body.usec),
            sequence_number: body.seq_number,
            sender: Some(body.s_address),
            recipient: body.r_address,
        };
        self.take(body.user_data, &origin, now)
    }

    fn take(
        &self,
        data: &[u8],
        origin: &Origin<'_>,
        now: Timestamp,
    ) -> Result<ReceivedMessage, MessageError> {
        let expected = ExpectedOrigin {
            clock_skew: self.clock_skew,
            sequence_number: self.sequence_number,
            sender: self.sender.as_ref(),
            recipient: self.recipient.as_ref(),
        };
        origin.check(&expected, now)?;
        Ok(ReceivedMessage {
            data: SecretData(Zeroizing::new(data.to_vec())),
            time: origin.time,
            sequence_number: origin.sequence_number,
        })
    }
}

/// Bytes that may be secret: wiped on drop, and not shown by `Debug`.
#[derive(Clone)]
pub struct SecretData(Zeroizing<Vec<u8>>);

impl core::ops::Deref for SecretData {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for SecretData {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "<{} secret bytes>", self.len())
    }
}

fn expect(message: &[u8], kind: MessageType) -> Result<(), MessageError> {
    if MessageType::of_der(message) == Some(kind) {
        Ok(())
    } else {
        Err(MessageError::UnexpectedMessage)
    }
}
