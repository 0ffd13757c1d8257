//! `AsParams`: what a client requests from the authentication service.

use alloc::vec::Vec;

use kerberos_asn1::KerberosTime;
use kerberos_crypto::EncryptionType;

use crate::{HostAddress, Policy, Principal};

/// What to request from the authentication service.
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
    /// The client. An enterprise name implies `canonicalize`.
    pub client: Principal,
    /// The service to get a ticket for. Its realm is ignored, because only services of the client's
    /// own realm can be requested. `None` means the ticket-granting service.
    pub server: Option<Principal>,
    /// The requested flags.
    pub options: TicketOptions,
    /// When the ticket should start; `None` means now.
    pub start: Option<StartTime>,
    /// The lifetime of the ticket in seconds from its start; `None` means one day. A negative
    /// number requests a ticket that has already expired, whose only use is to prove the secret.
    pub lifetime: Option<i32>,
    /// How long the ticket should be renewable, in seconds from its start; `None` and 0 mean not
    /// renewable.
    pub renew_lifetime: Option<u32>,
    /// The addresses to bind the ticket to; empty means none.
    pub addresses: Vec<HostAddress>,
    /// Whether to ask for a ticket with or without a Windows PAC; `None` leaves this to the KDC.
    pub request_pac: Option<bool>,
    /// How the client's last login was preauthenticated. This may save a round trip.
    pub last_preauth: Option<LastPreauth>,
    /// What the client requires and prefers.
    pub policy: Policy,
}

impl AsParams {
    /// Parameters for a TGT of `client`, like those of MIT's `kinit` without options and krb5.conf.
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

    /// The service to get a ticket for, in `realm`. A service is always requested in the realm that
    /// is asked, because only that realm's KDC can authenticate the client.
    pub fn server_in(&self, realm: &[u8]) -> Principal {
        match &self.server {
            Some(server) => server.clone().with_realm(realm),
            None => Principal::krbtgt(realm, realm),
        }
    }
}

/// How a client preauthenticated when it last got a ticket for the same service: what a credential
/// cache stores as `pa_type`, and the type of the key.
///
/// With this, the first AS-REQ is preauthenticated at once, if that shows the KDC nothing that the
/// ordinary exchange would not show it. This requires an encrypted timestamp
/// ([`pa_type`](Self::pa_type) 2) that the policy allows, made with a keytab key, where the
/// keytab's first type is the one that the KDC used last. If the KDC refuses it, it is asked in the
/// ordinary way, but the same key is not shown to it again, because it may count failures.
///
/// Passwords are not used this way: only the KDC knows the salt, and a key derived with another
/// salt counts as a wrong password.
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
    /// The type of the key, if there was a choice ([`Login::pa_etype`](super::Login::pa_etype)). If
    /// this is `None`, only a keytab with keys of a single type can be used.
    pub etype: Option<EncryptionType>,
}

impl LastPreauth {
    /// Preauthentication of this type, with an unknown type of key.
    pub fn new(pa_type: i32) -> Self {
        Self {
            pa_type,
            etype: None,
        }
    }
}

/// The KDC options of RFC 4120 §5.4.1 that a client may choose in an AS-REQ. Options that follow
/// from the requested times (postdated, renewable) are set automatically.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TicketOptions {
    /// Request a ticket that can be forwarded.
    pub forwardable: bool,
    /// Request a ticket from which proxy tickets can be made.
    pub proxiable: bool,
    /// Accept a renewable ticket if one with the full lifetime is not available.
    pub renewable_ok: bool,
    /// Let the KDC canonicalize the client's name and refer it to another realm (RFC 6806 §4).
    pub canonicalize: bool,
    /// Hide the client's name (RFC 8062).
    pub anonymous: bool,
    /// Further option bits of RFC 4120 §5.4.1, where the most significant bit is bit 0
    /// (`kdc_default_options`).
    pub more: u32,
}

impl Default for TicketOptions {
    /// Only `renewable_ok`, like MIT's default for `kdc_default_options`.
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

/// When a ticket should start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartTime {
    /// At this time.
    At(KerberosTime),
    /// This many seconds from now.
    In(u32),
}
