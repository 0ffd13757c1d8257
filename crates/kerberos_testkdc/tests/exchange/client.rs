//! A minimal client based only on asn1 and crypto: it sends requests, but does not judge the
//! replies.

use std::time::Duration;

use kerberos_asn1::{
    ApOptions, ApReq, AsRep, AsReq, Authenticator, Checksum, Decode, EncKdcRepPart, Encode,
    EncryptedData, EncryptionKey, ErrorCode, EtypeInfo2, KdcOptions, KdcReqBody, KerberosTime,
    KrbError, MethodData, Microseconds, NameType, PaData, PaDataType, PaEncTsEnc, PrincipalName,
    RawTicket, SequenceOf, TgsRep, TgsReq, Ticket,
};
use kerberos_crypto::{EncryptionType, Key, KeyUsage};
use kerberos_testkdc::{Account, Kdc, Repeatable, TestKdc, TestKdcBuilder, Transport};

pub(crate) const NOW: Duration = Duration::new(1_000_000_000, 250_000_000);
pub(crate) const REALM: &str = "TEST.REALM";
pub(crate) const HOUR: i64 = 3600;

pub(crate) fn at(seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(1_000_000_000 + seconds)
}

/// A request, and the parts that tests change.
pub(crate) struct Client {
    pub(crate) name: &'static [&'static str],
    pub(crate) name_type: NameType,
    pub(crate) server: &'static [&'static str],
    pub(crate) realm: &'static str,
    pub(crate) options: KdcOptions,
    pub(crate) from: Option<KerberosTime>,
    pub(crate) till: KerberosTime,
    pub(crate) rtime: Option<KerberosTime>,
    pub(crate) etypes: Vec<i32>,
    pub(crate) nonce: u32,
    pub(crate) clock: KerberosTime,
    pub(crate) password: &'static str,
    pub(crate) ask_for_checksum: bool,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            name: &["user"],
            name_type: NameType::PRINCIPAL,
            server: &["krbtgt", REALM],
            realm: REALM,
            options: KdcOptions::empty(),
            from: None,
            till: at(10 * HOUR),
            rtime: None,
            etypes: vec![18, 17, 20, 23, 16],
            nonce: 0x8000_0001,
            clock: at(0),
            password: "password",
            ask_for_checksum: true,
        }
    }
}

/// The result of a login.
pub(crate) struct Login {
    pub(crate) request: Vec<u8>,
    pub(crate) reply: Vec<u8>,
    pub(crate) key: Key,
    pub(crate) part: Vec<u8>,
}

impl Login {
    pub(crate) fn rep(&self) -> AsRep<'_> {
        AsRep::from_der(&self.reply).unwrap()
    }

    pub(crate) fn part(&self) -> EncKdcRepPart<'_> {
        EncKdcRepPart::from_der_any_tag(&self.part).unwrap()
    }
}

impl Client {
    pub(crate) fn body(&self) -> KdcReqBody<'_> {
        KdcReqBody {
            kdc_options: self.options,
            cname: Some(name(self.name_type, self.name)),
            realm: self.realm.into(),
            sname: Some(name(NameType::SRV_INST, self.server)),
            from: self.from,
            till: self.till,
            rtime: self.rtime,
            nonce: self.nonce,
            etype: SequenceOf::from(self.etypes.as_slice()),
            addresses: None,
            enc_authorization_data: None,
            additional_tickets: None,
        }
    }

    pub(crate) fn request(&self, timestamp: Option<&[u8]>) -> Vec<u8> {
        let element = |padata_type, padata_value| PaData {
            padata_type,
            padata_value,
        };
        let mut padata: Vec<PaData<'_>> = timestamp
            .map(|value| element(PaDataType::ENC_TIMESTAMP, value))
            .into_iter()
            .collect();
        if self.ask_for_checksum {
            padata.push(element(PaDataType::REQ_ENC_PA_REP, b""));
        }
        AsReq::new(Some(SequenceOf::from(padata)), self.body()).to_der()
    }

    /// The request again, with an encrypted timestamp.
    pub(crate) fn preauthenticated(&self, key: &Key) -> Vec<u8> {
        let time = PaEncTsEnc {
            patimestamp: self.clock,
            pausec: None,
        }
        .to_der();
        let sealed = key.encrypt(KeyUsage::AS_REQ_PA_ENC_TIMESTAMP, &time, &mut Repeatable(0));
        let data = EncryptedData {
            etype: key.etype().0,
            kvno: None,
            cipher: &sealed,
        };
        self.request(Some(&data.to_der()))
    }

    /// The key for the first ETYPE-INFO2 entry of an error.
    pub(crate) fn key(&self, error: &[u8]) -> Key {
        let error = KrbError::from_der(error).unwrap();
        assert_eq!(error.error_code, ErrorCode::KDC_ERR_PREAUTH_REQUIRED);
        let methods = MethodData::from_der(error.e_data.unwrap()).unwrap();
        let hint = methods
            .iter()
            .find(|hint| hint.padata_type == PaDataType::ETYPE_INFO2);
        let entries = EtypeInfo2::from_der(hint.unwrap().padata_value).unwrap();
        let entry = entries.first().unwrap();
        Key::from_password(
            EncryptionType(entry.etype),
            self.password.as_bytes(),
            entry.salt.unwrap().0,
            entry.s2kparams,
            1 << 20,
        )
        .unwrap()
    }

    /// Both steps of a login. The answer may be modified.
    pub(crate) fn log_in(&self, kdc: &Kdc) -> Result<Login, Vec<u8>> {
        let key = self.key(&answer(kdc, &self.request(None)));
        let request = self.preauthenticated(&key);
        let reply = answer(kdc, &request);
        let Ok(rep) = AsRep::from_der(&reply) else {
            return Err(reply);
        };
        let opened = key.decrypt(KeyUsage::AS_REP_ENC_PART, rep.0.enc_part.cipher);
        let part = opened.map(|part| part.to_vec()).unwrap_or_default();
        Ok(Login {
            request,
            reply,
            key,
            part,
        })
    }

    pub(crate) fn expect_login(&self, kdc: &Kdc) -> Login {
        self.log_in(kdc)
            .map_err(|error| KrbError::from_der(&error).unwrap().error_code)
            .unwrap()
    }

    pub(crate) fn expect_error(&self, kdc: &Kdc) -> ErrorCode {
        error_code(&answer(kdc, &self.request(None)))
    }
}

/// A request with a ticket-granting ticket.
pub(crate) struct TgsClient<'a> {
    pub(crate) login: &'a Login,
    pub(crate) options: KdcOptions,
    pub(crate) server: &'a [&'a str],
    pub(crate) realm: &'a str,
    pub(crate) with_subkey: bool,
    /// The labels of the ticket and the authenticator.
    pub(crate) ticket_version: i32,
    pub(crate) ticket_kvno: Option<u32>,
    pub(crate) authenticator_etype: i32,
}

impl<'a> TgsClient<'a> {
    pub(crate) fn new(login: &'a Login, options: KdcOptions, server: &'a [&'a str]) -> Self {
        Self {
            login,
            options,
            server,
            realm: REALM,
            with_subkey: true,
            ticket_version: Ticket::VERSION,
            ticket_kvno: Some(1),
            authenticator_etype: 18,
        }
    }

    /// The error with which it is refused.
    pub(crate) fn expect_error(&self, kdc: &Kdc) -> ErrorCode {
        error_code(&self.get(kdc).unwrap_err())
    }

    /// The reply and its decrypted part, or the error.
    pub(crate) fn get(&self, kdc: &Kdc) -> Result<(Vec<u8>, Vec<u8>), Vec<u8>> {
        self.get_at(kdc, NOW)
    }

    pub(crate) fn get_at(&self, kdc: &Kdc, now: Duration) -> Result<(Vec<u8>, Vec<u8>), Vec<u8>> {
        let mut rng = Repeatable(9);
        let part = self.login.part();
        let rep = self.login.rep().0;
        let session = Key::from_bytes(EncryptionType(part.key.keytype), part.key.keyvalue).unwrap();
        let client = Client::default();
        let body = KdcReqBody {
            cname: None,
            kdc_options: self.options,
            realm: self.realm.into(),
            sname: Some(name(NameType::SRV_INST, self.server)),
            ..client.body()
        };
        let body = KdcReqBody::to_der(&body);
        let usage = KeyUsage::TGS_REQ_AUTHENTICATOR_CHECKSUM;
        let checksum = session.checksum(usage, &body);
        let subkey = EncryptionKey {
            keytype: 17,
            keyvalue: &[3; 16],
        };
        // In these tests, renewals come two minutes later by a clock that stands still.
        let authenticator = Authenticator {
            crealm: rep.crealm,
            cname: rep.cname,
            cksum: Some(Checksum {
                cksumtype: 16,
                checksum: &checksum,
            }),
            cusec: Microseconds(0),
            ctime: at(0),
            subkey: self.with_subkey.then_some(subkey),
            seq_number: None,
            authorization_data: None,
        }
        .to_der();
        let cipher = session.encrypt(KeyUsage::TGS_REQ_AUTHENTICATOR, &authenticator, &mut rng);
        let mut ticket = rep.ticket.ticket().clone();
        ticket.tkt_vno = self.ticket_version;
        ticket.enc_part.kvno = self.ticket_kvno;
        let ticket = ticket.to_der();
        let ap_req = ApReq {
            ap_options: ApOptions::empty(),
            ticket: RawTicket::from_der(&ticket).unwrap(),
            authenticator: EncryptedData {
                etype: self.authenticator_etype,
                kvno: None,
                cipher: &cipher,
            },
        }
        .to_der();
        let padata = PaData {
            padata_type: PaDataType::TGS_REQ,
            padata_value: &ap_req,
        };
        let body = KdcReqBody::from_der(&body).unwrap();
        let request = TgsReq::new(Some(SequenceOf::from(vec![padata])), body).to_der();

        let reply = kdc.answer(&request, Transport::Tcp, now).unwrap();
        let Ok(rep) = TgsRep::from_der(&reply) else {
            return Err(reply);
        };
        let cipher = rep.0.enc_part.cipher;
        let opened = if self.with_subkey {
            let subkey = Key::from_bytes(EncryptionType(17), &[3; 16]).unwrap();
            subkey.decrypt(KeyUsage::TGS_REP_ENC_PART_SUBKEY, cipher)
        } else {
            session.decrypt(KeyUsage::TGS_REP_ENC_PART_SESSION_KEY, cipher)
        };
        let opened = opened.unwrap().to_vec();
        Ok((reply, opened))
    }
}

pub(crate) fn users() -> TestKdcBuilder {
    TestKdc::builder(REALM)
        .principal("user", "password")
        .account(Account::new("open").password("password").no_preauth())
        .service("host/www")
}

pub(crate) fn name<'a>(name_type: NameType, components: &[&'a str]) -> PrincipalName<'a> {
    let name_string = components
        .iter()
        .map(|&component| component.into())
        .collect();
    PrincipalName {
        name_type,
        name_string,
    }
}

pub(crate) fn answer(kdc: &Kdc, request: &[u8]) -> Vec<u8> {
    kdc.answer(request, Transport::Tcp, NOW).unwrap()
}

pub(crate) fn error_code(reply: &[u8]) -> ErrorCode {
    KrbError::from_der(reply).unwrap().error_code
}
