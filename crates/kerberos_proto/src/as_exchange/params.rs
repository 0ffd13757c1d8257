//! `AsParams`: what a client asks the authentication service for.

use alloc::vec::Vec;

use kerberos_asn1::KerberosTime;

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
    /// For how many seconds from its start the ticket is to hold; `None` means a day.
    pub lifetime: Option<u32>,
    /// For how many seconds from its start the ticket is to be renewable; `None` and 0 mean not.
    pub renew_lifetime: Option<u32>,
    /// The addresses to bind the ticket to; empty means none.
    pub addresses: Vec<HostAddress>,
    /// Whether to ask for a Windows PAC in the ticket, or for none; `None` leaves it to the KDC.
    pub request_pac: Option<bool>,
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
            policy: Policy::default(),
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
