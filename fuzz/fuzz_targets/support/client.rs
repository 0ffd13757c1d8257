//! A client of the service with its ticket in a cache, created on this machine with the current
//! time.

use kerberos_asn1::{KerberosString, TicketFlags};
use kerberos_client::{Client, Config, now};
use kerberos_crypto::Key;
use kerberos_files::ccache::{CcacheBuilder, CcacheName, Header, Version};
use kerberos_proto::{Credential, Principal, TicketTimes};
use kerberos_testkdc::forge::{enc_ticket_part, seal};

use crate::constant::Constant;
use crate::service::{NAME, key, lasting};

/// The client's principal.
pub const WHO: &str = "alice@R";

/// The client, and its cache.
pub fn client() -> (Client, CcacheName) {
    let (who, server) = (Principal::parse(WHO), Principal::parse(NAME));
    let (who, server) = (who.expect("valid name"), server.expect("valid name"));
    let key = Key::new(&key()).expect("valid key");
    let session = Key::generate(key.etype(), &mut Constant).expect("valid key");
    let mut part = enc_ticket_part(
        KerberosString(who.realm()),
        who.to_wire(),
        &session,
        now().seconds,
    );
    // Long enough for any fuzzing run.
    part.endtime = kerberos_asn1::KerberosTime::from_unix(now().seconds + 30 * 86_400);
    let (realm, sname) = (KerberosString(server.realm()), server.to_wire());
    let ticket = seal(&part, realm, sname, (&key, Some(1)), &mut Constant);
    let credential = Credential {
        client: who.clone(),
        server: server.clone(),
        session_key: session.to_block(),
        times: TicketTimes {
            authtime: part.authtime,
            starttime: Some(part.authtime),
            endtime: part.endtime,
            renew_till: None,
        },
        is_skey: false,
        flags: TicketFlags::PRE_AUTHENT,
        addresses: Vec::new(),
        authorization_data: Vec::new(),
        ticket,
        second_ticket: Vec::new(),
    };
    let mut cache = CcacheBuilder::new(&Header::new(Version::V4, None), &who).expect("valid name");
    cache
        .credential(&credential)
        .expect("the credential can be encoded");
    let cache = CcacheName::parse(&lasting(cache.expose_bytes())).expect("valid name");
    let config = Config::parse("[libdefaults]\n default_realm = R\n dns_lookup_kdc = false\n");
    (Client::new(config.expect("valid configuration")), cache)
}
