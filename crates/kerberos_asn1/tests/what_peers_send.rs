//! Deviations that real peers send are accepted; what nobody should send is not.

use kerberos_asn1::{
    AsRep, AsReq, Decode, DecodeError, DecodeErrorKind, EncAsRepPart, EncKdcRepPart, EncTgsRepPart,
    Encode, EncryptedData, EncryptionKey, ErrorCode, KdcOptions, KdcRep, KdcReq, KdcReqBody,
    KerberosTime, KrbError, LastReqEntry, LastReqType, MessageType, Microseconds, NameType,
    PrincipalName, RawTicket, SequenceOf, TgsRep, TgsReq, Ticket, TicketFlags,
};

fn name() -> PrincipalName<'static> {
    let name_string = SequenceOf::from(vec!["krbtgt".into(), "R".into()]);
    PrincipalName {
        name_type: NameType::SRV_INST,
        name_string,
    }
}

fn enc_part(nonce: u32) -> EncKdcRepPart<'static> {
    EncKdcRepPart {
        key: EncryptionKey {
            keytype: 18,
            keyvalue: b"k",
        },
        last_req: SequenceOf::from(vec![LastReqEntry {
            lr_type: LastReqType::NONE,
            lr_value: KerberosTime::from_unix(0),
        }]),
        nonce,
        key_expiration: None,
        flags: TicketFlags::INITIAL,
        authtime: KerberosTime::from_unix(1),
        starttime: None,
        endtime: KerberosTime::from_unix(2),
        renew_till: None,
        srealm: "R".into(),
        sname: name(),
        caddr: None,
        encrypted_pa_data: None,
    }
}

fn body(nonce: u32) -> KdcReqBody<'static> {
    KdcReqBody {
        kdc_options: KdcOptions::empty(),
        cname: None,
        realm: "R".into(),
        sname: None,
        from: None,
        till: KerberosTime::from_unix(0),
        rtime: None,
        nonce,
        etype: SequenceOf::from(vec![-128]),
        addresses: None,
        enc_authorization_data: None,
        additional_tickets: None,
    }
}

fn error(susec: Option<Microseconds>) -> KrbError<'static> {
    KrbError {
        ctime: None,
        cusec: None,
        stime: KerberosTime::from_unix(0),
        susec,
        error_code: ErrorCode(4711),
        crealm: None,
        cname: None,
        realm: "R".into(),
        sname: name(),
        e_text: None,
        e_data: None,
    }
}

fn ticket() -> Vec<u8> {
    let enc_part = EncryptedData {
        etype: 18,
        kvno: Some(1),
        cipher: b"c",
    };
    Ticket {
        tkt_vno: Ticket::VERSION,
        realm: "R".into(),
        sname: name(),
        enc_part,
    }
    .to_der()
}

/// `bytes` with the only occurrence of `old` replaced by `new`, which has the same length.
#[track_caller]
fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let places: Vec<usize> = bytes
        .windows(old.len())
        .enumerate()
        .filter_map(|(index, window)| (window == old).then_some(index))
        .collect();
    assert_eq!(places.len(), 1, "{old:02x?} occurs at {places:?}");
    let place = places.first().copied().unwrap_or_default();
    let mut changed = bytes.to_vec();
    changed.splice(place..place + new.len(), new.iter().copied());
    changed
}

#[track_caller]
fn check_refused<T>(result: Result<T, DecodeError>, kind: DecodeErrorKind) {
    assert_eq!(result.err().map(|error| error.kind), Some(kind));
}

#[test]
fn enc_kdc_rep_part_accepts_either_application_tag() {
    for der in [
        EncAsRepPart(enc_part(7)).to_der(),
        EncTgsRepPart(enc_part(7)).to_der(),
    ] {
        assert_eq!(EncKdcRepPart::from_der_any_tag(&der).unwrap().nonce, 7);
    }
    let of_tgs = EncTgsRepPart(enc_part(7)).to_der();
    assert!(EncAsRepPart::from_der(&of_tgs).is_err());
    assert_eq!(EncTgsRepPart::from_der(&of_tgs).unwrap().to_der(), of_tgs);
    assert!(EncKdcRepPart::from_der_any_tag(b"\x30\x00").is_err());
}

#[test]
fn nonce_sent_as_negative_integer_is_accepted() {
    // 0x41424344 takes four octets, like the negative number that replaces it.
    let of_ours = EncAsRepPart(enc_part(0x4142_4344)).to_der();
    let negative = replace(
        &of_ours,
        b"\x02\x04\x41\x42\x43\x44",
        b"\x02\x04\x81\x42\x43\x44",
    );
    assert_eq!(
        EncKdcRepPart::from_der_any_tag(&negative).unwrap().nonce,
        0x8142_4344
    );
    let request = AsReq::new(None, body(0x4142_4344)).to_der();
    let negative = replace(
        &request,
        b"\x02\x04\x41\x42\x43\x44",
        b"\x02\x04\xff\x02\x43\x44",
    );
    let AsReq(request) = AsReq::from_der(&negative).unwrap();
    assert_eq!(request.req_body.nonce, 0xff02_4344);
    assert_eq!(request.req_body.etype.first(), Some(-128));
    // The checksum covers the bytes as they were sent.
    assert!(
        KdcReq::req_body_der(&negative)
            .unwrap()
            .windows(4)
            .any(|w| w == b"\xff\x02\x43\x44")
    );
}

#[test]
fn krb_error_without_susec_is_accepted() {
    let without = error(None).to_der();
    let read = KrbError::from_der(&without).unwrap();
    assert_eq!((read.susec, read.error_code), (None, ErrorCode(4711)));
    assert_eq!(read.to_der(), without);
    let with = error(Some(Microseconds(0x7b7c))).to_der();
    assert_eq!(
        KrbError::from_der(&with).unwrap().susec,
        Some(Microseconds(0x7b7c))
    );
    let negative = replace(&with, b"\x02\x02\x7b\x7c", b"\x02\x02\x8b\x7c");
    check_refused(
        KrbError::from_der(&negative),
        DecodeErrorKind::IntegerOutOfRange,
    );
}

#[test]
fn unknown_later_fields_of_krb_error_are_ignored() {
    let plain = error(None).to_der();
    // [13] and [20] at the end of the SEQUENCE; all lengths are below 128.
    let later = b"\xad\x03\x02\x01\x05\xb4\x02\x30\x00";
    let mut extended = [plain.as_slice(), later].concat();
    extended[1] += u8::try_from(later.len()).unwrap();
    extended[3] += u8::try_from(later.len()).unwrap();
    assert_eq!(KrbError::from_der(&extended).unwrap(), error(None));

    // A known field must not come late, and garbage is never accepted.
    for garbage in [
        &b"\xaa\x02\x30\x00"[..],
        b"\x05\x00",
        b"\xad\x05\x02\x01\x05",
    ] {
        let mut extended = [plain.as_slice(), garbage].concat();
        extended[1] += u8::try_from(garbage.len()).unwrap();
        extended[3] += u8::try_from(garbage.len()).unwrap();
        assert!(KrbError::from_der(&extended).is_err(), "{garbage:02x?}");
    }
}

#[test]
fn empty_padata_list_is_accepted() {
    let request = AsReq::new(Some(SequenceOf::empty()), body(1)).to_der();
    let AsReq(request) = AsReq::from_der(&request).unwrap();
    assert!(request.padata.unwrap().is_empty());
}

#[test]
fn wrong_pvno_or_msg_type_is_refused() {
    let request = AsReq::new(None, body(1)).to_der();
    let of_version_4 = replace(&request, b"\xa1\x03\x02\x01\x05", b"\xa1\x03\x02\x01\x04");
    check_refused(
        AsReq::from_der(&of_version_4),
        DecodeErrorKind::WrongVersion(4),
    );
    let of_type_12 = replace(&request, b"\xa2\x03\x02\x01\x0a", b"\xa2\x03\x02\x01\x0c");
    check_refused(
        AsReq::from_der(&of_type_12),
        DecodeErrorKind::WrongMessageType(12),
    );
    check_refused(
        KdcReq::from_der(&of_type_12),
        DecodeErrorKind::WrongMessageType(12),
    );
}

#[test]
fn kdc_req_decodes_as_req_and_tgs_req() {
    for (der, msg_type) in [
        (AsReq::new(None, body(1)).to_der(), MessageType::AS_REQ),
        (TgsReq::new(None, body(1)).to_der(), MessageType::TGS_REQ),
    ] {
        let request = KdcReq::from_der(&der).unwrap();
        assert_eq!(
            (request.msg_type, request.to_der()),
            (msg_type, der.clone())
        );
        assert_eq!(MessageType::of_der(&der), Some(msg_type));
        assert_eq!(KdcReq::req_body_der(&der).unwrap(), body(1).to_der());
    }
    assert!(TgsReq::from_der(&AsReq::new(None, body(1)).to_der()).is_err());
}

#[test]
fn replies_keep_the_exact_bytes_of_the_ticket() {
    // A ticket of another version, and with an unknown field.
    let mut der = replace(&ticket(), b"\xa0\x03\x02\x01\x05", b"\xa0\x03\x02\x01\x06");
    der.extend_from_slice(b"\xa4\x02\x30\x00");
    der[1] += 4;
    der[3] += 4;
    let raw = RawTicket::from_der(&der).unwrap();
    assert_eq!(raw.ticket().tkt_vno, 6);
    let reply = KdcRep {
        padata: None,
        crealm: "R".into(),
        cname: name(),
        ticket: raw,
        enc_part: EncryptedData {
            etype: 18,
            kvno: None,
            cipher: b"c",
        },
    };
    let as_rep = AsRep(reply.clone()).to_der();
    let AsRep(read) = AsRep::from_der(&as_rep).unwrap();
    assert_eq!(read.ticket.as_bytes(), der);
    let tgs_rep = TgsRep(reply).to_der();
    let TgsRep(read) = TgsRep::from_der(&tgs_rep).unwrap();
    assert_eq!(read.ticket.as_bytes(), der);
}

#[test]
fn trailing_octets_are_refused() {
    let mut der = ticket();
    der.push(0);
    let end = der.len() - 1;
    assert_eq!(
        Ticket::from_der(&der),
        Err(DecodeError {
            kind: DecodeErrorKind::TrailingData,
            position: end
        })
    );
}
