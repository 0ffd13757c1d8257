//! The answers of both services: tickets (RFC 4120 §3.1.3, §5.4.2) and errors (§5.9.1).
//!
//! The faults in replies are applied here.

use kerberos_asn1::der::{Reader, Tag};
use kerberos_asn1::{
    AsRep, AuthorizationData, Decode, EncAsRepPart, EncKdcRepPart, EncTgsRepPart, EncTicketPart,
    Encode, EncryptedData, ErrorCode, HostAddresses, KdcRep, KdcReq, KerberosTime, KrbError,
    LastReqEntry, LastReqType, MessageType, MethodData, Microseconds, NameType, PrincipalName,
    RawTicket, Realm, SequenceOf, TgsRep, TicketFlags, TransitedEncoding, TransitedType,
};
use kerberos_crypto::{EncryptionType, Key, KeyUsage};
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::forge::{seal, wire_key};
use crate::kdc::{Kdc, Now};

/// An error in place of a ticket.
pub(crate) struct Refusal {
    code: ErrorCode,
    text: &'static str,
    e_data: Option<Vec<u8>>,
    client_realm: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, text: &'static str) -> Self {
        Self {
            code,
            text,
            e_data: None,
            client_realm: None,
        }
    }

    /// RFC 4120 §7.2.1: tells the client to retry over TCP.
    pub(crate) fn too_big() -> Self {
        Self::new(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG, "RESPONSE_TOO_BIG")
    }

    pub(crate) fn with_data(mut self, e_data: Vec<u8>) -> Self {
        self.e_data = Some(e_data);
        self
    }

    /// States another realm for the client (RFC 6806 §7).
    pub(crate) fn with_client_realm(mut self, realm: &str) -> Self {
        self.client_realm = Some(realm.to_owned());
        self
    }

    /// Encodes the KRB-ERROR.
    pub(crate) fn to_error(&self, kdc: &Kdc, request: &KdcReq<'_>, now: Now) -> Vec<u8> {
        let body = &request.req_body;
        let client_realm = self.client_realm.as_deref().map(Realm::from);
        let unnamed = || PrincipalName {
            name_type: NameType::SRV_INST,
            name_string: SequenceOf::from(vec!["krbtgt".into(), kdc.realm.as_str().into()]),
        };
        KrbError {
            ctime: None,
            cusec: None,
            stime: KerberosTime::from_unix(now.seconds),
            susec: Some(Microseconds(now.microseconds)),
            error_code: self.code,
            crealm: client_realm.or_else(|| body.cname.is_some().then_some(body.realm)),
            cname: body.cname.clone(),
            realm: body.realm,
            sname: body.sname.clone().unwrap_or_else(unnamed),
            e_text: Some(self.text.into()),
            e_data: self.e_data.as_deref(),
        }
        .to_der()
    }
}

/// A ticket to issue.
pub(crate) struct Grant<'a> {
    /// The type of the reply: [`MessageType::AS_REP`] or [`MessageType::TGS_REP`].
    pub(crate) reply_type: MessageType,
    pub(crate) client: PrincipalName<'a>,
    pub(crate) client_realm: Realm<'a>,
    pub(crate) server: PrincipalName<'a>,
    pub(crate) server_realm: Realm<'a>,
    /// The key that encrypts the ticket, and its version if it is a long-term key.
    pub(crate) ticket_key: (&'a Key, Option<u32>),
    pub(crate) session_etype: EncryptionType,
    pub(crate) flags: TicketFlags,
    pub(crate) times: Times,
    pub(crate) addresses: Option<HostAddresses<'a>>,
    pub(crate) nonce: u32,
    pub(crate) password_expiration: Option<KerberosTime>,
    pub(crate) padata: Option<MethodData<'a>>,
    pub(crate) encrypted_pa_data: Option<MethodData<'a>>,
    pub(crate) authorization_data: Option<AuthorizationData<'a>>,
    /// The key for the client's part, with its version and key usage.
    pub(crate) reply_key: (&'a Key, Option<u32>, KeyUsage),
}

/// The times of a ticket.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) auth: KerberosTime,
    pub(crate) start: KerberosTime,
    pub(crate) end: KerberosTime,
    pub(crate) renew_till: Option<KerberosTime>,
}

impl Grant<'_> {
    /// Makes the reply: the session key, the ticket and the client's part.
    ///
    /// # Errors
    /// None in practice, because the types are those of existing keys.
    pub(crate) fn issue(mut self, kdc: &Kdc, now: Now) -> Result<Vec<u8>, Refusal> {
        self.spoil(kdc, now);
        let session = kdc
            .with_rng(|rng| Key::generate(self.session_etype, rng))
            .map_err(|_| Refusal::new(ErrorCode::KDC_ERR_ETYPE_NOSUPP, "BAD_ENCRYPTION_TYPE"))?;
        let ticket = self.ticket(kdc, &session);
        let ticket = RawTicket::from_der(&ticket)
            .map_err(|_| Refusal::new(ErrorCode::KRB_ERR_GENERIC, "TICKET"))?;
        let part = self.client_part(kdc, &session, now);

        let (key, kvno, usage) = self.reply_key;
        let mut cipher = kdc.with_rng(|rng| key.encrypt(usage, &part, rng));
        let faults = &kdc.faults;
        if faults.strikes(&Fault::CorruptedCiphertext)
            && let Some(last) = cipher.last_mut()
        {
            *last ^= 1;
        }
        let relabelled = faults.find(|fault| match fault {
            Fault::ReplyEtype(etype) => Some(*etype),
            _ => None,
        });
        let reply = KdcRep {
            padata: self.padata,
            crealm: self.client_realm,
            cname: self.client,
            ticket,
            enc_part: EncryptedData {
                etype: relabelled.unwrap_or(key.etype()).0,
                kvno,
                cipher: &cipher,
            },
        };
        let is_tgs = self.reply_type == MessageType::TGS_REP;
        let as_tgs = is_tgs ^ faults.strikes(&Fault::WrongMessageType);
        Ok(if as_tgs {
            TgsRep(reply).to_der()
        } else {
            AsRep(reply).to_der()
        })
    }

    /// Applies the faults in the contents of the reply.
    fn spoil(&mut self, kdc: &Kdc, now: Now) {
        let faults = &kdc.faults;
        if faults.strikes(&Fault::WrongNonce) {
            self.nonce ^= 1;
        }
        if faults.strikes(&Fault::WrongClientName) {
            self.client.name_string = SequenceOf::from(vec!["mallory".into()]);
        }
        if faults.strikes(&Fault::WrongClientRealm) {
            self.client_realm = "WRONG.REALM".into();
        }
        if faults.strikes(&Fault::WrongServerName) {
            self.server.name_string = SequenceOf::from(vec!["wrong".into(), "server".into()]);
        }
        if faults.strikes(&Fault::WrongServerRealm) {
            self.server_realm = "WRONG.REALM".into();
        }
        if faults.strikes(&Fault::EndtimeInPast) {
            self.times.end = after(now, -3600);
        }
        if faults.strikes(&Fault::EndtimeTooLate) {
            self.times.end = after(now, 3650 * 24 * 3600);
        }
        if faults.strikes(&Fault::StarttimeInFuture) {
            self.times.start = after(now, 3600);
            self.times.end = self.times.end.max(after(now, 7200));
        }
        let added = faults.find(|fault| match fault {
            Fault::AddedFlags(flags) => Some(*flags),
            _ => None,
        });
        let removed = faults.find(|fault| match fault {
            Fault::RemovedFlags(flags) => Some(*flags),
            _ => None,
        });
        self.flags |= added.unwrap_or_default();
        self.flags = self.flags.without(removed.unwrap_or_default());
    }

    fn ticket(&self, kdc: &Kdc, session: &Key) -> Vec<u8> {
        let part = EncTicketPart {
            flags: self.flags,
            key: wire_key(session),
            crealm: self.client_realm,
            cname: self.client.clone(),
            transited: TransitedEncoding {
                tr_type: TransitedType::DOMAIN_X500_COMPRESS,
                contents: b"",
            },
            authtime: self.times.auth,
            starttime: Some(self.times.start),
            endtime: self.times.end,
            renew_till: self.times.renew_till,
            caddr: self.addresses.clone(),
            authorization_data: self.authorization_data.clone(),
        };
        let mut server = self.server.clone();
        if kdc.faults.strikes(&Fault::WrongTicketServer) {
            server.name_string = SequenceOf::from(vec!["wrong".into(), "ticket".into()]);
        }
        kdc.with_rng(|rng| seal(&part, self.server_realm, server, self.ticket_key, rng))
    }

    fn client_part(&self, kdc: &Kdc, session: &Key, now: Now) -> Zeroizing<Vec<u8>> {
        let last_req = match self.password_expiration {
            Some(when) => LastReqEntry {
                lr_type: LastReqType::PASSWORD_EXPIRATION,
                lr_value: when,
            },
            None => LastReqEntry {
                lr_type: LastReqType::NONE,
                lr_value: after(now, 0),
            },
        };
        let part = EncKdcRepPart {
            key: wire_key(session),
            last_req: SequenceOf::from(vec![last_req]),
            nonce: self.nonce,
            key_expiration: self.password_expiration,
            flags: self.flags,
            authtime: self.times.auth,
            starttime: Some(self.times.start),
            endtime: self.times.end,
            renew_till: self.times.renew_till,
            srealm: self.server_realm,
            sname: self.server.clone(),
            caddr: self.addresses.clone(),
            encrypted_pa_data: self.encrypted_pa_data.clone(),
        };
        let as_tgs = self.reply_type == MessageType::TGS_REP || kdc.faults.strikes(&Fault::TgsTag);
        let der = Zeroizing::new(if as_tgs {
            EncTgsRepPart(part).to_der()
        } else {
            EncAsRepPart(part).to_der()
        });
        if self.nonce > i32::MAX.cast_unsigned() && kdc.faults.strikes(&Fault::NegativeNonce) {
            return negate_nonce(&der, self.nonce).unwrap_or(der);
        }
        der
    }
}

/// The time `seconds` after `now`, by the KDC's clock.
pub(crate) fn after(now: Now, seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(now.seconds.saturating_add(seconds))
}

/// An encoded EncKDCRepPart with its nonce written as the negative INTEGER with the same 32 bits.
///
/// The encoder cannot do this, because RFC 4120 §5.2.4 specifies UInt32.
fn negate_nonce(der: &[u8], nonce: u32) -> Option<Zeroizing<Vec<u8>>> {
    let mut outer = Reader::new(der);
    let application = outer.peek()?;
    let mut fields = outer.enter(application).ok()?.enter(Tag::SEQUENCE).ok()?;
    let mut contents = Zeroizing::new(Vec::with_capacity(der.len()));
    while let Some(tag) = fields.peek() {
        let field = fields.raw(tag).ok()?;
        if tag == Tag::context(2) {
            let negative = nonce.cast_signed().to_der();
            contents.extend(wrap(0xA2, &negative)?);
        } else {
            contents.extend_from_slice(field);
        }
    }
    let sequence = Zeroizing::new(wrap(0x30, &contents)?);
    // The identifier octets of the constructed application tags 25 and 26.
    let identifier = 0x60 | application.application_number()?;
    Some(Zeroizing::new(wrap(identifier, &sequence)?))
}

/// A DER element. Its contents must be shorter than 64 KiB.
fn wrap(identifier: u8, contents: &[u8]) -> Option<Vec<u8>> {
    let [high, low] = u16::try_from(contents.len()).ok()?.to_be_bytes();
    let length: &[u8] = match (high, low) {
        (0, 0..0x80) => &[low],
        (0, _) => &[0x81, low],
        _ => &[0x82, high, low],
    };
    Some([&[identifier], length, contents].concat())
}
