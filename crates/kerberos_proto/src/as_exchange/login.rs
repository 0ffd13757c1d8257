//! `Login`: what a successful AS exchange yields.

use kerberos_asn1::KerberosTime;
use kerberos_crypto::EncryptionType;

use crate::{ClockOffset, Credential, Timestamp};

/// What a successful AS exchange yields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// The ticket, its session key and all that goes with them. Its client may have another name
    /// than was asked for, when the KDC was allowed to correct it.
    pub credential: Credential,
    /// How far the KDC's clock is ahead, from an authenticated reply; `None` where the policy
    /// does not take the KDC's clock for the true one.
    pub kdc_offset: Option<ClockOffset>,
    /// Whether the KDC does FAST, from an authenticated reply (RFC 6806 §11): credential caches
    /// remember it as `fast_avail`.
    pub fast_avail: bool,
    /// The type of preauthentication that was used, if any: credential caches remember it as
    /// `pa_type`.
    pub pa_type: Option<i32>,
    /// Of a keytab's keys of several types the one that was used, for
    /// [`LastPreauth::etype`](super::LastPreauth::etype); `None` where there was no choice, and
    /// without preauthentication. Caches written by this library remember it as `pa_etype`.
    pub pa_etype: Option<EncryptionType>,
    /// When the client's password expires, if the KDC says.
    pub password_expiration: Option<KerberosTime>,
    /// When the client's account expires, if the KDC says.
    pub account_expiration: Option<KerberosTime>,
    /// Whether the expiry times come from where a KDC puts them to have the user warned
    /// (`last-req`), not from the older `key-expiration`, which may be years away.
    pub expiration_is_warning: bool,
    /// The type of the key that the reply was encrypted in.
    pub reply_key_etype: EncryptionType,
}

impl Login {
    /// `now`, by this machine's clock, as the KDC's clock has it: tickets begin and end by that.
    pub fn by_kdc(&self, now: Timestamp) -> Timestamp {
        now.by_kdc(self.kdc_offset)
    }

    /// A login known by its ticket alone, as from a credential cache. What only the reply to a
    /// login tells is left out, and `reply_key_etype` is the session key's.
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
