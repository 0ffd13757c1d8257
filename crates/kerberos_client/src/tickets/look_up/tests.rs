//! Which TGTs are found in a cache, case by case.

use kerberos_asn1::{Encode as _, EncryptedData, KerberosTime, Realm, Ticket};
use kerberos_files::ccache::{CcacheName, CcacheOptions};
use kerberos_testkdc::TestKdc;

use super::*;
use crate::{Client, Config, Password, Secret};

/// A ticket for `server` issued by `issuer`.
fn ticket(server: &Principal, issuer: &str) -> Vec<u8> {
    let ticket = Ticket {
        tkt_vno: 5,
        realm: Realm::from(issuer),
        sname: server.to_wire(),
        enc_part: EncryptedData {
            etype: 18,
            kvno: None,
            cipher: b"opaque",
        },
    };
    ticket.to_der()
}

#[test]
fn best_tgt_of_each_issuing_realm_is_found() {
    let kdc = TestKdc::builder("HOME")
        .principal("u", "p")
        .start()
        .unwrap();
    let client = Client::new(Config::parse(&kdc.krb5_conf()).unwrap());
    let params = client.as_params(client.principal("u").unwrap()).unwrap();
    let secret = Secret::Password(Password::new("p"));
    let login = client.login(params, secret).unwrap();
    let name = CcacheName::parse("MEMORY:look_up").unwrap();
    client.store(&login, &name).unwrap();
    let cache = Ccache::resolve(&name, &CcacheOptions::default()).unwrap();
    let server = Principal::krbtgt(b"FAR", b"HOME");
    let end = login.credential.times.endtime.unix();
    // Otherwise the one that lasts longest would be the best.
    for (issuer, more) in [("HOME", 0), ("HOME", 10), ("MIDDLE", 20), ("MIDDLE", 10)] {
        let mut tgt = login.credential.clone();
        tgt.server = server.clone();
        tgt.ticket = ticket(&server, issuer);
        tgt.times.endtime = KerberosTime::from_unix(end + more);
        cache.append([&tgt]).unwrap();
    }
    let etypes = [login.credential.session_key.etype()];
    let found = look_up(&cache, &[], &etypes, true, crate::now()).unwrap();
    let ends = found.tgts.iter().filter(|tgt| tgt.server == server);
    let ends: Vec<_> = ends.map(|tgt| tgt.times.endtime.unix() - end).collect();
    assert_eq!(ends, [10, 20]);
    cache.destroy().unwrap();
}
