//! Names: host-based services (RFC 2743 §4.1, RFC 1964 §2.1.2), Kerberos principals, and the form
//! that access control lists keep (RFC 2743 §3.2, RFC 1964 §2.1.3).

use alloc::vec::Vec;

use kerberos_asn1::NameType;
use kerberos_proto::{ParseOptions, Principal};

use crate::{GssError, Mechanism};

/// The principal of the host-based service `service@host` in `realm`.
///
/// The host is put in lower case and taken as it is otherwise: whether DNS has another name for
/// it is not known here. Without `@host` the service is that of `default_host`.
///
/// # Errors
/// [`GssError::Name`] when service or host are empty.
///
/// # Example
/// ```
/// use kerberos_gss::host_based_service;
/// let name = host_based_service("HTTP@WWW.example.com", "localhost", "EXAMPLE.COM")?;
/// assert_eq!(name.to_string(), "HTTP/www.example.com@EXAMPLE.COM");
/// # Ok::<(), kerberos_gss::GssError>(())
/// ```
pub fn host_based_service(
    name: &str,
    default_host: &str,
    realm: &str,
) -> Result<Principal, GssError> {
    let (service, host) = name.split_once('@').unwrap_or((name, default_host));
    if service.is_empty() || host.is_empty() {
        return Err(GssError::Name("a host-based service is service@host"));
    }
    let host = host.to_ascii_lowercase();
    let components = [service, &host];
    Ok(Principal::new(NameType::SRV_HST, components, realm))
}

/// The exported form of a principal: equal for equal names, to be kept in an access control list
/// and compared octet by octet (RFC 2743 §3.2).
///
/// # Example
/// ```
/// use kerberos_gss::{export_name, import_exported_name};
/// use kerberos_proto::Principal;
/// let alice = Principal::parse("alice@EXAMPLE.COM")?;
/// let exported = export_name(&alice);
/// assert!(exported.starts_with(b"\x04\x01\x00\x0b\x06\x09"));
/// assert_eq!(import_exported_name(&exported)?, alice);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn export_name(principal: &Principal) -> Vec<u8> {
    // Octet by octet: in what it shows as, what is no UTF-8 is all the same.
    let mut text = Vec::new();
    principal.unparse_into(&mut text);
    let oid = Mechanism::KRB5.0;
    let mut name = Vec::with_capacity(text.len() + oid.len() + 10);
    name.extend_from_slice(&TOKEN);
    // The identifier with its DER header; its length is known and small.
    let length = u8::try_from(oid.len()).unwrap_or_default();
    name.extend_from_slice(&[0, length + 2, 6, length]);
    name.extend_from_slice(oid);
    // A principal of more than 4 GiB is nothing that could have been received.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    name.extend_from_slice(&length.to_be_bytes());
    name.extend_from_slice(&text);
    name
}

/// The principal of an exported name.
///
/// # Errors
/// [`GssError::Name`] when it is no exported name, and [`GssError::Mechanism`] when it is one of
/// another mechanism.
pub fn import_exported_name(name: &[u8]) -> Result<Principal, GssError> {
    let malformed = GssError::Name("not an exported name");
    let parts = || {
        let (length, rest) = name.strip_prefix(&TOKEN)?.split_first_chunk()?;
        let (oid, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let &[6, oid_length, ref oid @ ..] = oid else {
            return None;
        };
        (oid.len() == oid_length.into() && rest.len() == length).then_some((oid, rest))
    };
    let (oid, text) = parts().ok_or(malformed)?;
    if !Mechanism(oid).is_kerberos() {
        return Err(GssError::Mechanism(oid.to_vec()));
    }
    Principal::parse_bytes(text, &ParseOptions::default())
        .map_err(|_| GssError::Name("not a principal"))
}

/// RFC 2743 §3.2: the octets in front of every exported name.
const TOKEN: [u8; 2] = [4, 1];
