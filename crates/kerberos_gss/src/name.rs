//! Names: host-based services (RFC 2743 §4.1, RFC 1964 §2.1.2), Kerberos principals, and the
//! exported form for access control lists (RFC 2743 §3.2, RFC 1964 §2.1.3).

use alloc::vec::Vec;

use kerberos_asn1::NameType;
use kerberos_proto::{ParseOptions, Principal};

use crate::{GssError, Mechanism};

/// The principal for the host-based service `service@host` in `realm`.
///
/// The host is converted to lower case, but not canonicalized by DNS. Without `@host` the service
/// is on `default_host`.
///
/// # Errors
/// [`GssError::Name`] if service or host is empty.
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

/// The exported form of a principal. Equal names have equal exported forms, which can be stored in
/// an access control list and compared octet by octet (RFC 2743 §3.2).
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
    // Exact bytes: the `Display` form would make names with invalid UTF-8 look alike.
    let mut text = Vec::new();
    principal.unparse_into(&mut text);
    let oid = Mechanism::KRB5.0;
    let mut name = Vec::with_capacity(text.len() + oid.len() + 10);
    name.extend_from_slice(&TOKEN);
    // The identifier with its DER header. Its length is small.
    let length = u8::try_from(oid.len()).unwrap_or_default();
    name.extend_from_slice(&[0, length + 2, 6, length]);
    name.extend_from_slice(oid);
    // No received principal can be longer than 4 GiB.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    name.extend_from_slice(&length.to_be_bytes());
    name.extend_from_slice(&text);
    name
}

/// The principal in an exported name.
///
/// # Errors
/// [`GssError::Name`] if it is not an exported name, and [`GssError::Mechanism`] if it belongs to
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

/// RFC 2743 §3.2: the first octets of every exported name.
const TOKEN: [u8; 2] = [4, 1];
