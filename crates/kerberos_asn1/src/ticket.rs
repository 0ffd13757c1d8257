//! Tickets (RFC 4120 §5.3).

use core::fmt;

use crate::der::{Decode, DecodeError, DecodeField, Encode, Reader, Sink, Tag, sequence};
use crate::{
    AuthorizationData, EncryptedData, EncryptionKey, HostAddresses, KerberosTime, PrincipalName,
    Realm, TicketFlags, TransitedEncoding,
};

sequence! {
    /// What a client presents to a service.
    ///
    /// ```text
    /// Ticket          ::= [APPLICATION 1] SEQUENCE {
    ///         tkt-vno         [0] INTEGER (5),
    ///         realm           [1] Realm,
    ///         sname           [2] PrincipalName,
    ///         enc-part        [3] EncryptedData -- EncTicketPart
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct Ticket<'a> [APPLICATION 1] {
        /// The version of the ticket format, which is 5. It is up to the service whether to accept
        /// another version; for a client the ticket is opaque.
        [0] tkt_vno: i32,
        /// The realm that issued the ticket.
        [1] realm: Realm<'a>,
        /// The service that the ticket is for.
        [2] sname: PrincipalName<'a>,
        /// The encrypted [`EncTicketPart`].
        [3] enc_part: EncryptedData<'a>,
    }
}

impl<'a> Ticket<'a> {
    /// The only version, for `tkt_vno`.
    pub const VERSION: i32 = 5;

    /// The service of the ticket encoded in `der`: `realm` and `sname`. What follows them is not
    /// decoded, so this takes half the time of decoding the whole ticket.
    ///
    /// # Errors
    /// When `der` does not begin like a ticket.
    ///
    /// # Example
    /// ```
    /// use kerberos_asn1::{Encode, EncryptedData, NameType, PrincipalName, SequenceOf, Ticket};
    /// let ticket = Ticket {
    ///     tkt_vno: Ticket::VERSION,
    ///     realm: "EXAMPLE.COM".into(),
    ///     sname: PrincipalName {
    ///         name_type: NameType::SRV_HST,
    ///         name_string: SequenceOf::from(vec!["host".into(), "www".into()]),
    ///     },
    ///     enc_part: EncryptedData { etype: 18, kvno: Some(1), cipher: b"opaque" },
    /// };
    /// let der = ticket.to_der();
    /// let (realm, sname) = Ticket::server_of(&der)?;
    /// assert_eq!((realm, sname), (ticket.realm, ticket.sname));
    /// # Ok::<(), kerberos_asn1::DecodeError>(())
    /// ```
    pub fn server_of(der: &'a [u8]) -> Result<(Realm<'a>, PrincipalName<'a>), DecodeError> {
        let mut fields = Reader::new(der).sequence(Some(1))?;
        fields.contents(Tag::context(0))?;
        let realm = DecodeField::decode_field(1, &mut fields)?;
        let sname = DecodeField::decode_field(2, &mut fields)?;
        Ok((realm, sname))
    }
}

/// A ticket as encoded by its issuer. It is checked to be a well-formed [`Ticket`], and re-sent
/// verbatim.
///
/// # Example
/// ```
/// use kerberos_asn1::{
///     Decode, Encode, EncryptedData, NameType, PrincipalName, RawTicket, SequenceOf, Ticket,
/// };
/// let ticket = Ticket {
///     tkt_vno: Ticket::VERSION,
///     realm: "EXAMPLE.COM".into(),
///     sname: PrincipalName {
///         name_type: NameType::SRV_INST,
///         name_string: SequenceOf::from(vec!["krbtgt".into(), "EXAMPLE.COM".into()]),
///     },
///     enc_part: EncryptedData { etype: 18, kvno: Some(1), cipher: b"opaque" },
/// };
/// let der = ticket.to_der();
/// let raw = RawTicket::from_der(&der)?;
/// assert_eq!(raw.as_bytes(), der);
/// assert_eq!(*raw.ticket(), ticket);
/// # Ok::<(), kerberos_asn1::DecodeError>(())
/// ```
#[derive(Clone)]
pub struct RawTicket<'a> {
    bytes: &'a [u8],
    ticket: Ticket<'a>,
}

impl<'a> RawTicket<'a> {
    /// The encoding of the ticket.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The ticket.
    pub const fn ticket(&self) -> &Ticket<'a> {
        &self.ticket
    }
}

impl<'a> Decode<'a> for RawTicket<'a> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let ticket = Ticket::decode(reader)?;
        Ok(Self {
            bytes: reader.since(&start),
            ticket,
        })
    }
}

impl Encode for RawTicket<'_> {
    #[inline]
    fn encode<S: Sink>(&self, sink: &mut S) {
        sink.prepend(self.bytes);
    }
}

/// Equal if all octets are.
impl PartialEq for RawTicket<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for RawTicket<'_> {}

impl fmt::Debug for RawTicket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ticket.fmt(f)
    }
}

sequence! {
    /// The part of a ticket that only the service and its KDC can decrypt.
    ///
    /// ```text
    /// EncTicketPart   ::= [APPLICATION 3] SEQUENCE {
    ///         flags                   [0] TicketFlags,
    ///         key                     [1] EncryptionKey,
    ///         crealm                  [2] Realm,
    ///         cname                   [3] PrincipalName,
    ///         transited               [4] TransitedEncoding,
    ///         authtime                [5] KerberosTime,
    ///         starttime               [6] KerberosTime OPTIONAL,
    ///         endtime                 [7] KerberosTime,
    ///         renew-till              [8] KerberosTime OPTIONAL,
    ///         caddr                   [9] HostAddresses OPTIONAL,
    ///         authorization-data      [10] AuthorizationData OPTIONAL
    /// }
    /// ```
    #[derive(Clone, Debug)]
    pub struct EncTicketPart<'a> [APPLICATION 3] {
        /// The flags of the ticket.
        [0] flags: TicketFlags,
        /// The session key.
        [1] key: EncryptionKey<'a>,
        /// The client's realm.
        [2] crealm: Realm<'a>,
        /// The client's name.
        [3] cname: PrincipalName<'a>,
        /// The realms between the client's and the service's.
        [4] transited: TransitedEncoding<'a>,
        /// When the client first authenticated.
        [5] authtime: KerberosTime,
        /// When the ticket becomes valid; if absent, at `authtime`.
        [6] starttime: Option<KerberosTime>,
        /// When the ticket expires.
        [7] endtime: KerberosTime,
        /// Until when a renewable ticket can be renewed.
        [8] renew_till: Option<KerberosTime>,
        /// The addresses from which the ticket may be used; if absent, any.
        [9] caddr: Option<HostAddresses<'a>>,
        /// Restrictions and claims.
        [10] authorization_data: Option<AuthorizationData<'a>>,
    }
}
