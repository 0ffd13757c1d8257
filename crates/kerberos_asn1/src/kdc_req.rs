//! Requests to a KDC: AS-REQ and TGS-REQ (RFC 4120 §5.4.1).

use crate::der::{
    Decode, DecodeError, DecodeField, Encode, EncodeField, Reader, SequenceOf, Sink, Tag, sequence,
};
use crate::message::{PVNO, decode_type, decode_version};
use crate::{
    EncryptedData, HostAddresses, KdcOptions, KerberosTime, MessageType, MethodData, PrincipalName,
    RawTicket, Realm,
};

/// The common structure of AS-REQ and TGS-REQ.
///
/// ```text
/// AS-REQ          ::= [APPLICATION 10] KDC-REQ
/// TGS-REQ         ::= [APPLICATION 12] KDC-REQ
///
/// KDC-REQ         ::= SEQUENCE {
///         -- NOTE: first tag is [1], not [0]
///         pvno            [1] INTEGER (5) ,
///         msg-type        [2] INTEGER (10 -- AS -- | 12 -- TGS --),
///         padata          [3] SEQUENCE OF PA-DATA OPTIONAL
///                             -- NOTE: not empty --,
///         req-body        [4] KDC-REQ-BODY
/// }
/// ```
///
/// It can be decoded from either message, as a KDC needs to, and is encoded as the message named by
/// `msg_type`. [`AsReq`] and [`TgsReq`] only accept their own message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KdcReq<'a> {
    /// [`MessageType::AS_REQ`] or [`MessageType::TGS_REQ`].
    pub msg_type: MessageType,
    /// Preauthentication data. In a TGS-REQ it contains the AP-REQ.
    pub padata: Option<MethodData<'a>>,
    /// The request itself.
    pub req_body: KdcReqBody<'a>,
}

impl<'a> KdcReq<'a> {
    /// The encoded request body within `message`, an encoded AS-REQ or TGS-REQ. Checksums cover
    /// these bytes as they were sent.
    ///
    /// # Errors
    /// When `message` is not a well-formed request.
    ///
    /// # Example
    /// ```
    /// use kerberos_asn1::{
    ///     AsReq, Encode, KdcOptions, KdcReq, KdcReqBody, KerberosTime, SequenceOf,
    /// };
    /// let body = KdcReqBody {
    ///     kdc_options: KdcOptions::FORWARDABLE,
    ///     cname: None,
    ///     realm: "EXAMPLE.COM".into(),
    ///     sname: None,
    ///     from: None,
    ///     till: KerberosTime::from_unix(0),
    ///     rtime: None,
    ///     nonce: 42,
    ///     etype: SequenceOf::from(vec![18, 17]),
    ///     addresses: None,
    ///     enc_authorization_data: None,
    ///     additional_tickets: None,
    /// };
    /// let message = AsReq::new(None, body.clone()).to_der();
    /// assert_eq!(KdcReq::req_body_der(&message)?, body.to_der());
    /// # Ok::<(), kerberos_asn1::DecodeError>(())
    /// ```
    pub fn req_body_der(message: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        Self::from_der(message)?;
        let mut frame = Reader::new(message);
        let mut frame = frame.enter(frame.peek().unwrap_or(Tag::application(10)))?;
        let mut fields = frame.enter(Tag::SEQUENCE)?;
        fields.contents(Tag::context(1))?;
        fields.contents(Tag::context(2))?;
        fields.enter_optional(Tag::context(3))?;
        fields.enter(Tag::context(4))?.raw(Tag::SEQUENCE)
    }

    /// Reads a message of type `msg_type`.
    #[inline]
    fn decode_as(msg_type: MessageType, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut fields = reader.sequence(application(msg_type))?;
        decode_version(1, &mut fields)?;
        decode_type(2, msg_type, &mut fields)?;
        let request = Self {
            msg_type,
            padata: DecodeField::decode_field(3, &mut fields)?,
            req_body: DecodeField::decode_field(4, &mut fields)?,
        };
        fields.finish_sequence(4)?;
        Ok(request)
    }

    /// Writes a message of type `msg_type`.
    #[inline]
    fn encode_as<S: Sink>(&self, msg_type: MessageType, sink: &mut S) {
        sink.sequence(application(msg_type), |sink| {
            self.req_body.encode_field(4, sink);
            self.padata.encode_field(3, sink);
            msg_type.encode_field(2, sink);
            PVNO.encode_field(1, sink);
        });
    }
}

/// Accepts both AS-REQ and TGS-REQ.
impl<'a> Decode<'a> for KdcReq<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let msg_type = match reader.peek().and_then(Tag::application_number) {
            Some(12) => MessageType::TGS_REQ,
            _ => MessageType::AS_REQ,
        };
        Self::decode_as(msg_type, reader)
    }
}

/// Writes a TGS-REQ if `msg_type` says so, otherwise an AS-REQ.
impl Encode for KdcReq<'_> {
    fn encode<S: Sink>(&self, sink: &mut S) {
        let is_tgs = self.msg_type == MessageType::TGS_REQ;
        self.encode_as(
            if is_tgs {
                MessageType::TGS_REQ
            } else {
                MessageType::AS_REQ
            },
            sink,
        );
    }
}

/// Declares AS-REQ and TGS-REQ.
macro_rules! request {
    ($(#[$doc:meta])* $name:ident, $msg_type:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct $name<'a>(
            /// The request. When decoded, its `msg_type` is that of this message; when encoded, its
            /// `msg_type` is ignored.
            pub KdcReq<'a>,
        );

        impl<'a> $name<'a> {
            /// A request with the given body.
            pub const fn new(padata: Option<MethodData<'a>>, req_body: KdcReqBody<'a>) -> Self {
                Self(KdcReq { msg_type: MessageType::$msg_type, padata, req_body })
            }
        }

        impl<'a> Decode<'a> for $name<'a> {
            fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
                KdcReq::decode_as(MessageType::$msg_type, reader).map(Self)
            }
        }

        impl Encode for $name<'_> {
            fn encode<S: Sink>(&self, sink: &mut S) {
                self.0.encode_as(MessageType::$msg_type, sink);
            }
        }
    };
}

request! {
    /// Request for initial authentication: `AS-REQ ::= [APPLICATION 10] KDC-REQ`.
    AsReq, AS_REQ
}

request! {
    /// Request for a ticket with the help of another: `TGS-REQ ::= [APPLICATION 12] KDC-REQ`.
    TgsReq, TGS_REQ
}

sequence! {
    /// The body of a request to a KDC.
    ///
    /// ```text
    /// KDC-REQ-BODY    ::= SEQUENCE {
    ///         kdc-options             [0] KDCOptions,
    ///         cname                   [1] PrincipalName OPTIONAL
    ///                                     -- Used only in AS-REQ --,
    ///         realm                   [2] Realm
    ///                                     -- Server's realm
    ///                                     -- Also client's in AS-REQ --,
    ///         sname                   [3] PrincipalName OPTIONAL,
    ///         from                    [4] KerberosTime OPTIONAL,
    ///         till                    [5] KerberosTime,
    ///         rtime                   [6] KerberosTime OPTIONAL,
    ///         nonce                   [7] UInt32,
    ///         etype                   [8] SEQUENCE OF Int32 -- EncryptionType
    ///                                     -- in preference order --,
    ///         addresses               [9] HostAddresses OPTIONAL,
    ///         enc-authorization-data  [10] EncryptedData OPTIONAL
    ///                                     -- AuthorizationData --,
    ///         additional-tickets      [11] SEQUENCE OF Ticket OPTIONAL
    ///                                         -- NOTE: not empty
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct KdcReqBody<'a> {
        /// Options for the ticket.
        [0] kdc_options: KdcOptions,
        /// The client's name, in an AS-REQ only.
        [1] cname: Option<PrincipalName<'a>>,
        /// The service's realm. In an AS-REQ it is also the client's.
        [2] realm: Realm<'a>,
        /// The service's name.
        [3] sname: Option<PrincipalName<'a>>,
        /// When a postdated ticket should become valid.
        [4] from: Option<KerberosTime>,
        /// When the ticket should expire; 1970-01-01 means as late as possible.
        [5] till: KerberosTime,
        /// Until when the ticket should be renewable.
        [6] rtime: Option<KerberosTime>,
        /// A random number that the reply must repeat.
        [7] nonce: u32,
        /// The encryption types that the client supports, best first.
        [8] etype: SequenceOf<'a, i32>,
        /// The addresses from which the ticket should be usable.
        [9] addresses: Option<HostAddresses<'a>>,
        /// Encrypted authorization data for the ticket, in a TGS-REQ only.
        [10] enc_authorization_data: Option<EncryptedData<'a>>,
        /// Additional tickets, for user-to-user authentication and constrained delegation.
        [11] additional_tickets: Option<SequenceOf<'a, RawTicket<'a>>>,
    }
}

/// The application tag number of a message (RFC 4120 §5.10).
fn application(msg_type: MessageType) -> Option<u8> {
    u8::try_from(msg_type.0).ok()
}
