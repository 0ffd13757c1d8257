//! KDCs that let a user in and are not the realm's own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::SystemTime;

use kerberos_asn1::{Decode, EncTicketPart, Encode, RawTicket, TgsRep};
use kerberos_client::{Client, ClientError, Config, Password, Secret, ServiceAcceptor};
use kerberos_crypto::KeyUsage;
use kerberos_proto::Principal;
use kerberos_testkdc::forge::seal;
use kerberos_testkdc::{Kdc, PrincipalKey, Repeatable, TestKdc, Transport};
use test_support::TempDir;

const SERVICE: &str = "HTTP/www.example.com";

/// Lets `alice` in at the KDC at `address`, like a service that has the keys of `kdc`.
fn let_in(kdc: &TestKdc, address: SocketAddr) -> Result<(), ClientError> {
    let folder = TempDir::new();
    let keytab = folder.write("keytab", kdc.keytab(SERVICE));
    let conf = format!("[libdefaults]\ndefault_realm = R\n[realms]\nR = {{\nkdc = {address}\n}}\n");
    let config = Config::parse(&conf).unwrap();
    let config = config.with_keytab_name(keytab.display().to_string());
    let service = ServiceAcceptor::new(&config).unwrap();
    let service = service.with_memory_replay_cache();
    let client = Client::new(config);
    let user = client
        .as_params(client.principal("alice").unwrap())
        .unwrap();
    let password = Secret::Password(Password::new("password"));
    let login = client.login(user, password).unwrap();
    client.verify(&login, &client.principal(SERVICE).unwrap(), &service)
}

fn kdc() -> TestKdc {
    TestKdc::builder("R")
        .principal("alice", "password")
        .service(SERVICE)
        .start()
        .unwrap()
}

#[test]
fn by_the_realms_own_kdc() {
    let kdc = kdc();
    let_in(&kdc, kdc.address()).unwrap();
}

/// Mallory answers in the KDC's place, with a ticket that the service can decrypt, because the
/// realm's KDC made it: one of mallory's own, whose session key mallory knows.
#[test]
fn by_a_rogue_who_shows_a_ticket_of_its_own() {
    let kdc = kdc();
    let rogue = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = rogue.local_addr().unwrap();
    let behind = kdc.kdc();
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
    let error = let_in(&kdc, address).unwrap_err();
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
