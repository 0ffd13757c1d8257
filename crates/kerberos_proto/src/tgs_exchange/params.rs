//! `TgsParams`: what a client asks the ticket-granting service for.

use alloc::vec::Vec;

use kerberos_asn1::KerberosTime;
use kerberos_crypto::EncryptionType;

use super::OnBehalf;
use crate::{AuthorizationDataElement, ClockOffset, HostAddress, Policy, Principal};

/// What to ask the ticket-granting service for.
///
/// # Example
/// ```
/// use kerberos_proto::{Principal, TgsParams};
/// let mut params = TgsParams::new(Principal::parse("host/www.example.com@EXAMPLE.COM")?);
/// params.options.canonicalize = true;
/// assert!(params.etypes.is_empty());
/// # Ok::<(), kerberos_proto::PrincipalError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TgsParams {
    /// The service. An empty realm means the one that the TGT is for.
    pub server: Principal,
    /// The flags asked for.
    pub options: TgsOptions,
    /// When a postdated ticket is to start; `None` means now.
    pub start: Option<KerberosTime>,
    /// When the ticket is to end; `None` means with the TGT.
    pub end: Option<KerberosTime>,
    /// Until when a renewable ticket is to be renewable; `None` leaves it to the KDC.
    pub renew_till: Option<KerberosTime>,
    /// The addresses to bind a forwarded ticket or a proxy to; empty means none.
    pub addresses: Vec<HostAddress>,
    /// The encryption types for the session key, best first; empty means those of the policy.
    pub etypes: Vec<EncryptionType>,
    /// The TGT of the service: it asks for a ticket encrypted in that one's session key
    /// (user-to-user, RFC 4120 §3.7).
    pub second_ticket: Option<Vec<u8>>,
    /// The user that the ticket is for, if not the client of the TGT.
    pub on_behalf: Option<OnBehalf>,
    /// Restrictions to put into the ticket.
    pub authorization_data: Vec<AuthorizationDataElement>,
    /// How far the KDC's clock is ahead, as the login found it.
    pub kdc_offset: Option<ClockOffset>,
    /// What the client insists on and prefers.
    pub policy: Policy,
}

impl TgsParams {
    /// Parameters for a ticket for `server`, as MIT's library asks for one.
    pub fn new(server: Principal) -> Self {
        Self {
            server,
            options: TgsOptions::default(),
            start: None,
            end: None,
            renew_till: None,
            addresses: Vec::new(),
            etypes: Vec::new(),
            second_ticket: None,
            on_behalf: None,
            authorization_data: Vec::new(),
            kdc_offset: None,
            policy: Policy::default(),
        }
    }

    /// Parameters for renewing `ticket`, which is also what to start the exchange with
    /// (RFC 4120 §2.3).
    pub fn renew(ticket: &crate::Credential) -> Self {
        let mut params = Self::new(ticket.server.clone());
        params.options.renew = true;
        params.addresses.clone_from(&ticket.addresses);
        params
    }

    /// Parameters for validating the postdated `ticket`, which is also what to start the exchange
    /// with (RFC 4120 §2.4).
    pub fn validate(ticket: &crate::Credential) -> Self {
        let mut params = Self::new(ticket.server.clone());
        params.options.validate = true;
        params.addresses.clone_from(&ticket.addresses);
        params
    }
}

/// The KDC options of RFC 4120 §5.4.1 that a client may choose in a TGS-REQ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TgsOptions {
    /// Ask for what the TGT allows: forwardable, proxiable, postdatable and renewable tickets from
    /// a TGT with those flags. MIT's library does so.
    pub inherit: bool,
    /// Let the KDC correct the service's name and refer the client to another realm
    /// (RFC 6806 §8).
    pub canonicalize: bool,
    /// A forwarded ticket, bound to the addresses of the parameters (RFC 4120 §2.6).
    pub forwarded: bool,
    /// A proxy, bound to the addresses of the parameters (RFC 4120 §2.5).
    pub proxy: bool,
    /// The ticket once more, for as long as it was for (RFC 4120 §2.3).
    pub renew: bool,
    /// The postdated ticket, now valid (RFC 4120 §2.4).
    pub validate: bool,
    /// More option bits of RFC 4120 §5.4.1, the most significant being bit 0.
    pub more: u32,
}

impl Default for TgsOptions {
    /// `inherit` and nothing else.
    fn default() -> Self {
        Self {
            inherit: true,
            canonicalize: false,
            forwarded: false,
            proxy: false,
            renew: false,
            validate: false,
            more: 0,
        }
    }
}
