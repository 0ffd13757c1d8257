//! Tickets for the benchmarks, like those of a KDC.

use std::error::Error;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use kerberos_asn1::{
    AuthorizationDataEntry, AuthorizationDataType, KerberosString, KerberosTime, SequenceOf,
    TicketFlags,
};
use kerberos_crypto::{EncryptionType, Key};
use kerberos_proto::{Credential, Principal, TicketTimes, Timestamp};
use kerberos_testkdc::forge::{enc_ticket_part, seal};

/// The time of everything that does not need the real time.
pub(crate) const NOW: Timestamp = Timestamp {
    seconds: 1_767_225_600,
    microseconds: 0,
};

/// A ticket of `client` for `server`, valid at [`NOW`]. The server's key is `service_key`, version
/// 3.
pub(crate) fn credential(
    service_key: &Key,
    server: &Principal,
    client: Principal,
    session_etype: EncryptionType,
    pac: &[u8],
) -> Result<Credential, Box<dyn Error>> {
    credential_at(service_key, server, client, session_etype, pac, NOW)
}

/// The same, valid at `now`.
pub(crate) fn credential_at(
    service_key: &Key,
    server: &Principal,
    client: Principal,
    session_etype: EncryptionType,
    pac: &[u8],
    now: Timestamp,
) -> Result<Credential, Box<dyn Error>> {
    let mut rng = UnwrapErr(SysRng);
    let session = Key::generate(session_etype, &mut rng)?;
    let time = |seconds| KerberosTime::from_unix(now.seconds + seconds);
    let times = TicketTimes {
        authtime: time(-60),
        starttime: Some(time(-60)),
        endtime: time(36_000),
        renew_till: None,
    };
    let pac = AuthorizationDataEntry {
        ad_type: AuthorizationDataType::IF_RELEVANT,
        ad_data: pac,
    };
    let (realm, sname) = (KerberosString(server.realm()), server.to_wire());
    let crealm = KerberosString(client.realm());
    let mut part = enc_ticket_part(crealm, client.to_wire(), &session, now.seconds);
    part.starttime = times.starttime;
    part.endtime = times.endtime;
    part.authorization_data = (!pac.ad_data.is_empty()).then(|| SequenceOf::from(vec![pac]));
    let ticket = seal(&part, realm, sname, (service_key, Some(3)), &mut rng);
    Ok(Credential {
        ticket,
        client,
        server: server.clone(),
        session_key: session.to_block(),
        times,
        is_skey: false,
        flags: TicketFlags::PRE_AUTHENT,
        addresses: Vec::new(),
        authorization_data: Vec::new(),
        second_ticket: Vec::new(),
    })
}
