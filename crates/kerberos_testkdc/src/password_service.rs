//! The kpasswd service, which changes and sets passwords (RFC 3244). Its answers are in
//! `password_service/reply.rs`.

use std::collections::BTreeSet;
use std::time::Duration;

use kerberos_asn1::{
    ApReq, Authenticator, ChangePasswdData, Decode, EncKrbPrivPart, EncTicketPart, EncryptionKey,
    ErrorCode, KrbPriv, PrincipalName, TicketFlags,
};
use kerberos_crypto::{EncryptionType, Key, KeyUsage};

use crate::fault::{Fault, PasswordFault};
use crate::kdc::{Kdc, Now, Received, Transport, lock};
use crate::request::{decode_padded, whole_seconds};

mod reply;

/// The accepted authenticators. None is accepted twice.
pub(crate) type Replays = BTreeSet<Vec<u8>>;

impl Kdc {
    /// The kpasswd service's answer to `request`. `None` means no answer: `request` is not a
    /// request, or a fault is set.
    ///
    /// `now` is the time since 1970-01-01T00:00:00Z. There must be a service `kadmin/changepw`. A
    /// client with a ticket from a login may change its own password. A client that [may set
    /// passwords](crate::Account::may_set_passwords) may change those of others. Empty passwords
    /// are refused.
    pub fn answer_password_change(
        &self,
        request: &[u8],
        transport: Transport,
        now: Duration,
    ) -> Option<Vec<u8>> {
        lock(&self.password_requests).push(Received {
            transport,
            message: request.to_vec(),
        });
        let now = self.heard(transport, now)?;
        let (version, ap_req, private) = unframe(request)?;
        let reply = self
            .change(version, ap_req, private, now)
            .unwrap_or_else(|refusal| self.error(&refusal, now));
        self.sent(reply)
    }

    /// The password requests received so far, the oldest first.
    pub fn password_requests(&self) -> Vec<Received> {
        lock(&self.password_requests).clone()
    }

    fn change(
        &self,
        version: u16,
        ap_req: &[u8],
        private: &[u8],
        now: Now,
    ) -> Result<Vec<u8>, Refusal> {
        if let Some(fault) = self.fault(|fault| match fault {
            PasswordFault::BareError(code) => Some(Refusal::bare(*code)),
            _ => None,
        }) {
            return Err(fault);
        }
        if version != CHANGE && version != SET {
            return Err(Refusal::result(6, "unknown version"));
        }
        // RFC 4120 §3.2.3: the ticket must be for us, and its sender must know the session key.
        let bad = || Refusal::result(3, "bad request");
        let request = ApReq::from_der(ap_req).map_err(|_| bad())?;
        let sealed = &request.ticket.ticket().enc_part;
        let service = self.database.find_by_text("kadmin/changepw");
        let service = service.ok_or_else(|| Refusal::result(2, "no kadmin/changepw"))?;
        let key = service
            .key_for(std::iter::once(sealed.etype))
            .ok_or_else(bad)?;
        let opened = key.key().decrypt(KeyUsage::KDC_REP_TICKET, sealed.cipher);
        let opened = opened.map_err(|_| bad())?;
        let ticket: EncTicketPart<'_> = decode_padded(&opened).ok_or_else(bad)?;
        let session = key_of(&ticket.key).ok_or_else(bad)?;
        let sealed = request.authenticator.cipher;
        let opened = session.decrypt(KeyUsage::AP_REQ_AUTHENTICATOR, sealed);
        let opened = opened.map_err(|_| bad())?;
        let authenticator: Authenticator<'_> = decode_padded(&opened).ok_or_else(bad)?;
        let skew = authenticator.ctime.unix().abs_diff(now.seconds);
        if i64::try_from(skew).unwrap_or(i64::MAX) > whole_seconds(self.policy.clock_skew) {
            return Err(Refusal::bare(ErrorCode::KRB_AP_ERR_SKEW));
        }
        if !lock(&self.replays).insert(sealed.to_vec()) {
            return Err(Refusal::bare(ErrorCode::KRB_AP_ERR_REPEAT));
        }
        // RFC 3244 §2: there must be a subkey, and the same sequence number in both parts.
        let subkey = authenticator
            .subkey
            .as_ref()
            .and_then(key_of)
            .ok_or_else(bad)?;
        let message = KrbPriv::from_der(private).map_err(|_| bad())?;
        let opened = subkey.decrypt(KeyUsage::KRB_PRIV_ENC_PART, message.enc_part.cipher);
        let opened = opened.map_err(|_| bad())?;
        let part: EncKrbPrivPart<'_> = decode_padded(&opened).ok_or_else(bad)?;
        if part.seq_number.is_none() || part.seq_number != authenticator.seq_number {
            return Err(bad());
        }

        let errors = |fault: &PasswordFault| match fault {
            PasswordFault::Error(code, text) => Some((*code, text.clone(), false)),
            PasswordFault::FramedError(code, text) => Some((*code, text.clone(), true)),
            _ => None,
        };
        let error = self.fault(errors);
        let rejected = self.fault(|fault| match fault {
            PasswordFault::Rejects(code, text) => Some((*code, text.clone())),
            _ => None,
        });
        let (code, text) = match (&error, rejected) {
            (Some((code @ 1.., text, _)), _) => (*code, text.clone()),
            (_, Some(rejected)) => rejected,
            _ => self.decide(version, &ticket, part.user_data),
        };
        if let Some((_, _, framed)) = error {
            return Err(Refusal {
                framed,
                data: Some(result(code, &text)),
                code: ErrorCode::KRB_ERR_GENERIC,
            });
        }
        let short = self.password_fault(PasswordFault::ShortResult);
        let data = if short { vec![0] } else { result(code, &text) };
        Ok(self.reply(&session, &subkey, &authenticator, private, &data))
    }

    /// Changes the password if that is allowed. Returns the result code and its explanation.
    fn decide(&self, version: u16, ticket: &EncTicketPart<'_>, data: &[u8]) -> (u16, Vec<u8>) {
        let no = |code, text: &str| (code, text.as_bytes().to_vec());
        let (password, target) = if version == CHANGE {
            (data, None)
        } else {
            match ChangePasswdData::from_der(data) {
                Ok(data) => (data.new_password, data.target_name),
                Err(_) => return no(1, "no ChangePasswdData"),
            }
        };
        let client = self.database.find(&ticket.cname, false);
        let others = |target: &PrincipalName<'_>| target.name_string != ticket.cname.name_string;
        let entry = match target.filter(others) {
            Some(_) if client.is_none_or(|client| !client.account.may_set_passwords) => {
                return no(5, "not your password");
            }
            Some(target) => self.database.find(&target, false),
            // RFC 3244 §2: changing one's own password requires the old one.
            None if !ticket.flags.contains(TicketFlags::INITIAL) => return no(7, ""),
            None => client,
        };
        let Some(entry) = entry else {
            return no(2, "no such principal");
        };
        if password.is_empty() {
            return no(4, "The password is empty.");
        }
        let changed = self.with_rng(|rng| entry.change_password(&self.realm, password, rng));
        match changed {
            Ok(()) => no(0, ""),
            Err(_) => no(2, "no key can be made of it"),
        }
    }

    fn fault<T>(&self, pick: impl Fn(&PasswordFault) -> Option<T>) -> Option<T> {
        self.faults.find(|fault| match fault {
            Fault::Password(fault) => pick(fault),
            _ => None,
        })
    }

    fn password_fault(&self, fault: PasswordFault) -> bool {
        self.faults.strikes(&Fault::Password(fault))
    }
}

/// A KRB-ERROR in place of a reply.
struct Refusal {
    code: ErrorCode,
    data: Option<Vec<u8>>,
    framed: bool,
}

impl Refusal {
    fn bare(code: ErrorCode) -> Self {
        Self {
            code,
            data: None,
            framed: false,
        }
    }

    fn result(code: u16, text: &str) -> Self {
        Self {
            data: Some(result(code, text.as_bytes())),
            ..Self::bare(ErrorCode::KRB_ERR_GENERIC)
        }
    }
}

/// The version and both parts of a request.
fn unframe(request: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (numbers, rest) = request.split_first_chunk::<6>()?;
    let (numbers, _) = numbers.as_chunks::<2>();
    let mut numbers = numbers.iter().map(|pair| u16::from_be_bytes(*pair));
    let (length, version, ap_length) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let (ap_req, private) = rest.split_at_checked(ap_length.into())?;
    (usize::from(length) == request.len()).then_some((version, ap_req, private))
}

fn result(code: u16, text: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes()[..], text].concat()
}

fn key_of(wire: &EncryptionKey<'_>) -> Option<Key> {
    Key::from_bytes(EncryptionType(wire.keytype), wire.keyvalue).ok()
}

/// The version number of the original protocol, which changes one's own password. Every reply has
/// it.
const CHANGE: u16 = 1;
/// The version number of RFC 3244, which sets any principal's password.
const SET: u16 = 0xff80;
