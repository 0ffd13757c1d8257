//! The contents of requests, and their effects.

use kerberos_asn1::{ApReq, AsReq, Decode, KdcOptions, KrbPriv, TicketFlags};
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_proto::{
    ChaseParams, ClockOffset, LastPreauth, Password, PasswordChange, PasswordChangeError,
    PasswordResult, Principal, StartTime, Step, TgsParams, TicketChase,
};
use kerberos_testkdc::{Fault, Transport};

use crate::world::*;

#[test]
fn change_password_params_drop_unrelated_options() {
    let mut asked = params("alice");
    asked.server = Some(Principal::parse("host/www@R").unwrap());
    asked.options.forwardable = true;
    asked.options.proxiable = true;
    asked.options.anonymous = true;
    asked.options.canonicalize = true;
    asked.start = Some(StartTime::In(60));
    asked.renew_lifetime = Some(9);
    asked.addresses = vec![address()];
    asked.request_pac = Some(false);
    asked.last_preauth = Some(LastPreauth::new(2));
    asked.policy.clock_skew = 9;

    let params = asked.to_change_password();
    assert_eq!(
        params.server.as_ref().unwrap().to_string(),
        "kadmin/changepw@R"
    );
    assert_eq!(params.lifetime, Some(300));
    assert_eq!(
        (params.request_pac, params.policy),
        (Some(false), asked.policy.clone())
    );

    let kdc = kdc();
    let login = log_in(&kdc, asked.to_change_password(), "old").unwrap();
    let received = kdc.requests();
    let AsReq(request) = AsReq::from_der(&received[0].message).unwrap();
    let body = request.req_body;
    assert_eq!(body.kdc_options, KdcOptions::CANONICALIZE);
    assert!(body.from.is_none() && body.rtime.is_none() && body.addresses.is_none());
    assert_eq!(body.till.unix(), NOW.seconds + 300);
    let credential = login.credential;
    assert_eq!(credential.server.to_string(), "kadmin/changepw@R");
    assert!(credential.flags.contains(TicketFlags::INITIAL));
}

#[test]
fn own_password_is_changed() {
    let kdc = kdc();
    for (old, new) in [
        ("old", "new"),
        ("new", "pässwörd \0 with all sorts"),
        ("pässwörd \0 with all sorts", "old"),
    ] {
        let login = ticket(&kdc, "alice", old);
        let password = Password::new(new);
        let change = PasswordChange::change(
            &login.credential,
            &password,
            login.kdc_offset,
            &mut Rng(kdc.password_requests().len() as u64),
            NOW,
        );
        let change = change.unwrap();
        assert_eq!(change.realm(), b"R");
        carry_out(&kdc, &change).unwrap();
        assert!(opens(&kdc, "alice", new) && !opens(&kdc, "alice", old));
    }
    assert_eq!(kdc.keys("alice")[0].kvno(), 4);
}

#[test]
fn expired_password_can_be_changed() {
    let kdc = kdc();
    assert!(!opens(&kdc, "late", "old"));
    let login = ticket(&kdc, "late", "old");
    let new = Password::new("new");
    let change = PasswordChange::change(&login.credential, &new, None, &mut Rng(3), NOW);
    carry_out(&kdc, &change.unwrap()).unwrap();
    assert!(opens(&kdc, "late", "new"));
}

#[test]
fn only_an_administrator_can_set_another_users_password() {
    let kdc = kdc();
    let set = |client: &str, password: &str, target: &str| {
        let login = ticket(&kdc, client, password);
        let target = Principal::parse(target).unwrap();
        let new = Password::new("new");
        let rng = &mut Rng(kdc.password_requests().len() as u64);
        let change = PasswordChange::set(&login.credential, &target, &new, None, rng, NOW);
        carry_out(&kdc, &change.unwrap())
    };
    let Err(PasswordChangeError::Rejected(no)) = set("alice", "old", "late@R") else {
        panic!("expected a rejection, as alice is not an administrator")
    };
    assert_eq!(no.result, PasswordResult::ACCESSDENIED);
    assert!(no.is_authentic);
    assert_eq!(no.to_string(), "Access denied: not your password");
    set("admin", "pw", "alice@R").unwrap();
    assert!(opens(&kdc, "alice", "new"));
    // One's own password is set in the same way.
    set("alice", "new", "alice@R").unwrap();
}

#[test]
fn message_has_the_layout_of_rfc_3244() {
    let kdc = kdc();
    let (change, again) = (change(&kdc, "new"), change(&kdc, "new"));
    let first = change.message(address(), &mut Rng(4), NOW).unwrap();
    // Length, version, length of the AP-REQ (RFC 3244 §2).
    assert_eq!(
        first[..2],
        u16::try_from(first.len()).unwrap().to_be_bytes()
    );
    assert_eq!(first[2..4], [0, 1]);
    let ap_length = usize::from(u16::from_be_bytes([first[4], first[5]]));
    let (ap_req, private) = first[6..].split_at(ap_length);
    let request = ApReq::from_der(ap_req).unwrap();
    assert_eq!(request.ap_options.0, 0);
    KrbPriv::from_der(private).unwrap();
    // Another connection gets another KRB-PRIV with the same AP-REQ.
    let second = change.message(address(), &mut Rng(9), NOW).unwrap();
    assert_eq!(second[..6 + ap_length], first[..6 + ap_length]);
    assert_ne!(second, first);
    assert!(!format!("{change:?} {again:?}").contains("new"));

    let target = Principal::parse("alice@R").unwrap();
    let login = ticket(&kdc, "alice", "old");
    let new = Password::new("new");
    let set = PasswordChange::set(&login.credential, &target, &new, None, &mut Rng(3), NOW);
    let message = set.unwrap().message(address(), &mut Rng(4), NOW).unwrap();
    assert_eq!(message[2..4], [0xff, 0x80]);
}

#[test]
fn message_sent_twice_is_refused_as_a_replay() {
    let kdc = kdc();
    let change = change(&kdc, "new");
    carry_out(&kdc, &change).unwrap();
    // If it is sent again, as after a lost answer, the service cannot tell.
    let error = carry_out(&kdc, &change).unwrap_err();
    assert_eq!(error.mit_message(), "Request is a replay");
    assert!(matches!(error, PasswordChangeError::Refused(_)));
    assert_eq!(kdc.password_requests().len(), 2);
}

#[test]
fn kdc_clock_offset_is_applied() {
    let kdc = kdc();
    kdc.set_fault(Fault::ClockOffset(7200));
    let login = ticket(&kdc, "alice", "old");
    let new = Password::new("new");
    let start = |offset: Option<ClockOffset>, seed| {
        let rng = &mut Rng(seed);
        PasswordChange::change(&login.credential, &new, offset, rng, NOW).unwrap()
    };
    let error = carry_out(&kdc, &start(None, 3)).unwrap_err();
    assert_eq!(error.mit_message(), "Clock skew too great");
    carry_out(&kdc, &start(login.kdc_offset, 4)).unwrap();
}

#[test]
fn too_long_password_and_unsupported_key_are_errors() {
    let kdc = kdc();
    let change = change(&kdc, &"x".repeat(65_000));
    let error = change.message(address(), &mut Rng(4), NOW).unwrap_err();
    assert!(matches!(error, PasswordChangeError::TooLong), "{error}");
    let mut login = ticket(&kdc, "alice", "old");
    let new = Password::new("new");
    login.credential.session_key = KeyBlock::new(EncryptionType(99), vec![1; 8]);
    PasswordChange::change(&login.credential, &new, None, &mut Rng(3), NOW).unwrap_err();
}

#[test]
fn non_initial_ticket_can_only_set_passwords_of_others() {
    let kdc = kdc();
    let by_tgt = |name: &str, password: &str| {
        let tgt = log_in(&kdc, params(name), password).unwrap().credential;
        let service = Principal::parse("kadmin/changepw@R").unwrap();
        let rng = &mut Rng(11);
        let asked = ChaseParams::new(TgsParams::new(service));
        let (mut chase, mut step) = TicketChase::start(asked, &tgt, rng, NOW).unwrap();
        loop {
            match step {
                Step::Send(request) => {
                    let reply = kdc.answer(&request.payload, Transport::Tcp, time());
                    step = chase.step(&reply.unwrap(), rng, NOW).unwrap();
                }
                Step::Done(chased) => return chased.credential,
            }
        }
    };
    let new = Password::new("new");
    let credential = by_tgt("alice", "old");
    let change = PasswordChange::change(&credential, &new, None, &mut Rng(3), NOW);
    let error = carry_out(&kdc, &change.unwrap()).unwrap_err();
    let PasswordChangeError::Rejected(no) = error else {
        panic!("{error}")
    };
    assert_eq!(no.result, PasswordResult::INITIAL_FLAG_NEEDED);
    let target = Principal::parse("alice@R").unwrap();
    let credential = by_tgt("admin", "pw");
    let set = PasswordChange::set(&credential, &target, &new, None, &mut Rng(3), NOW);
    carry_out(&kdc, &set.unwrap()).unwrap();
    assert!(opens(&kdc, "alice", "new"));
}
