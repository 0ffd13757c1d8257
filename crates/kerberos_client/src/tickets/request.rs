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
    /// The service. An empty realm leaves it to the KDC to say where the service lives; the ticket
    /// is then kept under that name, as MIT's library does.
    pub server: Principal,
    /// The flags to ask a KDC for. A ticket of the cache need not have them, nor be bound to
    /// [`addresses`](Self::addresses): of that it is the client, the service, the type of the
    /// session key, the second ticket and the restrictions that count, as in MIT's library. Only
    /// for a forwarded ticket or a proxy the cache is not looked at. To have new flags, ask for a
    /// [`fresh`](Self::fresh) one.
    pub options: TgsOptions,
    /// The encryption types for the session key, best first; empty means those of krb5.conf.
    pub etypes: Vec<EncryptionType>,
    /// The TGT of the service: asks for a ticket encrypted in that one's session key
    /// (user-to-user, RFC 4120 §3.7).
    pub second_ticket: Option<Vec<u8>>,
    /// The addresses to bind a forwarded ticket or a proxy to; empty means none.
    pub addresses: Vec<HostAddress>,
    /// Restrictions to put into the ticket.
    pub authorization_data: Vec<AuthorizationDataElement>,
    /// Whether no KDC may be asked.
    pub cached_only: bool,
    /// Whether the ticket stays out of the cache. TGTs of realms on the way go into it all the
    /// same, as with MIT's library.
    pub no_store: bool,
    /// Whether no ticket of the cache will do: a KDC is asked, with the TGTs that are there, and
    /// the new ticket takes the place of the old one. For when the old one is of no use any more:
    /// the service has a new key, or the client other groups.
    pub fresh: bool,
    /// Whether a ticket of the cache that has expired will do.
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

    /// What to ask the KDC for, under one of the service's names.
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

    /// Whether a ticket for one is a ticket for the other.
    pub(super) fn wants_the_same(&self, other: &Self) -> bool {
        self.server == other.server
            && self.options == other.options
            && self.etypes == other.etypes
            && self.second_ticket == other.second_ticket
            && self.addresses == other.addresses
            && self.authorization_data == other.authorization_data
    }

    /// Whether a ticket of the cache can be what is asked for: forwarded tickets and proxies are
    /// made for one occasion.
    pub(super) fn may_be_cached(&self) -> bool {
        !self.options.forwarded && !self.options.proxy
    }
}

/// Whose ticket of the cache it must be.
#[derive(Clone, Debug)]
pub(super) enum Whose {
    /// That of the client whose cache it is.
    Owner,
    /// That of a user on whose behalf the owner got it (S4U2Self).
    User(Principal),
    /// That of whoever is the client of this second ticket (S4U2Proxy).
    Evidence(Vec<u8>),
}
