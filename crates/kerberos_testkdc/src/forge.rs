//! Tickets made by hand for tests of services: like those of a KDC, but without a request.

use kerberos_asn1::{
    EncTicketPart, Encode, EncryptedData, EncryptionKey, KerberosTime, PrincipalName, Realm,
    Ticket, TicketFlags, TransitedEncoding, TransitedType,
};
use kerberos_crypto::{CryptoRng, Key, KeyUsage};
use zeroize::Zeroizing;

/// The encrypted contents of a ticket of `cname` (RFC 4120 §5.3), for a test to modify:
/// preauthenticated, with this session key, valid from a minute before `now` to an hour after it.
/// `now` is in seconds since 1970.
///
/// # Example
/// ```
/// use kerberos_asn1::{Decode, NameType, PrincipalName, SequenceOf, Ticket};
/// use kerberos_crypto::{EncryptionType, Key, KeyUsage};
/// use kerberos_testkdc::forge;
/// # let mut rng = kerberos_testkdc::Repeatable(7);
///
/// let etype = EncryptionType::AES256_CTS_HMAC_SHA1_96;
/// let (service_key, session) = (Key::generate(etype, &mut rng)?, Key::generate(etype, &mut rng)?);
/// let name = |name_type, names: &[&'static str]| PrincipalName {
///     name_type,
///     name_string: names.iter().map(|&name| name.into()).collect(),
/// };
/// let alice = name(NameType::PRINCIPAL, &["alice"]);
/// let mut part = forge::enc_ticket_part("R".into(), alice, &session, 1_767_225_600);
/// part.crealm = "FOREIGN".into();
/// let www = name(NameType::SRV_HST, &["host", "www"]);
/// let ticket = forge::seal(&part, "R".into(), www, (&service_key, Some(3)), &mut rng);
/// let ticket = Ticket::from_der(&ticket).unwrap();
/// assert_eq!(ticket.enc_part.kvno, Some(3));
/// assert!(service_key.decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher).is_ok());
/// # Ok::<(), kerberos_crypto::CryptoError>(())
/// ```
pub fn enc_ticket_part<'a>(
    crealm: Realm<'a>,
    cname: PrincipalName<'a>,
    session: &'a Key,
    now: i64,
) -> EncTicketPart<'a> {
    EncTicketPart {
        flags: TicketFlags::PRE_AUTHENT,
        key: wire_key(session),
        crealm,
        cname,
        transited: TransitedEncoding {
            tr_type: TransitedType::DOMAIN_X500_COMPRESS,
            contents: b"",
        },
        authtime: KerberosTime::from_unix(now - 60),
        starttime: None,
        endtime: KerberosTime::from_unix(now + 3600),
        renew_till: None,
        caddr: None,
        authorization_data: None,
    }
}

/// The ticket, in DER, for the service `sname` in `realm`. `part` is encrypted in the service's
/// key, and the ticket states the key's version if it is given.
pub fn seal(
    part: &EncTicketPart<'_>,
    realm: Realm<'_>,
    sname: PrincipalName<'_>,
    (key, kvno): (&Key, Option<u32>),
    rng: &mut dyn CryptoRng,
) -> Vec<u8> {
    let part = Zeroizing::new(part.to_der());
    let cipher = key.encrypt(KeyUsage::KDC_REP_TICKET, &part, rng);
    Ticket {
        tkt_vno: Ticket::VERSION,
        realm,
        sname,
        enc_part: EncryptedData {
            etype: key.etype().0,
            kvno,
            cipher: &cipher,
        },
    }
    .to_der()
}

/// The key as encoded in messages.
pub(crate) fn wire_key(key: &Key) -> EncryptionKey<'_> {
    EncryptionKey {
        keytype: key.etype().0,
        keyvalue: key.expose_bytes(),
    }
}
