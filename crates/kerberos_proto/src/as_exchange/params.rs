//! `AsParams`: what a client asks the authentication service for.

use alloc::vec::Vec;

use kerberos_asn1::KerberosTime;
use kerberos_crypto::EncryptionType;

use crate::{HostAddress, Policy, Principal};

/// What to ask the authentication service for.
///
/// # Example
/// ```
/// use kerberos_proto::{AsParams, Principal};
/// let mut params = AsParams::new(Principal::parse("alice@EXAMPLE.COM")?);
/// params.lifetime = Some(8 * 3600);
/// params.options.forwardable = true;
/// # Ok::<(), kerberos_proto::PrincipalError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AsParams {
    /// Who the client is. An enterprise name implies `canonicalize`.
    pub client: Principal,
    /// The service to get a ticket for; its realm does not count, for only services of the
    /// client's own realm can be asked for. `None` means the ticket-granting service.
    pub server: Option<Principal>,
    /// The flags asked for.
    pub options: TicketOptions,
    /// When the ticket is to start; `None` means now.
    pub start: Option<StartTime>,
    /// How many seconds the ticket is to last from its start; `None` means a day. A number below
    /// zero asks for a ticket that has expired already, which is good only to prove the secret.
    pub lifetime: Option<i32>,
    /// How many seconds the ticket is to be renewable from its start; `None` and 0 mean not at all.
    pub renew_lifetime: Option<u32>,
    /// The addresses to bind the ticket to; empty means none.
    pub addresses: Vec<HostAddress>,
    /// Whether to ask for a Windows PAC in the ticket, or for none; `None` leaves it to the KDC.
    pub request_pac: Option<bool>,
    /// How the client's last login went, which may spare this one a round trip.
    pub last_preauth: Option<LastPreauth>,
    /// What the client insists on and prefers.
    pub policy: Policy,
}

impl AsParams {
    /// Parameters for a TGT of `client`, as MIT's `kinit` without options and krb5.conf.
    pub fn new(client: Principal) -> Self {
        Self {
            client,
            server: None,
            options: TicketOptions::default(),
            start: None,
            lifetime: None,
            renew_lifetime: None,
            addresses: Vec::new(),
            request_pac: None,
            last_preauth: None,
            policy: Policy::default(),
        }
    }

    /// The service to get a ticket for, in `realm`: it is always one of the realm that is asked,
    /// since only its KDC can check the client.
    pub fn server_in(&self, realm: &[u8]) -> Principal {
        match &self.server {
            Some(server) => server.clone().with_realm(realm),
            None => Principal::krbtgt(realm, realm),
        }
    }
}

/// How a client preauthenticated when it last got a ticket for the same service: what a credential
/// cache remembers as `pa_type`, and the type of the key.
///
/// With it the first AS-REQ is preauthenticated at once, where that shows the KDC nothing that it
/// would not be shown anyway: by an encrypted timestamp ([`pa_type`](Self::pa_type) 2) in a key of
/// a keytab, if the policy allows one, and if the first of the keytab's types is the one that the
/// KDC used last. A KDC that refuses it is asked in the ordinary way, but is not shown the same key
/// a second time, since it may count failures.
///
/// Passwords are not used so: which salt goes with them the KDC alone knows, and a key by another
/// one counts as a wrong password.
///
/// # Example
/// ```
/// use kerberos_proto::{AsParams, LastPreauth, Principal};
/// let mut params = AsParams::new(Principal::parse("host/www@EXAMPLE.COM")?);
/// // From the cache that the new ticket is going to replace.
/// params.last_preauth = Some(LastPreauth::new(2));
/// # Ok::<(), kerberos_proto::PrincipalError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LastPreauth {
    /// The type of preauthentication ([`Login::pa_type`](super::Login::pa_type)).
    pub pa_type: i32,
    /// The type of the key, if there was a choice ([`Login::pa_etype`](super::Login::pa_etype)).
    /// Where it is not known, only a keytab with keys of a single type can be used.
    pub etype: Option<EncryptionType>,
}

impl LastPreauth {
    /// Preauthentication of this type, with a key of some type.
    pub fn new(pa_type: i32) -> Self {
        Self {
            pa_type,
            etype: None,
        }
    }
}

/// The KDC options of RFC 4120 §5.4.1 that a client may choose in an AS-REQ. Those that follow
/// from the times asked for (postdated, renewable) are set by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TicketOptions {
    /// A ticket that can be forwarded.
    pub forwardable: bool,
    /// A ticket that can be made into proxies.
    pub proxiable: bool,
    /// Take a renewable ticket where one of the full lifetime cannot be had.
    pub renewable_ok: bool,
    /// Let the KDC correct the client's name and refer it to another realm (RFC 6806 §4).
    pub canonicalize: bool,
    /// Hide the client's name (RFC 8062).
    pub anonymous: bool,
    /// More option bits of RFC 4120 §5.4.1, the most significant being bit 0
    /// (`kdc_default_options`).
    pub more: u32,
}

impl Default for TicketOptions {
    /// `renewable_ok` and nothing else, as MIT's `kdc_default_options`.
    fn default() -> Self {
        Self {
            forwardable: false,
            proxiable: false,
            renewable_ok: true,
            canonicalize: false,
            anonymous: false,
            more: 0,
        }
    }
}

/// When a ticket is to start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartTime {
    /// At a certain time.
    At(KerberosTime),
    /// So many seconds from now.
    In(u32),
}
