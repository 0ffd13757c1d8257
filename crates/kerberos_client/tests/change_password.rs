//! Password changes with the embedded KDC's kpasswd service: over TCP, over UDP, past servers that
//! fail, and with servers that lie.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::net::UdpSocket;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use kerberos_asn1::{
    Encode, ErrorCode, KerberosTime, KrbError, NameType, PrincipalName, SequenceOf,
};
use kerberos_client::{Client, ClientError, Config};
use kerberos_proto::{Login, Password, PasswordChangeError, PasswordResult, Principal, Secret};
use kerberos_testkdc::{Account, AccountState, Fault, Kdc, PasswordFault, TestKdc, Transport};

fn kdc() -> TestKdc {
    let expired = Account::new("late")
        .password("old")
        .state(AccountState::PasswordExpired);
    TestKdc::builder("R")
        .principal("alice", "old")
        .account(expired)
        .account(Account::new("admin").password("pw").may_set_passwords())
        .service("kadmin/changepw")
        .start()
        .unwrap()
}

fn client(kdc: &TestKdc) -> Client {
    Client::new(Config::parse(&kdc.krb5_conf()).unwrap())
}

/// A client that changes passwords at this server.
fn client_of(kdc: &TestKdc, kpasswd: &str) -> Client {
    let conf = format!(
        "[libdefaults]\ndefault_realm = R\n[realms]\nR = {{\nkdc = {}\n{kpasswd}\n}}\n",
        kdc.address()
    );
    Client::new(Config::parse(&conf).unwrap())
}

/// A login for changing the password.
fn ticket(client: &Client, name: &str, password: &str) -> Result<Login, ClientError> {
    let params = client.as_params(client.principal(name)?)?;
    let secret = Secret::Password(Password::new(password));
    client.login(params.to_change_password(), secret)
}

fn change(client: &Client, name: &str, old: &str, new: &str) -> Result<(), ClientError> {
    let login = ticket(client, name, old)?;
    client.change_password(&login, &Password::new(new))
}

/// A UDP server that answers as `answer` does.
fn datagrams(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let reply = answer(buffer.get(..length).unwrap());
            let _ = socket.send_to(&reply, peer);
        }
    });
    format!("kpasswd_server = {address}")
}

#[test]
fn password_is_changed_over_tcp() {
    let kdc = kdc();
    let client = client(&kdc);
    change(&client, "alice", "old", "new").unwrap();
    ticket(&client, "alice", "old").unwrap_err();
    ticket(&client, "alice", "new").unwrap();
    let requests = kdc.password_requests();
    assert_eq!(requests.len(), 1);
    assert!(
        requests
            .iter()
            .all(|request| request.transport == Transport::Tcp)
    );
    // An expired password.
    change(&client, "late", "old", "new").unwrap();
}

#[test]
fn udp_is_used_when_tcp_is_refused() {
    let kdc = kdc();
    let service: Arc<Kdc> = kdc.kdc();
    let server = datagrams(move |request| {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let reply = service.answer_password_change(request, Transport::Udp, now);
        reply.unwrap_or_default()
    });
    let client = client_of(&kdc, &server);
    change(&client, "alice", "old", "new").unwrap();
    ticket(&client, "alice", "new").unwrap();
}

#[test]
fn next_kpasswd_server_is_asked_after_a_refusal() {
    let kdc = kdc();
    let dead = format!("127.0.0.1:{}", test_support::free_port());
    let living = kdc.password_address().unwrap();
    let servers = format!("kpasswd_server = {dead}\nkpasswd_server = {living}");
    change(&client_of(&kdc, &servers), "alice", "old", "new").unwrap();
    let client = client_of(&kdc, &format!("kpasswd_server = {dead}"));
    let error = change(&client, "alice", "new", "newer").unwrap_err();
    let ClientError::CannotContactKdc { attempts, .. } = &error else {
        panic!("{error}")
    };
    assert!(
        attempts.iter().all(|attempt| attempt.via.is_some()),
        "{attempts:?}"
    );
    assert_eq!(error.to_string(), "Cannot contact any KDC for realm 'R'");
}

#[test]
fn missing_kpasswd_server_is_an_error() {
    let kdc = kdc();
    let conf = format!(
        "[libdefaults]\ndefault_realm = R\ndns_lookup_kdc = false\n[realms]\nR = {{\nkdc = {}\n}}\n",
        kdc.address()
    );
    let client = Client::new(Config::parse(&conf).unwrap());
    let login = ticket(&client, "alice", "old").unwrap();
    let error = client
        .change_password(&login, &Password::new("new"))
        .unwrap_err();
    assert!(
        matches!(error, ClientError::CannotFindKdc { .. }),
        "{error}"
    );
}

#[test]
fn rejection_by_the_service_is_reported() {
    let kdc = kdc();
    kdc.set_fault(Fault::Password(PasswordFault::Rejects(
        4,
        b"too short".to_vec(),
    )));
    let error = change(&client(&kdc), "alice", "old", "new").unwrap_err();
    let ClientError::PasswordChange(PasswordChangeError::Rejected(no)) = &error else {
        panic!("{error}")
    };
    assert_eq!(no.result, PasswordResult::SOFTERROR);
    assert_eq!(error.to_string(), "Password change rejected: too short");
}

#[test]
fn unauthenticated_success_is_verified_by_a_login() {
    let kdc = kdc();
    kdc.set_fault(Fault::Password(PasswordFault::Error(0, Vec::new())));
    change(&client(&kdc), "alice", "old", "new").unwrap();

    // A forger, who claims success so that the password stays as it was.
    let server = datagrams(|_| {
        KrbError {
            ctime: None,
            cusec: None,
            stime: KerberosTime::from_unix(0),
            susec: None,
            error_code: ErrorCode::KRB_ERR_GENERIC,
            crealm: None,
            cname: None,
            realm: "R".into(),
            sname: PrincipalName {
                name_type: NameType::PRINCIPAL,
                name_string: SequenceOf::from(vec!["kadmin".into(), "changepw".into()]),
            },
            e_text: None,
            e_data: Some(&[0, 0]),
        }
        .to_der()
    });
    let error = change(&client_of(&kdc, &server), "alice", "new", "newer").unwrap_err();
    let unproven = ClientError::PasswordChange(PasswordChangeError::UnprovenSuccess);
    assert_eq!(error.to_string(), unproven.to_string());
    ticket(&client(&kdc), "alice", "new").unwrap();
}

#[test]
fn request_timeout_ends_the_wait_for_silent_servers() {
    let kdc = kdc();
    let client = client(&kdc).with_request_timeout(Duration::from_secs(1));
    let login = ticket(&client, "alice", "old").unwrap();
    kdc.set_fault(Fault::Silence);
    let started = std::time::Instant::now();
    let error = client
        .change_password(&login, &Password::new("new"))
        .unwrap_err();
    assert!(
        matches!(error, ClientError::CannotContactKdc { .. }),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn admin_sets_the_password_of_another_user() {
    let kdc = kdc();
    let client = client(&kdc);
    let target = Principal::parse("alice@R").unwrap();
    let login = ticket(&client, "admin", "pw").unwrap();
    let new = Password::new("new");
    client
        .set_password(&login.credential, &target, &new, login.kdc_offset)
        .unwrap();
    ticket(&client, "alice", "new").unwrap();
}

#[test]
fn kdc_clock_offset_is_applied_to_password_changes() {
    let kdc = kdc();
    kdc.set_fault(Fault::ClockOffset(600));
    let client = client(&kdc);
    change(&client, "alice", "old", "new").unwrap();
    let target = Principal::parse("alice@R").unwrap();
    let login = ticket(&client, "admin", "pw").unwrap();
    let set = |kdc_offset| {
        let new = Password::new("newer");
        client.set_password(&login.credential, &target, &new, kdc_offset)
    };
    set(None).unwrap_err();
    set(login.kdc_offset).unwrap();
    ticket(&client, "alice", "newer").unwrap();
}
