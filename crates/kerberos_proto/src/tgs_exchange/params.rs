//! `TgsParams`: what a client requests from the ticket-granting service.

use alloc::vec::Vec;

use kerberos_asn1::KerberosTime;
use kerberos_crypto::EncryptionType;

use super::OnBehalf;
use crate::{AuthorizationDataElement, ClockOffset, HostAddress, Policy, Principal};

/// What to request from the ticket-granting service.
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
    /// The requested flags.
    pub options: TgsOptions,
    /// When a postdated ticket should start; `None` means now.
    pub start: Option<KerberosTime>,
    /// When the ticket should end; `None` means at the end of the TGT.
    pub end: Option<KerberosTime>,
    /// Until when the ticket should be renewable; `None` leaves this to the KDC.
    pub renew_till: Option<KerberosTime>,
    /// The addresses to bind a forwarded or proxy ticket to; empty means none.
    pub addresses: Vec<HostAddress>,
    /// The encryption types for the session key, best first; empty means those of the policy.
    pub etypes: Vec<EncryptionType>,
    /// The TGT of the service, which requests a ticket encrypted in the session key of that TGT
    /// (user-to-user, RFC 4120 §3.7).
    pub second_ticket: Option<Vec<u8>>,
    /// The user on whose behalf to request the ticket, if not for the client of the TGT.
    pub on_behalf: Option<OnBehalf>,
    /// Restrictions to put into the ticket.
    pub authorization_data: Vec<AuthorizationDataElement>,
    /// How far the KDC's clock is ahead, as determined by the login.
    pub kdc_offset: Option<ClockOffset>,
    /// What the client requires and prefers.
    pub policy: Policy,
}

impl TgsParams {
    /// Parameters for a ticket for `server`, like those of MIT's library.
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

    /// Parameters for renewing `ticket`. Pass the same ticket to start the exchange (RFC 4120
    /// §2.3).
    pub fn renew(ticket: &crate::Credential) -> Self {
        let mut params = Self::new(ticket.server.clone());
        params.options.renew = true;
        params.addresses.clone_from(&ticket.addresses);
        params
    }

    /// Parameters for validating the postdated `ticket`. Pass the same ticket to start the exchange
    /// (RFC 4120 §2.4).
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
    /// Request what the TGT allows: forwardable, proxiable, postdatable and renewable tickets from
    /// a TGT with those flags, like MIT's library.
    pub inherit: bool,
    /// Let the KDC canonicalize the service's name and refer the client to another realm (RFC 6806
    /// §8).
    pub canonicalize: bool,
    /// Request a forwarded ticket, bound to `addresses` (RFC 4120 §2.6).
    pub forwarded: bool,
    /// Request a proxy ticket, bound to `addresses` (RFC 4120 §2.5).
    pub proxy: bool,
    /// Renew the ticket for its original lifetime (RFC 4120 §2.3).
    pub renew: bool,
    /// Validate a postdated ticket (RFC 4120 §2.4).
    pub validate: bool,
    /// Further option bits of RFC 4120 §5.4.1, where the most significant bit is bit 0.
    pub more: u32,
}

impl Default for TgsOptions {
    /// Only `inherit`.
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
