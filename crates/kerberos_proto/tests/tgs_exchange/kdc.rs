//! The embedded KDC, a login to it, and configurable TGS exchanges with it.

use std::time::Duration;

use kerberos_asn1::der::Reader;
use kerberos_asn1::{
    ApReq, Authenticator, Decode, EncKdcRepPart, EncTgsRepPart, Encode, EncryptedData, KdcRep,
    KdcReqBody, MessageType, TgsRep, TgsReq,
};
use kerberos_crypto::{EncryptionType, Key, KeyUsage};
use kerberos_proto::{
    AsExchange, AsParams, Credential, ExchangeError, Login, Password, Principal, ReplyFault,
    Secret, Step, TgsExchange, TgsOutcome, TgsParams, Timestamp,
};
use kerberos_testkdc::{Account, Kdc, Referral, TestKdcBuilder, Transport};

pub(crate) use crate::random::Rng;

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp {
    seconds: 1_767_225_600,
    microseconds: 250_000,
};
pub(crate) const AES256: EncryptionType = EncryptionType::AES256_CTS_HMAC_SHA1_96;
pub(crate) const AES128: EncryptionType = EncryptionType::AES128_CTS_HMAC_SHA1_96;
pub(crate) const HOUR: i64 = 3600;

pub(crate) fn principal(name: &str) -> Principal {
    Principal::parse(name).unwrap()
}

/// The service that tests request.
pub(crate) fn service() -> Principal {
    principal("host/www.example.com@EXAMPLE.COM")
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    Timestamp::new(NOW.seconds + seconds, NOW.microseconds)
}

pub(crate) fn builder() -> TestKdcBuilder {
    let shared = Account::new("krbtgt/OTHER.COM")
        .password("between us")
        .salt("both");
    Kdc::builder("EXAMPLE.COM")
        .account(Account::new("alice").password("pw").no_preauth())
        .account(Account::new("host/www.example.com").alias("host/www"))
        .account(Account::new("host/far.other.com").lives_in("OTHER.COM", Referral::WrongRealm))
        .account(shared)
        .rng(Rng(3))
}

pub(crate) fn kdc() -> Kdc {
    builder().build().unwrap()
}

/// The answer to `request`. `now` is the time by the KDC's clock.
pub(crate) fn answer(kdc: &Kdc, request: &kerberos_proto::Request, now: Timestamp) -> Vec<u8> {
    let transport = if request.stream_only {
        Transport::Tcp
    } else {
        Transport::Udp
    };
    let time = Duration::new(now.seconds.unsigned_abs(), now.microseconds * 1000);
    kdc.answer(&request.payload, transport, time)
        .expect("the KDC does not answer")
}

pub(crate) fn login_as(kdc: &Kdc, edit: impl FnOnce(&mut AsParams)) -> Login {
    let mut params = AsParams::new(principal("alice@EXAMPLE.COM"));
    params.lifetime = Some(8 * 3600);
    params.renew_lifetime = Some(7 * 24 * 3600);
    params.options.forwardable = true;
    params.options.proxiable = true;
    edit(&mut params);
    let secret = Secret::Password(Password::new("pw"));
    let mut rng = Rng(1);
    let (mut exchange, mut request) = AsExchange::start(params, secret, &mut rng, NOW).unwrap();
    loop {
        let reply = answer(kdc, &request, NOW);
        match exchange.step(&reply, &mut rng, NOW).unwrap() {
            Step::Send(next) => request = next,
            Step::Done(login) => return *login,
        }
    }
}

/// A TGT that allows everything.
pub(crate) fn login(kdc: &Kdc) -> Credential {
    login_as(kdc, |_| {}).credential
}

/// Runs an exchange to its end at the time `now`.
pub(crate) fn run(
    kdc: &Kdc,
    params: TgsParams,
    tgt: &Credential,
    now: Timestamp,
) -> Result<TgsOutcome, ExchangeError> {
    let (mut exchange, mut request) = TgsExchange::start(params, tgt, &mut Rng(5), now)?;
    loop {
        let reply = answer(kdc, &request, now);
        match exchange.step(&reply, now)? {
            Step::Send(next) => request = next,
            Step::Done(outcome) => return Ok(*outcome),
        }
    }
}

/// The ticket that an exchange yields.
pub(crate) fn ticket(kdc: &Kdc, params: TgsParams, tgt: &Credential, now: Timestamp) -> Credential {
    match run(kdc, params, tgt, now) {
        Ok(TgsOutcome::Ticket(ticket)) => ticket,
        other => panic!("{other:?}"),
    }
}

/// Passes the body of the request for `params` to a callback.
pub(crate) fn body<T>(
    params: TgsParams,
    tgt: &Credential,
    look: impl FnOnce(&KdcReqBody<'_>, &Authenticator<'_>) -> T,
) -> T {
    let (_, request) = TgsExchange::start(params, tgt, &mut Rng(5), NOW).unwrap();
    let TgsReq(decoded) = TgsReq::from_der(&request.payload).unwrap();
    let plain = authenticator(&request.payload, tgt);
    // Triple DES leaves padding.
    let authenticator = Authenticator::decode(&mut Reader::new(&plain)).unwrap();
    look(&decoded.req_body, &authenticator)
}

/// The decrypted authenticator of `request`.
fn authenticator(request: &[u8], tgt: &Credential) -> Vec<u8> {
    let TgsReq(request) = TgsReq::from_der(request).unwrap();
    let padata = request.padata.unwrap().first().unwrap();
    let ap_req = ApReq::from_der(padata.padata_value).unwrap();
    assert_eq!(ap_req.ticket.as_bytes(), tgt.ticket);
    let key = Key::new(&tgt.session_key).unwrap();
    let usage = KeyUsage::TGS_REQ_AUTHENTICATOR;
    key.decrypt(usage, ap_req.authenticator.cipher)
        .unwrap()
        .to_vec()
}

/// `reply` to `request` modified by `edit`, encrypted again with the subkey, or else with the
/// session key.
pub(crate) fn edited<'a>(
    request: &[u8],
    reply: &'a [u8],
    tgt: &Credential,
    by_subkey: bool,
    edit: impl FnOnce(&mut EncKdcRepPart<'_>, &mut KdcRep<'a>),
) -> Vec<u8> {
    assert_eq!(MessageType::of_der(reply), Some(MessageType::TGS_REP));
    let TgsRep(mut reply) = TgsRep::from_der(reply).unwrap();
    let plain = authenticator(request, tgt);
    let subkey = Authenticator::from_der(&plain).unwrap().subkey.unwrap();
    let subkey = Key::from_bytes(EncryptionType(subkey.keytype), subkey.keyvalue).unwrap();
    let usage = KeyUsage::TGS_REP_ENC_PART_SUBKEY;
    let plain = subkey.decrypt(usage, reply.enc_part.cipher).unwrap();
    let EncTgsRepPart(mut part) = EncTgsRepPart::from_der(&plain).unwrap();
    edit(&mut part, &mut reply);
    let plain = EncTgsRepPart(part).to_der();
    let cipher = if by_subkey {
        subkey.encrypt(usage, &plain, &mut Rng(6))
    } else {
        let usage = KeyUsage::TGS_REP_ENC_PART_SESSION_KEY;
        let key = Key::new(&tgt.session_key).unwrap();
        key.encrypt(usage, &plain, &mut Rng(6))
    };
    let enc_part = EncryptedData {
        cipher: &cipher,
        ..reply.enc_part
    };
    TgsRep(KdcRep { enc_part, ..reply }).to_der()
}

/// The client's reaction to a reply that is modified by `edit`.
pub(crate) fn outcome_of(
    params: TgsParams,
    edit: impl FnOnce(&mut EncKdcRepPart<'_>, &mut KdcRep<'_>),
) -> Result<TgsOutcome, ExchangeError> {
    let kdc = kdc();
    let tgt = login(&kdc);
    let (mut exchange, request) = TgsExchange::start(params, &tgt, &mut Rng(5), NOW)?;
    let reply = answer(&kdc, &request, NOW);
    let reply = edited(&request.payload, &reply, &tgt, true, edit);
    match exchange.step(&reply, NOW)? {
        Step::Done(outcome) => Ok(*outcome),
        Step::Send(_) => panic!("unexpected second request"),
    }
}

/// The fault that the client finds in such a reply.
pub(crate) fn fault_of(
    params: TgsParams,
    edit: impl FnOnce(&mut EncKdcRepPart<'_>, &mut KdcRep<'_>),
) -> ReplyFault {
    match outcome_of(params, edit) {
        Err(ExchangeError::Reply(fault)) => fault,
        other => panic!("{other:?}"),
    }
}
