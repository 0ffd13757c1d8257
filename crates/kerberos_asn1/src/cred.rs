//! Forwarded credentials: KRB-CRED (RFC 4120 §5.8).

use crate::der::{SequenceOf, sequence};
use crate::{
    EncryptedData, EncryptionKey, HostAddress, HostAddresses, KerberosTime, Microseconds,
    PrincipalName, RawTicket, Realm, TicketFlags,
};

sequence! {
    /// Tickets forwarded to another host, with what it needs to use them.
    ///
    /// ```text
    /// KRB-CRED        ::= [APPLICATION 22] SEQUENCE {
    ///         pvno            [0] INTEGER (5),
    ///         msg-type        [1] INTEGER (22),
    ///         tickets         [2] SEQUENCE OF Ticket,
    ///         enc-part        [3] EncryptedData -- EncKrbCredPart
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct KrbCred<'a> [APPLICATION 22] {
        pvno [0];
        msg_type [1] = KRB_CRED;
        /// The tickets.
        [2] tickets: SequenceOf<'a, RawTicket<'a>>,
        /// The encrypted [`EncKrbCredPart`].
        [3] enc_part: EncryptedData<'a>,
    }
}

sequence! {
    /// The encrypted part of a [`KrbCred`].
    ///
    /// ```text
    /// EncKrbCredPart  ::= [APPLICATION 29] SEQUENCE {
    ///         ticket-info     [0] SEQUENCE OF KrbCredInfo,
    ///         nonce           [1] UInt32 OPTIONAL,
    ///         timestamp       [2] KerberosTime OPTIONAL,
    ///         usec            [3] Microseconds OPTIONAL,
    ///         s-address       [4] HostAddress OPTIONAL,
    ///         r-address       [5] HostAddress OPTIONAL
    /// }
    /// ```
    #[derive(Clone, Debug)]
    pub struct EncKrbCredPart<'a> [APPLICATION 29] {
        /// What belongs to each ticket, in the same order.
        [0] ticket_info: SequenceOf<'a, KrbCredInfo<'a>>,
        /// A number that the recipient chose.
        [1] nonce: Option<u32>,
        /// The sender's time.
        [2] timestamp: Option<KerberosTime>,
        /// Its microseconds.
        [3] usec: Option<Microseconds>,
        /// The sender's address.
        [4] s_address: Option<HostAddress<'a>>,
        /// The recipient's address.
        [5] r_address: Option<HostAddress<'a>>,
    }
}

sequence! {
    /// The session key of a forwarded ticket, and the other facts that its holder must know.
    ///
    /// ```text
    /// KrbCredInfo     ::= SEQUENCE {
    ///         key             [0] EncryptionKey,
    ///         prealm          [1] Realm OPTIONAL,
    ///         pname           [2] PrincipalName OPTIONAL,
    ///         flags           [3] TicketFlags OPTIONAL,
    ///         authtime        [4] KerberosTime OPTIONAL,
    ///         starttime       [5] KerberosTime OPTIONAL,
    ///         endtime         [6] KerberosTime OPTIONAL,
    ///         renew-till      [7] KerberosTime OPTIONAL,
    ///         srealm          [8] Realm OPTIONAL,
    ///         sname           [9] PrincipalName OPTIONAL,
    ///         caddr           [10] HostAddresses OPTIONAL
    /// }
    /// ```
    #[derive(Clone, Debug)]
    pub struct KrbCredInfo<'a> {
        /// The session key.
        [0] key: EncryptionKey<'a>,
        /// The client's realm.
        [1] prealm: Option<Realm<'a>>,
        /// The client's name.
        [2] pname: Option<PrincipalName<'a>>,
        /// The flags of the ticket.
        [3] flags: Option<TicketFlags>,
        /// When the client first authenticated.
        [4] authtime: Option<KerberosTime>,
        /// When the ticket becomes valid.
        [5] starttime: Option<KerberosTime>,
        /// When the ticket expires.
        [6] endtime: Option<KerberosTime>,
        /// Until when a renewable ticket can be renewed.
        [7] renew_till: Option<KerberosTime>,
        /// The service's realm.
        [8] srealm: Option<Realm<'a>>,
        /// The service's name.
        [9] sname: Option<PrincipalName<'a>>,
        /// The addresses from which the ticket may be used.
        [10] caddr: Option<HostAddresses<'a>>,
    }
}
