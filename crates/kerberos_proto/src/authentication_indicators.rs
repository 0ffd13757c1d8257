//! How a client authenticated, according to its KDC (RFC 8129, in the container of RFC 7751).
//!
//! What an indicator means is up to the realm, and is left to the service.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use kerberos_asn1::{
    AdAuthenticationIndicator, AdCammac, AuthorizationData, AuthorizationDataType, Decode, Encode,
};
use kerberos_crypto::{ChecksumType, Key, KeyUsage};

/// The authentication indicators among a ticket's authorization data. `key` is the service's key,
/// which decrypts the ticket.
///
/// Only indicators that the KDC vouches for count, because a client can put anything else into its
/// tickets. Elements that are malformed or have a wrong checksum prove nothing and are skipped.
///
/// # Example
/// ```
/// use kerberos_asn1::{
///     AdAuthenticationIndicator, AdCammac, AuthorizationData, AuthorizationDataEntry,
///     AuthorizationDataType, Checksum, Encode, Utf8String, VerifierMac,
/// };
/// use kerberos_crypto::{EncryptionType, Key, KeyUsage};
/// use kerberos_proto::authentication_indicators;
///
/// let key = Key::from_bytes(EncryptionType::AES256_CTS_HMAC_SHA1_96, &[7; 32])?;
/// let entry = |ad_type, ad_data| AuthorizationData::from(vec![AuthorizationDataEntry { ad_type, ad_data }]);
/// let strong = AdAuthenticationIndicator::from(vec![Utf8String("strong")]).to_der();
/// let elements = entry(AuthorizationDataType::AUTHENTICATION_INDICATOR, &strong);
/// let checksum = key.checksum(KeyUsage::CAMMAC, &elements.to_der());
/// let mac = Checksum { cksumtype: 16, checksum: &checksum };
/// let svc_verifier = Some(VerifierMac { identifier: None, kvno: None, enctype: None, mac });
/// let cammac = AdCammac { elements, kdc_verifier: None, svc_verifier, other_verifiers: None }.to_der();
/// let inner = entry(AuthorizationDataType::CAMMAC, &cammac).to_der();
/// let in_ticket = entry(AuthorizationDataType::IF_RELEVANT, &inner);
///
/// assert_eq!(authentication_indicators(&in_ticket, &key), ["strong"]);
/// let other = Key::from_bytes(EncryptionType::AES256_CTS_HMAC_SHA1_96, &[8; 32])?;
/// assert!(authentication_indicators(&in_ticket, &other).is_empty());
/// # Ok::<(), kerberos_crypto::CryptoError>(())
/// ```
pub fn authentication_indicators(elements: &AuthorizationData<'_>, key: &Key) -> Vec<String> {
    let mut indicators = Vec::new();
    for_each(elements, AuthorizationDataType::IF_RELEVANT, |inner| {
        let Ok(inner) = AuthorizationData::from_der(inner) else {
            return;
        };
        for_each(&inner, AuthorizationDataType::CAMMAC, |cammac| {
            let cammac = AdCammac::from_der(cammac).ok();
            let Some(cammac) = cammac.filter(|cammac| is_authentic(cammac, key)) else {
                return;
            };
            let kind = AuthorizationDataType::AUTHENTICATION_INDICATOR;
            for_each(&cammac.elements, kind, |texts| {
                if let Ok(texts) = AdAuthenticationIndicator::from_der(texts) {
                    indicators.extend(texts.iter().map(|text| text.0.to_owned()));
                }
            });
        });
    });
    indicators
}

fn for_each<'a>(
    elements: &AuthorizationData<'a>,
    kind: AuthorizationDataType,
    mut use_it: impl FnMut(&'a [u8]),
) {
    for element in elements.iter().filter(|element| element.ad_type == kind) {
        use_it(element.ad_data);
    }
}

/// RFC 7751 §4: the service's verifier covers the encoding of the elements.
fn is_authentic(cammac: &AdCammac<'_>, key: &Key) -> bool {
    let Some(verifier) = &cammac.svc_verifier else {
        return false;
    };
    let checksum_type = ChecksumType(verifier.mac.cksumtype);
    let elements = cammac.elements.to_der();
    let mac = verifier.mac.checksum;
    key.verify_checksum_as(checksum_type, KeyUsage::CAMMAC, &elements, mac)
        .is_ok()
}
