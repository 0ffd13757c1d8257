//! The messages, with typical names and sizes.

use std::error::Error;

use kerberos_asn1::{
    ApOptions, ApReq, AsRep, Decode, Encode, EncryptedData, ErrorCode, EtypeInfo2Entry, KdcRep,
    KerberosTime, KrbError, Microseconds, NameType, PaData, PaDataType, PrincipalName, RawTicket,
    SequenceOf, TgsRep, Ticket,
};

const REALM: &str = "ATHENA.MIT.EDU";

/// An AS-REP of MIT's KDC to a client with the default salt: 815 bytes.
pub(super) fn as_rep() -> Result<Vec<u8>, Box<dyn Error>> {
    let (ticket, salt) = (ticket(&["krbtgt", REALM]), salt());
    let padata = PaData {
        padata_type: PaDataType::ETYPE_INFO2,
        padata_value: &salt,
    };
    Ok(AsRep(KdcRep {
        padata: Some(SequenceOf::from(vec![padata])),
        crealm: REALM.into(),
        cname: alice(),
        ticket: RawTicket::from_der(&ticket)?,
        enc_part: sealed(&[0x7e; 311]),
    })
    .to_der())
}

/// A TGS-REP for a host's service.
pub(super) fn tgs_rep() -> Result<Vec<u8>, Box<dyn Error>> {
    let ticket = ticket(&["host", "www.example.com"]);
    Ok(TgsRep(KdcRep {
        padata: None,
        crealm: REALM.into(),
        cname: alice(),
        ticket: RawTicket::from_der(&ticket)?,
        enc_part: sealed(&[0x7e; 260]),
    })
    .to_der())
}

/// An AP-REQ for that service.
pub(super) fn ap_req() -> Result<Vec<u8>, Box<dyn Error>> {
    let ticket = ticket(&["host", "www.example.com"]);
    Ok(ApReq {
        ap_options: ApOptions::MUTUAL_REQUIRED,
        ticket: RawTicket::from_der(&ticket)?,
        authenticator: sealed(&[0x51; 190]),
    }
    .to_der())
}

/// A KDC's answer to a login without preauthentication.
pub(super) fn krb_error() -> Vec<u8> {
    KrbError {
        ctime: None,
        cusec: None,
        stime: KerberosTime::from_unix(1_767_225_600),
        susec: Some(Microseconds::default()),
        error_code: ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
        crealm: Some(REALM.into()),
        cname: Some(alice()),
        realm: REALM.into(),
        sname: name(NameType::SRV_INST, &["krbtgt", REALM]),
        e_text: Some("NEEDED_PREAUTH".into()),
        e_data: Some(&[0x30; 120]),
    }
    .to_der()
}

fn ticket(service: &[&'static str]) -> Vec<u8> {
    Ticket {
        tkt_vno: Ticket::VERSION,
        realm: REALM.into(),
        sname: name(NameType::SRV_INST, service),
        enc_part: sealed(&[0x3c; 277]),
    }
    .to_der()
}

fn salt() -> Vec<u8> {
    let entry = EtypeInfo2Entry {
        etype: 18,
        salt: Some("ATHENA.MIT.EDUalice".into()),
        s2kparams: None,
    };
    SequenceOf::from(vec![entry]).to_der()
}

fn alice() -> PrincipalName<'static> {
    name(NameType::PRINCIPAL, &["alice"])
}

fn name(name_type: NameType, components: &[&'static str]) -> PrincipalName<'static> {
    let components = components.iter().map(|&component| component.into());
    PrincipalName {
        name_type,
        name_string: SequenceOf::from(components.collect::<Vec<_>>()),
    }
}

fn sealed(cipher: &[u8]) -> EncryptedData<'_> {
    EncryptedData {
        etype: 18,
        kvno: Some(1),
        cipher,
    }
}
