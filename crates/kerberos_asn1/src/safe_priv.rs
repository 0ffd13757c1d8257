//! Application messages with a checksum or encrypted: KRB-SAFE and KRB-PRIV (RFC 4120 §5.6, §5.7).

use crate::der::{Decode, DecodeError, Reader, Tag, sequence};
use crate::{Checksum, EncryptedData, HostAddress, KerberosTime, Microseconds};

sequence! {
    /// A message protected against changes by a checksum.
    ///
    /// ```text
    /// KRB-SAFE        ::= [APPLICATION 20] SEQUENCE {
    ///         pvno            [0] INTEGER (5),
    ///         msg-type        [1] INTEGER (20),
    ///         safe-body       [2] KRB-SAFE-BODY,
    ///         cksum           [3] Checksum
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct KrbSafe<'a> [APPLICATION 20] {
        pvno [0];
        msg_type [1] = KRB_SAFE;
        /// The message.
        [2] safe_body: KrbSafeBody<'a>,
        /// A checksum over the whole message, with this field empty (RFC 4120 §5.6.1).
        [3] cksum: Checksum<'a>,
    }
}

impl<'a> KrbSafe<'a> {
    /// The encoded body within `message`, an encoded KRB-SAFE, as it was sent. In RFC 1510, and for
    /// some peers, the checksum covers these bytes instead of the whole message.
    ///
    /// # Errors
    /// When `message` is not a well-formed KRB-SAFE.
    pub fn safe_body_der(message: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        Self::from_der(message)?;
        let mut frame = Reader::new(message).enter(Tag::application(20))?;
        let mut fields = frame.enter(Tag::SEQUENCE)?;
        fields.contents(Tag::context(0))?;
        fields.contents(Tag::context(1))?;
        fields.enter(Tag::context(2))?.raw(Tag::SEQUENCE)
    }
}

sequence! {
    /// The message within a [`KrbSafe`].
    ///
    /// ```text
    /// KRB-SAFE-BODY   ::= SEQUENCE {
    ///         user-data       [0] OCTET STRING,
    ///         timestamp       [1] KerberosTime OPTIONAL,
    ///         usec            [2] Microseconds OPTIONAL,
    ///         seq-number      [3] UInt32 OPTIONAL,
    ///         s-address       [4] HostAddress,
    ///         r-address       [5] HostAddress OPTIONAL
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct KrbSafeBody<'a> {
        /// The application's data.
        [0] user_data: &'a [u8],
        /// The sender's time.
        [1] timestamp: Option<KerberosTime>,
        /// Its microseconds.
        [2] usec: Option<Microseconds>,
        /// The sequence number of the message.
        [3] seq_number: Option<u32>,
        /// The sender's address.
        [4] s_address: HostAddress<'a>,
        /// The recipient's address.
        [5] r_address: Option<HostAddress<'a>>,
    }
}

sequence! {
    /// An encrypted message.
    ///
    /// ```text
    /// KRB-PRIV        ::= [APPLICATION 21] SEQUENCE {
    ///         pvno            [0] INTEGER (5),
    ///         msg-type        [1] INTEGER (21),
    ///                         -- NOTE: there is no [2] tag
    ///         enc-part        [3] EncryptedData -- EncKrbPrivPart
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct KrbPriv<'a> [APPLICATION 21] {
        pvno [0];
        msg_type [1] = KRB_PRIV;
        /// The encrypted [`EncKrbPrivPart`].
        [3] enc_part: EncryptedData<'a>,
    }
}

sequence! {
    /// The message within a [`KrbPriv`].
    ///
    /// ```text
    /// EncKrbPrivPart  ::= [APPLICATION 28] SEQUENCE {
    ///         user-data       [0] OCTET STRING,
    ///         timestamp       [1] KerberosTime OPTIONAL,
    ///         usec            [2] Microseconds OPTIONAL,
    ///         seq-number      [3] UInt32 OPTIONAL,
    ///         s-address       [4] HostAddress -- sender's addr --,
    ///         r-address       [5] HostAddress OPTIONAL -- recip's addr
    /// }
    /// ```
    ///
    /// `Debug` does not show the data, which may be a new password.
    #[derive(Clone, PartialEq, Eq)]
    pub struct EncKrbPrivPart<'a> [APPLICATION 28] {
        /// The application's data.
        [0] user_data: &'a [u8],
        /// The sender's time.
        [1] timestamp: Option<KerberosTime>,
        /// Its microseconds.
        [2] usec: Option<Microseconds>,
        /// The sequence number of the message.
        [3] seq_number: Option<u32>,
        /// The sender's address.
        [4] s_address: HostAddress<'a>,
        /// The recipient's address.
        [5] r_address: Option<HostAddress<'a>>,
    }
}

impl core::fmt::Debug for EncKrbPrivPart<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EncKrbPrivPart")
            .field(
                "user_data",
                &format_args!("<{} secret bytes>", self.user_data.len()),
            )
            .field("timestamp", &self.timestamp)
            .field("usec", &self.usec)
            .field("seq_number", &self.seq_number)
            .field("s_address", &self.s_address)
            .field("r_address", &self.r_address)
            .finish()
    }
}
