//! `Policy`: what the client requires and prefers. Translating krb5.conf into it happens elsewhere.

use alloc::vec;
use alloc::vec::Vec;

use kerberos_crypto::{DEFAULT_MAX_ITERATIONS, EncryptionType};

/// What the client requires and prefers. [`Policy::default`] is the behaviour of MIT's library
/// without a krb5.conf.
///
/// # Example
/// ```
/// use kerberos_proto::Policy;
/// let mut policy = Policy::default();
/// policy.etypes.retain(|etype| !matches!(etype.0, 16 | 23));
/// assert_eq!(policy.clock_skew, 300);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// How far clocks may differ, in seconds (`clockskew`, RFC 4120 §3.1.5).
    pub clock_skew: u32,
    /// The encryption types to request, best first (`default_tkt_enctypes`). A reply with any other
    /// type is refused.
    pub etypes: Vec<EncryptionType>,
    /// The preauthentication types to try before others (`preferred_preauth_types`).
    pub preferred_preauth_types: Vec<i32>,
    /// Never send an encrypted timestamp (`disable_encrypted_timestamp`), not even after a referral
    /// to another realm.
    pub disable_encrypted_timestamp: bool,
    /// The maximum number of string-to-key iterations that a KDC may ask for. Without a limit, a
    /// forged reply could keep the client computing forever.
    pub max_iterations: u32,
    /// Assume that the KDC's clock is right (`kdc_timesync`). If this is off, a reply whose clock
    /// differs by more than `clock_skew` is refused.
    pub kdc_timesync: bool,
    /// The maximum number of referrals to follow.
    pub max_referrals: u8,
    /// The maximum number of requests in one exchange, whatever the KDC answers.
    pub max_requests: u8,
}

impl Policy {
    /// MIT's default encryption types (`DEFAULT` in krb5.conf), in its order.
    pub const DEFAULT_ETYPES: &[EncryptionType] = &[
        EncryptionType::AES256_CTS_HMAC_SHA1_96,
        EncryptionType::AES128_CTS_HMAC_SHA1_96,
        EncryptionType::AES256_CTS_HMAC_SHA384_192,
        EncryptionType::AES128_CTS_HMAC_SHA256_128,
        EncryptionType::DES3_CBC_SHA1,
        EncryptionType::ARCFOUR_HMAC,
        EncryptionType::CAMELLIA128_CTS_CMAC,
        EncryptionType::CAMELLIA256_CTS_CMAC,
    ];
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            clock_skew: 300,
            etypes: Self::DEFAULT_ETYPES.to_vec(),
            preferred_preauth_types: vec![17, 16, 15, 14],
            disable_encrypted_timestamp: false,
            max_iterations: DEFAULT_MAX_ITERATIONS,
            kdc_timesync: true,
            max_referrals: 10,
            max_requests: 16,
        }
    }
}
