//! The application exchange: AP-REQ, Authenticator, AP-REP (RFC 4120 §5.5).

use crate::der::sequence;
use crate::{
    ApOptions, AuthorizationData, Checksum, EncryptedData, EncryptionKey, KerberosTime,
    Microseconds, PrincipalName, RawTicket, Realm,
};

sequence! {
    /// A client's request to a service.
    ///
    /// ```text
    /// AP-REQ          ::= [APPLICATION 14] SEQUENCE {
    ///         pvno            [0] INTEGER (5),
    ///         msg-type        [1] INTEGER (14),
    ///         ap-options      [2] APOptions,
    ///         ticket          [3] Ticket,
    ///         authenticator   [4] EncryptedData -- Authenticator
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct ApReq<'a> [APPLICATION 14] {
        pvno [0];
        msg_type [1] = AP_REQ;
        /// The client's options.
        [2] ap_options: ApOptions,
        /// The ticket for the service.
        [3] ticket: RawTicket<'a>,
        /// The encrypted [`Authenticator`].
        [4] authenticator: EncryptedData<'a>,
    }
}

sequence! {
    /// Proof that the sender of a ticket knows its session key.
    ///
    /// ```text
    /// Authenticator   ::= [APPLICATION 2] SEQUENCE  {
    ///         authenticator-vno       [0] INTEGER (5),
    ///         crealm                  [1] Realm,
    ///         cname                   [2] PrincipalName,
    ///         cksum                   [3] Checksum OPTIONAL,
    ///         cusec                   [4] Microseconds,
    ///         ctime                   [5] KerberosTime,
    ///         subkey                  [6] EncryptionKey OPTIONAL,
    ///         seq-number              [7] UInt32 OPTIONAL,
    ///         authorization-data      [8] AuthorizationData OPTIONAL
    /// }
    /// ```
    #[derive(Clone, Debug)]
    pub struct Authenticator<'a> [APPLICATION 2] {
        pvno [0];
        /// The client's realm.
        [1] crealm: Realm<'a>,
        /// The client's name.
        [2] cname: PrincipalName<'a>,
        /// A checksum of application data.
        [3] cksum: Option<Checksum<'a>>,
        /// The microseconds of the client's time.
        [4] cusec: Microseconds,
        /// The client's time.
        [5] ctime: KerberosTime,
        /// A key that the client chose for this session.
        [6] subkey: Option<EncryptionKey<'a>>,
        /// The initial sequence number of the client's messages.
        [7] seq_number: Option<u32>,
        /// Restrictions in addition to those in the ticket.
        [8] authorization_data: Option<AuthorizationData<'a>>,
    }
}

sequence! {
    /// A service's answer to an AP-REQ that asked for mutual authentication.
    ///
    /// ```text
    /// AP-REP          ::= [APPLICATION 15] SEQUENCE {
    ///         pvno            [0] INTEGER (5),
    ///         msg-type        [1] INTEGER (15),
    ///         enc-part        [2] EncryptedData -- EncAPRepPart
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct ApRep<'a> [APPLICATION 15] {
        pvno [0];
        msg_type [1] = AP_REP;
        /// The encrypted [`EncApRepPart`].
        [2] enc_part: EncryptedData<'a>,
    }
}

sequence! {
    /// Proof that the service could decrypt the ticket.
    ///
    /// ```text
    /// EncAPRepPart    ::= [APPLICATION 27] SEQUENCE {
    ///         ctime           [0] KerberosTime,
    ///         cusec           [1] Microseconds,
    ///         subkey          [2] EncryptionKey OPTIONAL,
    ///         seq-number      [3] UInt32 OPTIONAL
    /// }
    /// ```
    #[derive(Clone, Debug)]
    pub struct EncApRepPart<'a> [APPLICATION 27] {
        /// The time of the authenticator.
        [0] ctime: KerberosTime,
        /// Its microseconds.
        [1] cusec: Microseconds,
        /// A key that the service chose for this session.
        [2] subkey: Option<EncryptionKey<'a>>,
        /// The initial sequence number of the service's messages.
        [3] seq_number: Option<u32>,
    }
}
