//! Tickets for the benchmarks, as a KDC makes them.

use std::error::Error;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use kerberos_asn1::{
    AuthorizationDataEntry, AuthorizationDataType, EncTicketPart, Encode, EncryptedData,
    EncryptionKey, KerberosString, KerberosTime, SequenceOf, Ticket, TicketFlags,
    TransitedEncoding, TransitedType,
};
use kerberos_crypto::{EncryptionType, Key, KeyUsage};
use kerberos_proto::{Credential, Principal, TicketTimes, Timestamp};

/// When everything happens that needs no real time.
pub(crate) const NOW: Timestamp = Timestamp {
    seconds: 1_767_225_600,
    microseconds: 0,
};

/// A ticket of `client` for `server`, whose key of version 3 is `service_key`, good at [`NOW`].
pub(crate) fn credential(
    service_key: &Key,
    server: &Principal,
    client: Principal,
    session_etype: EncryptionType,
    pac: &[u8],
) -> Result<Credential, Box<dyn Error>> {
    credential_at(service_key, server, client, session_etype, pac, NOW)
}

/// The same, good at `now`.
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
    let part = EncTicketPart {
        flags: TicketFlags::PRE_AUTHENT,
        key: EncryptionKey {
            keytype: session_etype.0,
            keyvalue: session.expose_bytes(),
        },
        crealm: KerberosString(client.realm()),
        cname: client.to_wire(),
        transited: TransitedEncoding {
            tr_type: TransitedType::DOMAIN_X500_COMPRESS,
            contents: b"",
        },
        authtime: times.authtime,
        starttime: times.starttime,
        endtime: times.endtime,
        renew_till: None,
        caddr: None,
        authorization_data: (!pac.ad_data.is_empty()).then(|| SequenceOf::from(vec![pac])),
    }
    .to_der();
    let cipher = service_key.encrypt(KeyUsage::KDC_REP_TICKET, &part, &mut rng);
    let ticket = Ticket {
        tkt_vno: Ticket::VERSION,
        realm: KerberosString(server.realm()),
        sname: server.to_wire(),
        enc_part: EncryptedData {
            etype: service_key.etype().0,
            kvno: Some(3),
            cipher: &cipher,
        },
    };
    Ok(Credential {
        ticket: ticket.to_der(),
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
