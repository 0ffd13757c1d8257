//! A KDC in memory for these tests: faults are fields, and time is a number.
//!
//! It can make anything that a test needs, right or wrong, which a real KDC would not.

use kerberos_asn1::der::Reader;
use kerberos_asn1::{
    AsRep, AsReq, Checksum, Decode, EncAsRepPart, EncKdcRepPart, EncTgsRepPart, Encode,
    EncryptedData, EncryptionKey, ErrorCode, EtypeInfo, EtypeInfo2, EtypeInfo2Entry,
    EtypeInfoEntry, KdcOptions, KdcRep, KerberosString, KerberosTime, KrbError, LastReqEntry,
    LastReqType, MethodData, Microseconds, PaData, PaDataType, PaEncTsEnc, RawTicket, SequenceOf,
    Ticket, TicketFlags,
};
use kerberos_crypto::{DEFAULT_MAX_ITERATIONS, EncryptionType, Key, KeyUsage};
use kerberos_proto::{
    AsExchange, AsParams, ExchangeError, KeyEntry, Login, Password, Principal, Request, Secret,
    Step, Timestamp,
};

pub(crate) use crate::random::Rng;

pub(crate) const REALM: &str = "EXAMPLE.COM";
pub(crate) const PASSWORD: &str = "correct horse";
/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp {
    seconds: 1_767_225_600,
    microseconds: 250_000,
};

pub(crate) const AES256: EncryptionType = EncryptionType::AES256_CTS_HMAC_SHA1_96;
pub(crate) const AES128: EncryptionType = EncryptionType::AES128_CTS_HMAC_SHA1_96;
pub(crate) const RC4: EncryptionType = EncryptionType::ARCFOUR_HMAC;

/// How the KDC informs the client about its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hint {
    EtypeInfo2,
    EtypeInfo,
    PwSalt,
    /// ETYPE-INFO2 as it should be, and the other two wrong.
    All,
    None,
}

/// The KDC, the client that it knows, and its faults.
pub(crate) struct Kdc {
    pub(crate) realm: String,
    pub(crate) client: Principal,
    pub(crate) etypes: Vec<EncryptionType>,
    pub(crate) password: String,
    /// `None`: the default salt, which is not sent.
    pub(crate) salt: Option<Vec<u8>>,
    pub s2kparams: Option<Vec<u8>>,
    /// The version of the keys.
    pub(crate) kvno: u32,
    pub(crate) preauth: bool,
    pub(crate) hint: Hint,
    /// How far its clock is ahead, in seconds.
    pub(crate) ahead: i64,
    /// How many seconds the user takes to type a password, between the first answer and the second
    /// request.
    pub(crate) late: i64,
    /// Whether it supports RFC 6806 §11.
    pub(crate) proves_request: bool,
    pub(crate) fast: bool,
    pub(crate) tgs_tag: bool,
    pub(crate) cookie: Option<&'static [u8]>,
    pub(crate) etype_override: Option<EncryptionType>,
    pub(crate) session_etype: EncryptionType,
    pub(crate) edit_part: fn(&mut EncKdcRepPart<'_>),
    pub(crate) edit_reply: fn(&mut KdcRep<'_>),
    /// All requests received.
    pub(crate) requests: Vec<Vec<u8>>,
    /// Errors to send first.
    pub(crate) script: Vec<Vec<u8>>,
}

impl Kdc {
    pub(crate) fn new() -> Self {
        Self {
            realm: REALM.into(),
            client: Principal::parse("alice@EXAMPLE.COM").unwrap(),
            etypes: vec![AES256],
            password: PASSWORD.into(),
            salt: None,
            s2kparams: None,
            kvno: 1,
            preauth: true,
            hint: Hint::EtypeInfo2,
            ahead: 0,
            late: 0,
            proves_request: true,
            fast: true,
            tgs_tag: false,
            cookie: Some(b"cookie"),
            etype_override: None,
            session_etype: AES256,
            edit_part: |_| {},
            edit_reply: |_| {},
            requests: Vec::new(),
            script: Vec::new(),
        }
    }

    pub(crate) fn without_preauth() -> Self {
        Self {
            preauth: false,
            ..Self::new()
        }
    }

    /// The salt of the client's password.
    fn real_salt(&self) -> Vec<u8> {
        self.salt
            .clone()
            .unwrap_or_else(|| self.client.default_salt())
    }

    pub(crate) fn key(&self, etype: EncryptionType) -> Key {
        Key::from_password(
            etype,
            self.password.as_bytes(),
            &self.real_salt(),
            self.s2kparams.as_deref(),
            DEFAULT_MAX_ITERATIONS,
        )
        .unwrap()
    }

    /// The client's keys, as in a keytab.
    pub(crate) fn keytab(&self) -> Secret {
        let entry = |&etype| KeyEntry {
            kvno: self.kvno,
            key: self.key(etype).to_block(),
        };
        Secret::Keys(self.etypes.iter().map(entry).collect())
    }

    /// The answer to `request`. `now` is the time by the client's clock.
    pub(crate) fn answer(&mut self, request: &[u8], now: Timestamp) -> Vec<u8> {
        self.requests.push(request.to_vec());
        if !self.script.is_empty() {
            return self.script.remove(0);
        }
        let AsReq(decoded) = AsReq::from_der(request).unwrap();
        let body = &decoded.req_body;
        let asked: Vec<i32> = body.etype.iter().collect();
        let Some(etype) = self
            .etypes
            .iter()
            .copied()
            .find(|etype| asked.contains(&etype.0))
        else {
            return self.error(ErrorCode::KDC_ERR_ETYPE_NOSUPP, now, None);
        };
        let etype = self.etype_override.unwrap_or(etype);
        let key = self.key(etype);
        let padata: Vec<PaData<'_>> = decoded.padata.iter().flat_map(|list| list.iter()).collect();
        if self.preauth {
            let proof = padata
                .iter()
                .find(|pa| pa.padata_type == PaDataType::ENC_TIMESTAMP);
            let Some(proof) = proof else {
                let data = self.method_data(true);
                return self.error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, now, Some(&data));
            };
            let proof = EncryptedData::from_der(proof.padata_value).unwrap();
            let Ok(proof) = self
                .key(EncryptionType(proof.etype))
                .decrypt(KeyUsage::AS_REQ_PA_ENC_TIMESTAMP, proof.cipher)
            else {
                let data = self.method_data(true);
                return self.error(ErrorCode::KDC_ERR_PREAUTH_FAILED, now, Some(&data));
            };
            // Triple DES leaves padding.
            let proof = PaEncTsEnc::decode(&mut Reader::new(&proof)).unwrap();
            if (proof.patimestamp.unix() - now.seconds - self.ahead).abs() > 300 {
                return self.error(ErrorCode::KRB_AP_ERR_SKEW, now, None);
            }
        }
        self.reply(&decoded.req_body, request, etype, &key, now)
    }

    fn reply(
        &self,
        body: &kerberos_asn1::KdcReqBody<'_>,
        request: &[u8],
        etype: EncryptionType,
        key: &Key,
        now: Timestamp,
    ) -> Vec<u8> {
        let mut rng = Rng(7);
        let authtime = KerberosTime::from_unix(now.seconds + self.ahead);
        let session_key = [0x5a; 32];
        let checksum = Checksum {
            cksumtype: key.checksum_type().0,
            checksum: &key.checksum(KeyUsage::AS_REQ, request),
        }
        .to_der();
        let mut encrypted_pa_data = Vec::new();
        let mut flags = TicketFlags::INITIAL | TicketFlags::PRE_AUTHENT;
        if self.proves_request {
            flags |= TicketFlags::ENC_PA_REP;
            encrypted_pa_data.push(PaData {
                padata_type: PaDataType::REQ_ENC_PA_REP,
                padata_value: &checksum,
            });
        }
        if self.fast {
            encrypted_pa_data.push(PaData {
                padata_type: PaDataType::FX_FAST,
                padata_value: b"",
            });
        }
        if body.kdc_options.contains(KdcOptions::RENEWABLE) {
            flags |= TicketFlags::RENEWABLE;
        }
        if body.kdc_options.contains(KdcOptions::POSTDATED) {
            flags |= TicketFlags::POSTDATED | TicketFlags::INVALID;
        }
        let length = self.session_etype.key_size().unwrap_or(32);
        let mut part = EncKdcRepPart {
            key: EncryptionKey {
                keytype: self.session_etype.0,
                keyvalue: &session_key[..length],
            },
            last_req: SequenceOf::from(vec![LastReqEntry {
                lr_type: LastReqType(0),
                lr_value: authtime,
            }]),
            nonce: body.nonce,
            key_expiration: None,
            flags,
            authtime,
            starttime: body.from,
            endtime: body.till,
            renew_till: body.rtime,
            srealm: KerberosString(self.realm.as_bytes()),
            sname: body.sname.clone().unwrap(),
            caddr: body.addresses.clone(),
            encrypted_pa_data: Some(SequenceOf::from(encrypted_pa_data)),
        };
        (self.edit_part)(&mut part);
        let plain = if self.tgs_tag {
            EncTgsRepPart(part.clone()).to_der()
        } else {
            EncAsRepPart(part.clone()).to_der()
        };
        let cipher = key.encrypt(KeyUsage::AS_REP_ENC_PART, &plain, &mut rng);
        let ticket = Ticket {
            tkt_vno: Ticket::VERSION,
            realm: KerberosString(self.realm.as_bytes()),
            sname: body.sname.clone().unwrap(),
            enc_part: EncryptedData {
                etype: 18,
                kvno: Some(1),
                cipher: b"for the TGS only",
            },
        }
        .to_der();
        let method_data = self.method_data(false);
        let padata = MethodData::from_der(&method_data).unwrap();
        let mut reply = KdcRep {
            padata: (!padata.is_empty()).then_some(padata),
            crealm: KerberosString(self.realm.as_bytes()),
            cname: self.client.to_wire(),
            ticket: RawTicket::from_der(&ticket).unwrap(),
            enc_part: EncryptedData {
                etype: etype.0,
                kvno: Some(self.kvno),
                cipher: &cipher,
            },
        };
        (self.edit_reply)(&mut reply);
        AsRep(reply).to_der()
    }

    /// The hints about keys and mechanisms, for an error or a reply.
    pub(crate) fn method_data(&self, in_error: bool) -> Vec<u8> {
        let salt = self.salt.as_deref();
        let entries2: Vec<_> = self
            .etypes
            .iter()
            .map(|etype| EtypeInfo2Entry {
                etype: etype.0,
                salt: salt.map(KerberosString),
                s2kparams: self.s2kparams.as_deref(),
            })
            .collect();
        let info2 = EtypeInfo2::from(entries2).to_der();
        let (salt1, salt0) = match self.hint {
            Hint::All => (Some(&b"wrong"[..]), b"wrong".to_vec()),
            _ => (salt, self.real_salt()),
        };
        let entries: Vec<_> = self
            .etypes
            .iter()
            .map(|etype| EtypeInfoEntry {
                etype: etype.0,
                salt: salt1,
            })
            .collect();
        let info = EtypeInfo::from(entries).to_der();
        let mut list = Vec::new();
        let mut add = |padata_type, padata_value| {
            list.push(PaData {
                padata_type,
                padata_value,
            });
        };
        if matches!(self.hint, Hint::PwSalt | Hint::All) {
            add(PaDataType::PW_SALT, &salt0[..]);
        }
        if matches!(self.hint, Hint::EtypeInfo | Hint::All) {
            add(PaDataType::ETYPE_INFO, &info);
        }
        if matches!(self.hint, Hint::EtypeInfo2 | Hint::All) {
            add(PaDataType::ETYPE_INFO2, &info2);
        }
        if in_error {
            add(PaDataType::ENC_TIMESTAMP, b"");
            add(PaDataType(16), b"");
            if let Some(cookie) = self.cookie {
                add(PaDataType::FX_COOKIE, cookie);
            }
        }
        MethodData::from(list).to_der()
    }

    pub(crate) fn error(&self, code: ErrorCode, now: Timestamp, data: Option<&[u8]>) -> Vec<u8> {
        self.error_of(code, now, data, Some(&self.realm))
    }

    pub(crate) fn error_of(
        &self,
        code: ErrorCode,
        now: Timestamp,
        data: Option<&[u8]>,
        client_realm: Option<&str>,
    ) -> Vec<u8> {
        let server = Principal::krbtgt(self.realm.as_bytes(), self.realm.as_bytes());
        KrbError {
            ctime: None,
            cusec: None,
            stime: KerberosTime::from_unix(now.seconds + self.ahead),
            susec: Some(Microseconds(now.microseconds)),
            error_code: code,
            crealm: client_realm.map(KerberosString::from),
            cname: client_realm.map(|_| self.client.to_wire()),
            realm: KerberosString(self.realm.as_bytes()),
            sname: server.to_wire(),
            e_text: Some("TEST".into()),
            e_data: data,
        }
        .to_der()
    }

    /// Runs an exchange to its end.
    pub(crate) fn login(
        &mut self,
        params: AsParams,
        secret: Secret,
    ) -> Result<Login, ExchangeError> {
        self.login_with(params, secret, |_| {})
    }

    /// Runs an exchange to its end, passing each request to a callback.
    pub(crate) fn login_with(
        &mut self,
        params: AsParams,
        secret: Secret,
        mut see: impl FnMut(&Request),
    ) -> Result<Login, ExchangeError> {
        let mut rng = Rng(1);
        let mut now = NOW;
        let (mut exchange, mut request) = AsExchange::start(params, secret, &mut rng, now)?;
        loop {
            see(&request);
            let reply = self.answer(&request.payload, now);
            now.seconds += 1;
            match exchange.step(&reply, &mut rng, now)? {
                Step::Send(next) => {
                    request = next;
                    now.seconds += self.late;
                }
                Step::Done(login) => return Ok(*login),
            }
        }
    }
}

pub(crate) fn alice() -> AsParams {
    AsParams::new(Principal::parse("alice@EXAMPLE.COM").unwrap())
}

pub(crate) fn password() -> Secret {
    Secret::Password(Password::new(PASSWORD))
}
