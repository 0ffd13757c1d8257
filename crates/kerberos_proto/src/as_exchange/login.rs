//! `Login`: the result of a successful AS exchange.

use kerberos_asn1::KerberosTime;
use kerberos_crypto::EncryptionType;

use crate::{ClockOffset, Credential, Timestamp};

/// The result of a successful AS exchange.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// The ticket with its session key and everything else that belongs to it. Its client may have
    /// another name than requested, if the KDC was allowed to canonicalize it.
    pub credential: Credential,
    /// How far the KDC's clock is ahead, from an authenticated reply; `None` if the policy does not
    /// adopt the KDC's clock.
    pub kdc_offset: Option<ClockOffset>,
    /// Whether the KDC supports FAST, from an authenticated reply (RFC 6806 §11). Credential caches
    /// store this as `fast_avail`.
    pub fast_avail: bool,
    /// The type of preauthentication that was used, if any. Credential caches store this as
    /// `pa_type`.
    pub pa_type: Option<i32>,
    /// Which type of key was used, if a keytab has several; for
    /// [`LastPreauth::etype`](super::LastPreauth::etype). `None` if there was no choice or no
    /// preauthentication. Caches written by this library store this as `pa_etype`.
    pub pa_etype: Option<EncryptionType>,
    /// When the client's password expires, if the KDC says so.
    pub password_expiration: Option<KerberosTime>,
    /// When the client's account expires, if the KDC says so.
    pub account_expiration: Option<KerberosTime>,
    /// Whether the expiry times come from `last-req`, which KDCs use to have the user warned, and
    /// not from the older `key-expiration`, which may be years away.
    pub expiration_is_warning: bool,
    /// The type of the key that encrypted the reply.
    pub reply_key_etype: EncryptionType,
}

impl Login {
    /// Converts `now` from this machine's clock to the KDC's, which determines when tickets start
    /// and end.
    pub fn by_kdc(&self, now: Timestamp) -> Timestamp {
        now.by_kdc(self.kdc_offset)
    }

    /// A login of which only the ticket is known, for example from a credential cache. Everything
    /// that only an AS-REP tells is left empty, and `reply_key_etype` is the session key's type.
    pub fn of_ticket(credential: Credential, kdc_offset: Option<ClockOffset>) -> Self {
        Self {
            kdc_offset,
            fast_avail: false,
            pa_type: None,
            pa_etype: None,
            password_expiration: None,
            account_expiration: None,
            expiration_is_warning: false,
            reply_key_etype: credential.session_key.etype(),
            credential,
        }
    }
}
