//! Decoding and encoding an AS-REP of the shape and size, 815 bytes, that MIT's KDC sends for
//! aes256-cts-hmac-sha1-96.

use std::error::Error;
use std::hint::black_box;

use kerberos_asn1::{
    AsRep, Decode, Encode, EncryptedData, EtypeInfo2Entry, KdcRep, NameType, PaData, PaDataType,
    PrincipalName, RawTicket, SequenceOf, Ticket,
};

use crate::harness::{Contestant, compare};

/// Measures this subject.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let (ticket, salt) = (ticket(), salt());
    let built = as_rep(&ticket, &salt)?;
    let bytes = built.to_der();
    let decoded = AsRep::from_der(&bytes)?;
    if bytes.len() != 815 {
        return Err(format!("the AS-REP has {} bytes", bytes.len()).into());
    }

    compare(
        "AS-REP decode",
        &mut [
            Contestant::new("kerberos_asn1", || AsRep::from_der(black_box(&bytes))),
            #[cfg(feature = "peers")]
            Contestant::new("rasn-kerberos 0.30", || {
                rasn::der::decode::<rasn_kerberos::AsRep>(black_box(&bytes))
            }),
            #[cfg(feature = "peers")]
            Contestant::new("picky-krb 0.13", || {
                picky_asn1_der::from_bytes::<picky_krb::messages::AsRep>(black_box(&bytes))
            }),
        ],
    );

    #[cfg(feature = "peers")]
    let rasn = rasn::der::decode::<rasn_kerberos::AsRep>(&bytes)
        .map_err(|error| format!("rasn-kerberos: {error}"))?;
    #[cfg(feature = "peers")]
    let picky: picky_krb::messages::AsRep = picky_asn1_der::from_bytes(&bytes)?;
    compare(
        "AS-REP encode",
        &mut [
            Contestant::new("kerberos_asn1", || black_box(&built).to_der()),
            Contestant::new("kerberos_asn1, of a decoded one", || {
                black_box(&decoded).to_der()
            }),
            #[cfg(feature = "peers")]
            Contestant::new("rasn-kerberos 0.30", || rasn::der::encode(black_box(&rasn))),
            #[cfg(feature = "peers")]
            Contestant::new("picky-krb 0.13", || {
                picky_asn1_der::to_vec(black_box(&picky))
            }),
        ],
    );
    Ok(())
}

fn as_rep<'a>(ticket: &'a [u8], salt: &'a [u8]) -> Result<AsRep<'a>, Box<dyn Error>> {
    let padata = PaData {
        padata_type: PaDataType::ETYPE_INFO2,
        padata_value: salt,
    };
    Ok(AsRep(KdcRep {
        padata: Some(SequenceOf::from(vec![padata])),
        crealm: "ATHENA.MIT.EDU".into(),
        cname: PrincipalName {
            name_type: NameType::PRINCIPAL,
            name_string: SequenceOf::from(vec!["alice".into()]),
        },
        ticket: RawTicket::from_der(ticket)?,
        enc_part: EncryptedData {
            etype: 18,
            kvno: Some(1),
            cipher: &[0x7e; 311],
        },
    }))
}

fn ticket() -> Vec<u8> {
    Ticket {
        tkt_vno: Ticket::VERSION,
        realm: "ATHENA.MIT.EDU".into(),
        sname: PrincipalName {
            name_type: NameType::SRV_INST,
            name_string: SequenceOf::from(vec!["krbtgt".into(), "ATHENA.MIT.EDU".into()]),
        },
        enc_part: EncryptedData {
            etype: 18,
            kvno: Some(1),
            cipher: &[0x3c; 277],
        },
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
