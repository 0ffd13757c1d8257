//! KDC-PROXY-MESSAGE, exchanged between a client and a KDC proxy (MS-KKDCP §2.2.2).

use crate::Realm;
use crate::der::sequence;

sequence! {
    /// A message for a KDC, or its reply, as sent through a proxy.
    ///
    /// ```text
    /// KDC-PROXY-MESSAGE ::= SEQUENCE {
    ///         kerb-message    [0] OCTET STRING,
    ///         target-domain   [1] KERB-REALM OPTIONAL,
    ///         dclocator-hint  [2] INTEGER OPTIONAL
    /// }
    /// ```
    ///
    /// # Example
    /// ```
    /// use kerberos_asn1::{Decode, Encode, KdcProxyMessage};
    /// let message = KdcProxyMessage {
    ///     kerb_message: b"\x00\x00\x00\x02hi",
    ///     target_domain: Some("R".into()),
    ///     dclocator_hint: None,
    /// };
    /// let bytes = message.to_der();
    /// assert_eq!(bytes, b"\x30\x0f\xa0\x08\x04\x06\0\0\0\x02hi\xa1\x03\x1b\x01R");
    /// assert_eq!(KdcProxyMessage::from_der(&bytes)?, message);
    /// # Ok::<(), kerberos_asn1::DecodeError>(())
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct KdcProxyMessage<'a> {
        /// The message, preceded by its length in four octets as over TCP (RFC 4120 §7.2.2).
        [0] kerb_message: &'a [u8],
        /// The realm whose KDC should get the message. Replies may omit it.
        [1] target_domain: Option<Realm<'a>>,
        /// How the proxy should look for the KDC: the flags of Windows' `DsGetDcName`.
        [2] dclocator_hint: Option<i32>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decode as _, Encode as _};

    /// The reply of kdcproxy 1.1 has only the first field.
    #[test]
    fn reply_without_target_domain_round_trips() {
        let bytes = b"\x30\x0a\xa0\x08\x04\x06\0\0\0\x02hi";
        let message = KdcProxyMessage::from_der(bytes).unwrap();
        assert_eq!(message.kerb_message, b"\0\0\0\x02hi");
        assert_eq!(
            (&message.target_domain, message.dclocator_hint),
            (&None, None)
        );
        assert_eq!(message.to_der(), bytes);
    }

    /// Windows asks for a writable domain controller.
    #[test]
    fn request_with_dclocator_hint_round_trips() {
        let message = KdcProxyMessage {
            kerb_message: b"\0\0\0\0",
            target_domain: Some("R".into()),
            dclocator_hint: Some(0x1000),
        };
        let bytes = b"\x30\x13\xa0\x06\x04\x04\0\0\0\0\xa1\x03\x1b\x01R\xa2\x04\x02\x02\x10\0";
        assert_eq!(message.to_der(), bytes);
        assert_eq!(KdcProxyMessage::from_der(bytes).unwrap(), message);
    }

    #[test]
    fn malformed_messages_are_refused() {
        for bytes in [
            &b""[..],
            b"\x30\0",
            b"\x30\x0a\xa0\x08\x04\x06\0\0\0\x02h",
            b"\x30\x0a\xa0\x08\x04\x06\0\0\0\x02hi\0",
            b"\x30\x0a\xa0\x08\x1b\x06\0\0\0\x02hi",
            b"\x7e\x0a\xa0\x08\x04\x06\0\0\0\x02hi",
        ] {
            assert!(KdcProxyMessage::from_der(bytes).is_err(), "{bytes:02x?}");
        }
    }
}
