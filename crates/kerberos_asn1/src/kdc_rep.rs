//! Replies of a KDC: AS-REP and TGS-REP, and their encrypted parts (RFC 4120 §5.4.2).

use crate::der::{
    Decode, DecodeError, DecodeField, Encode, EncodeField, Reader, SequenceOf, Sink, Tag, sequence,
};
use crate::message::{PVNO, decode_type, decode_version};
use crate::{
    EncryptedData, EncryptionKey, HostAddresses, KerberosTime, LastReqType, MessageType,
    MethodData, PrincipalName, RawTicket, Realm, TicketFlags,
};

/// The common structure of AS-REP and TGS-REP.
///
/// ```text
/// AS-REP          ::= [APPLICATION 11] KDC-REP
/// TGS-REP         ::= [APPLICATION 13] KDC-REP
///
/// KDC-REP         ::= SEQUENCE {
///         pvno            [0] INTEGER (5),
///         msg-type        [1] INTEGER (11 -- AS -- | 13 -- TGS --),
///         padata          [2] SEQUENCE OF PA-DATA OPTIONAL
///                                 -- NOTE: not empty --,
///         crealm          [3] Realm,
///         cname           [4] PrincipalName,
///         ticket          [5] Ticket,
///         enc-part        [6] EncryptedData
///                                 -- EncASRepPart or EncTGSRepPart,
///                                 -- as appropriate
/// }
/// ```
///
/// To decode and encode it, use [`AsRep`] or [`TgsRep`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KdcRep<'a> {
    /// Preauthentication data, such as the salt of the client's key.
    pub padata: Option<MethodData<'a>>,
    /// The client's realm.
    pub crealm: Realm<'a>,
    /// The client's name.
    pub cname: PrincipalName<'a>,
    /// The ticket.
    pub ticket: RawTicket<'a>,
    /// The encrypted [`EncKdcRepPart`].
    pub enc_part: EncryptedData<'a>,
}

/// Declares AS-REP and TGS-REP.
macro_rules! reply {
    ($(#[$doc:meta])* $name:ident, $app:literal, $msg_type:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct $name<'a>(
            /// The reply.
            pub KdcRep<'a>,
        );

        impl<'a> Decode<'a> for $name<'a> {
            #[inline]
            fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
                let mut fields = reader.sequence(Some($app))?;
                decode_version(0, &mut fields)?;
                decode_type(1, MessageType::$msg_type, &mut fields)?;
                let reply = KdcRep {
                    padata: DecodeField::decode_field(2, &mut fields)?,
                    crealm: DecodeField::decode_field(3, &mut fields)?,
                    cname: DecodeField::decode_field(4, &mut fields)?,
                    ticket: DecodeField::decode_field(5, &mut fields)?,
                    enc_part: DecodeField::decode_field(6, &mut fields)?,
                };
                fields.finish_sequence(6)?;
                Ok(Self(reply))
            }
        }

        impl Encode for $name<'_> {
            #[inline]
            fn encode<S: Sink>(&self, sink: &mut S) {
                sink.sequence(Some($app), |sink| {
                    self.0.enc_part.encode_field(6, sink);
                    self.0.ticket.encode_field(5, sink);
                    self.0.cname.encode_field(4, sink);
                    self.0.crealm.encode_field(3, sink);
                    self.0.padata.encode_field(2, sink);
                    MessageType::$msg_type.encode_field(1, sink);
                    PVNO.encode_field(0, sink);
                });
            }
        }
    };
}

reply! {
    /// Reply to an AS-REQ: `AS-REP ::= [APPLICATION 11] KDC-REP`.
    AsRep, 11, AS_REP
}

reply! {
    /// Reply to a TGS-REQ: `TGS-REP ::= [APPLICATION 13] KDC-REP`.
    TgsRep, 13, TGS_REP
}

sequence! {
    /// The part of a reply that only the client can decrypt.
    ///
    /// ```text
    /// EncASRepPart    ::= [APPLICATION 25] EncKDCRepPart
    /// EncTGSRepPart   ::= [APPLICATION 26] EncKDCRepPart
    ///
    /// EncKDCRepPart   ::= SEQUENCE {
    ///         key                 [0] EncryptionKey,
    ///         last-req            [1] LastReq,
    ///         nonce               [2] UInt32,
    ///         key-expiration      [3] KerberosTime OPTIONAL,
    ///         flags               [4] TicketFlags,
    ///         authtime            [5] KerberosTime,
    ///         starttime           [6] KerberosTime OPTIONAL,
    ///         endtime             [7] KerberosTime,
    ///         renew-till          [8] KerberosTime OPTIONAL,
    ///         srealm              [9] Realm,
    ///         sname               [10] PrincipalName,
    ///         caddr               [11] HostAddresses OPTIONAL,
    ///         encrypted-pa-data   [12] SEQUENCE OF PA-DATA OPTIONAL -- RFC 6806 §11
    /// }
    /// ```
    ///
    /// Its encoding always has a tag: see [`EncAsRepPart`] and [`EncTgsRepPart`], and for clients
    /// [`EncKdcRepPart::from_der_any_tag`].
    #[derive(Clone, Debug)]
    pub struct EncKdcRepPart<'a> {
        /// The session key.
        [0] key: EncryptionKey<'a>,
        /// Information about the client's last requests.
        [1] last_req: LastReq<'a>,
        /// The nonce of the request.
        [2] nonce: u32,
        /// When the client's key expires.
        [3] key_expiration: Option<KerberosTime>,
        /// The flags of the ticket.
        [4] flags: TicketFlags,
        /// When the client first authenticated.
        [5] authtime: KerberosTime,
        /// When the ticket becomes valid; if absent, at `authtime`.
        [6] starttime: Option<KerberosTime>,
        /// When the ticket expires.
        [7] endtime: KerberosTime,
        /// Until when a renewable ticket can be renewed.
        [8] renew_till: Option<KerberosTime>,
        /// The service's realm.
        [9] srealm: Realm<'a>,
        /// The service's name.
        [10] sname: PrincipalName<'a>,
        /// The addresses from which the ticket may be used; if absent, any.
        [11] caddr: Option<HostAddresses<'a>>,
        /// Preauthentication data that the reply protects (RFC 6806 §11).
        [12] encrypted_pa_data: Option<MethodData<'a>>,
    }
}

impl<'a> EncKdcRepPart<'a> {
    /// Decodes either an [`EncAsRepPart`] or an [`EncTgsRepPart`].
    ///
    /// RFC 4120 §5.4.2 allows this, because some KDCs, MIT's among them, use the tag of the
    /// TGS-REP's part in AS-REPs, too.
    ///
    /// # Errors
    /// When `bytes` is not a single well-formed value of either type.
    pub fn from_der_any_tag(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if Reader::new(bytes).peek() == Some(Tag::application(26)) {
            EncTgsRepPart::from_der(bytes).map(|part| part.0)
        } else {
            EncAsRepPart::from_der(bytes).map(|part| part.0)
        }
    }
}

/// Declares the two tagged forms of [`EncKdcRepPart`].
macro_rules! encrypted_part {
    ($(#[$doc:meta])* $name:ident, $app:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<'a>(
            /// The part itself.
            pub EncKdcRepPart<'a>,
        );

        impl<'a> Decode<'a> for $name<'a> {
            fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
                let mut frame = reader.enter(Tag::application($app))?;
                let part = EncKdcRepPart::decode(&mut frame)?;
                frame.finish()?;
                Ok(Self(part))
            }
        }

        impl Encode for $name<'_> {
            fn encode<S: Sink>(&self, sink: &mut S) {
                sink.element(Tag::application($app), |sink| self.0.encode(sink));
            }
        }
    };
}

encrypted_part! {
    /// The encrypted part of an AS-REP: `EncASRepPart ::= [APPLICATION 25] EncKDCRepPart`.
    EncAsRepPart, 25
}

encrypted_part! {
    /// The encrypted part of a TGS-REP: `EncTGSRepPart ::= [APPLICATION 26] EncKDCRepPart`.
    EncTgsRepPart, 26
}

/// When the client made its last requests, and when its password or account expires.
///
/// ```text
/// LastReq         ::=     SEQUENCE OF SEQUENCE {
///         lr-type         [0] Int32,
///         lr-value        [1] KerberosTime
/// }
/// ```
pub type LastReq<'a> = SequenceOf<'a, LastReqEntry>;

sequence! {
    /// An entry of a [`LastReq`].
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct LastReqEntry {
        /// What happened or will happen.
        [0] lr_type: LastReqType,
        /// The time.
        [1] lr_value: KerberosTime,
    }
}
