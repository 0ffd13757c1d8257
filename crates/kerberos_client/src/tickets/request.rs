//! `TicketRequest`: which ticket, and where it may come from.

use kerberos_crypto::EncryptionType;
use kerberos_proto::{AuthorizationDataElement, HostAddress, Principal, TgsOptions, TgsParams};

/// Which ticket to get, and where it may come from.
///
/// # Example
/// ```
/// use kerberos_client::kerberos_crypto::EncryptionType;
/// use kerberos_client::{Principal, TicketRequest};
/// let mut request = TicketRequest::new(Principal::parse("host/www.example.com@EXAMPLE.COM")?);
/// assert!(request.etypes.is_empty() && !request.no_store);
/// request.etypes = vec![EncryptionType::AES128_CTS_HMAC_SHA1_96];
/// request.cached_only = true;
/// # Ok::<(), kerberos_client::kerberos_proto::PrincipalError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TicketRequest {
    /// The service. With an empty realm, the KDC finds the service's realm, and the ticket is
    /// stored under the name without a realm, as MIT's library does.
    pub server: Principal,
    /// The flags to ask a KDC for. A ticket from the cache need not have them, nor be bound to
    /// [`addresses`](Self::addresses): as in MIT's library, only client, service, session key type,
    /// second ticket and restrictions must match. The cache is not searched for forwarded tickets
    /// and proxies. To get new flags, ask for a [`fresh`](Self::fresh) ticket.
    pub options: TgsOptions,
    /// The encryption types for the session key, best first; empty means those of krb5.conf.
    pub etypes: Vec<EncryptionType>,
    /// The TGT of the service: asks for a ticket that is encrypted in that TGT's session key
    /// (user-to-user, RFC 4120 §3.7).
    pub second_ticket: Option<Vec<u8>>,
    /// The addresses to bind a forwarded ticket or a proxy to; empty means none.
    pub addresses: Vec<HostAddress>,
    /// Restrictions to put into the ticket.
    pub authorization_data: Vec<AuthorizationDataElement>,
    /// Whether no KDC may be asked.
    pub cached_only: bool,
    /// Whether to keep the ticket out of the cache. As with MIT's library, TGTs of realms on the
    /// way are stored all the same.
    pub no_store: bool,
    /// Whether to ignore a ticket in the cache: a KDC is asked, with the TGTs from the cache, and
    /// the new ticket replaces the old one. For when the old one is no longer of use, because the
    /// service has a new key, or the client other groups.
    pub fresh: bool,
    /// Whether an expired ticket in the cache will do.
    pub(super) expired_too: bool,
    pub(super) whose: Whose,
}

impl TicketRequest {
    /// An ordinary ticket for `server`.
    pub fn new(server: Principal) -> Self {
        Self {
            server,
            options: TgsOptions::default(),
            etypes: Vec::new(),
            second_ticket: None,
            addresses: Vec::new(),
            authorization_data: Vec::new(),
            cached_only: false,
            no_store: false,
            fresh: false,
            expired_too: false,
            whose: Whose::Owner,
        }
    }

    /// The request to the KDC, under one of the service's names.
    pub(super) fn tgs_params(&self, server: Principal) -> TgsParams {
        let mut params = TgsParams::new(server);
        params.options = self.options;
        params.etypes.clone_from(&self.etypes);
        params.second_ticket.clone_from(&self.second_ticket);
        params.addresses.clone_from(&self.addresses);
        params
            .authorization_data
            .clone_from(&self.authorization_data);
        params
    }

    /// Whether a ticket for one request also answers the other.
    pub(super) fn wants_the_same(&self, other: &Self) -> bool {
        self.server == other.server
            && self.options == other.options
            && self.etypes == other.etypes
            && self.second_ticket == other.second_ticket
            && self.addresses == other.addresses
            && self.authorization_data == other.authorization_data
    }

    /// Whether a ticket in the cache can answer the request: forwarded tickets and proxies are made
    /// for one use.
    pub(super) fn may_be_cached(&self) -> bool {
        !self.options.forwarded && !self.options.proxy
    }
}

/// Whose ticket in the cache to look for.
#[derive(Clone, Debug)]
pub(super) enum Whose {
    /// One of the client that the cache belongs to.
    Owner,
    /// One of a user, which the owner obtained on the user's behalf (S4U2Self).
    User(Principal),
    /// One of the client of this second ticket (S4U2Proxy).
    Evidence(Vec<u8>),
}
