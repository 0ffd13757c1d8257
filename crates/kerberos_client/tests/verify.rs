//! Verification of logins: at the realm's own KDC, at a rogue that lets a user in, and where the
//! problem is not the KDC but clocks that differ, or keys of the service that cannot be read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::error::Error;
use std::fs;
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::SystemTime;

use kerberos_asn1::{Decode, EncTicketPart, Encode, RawTicket, TgsRep};
use kerberos_client::kerberos_proto::{KeySource, ServiceKeys, WantedKey};
use kerberos_client::{Client, ClientError, Config, Login, ServiceAcceptor};
use kerberos_crypto::KeyUsage;
use kerberos_proto::Principal;
use kerberos_testkdc::forge::seal;
use kerberos_testkdc::{Fault, Kdc, PrincipalKey, Repeatable, Transport};

#[path = "shared/world.rs"]
mod world;

use world::{SERVICE, World, login};

/// As the service verifies `login`, which is alice's.
fn verify(client: &Client, login: &Login, service: &ServiceAcceptor) -> Result<(), ClientError> {
    client.verify(login, &client.principal(SERVICE).unwrap(), service)
}

#[test]
fn login_by_the_realms_kdc_is_verified() {
    let world = World::new();
    let client = world.client();
    verify(&client, &login(&client, |_| ()), &world.service()).unwrap();
}

/// Mallory answers in the KDC's place, with a ticket that the service can decrypt, because the
/// realm's KDC made it: one of mallory's own, whose session key mallory knows.
#[test]
fn login_by_a_rogue_kdc_is_refused() {
    let world = World::new();
    let rogue = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = rogue.local_addr().unwrap();
    let behind = world.kdc.kdc();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok((length, peer)) = rogue.recv_from(&mut buffer) {
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
            let reply = behind
                .answer(&buffer[..length], Transport::Udp, now)
                .unwrap();
            let reply = of_mallory(&behind, &reply).unwrap_or(reply);
            let _ = rogue.send_to(&reply, peer);
        }
    });
    let conf = format!("[libdefaults]\ndefault_realm = R\n[realms]\nR = {{\nkdc = {address}\n}}\n");
    let deceived = Client::new(Config::parse(&conf).unwrap());
    let login = login(&deceived, |_| ());
    let error = verify(&deceived, &login, &world.service()).unwrap_err();
    let ClientError::Unverified { client, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(client.to_string(), "alice@R");
}

/// The reply to a TGS-REQ, with mallory's name in its ticket.
fn of_mallory(kdc: &Arc<Kdc>, reply: &[u8]) -> Option<Vec<u8>> {
    let TgsRep(mut reply) = TgsRep::from_der(reply).ok()?;
    let ticket = reply.ticket.ticket().clone();
    let keys = kdc.keys(SERVICE).iter();
    let (key, part) = keys.map(PrincipalKey::key).find_map(|key| {
        let part = key.decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher);
        Some((key, part.ok()?))
    })?;
    let mallory = Principal::parse("mallory@R").unwrap();
    let mut part = EncTicketPart::from_der(&part).unwrap();
    part.cname = mallory.to_wire();
    let key = (key, ticket.enc_part.kvno);
    let sealed = seal(&part, ticket.realm, ticket.sname, key, &mut Repeatable(7));
    reply.ticket = RawTicket::from_der(&sealed).unwrap();
    Some(TgsRep(reply).to_der())
}

#[test]
fn kdc_with_a_different_clock_is_still_verified() {
    let world = World::new();
    let service = world.service();
    for seconds in [900, -900] {
        world.kdc.set_fault(Fault::ClockOffset(seconds));
        let client = world.client();
        verify(&client, &login(&client, |_| ()), &service).unwrap();
        world.kdc.clear_faults();
    }
}

/// Otherwise a rogue could present a ticket that it stole long ago, and set its clock back to then.
#[test]
fn ticket_that_ended_by_our_clock_is_refused_whatever_the_kdcs_clock_says() {
    let world = World::new();
    world.kdc.set_fault(Fault::ClockOffset(-172_800));
    let client = world.client();
    let error = verify(&client, &login(&client, |_| ()), &world.service()).unwrap_err();
    assert!(matches!(error, ClientError::Unverified { .. }), "{error:?}");
    assert!(error.to_string().contains("has ended"), "{error}");
}

/// A source of keys that is closed.
struct Vault;

impl KeySource for Vault {
    fn keys(&self, _: &WantedKey<'_>) -> Result<ServiceKeys, Box<dyn Error + Send + Sync>> {
        Err("the vault is sealed".into())
    }
}

/// Nobody is let in, but the KDC is not blamed, either.
#[test]
fn missing_service_keys_are_not_reported_as_unverified() {
    let world = World::new();
    let client = world.client();
    let login = login(&client, |_| ());
    let service = world.service();
    let vault = ServiceAcceptor::from_keys(&world.config, Vault).unwrap();
    let error = verify(&client, &login, &vault).unwrap_err();
    assert!(matches!(error, ClientError::Callback(_)), "{error:?}");
    assert!(error.to_string().contains("the vault is sealed"), "{error}");

    let keytab = world.folder.join("keytab");
    fs::write(&keytab, b"\x05\x02").unwrap();
    let empty = world.service();
    let error = verify(&client, &login, &empty).unwrap_err();
    assert!(matches!(error, ClientError::Callback(_)), "{error:?}");
    assert!(error.to_string().contains("no keys"), "{error}");

    fs::remove_file(&keytab).unwrap();
    // The keytab is checked once a second.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let error = verify(&client, &login, &service).unwrap_err();
    assert!(matches!(error, ClientError::Keytab(_)), "{error:?}");
}
