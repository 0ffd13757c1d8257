//! The AS-REP: decrypted with the key that the KDC indicates (RFC 4120 §3.1.5) and turned into a
//! [`Login`]. The checks are in `reply/checks.rs`.

use alloc::boxed::Box;

use kerberos_asn1::{EncKdcRepPart, KdcRep, KerberosTime};
use kerberos_crypto::{CryptoError, EncryptionType, KeyUsage, Plaintext};

use super::request::Sent;
use super::{Login, Session};
use crate::plain::without_padding;
use crate::preauth::{OwnedPaData, Preauth};
use crate::trace::{Etype, PaTypes, Printable, trace};
use crate::{Credential, ExchangeError, Principal, ReplyFault, Timestamp};

mod checks;

use checks::{check, check_clock, check_request_proof};

/// Decrypts and checks `reply`, the answer to `sent`.
pub(super) fn finish(
    reply: &KdcRep<'_>,
    sent: &Sent,
    preauth: &Preauth,
    session: &mut Session,
    now: Timestamp,
) -> Result<Box<Login>, ExchangeError> {
    let etype = EncryptionType(reply.enc_part.etype);
    // RFC 4120 §3.1.3: the KDC picks from the client's list. Any other type is a downgrade.
    if !sent.plan.etypes().contains(&etype) {
        return Err(ReplyFault::EtypeNotOffered(etype).into());
    }
    let client = Principal::from_wire(&reply.cname, reply.crealm);
    let padata = OwnedPaData::list(reply.padata.as_ref());
    if !padata.is_empty() {
        trace!("Processing preauth types: {}", PaTypes(&padata));
    }

    let plain = decrypt(reply, &padata, &client, preauth, session)?;
    let key = session
        .key
        .made()
        .map(|made| &made.key)
        .ok_or(ExchangeError::Finished)?;
    let part = EncKdcRepPart::from_der_any_tag(without_padding(&plain, key.etype()))
        .map_err(ExchangeError::decode("the encrypted part of the AS-REP"))?;
    let session_etype = EncryptionType(part.key.keytype);
    trace!(
        "Decrypted AS reply; session key is: {}",
        Etype(session_etype)
    );

    let fast_avail = check_request_proof(&part, sent, key)?;
    trace!(
        "FAST negotiation: {}available",
        if fast_avail { "" } else { "un" }
    );
    let server = check(reply, &part, &client, &sent.plan, &session.params.policy)?;
    let kdc_offset = check_clock(&part, sent, now, &session.params.policy)?;

    let several = session.key.etypes_in(&session.etypes).len() > 1;
    let chosen = preauth.selected().is_some() && several;
    let expiry = Expiry::of(&part);
    Ok(Box::new(Login {
        reply_key_etype: key.etype(),
        kdc_offset,
        fast_avail,
        pa_type: preauth.selected().map(|pa_type| pa_type.0),
        pa_etype: chosen.then(|| key.etype()),
        password_expiration: expiry.password,
        account_expiration: expiry.account,
        expiration_is_warning: expiry.is_warning,
        credential: Credential::of_reply(reply, &part, client, server),
    }))
}

/// Decrypts the reply with the client's long-term key.
///
/// The key that preauthentication used is tried first. It may be the wrong one: the KDC may choose
/// another encryption type, or its reply may name other parameters for the key.
fn decrypt(
    reply: &KdcRep<'_>,
    padata: &[OwnedPaData],
    client: &Principal,
    preauth: &Preauth,
    session: &mut Session,
) -> Result<Plaintext, ExchangeError> {
    let etype = EncryptionType(reply.enc_part.etype);
    let cipher = reply.enc_part.cipher;
    let info = preauth.key_info_for_reply(padata, etype)?;
    if !padata.is_empty() {
        trace!("Produced preauth for next request: (empty)");
    }
    // RFC 4120 §3.1.5 (and §4): without an explicit salt, the default salt of the client's name as
    // the KDC knows it is used.
    let salt = info.salt_for(client);
    if let Some(made) = session.key.made()
        && preauth.selected().is_some()
        && made.salt.etype == etype
    {
        trace!("AS key determined by preauth: {}", Etype(etype));
        match made.key.decrypt(KeyUsage::AS_REP_ENC_PART, cipher) {
            Err(CryptoError::Decrypt) if session.key.is_password() && made.salt != salt => {}
            Err(CryptoError::Decrypt) if !session.key.is_password() => {}
            other => return other.map_err(|error| wrong_key(error, session, etype, None)),
        }
        trace!(
            "Decrypt with preauth AS key failed: {}",
            crate::trace::Error(31)
        );
    }
    if info.salt.is_none() {
        trace!("Salt derived from principal: {}", Printable(&salt.salt));
    }
    trace!(
        "Getting AS key, salt \"{}\", params \"{}\"",
        Printable(&salt.salt),
        Printable(salt.s2kparams.as_deref().unwrap_or_default()),
    );
    let kvno = reply.enc_part.kvno;
    session
        .key
        .make(&session.client, salt, kvno, &session.params.policy)?;
    let Some(made) = session.key.made() else {
        return Err(ExchangeError::Finished);
    };
    trace!("AS key obtained from gak_fct: {}", Etype(etype));
    made.key
        .decrypt(KeyUsage::AS_REP_ENC_PART, cipher)
        .map_err(|error| wrong_key(error, session, etype, kvno))
}

fn wrong_key(
    error: CryptoError,
    session: &Session,
    etype: EncryptionType,
    kdc_kvno: Option<u32>,
) -> ExchangeError {
    match error {
        CryptoError::Decrypt if session.key.is_password() => ExchangeError::WrongPassword(None),
        CryptoError::Decrypt => {
            let kvno = session.key.made().map_or(0, |made| made.kvno);
            ExchangeError::WrongKey {
                etype,
                kvno,
                kdc_kvno,
            }
        }
        other => other.into(),
    }
}

/// When the password and the account expire, according to the reply (RFC 4120 §5.4.2).
struct Expiry {
    password: Option<KerberosTime>,
    account: Option<KerberosTime>,
    /// Whether the KDC means this as a warning to the user.
    is_warning: bool,
}

impl Expiry {
    /// Taken from `last-req`, or from `key-expiration` if `last-req` has no such entry.
    fn of(part: &EncKdcRepPart<'_>) -> Self {
        let mut password = None;
        let mut account = None;
        for entry in &part.last_req {
            match entry.lr_type.0.unsigned_abs() {
                // Negative types have the same meaning for just the server that answers (RFC 4120
                // §5.4.2).
                6 => password = Some(entry.lr_value),
                7 => account = Some(entry.lr_value),
                _ => {}
            }
        }
        let is_warning = password.is_some() || account.is_some();
        if !is_warning {
            // In MIT's KDC zero means never.
            password = part.key_expiration.filter(|time| time.unix() != 0);
        }
        Self {
            password,
            account,
            is_warning,
        }
    }
}
