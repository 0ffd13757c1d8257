//! Our own messages, in which all fields are present and different, so that tests do not depend on
//! the published data.

use kerberos_asn1::{
    AdAndOr, AdAuthenticationIndicator, AdCammac, AdKdcIssued, AddressType, ApOptions, ApRep,
    ApReq, AsRep, AsReq, Authenticator, AuthorizationData, AuthorizationDataEntry,
    AuthorizationDataType, ChangePasswdData, Checksum, Decode, DecodeError, EncApRepPart,
    EncAsRepPart, EncKdcRepPart, EncKrbCredPart, EncKrbPrivPart, EncTgsRepPart, EncTicketPart,
    Encode, EncryptedData, EncryptionKey, ErrorCode, EtypeInfo, EtypeInfo2, EtypeInfo2Entry,
    EtypeInfoEntry, HostAddress, HostAddresses, KdcOptions, KdcProxyMessage, KdcRep, KdcReqBody,
    KerbErrorData, KerberosTime, KrbCred, KrbCredInfo, KrbError, KrbPriv, KrbSafe, KrbSafeBody,
    LastReqEntry, LastReqType, MethodData, Microseconds, NameType, PaData, PaDataType, PaEncTsEnc,
    PaForUser, PaPacOptions, PaPacRequest, PaS4uX509User, PacOptions, PrincipalName, RawTicket,
    S4uOptions, S4uUserId, SequenceOf, TgsRep, TgsReq, Ticket, TicketFlags, TransitedEncoding,
    TransitedType, TypedData, TypedDataEntry, Utf8String, VerifierMac,
};

/// A sample of each kind in [`crate::asn1::KINDS`]: the kind's name and an encoding.
///
/// # Errors
/// Never, unless the codec is broken.
pub fn samples() -> Result<Vec<(&'static str, Vec<u8>)>, DecodeError> {
    let ticket = ticket();
    let ticket_der = ticket.to_der();
    let raw = RawTicket::from_der(&ticket_der)?;
    let as_req = AsReq::new(Some(padata()), req_body(&raw)).to_der();
    let tgs_req = TgsReq::new(Some(padata()), req_body(&raw)).to_der();
    let safe = safe().to_der();
    Ok(vec![
        (
            "AdAndOr",
            AdAndOr {
                condition_count: 1,
                elements: restrictions(),
            }
            .to_der(),
        ),
        (
            "AdAuthenticationIndicator",
            AdAuthenticationIndicator::from(vec![Utf8String("otp"), Utf8String("strong")]).to_der(),
        ),
        ("AdCammac", cammac().to_der()),
        ("AdKdcIssued", kdc_issued().to_der()),
        (
            "ApRep",
            ApRep {
                enc_part: encrypted(18, Some(7)),
            }
            .to_der(),
        ),
        ("ApReq", ap_req(&raw).to_der()),
        ("AsRep", AsRep(reply(&raw)).to_der()),
        ("AsReq", as_req.clone()),
        ("Authenticator", authenticator().to_der()),
        ("AuthorizationData", restrictions().to_der()),
        (
            "ChangePasswdData",
            ChangePasswdData {
                new_password: b"new password",
                target_name: Some(name(NameType::PRINCIPAL, &["hftsai", "extra"])),
                target_realm: Some("ATHENA.MIT.EDU".into()),
            }
            .to_der(),
        ),
        ("EncApRepPart", enc_ap_rep_part().to_der()),
        ("EncAsRepPart", EncAsRepPart(reply_part()).to_der()),
        ("EncKrbCredPart", cred_part().to_der()),
        ("EncKrbPrivPart", priv_part().to_der()),
        ("EncTgsRepPart", EncTgsRepPart(reply_part()).to_der()),
        ("EncTicketPart", ticket_part().to_der()),
        ("EncryptedData", encrypted(17, Some(0x8001_0002)).to_der()),
        ("EncryptionKey", key(b"sixteen bytes...").to_der()),
        ("EtypeInfo", etype_info().to_der()),
        ("EtypeInfo2", etype_info2().to_der()),
        ("HostAddresses", addresses().to_der()),
        (
            "KdcProxyMessage",
            KdcProxyMessage {
                kerb_message: &[0, 0, 0, 1, 0x7e],
                target_domain: Some("EXAMPLE.COM".into()),
                dclocator_hint: Some(0x1000),
            }
            .to_der(),
        ),
        ("KdcReq", tgs_req.clone()),
        ("KdcReqBody", req_body(&raw).to_der()),
        (
            "KerbErrorData",
            KerbErrorData {
                data_type: 3,
                data_value: Some(&[1; 12]),
            }
            .to_der(),
        ),
        ("KrbCred", cred(&raw).to_der()),
        ("KrbError", error().to_der()),
        (
            "KrbPriv",
            KrbPriv {
                enc_part: encrypted(20, None),
            }
            .to_der(),
        ),
        ("KrbSafe", safe.clone()),
        ("MethodData", padata().to_der()),
        ("PaEncTsEnc", timestamp().to_der()),
        ("PaForUser", for_user().to_der()),
        (
            "PaPacOptions",
            PaPacOptions {
                flags: PacOptions::CLAIMS,
            }
            .to_der(),
        ),
        ("PaPacRequest", PaPacRequest { include_pac: true }.to_der()),
        ("PaS4uX509User", s4u_x509_user().to_der()),
        (
            "PrincipalName",
            name(NameType::SRV_HST, &["host", "www.example.com"]).to_der(),
        ),
        ("RawTicket", ticket_der.clone()),
        ("S4uUserId", s4u_user_id().to_der()),
        ("TgsRep", TgsRep(reply(&raw)).to_der()),
        ("TgsReq", tgs_req),
        ("Ticket", ticket_der.clone()),
        ("TransitedEncoding", transited().to_der()),
        ("TypedData", typed_data().to_der()),
        (
            "EncKdcRepPart::from_der_any_tag",
            EncTgsRepPart(reply_part()).to_der(),
        ),
        ("KdcReq::req_body_der", as_req),
        ("PaS4uX509User::user_id_der", s4u_x509_user().to_der()),
        ("KrbSafe::safe_body_der", safe),
    ])
}

fn name(name_type: NameType, components: &[&'static str]) -> PrincipalName<'static> {
    let name_string = components.iter().copied().map(Into::into).collect();
    PrincipalName {
        name_type,
        name_string,
    }
}

fn client() -> PrincipalName<'static> {
    name(NameType::PRINCIPAL, &["alice"])
}

fn service() -> PrincipalName<'static> {
    name(NameType::SRV_INST, &["krbtgt", "EXAMPLE.COM"])
}

fn time(days: i64) -> KerberosTime {
    KerberosTime::from_unix(1_700_000_000 + days * 86_400)
}

fn encrypted(etype: i32, kvno: Option<u32>) -> EncryptedData<'static> {
    EncryptedData {
        etype,
        kvno,
        cipher: &[0xc5; 200],
    }
}

fn key(keyvalue: &'static [u8]) -> EncryptionKey<'static> {
    EncryptionKey {
        keytype: 17,
        keyvalue,
    }
}

fn checksum() -> Checksum<'static> {
    Checksum {
        cksumtype: -138,
        checksum: b"checksum",
    }
}

fn addresses() -> HostAddresses<'static> {
    SequenceOf::from(vec![
        HostAddress {
            addr_type: AddressType::IPV4,
            address: &[127, 0, 0, 1],
        },
        HostAddress {
            addr_type: AddressType::IPV6,
            address: &[0xfe; 16],
        },
    ])
}

fn restrictions() -> AuthorizationData<'static> {
    SequenceOf::from(vec![
        AuthorizationDataEntry {
            ad_type: AuthorizationDataType::IF_RELEVANT,
            ad_data: b"0\0",
        },
        AuthorizationDataEntry {
            ad_type: AuthorizationDataType(-77),
            ad_data: b"unknown",
        },
    ])
}

fn cammac() -> AdCammac<'static> {
    let bare = VerifierMac {
        identifier: None,
        kvno: None,
        enctype: None,
        mac: checksum(),
    };
    let full = VerifierMac {
        identifier: Some(service()),
        kvno: Some(5),
        enctype: Some(16),
        mac: checksum(),
    };
    AdCammac {
        elements: restrictions(),
        kdc_verifier: Some(full.clone()),
        svc_verifier: Some(bare.clone()),
        other_verifiers: Some(SequenceOf::from(vec![bare, full])),
    }
}

fn kdc_issued() -> AdKdcIssued<'static> {
    AdKdcIssued {
        ad_checksum: checksum(),
        i_realm: Some("ISSUER.EXAMPLE".into()),
        i_sname: Some(service()),
        elements: restrictions(),
    }
}

fn padata() -> MethodData<'static> {
    SequenceOf::from(vec![
        PaData {
            padata_type: PaDataType::ENC_TIMESTAMP,
            padata_value: &[0x5a; 60],
        },
        PaData {
            padata_type: PaDataType::REQ_ENC_PA_REP,
            padata_value: b"",
        },
        PaData {
            padata_type: PaDataType(4711),
            padata_value: b"unknown",
        },
    ])
}

fn for_user() -> PaForUser<'static> {
    PaForUser {
        user_name: client(),
        user_realm: "CLIENT.EXAMPLE".into(),
        cksum: checksum(),
        auth_package: "Kerberos".into(),
    }
}

fn s4u_user_id() -> S4uUserId<'static> {
    S4uUserId {
        nonce: 0x8765_4321,
        cname: Some(client()),
        crealm: "CLIENT.EXAMPLE".into(),
        subject_certificate: Some(&[0x30; 300]),
        options: Some(S4uOptions::USE_REPLY_KEY_USAGE),
    }
}

fn s4u_x509_user() -> PaS4uX509User<'static> {
    PaS4uX509User {
        user_id: s4u_user_id(),
        checksum: checksum(),
    }
}

fn ticket() -> Ticket<'static> {
    Ticket {
        tkt_vno: Ticket::VERSION,
        realm: "EXAMPLE.COM".into(),
        sname: service(),
        enc_part: encrypted(20, Some(2)),
    }
}

fn transited() -> TransitedEncoding<'static> {
    TransitedEncoding {
        tr_type: TransitedType::DOMAIN_X500_COMPRESS,
        contents: b"EDU,MIT.",
    }
}

fn ticket_part() -> EncTicketPart<'static> {
    EncTicketPart {
        flags: TicketFlags(0xfedc_ba98),
        key: key(b"session key here"),
        crealm: "CLIENT.EXAMPLE".into(),
        cname: client(),
        transited: transited(),
        authtime: time(0),
        starttime: Some(time(1)),
        endtime: time(2),
        renew_till: Some(time(3)),
        caddr: Some(addresses()),
        authorization_data: Some(restrictions()),
    }
}

fn req_body<'a>(ticket: &RawTicket<'a>) -> KdcReqBody<'a> {
    KdcReqBody {
        kdc_options: KdcOptions::FORWARDABLE | KdcOptions::CANONICALIZE,
        cname: Some(client()),
        realm: "EXAMPLE.COM".into(),
        sname: Some(service()),
        from: Some(time(4)),
        till: time(5),
        rtime: Some(time(6)),
        nonce: 0x8765_4321,
        etype: SequenceOf::from(vec![20, 19, 18, 17, 26, 25, -128]),
        addresses: Some(addresses()),
        enc_authorization_data: Some(encrypted(19, None)),
        additional_tickets: Some(SequenceOf::from(vec![ticket.clone(), ticket.clone()])),
    }
}

fn reply<'a>(ticket: &RawTicket<'a>) -> KdcRep<'a> {
    KdcRep {
        padata: Some(padata()),
        crealm: "CLIENT.EXAMPLE".into(),
        cname: client(),
        ticket: ticket.clone(),
        enc_part: encrypted(18, Some(3)),
    }
}

fn reply_part() -> EncKdcRepPart<'static> {
    EncKdcRepPart {
        key: key(b"session key too."),
        last_req: SequenceOf::from(vec![
            LastReqEntry {
                lr_type: LastReqType::NONE,
                lr_value: time(7),
            },
            LastReqEntry {
                lr_type: LastReqType(-6),
                lr_value: time(8),
            },
        ]),
        nonce: 0xffff_ffff,
        key_expiration: Some(time(9)),
        flags: TicketFlags::INITIAL | TicketFlags::ENC_PA_REP,
        authtime: time(10),
        starttime: Some(time(11)),
        endtime: time(12),
        renew_till: Some(time(13)),
        srealm: "EXAMPLE.COM".into(),
        sname: service(),
        caddr: Some(addresses()),
        encrypted_pa_data: Some(padata()),
    }
}

fn ap_req<'a>(ticket: &RawTicket<'a>) -> ApReq<'a> {
    ApReq {
        ap_options: ApOptions::MUTUAL_REQUIRED,
        ticket: ticket.clone(),
        authenticator: encrypted(17, None),
    }
}

fn authenticator() -> Authenticator<'static> {
    Authenticator {
        crealm: "CLIENT.EXAMPLE".into(),
        cname: client(),
        cksum: Some(checksum()),
        cusec: Microseconds(999_999),
        ctime: time(14),
        subkey: Some(key(b"subkey")),
        seq_number: Some(0x8000_0000),
        authorization_data: Some(restrictions()),
    }
}

fn enc_ap_rep_part() -> EncApRepPart<'static> {
    EncApRepPart {
        ctime: time(15),
        cusec: Microseconds(0),
        subkey: Some(key(b"another")),
        seq_number: Some(127),
    }
}

fn safe() -> KrbSafe<'static> {
    KrbSafe {
        safe_body: KrbSafeBody {
            user_data: b"data",
            timestamp: Some(time(16)),
            usec: Some(Microseconds(128)),
            seq_number: Some(1),
            s_address: HostAddress {
                addr_type: AddressType::DIRECTIONAL,
                address: &[0; 4],
            },
            r_address: Some(HostAddress {
                addr_type: AddressType(99),
                address: b"",
            }),
        },
        cksum: checksum(),
    }
}

fn priv_part() -> EncKrbPrivPart<'static> {
    EncKrbPrivPart {
        user_data: b"private data",
        timestamp: Some(time(17)),
        usec: Some(Microseconds(65_536)),
        seq_number: Some(2),
        s_address: HostAddress {
            addr_type: AddressType::IPV4,
            address: &[10, 0, 0, 1],
        },
        r_address: Some(HostAddress {
            addr_type: AddressType::IPV4,
            address: &[10, 0, 0, 2],
        }),
    }
}

fn cred<'a>(ticket: &RawTicket<'a>) -> KrbCred<'a> {
    KrbCred {
        tickets: SequenceOf::from(vec![ticket.clone()]),
        enc_part: encrypted(0, None),
    }
}

fn cred_part() -> EncKrbCredPart<'static> {
    EncKrbCredPart {
        ticket_info: SequenceOf::from(vec![KrbCredInfo {
            key: key(b"forwarded key"),
            prealm: Some("CLIENT.EXAMPLE".into()),
            pname: Some(client()),
            flags: Some(TicketFlags::FORWARDED),
            authtime: Some(time(18)),
            starttime: Some(time(19)),
            endtime: Some(time(20)),
            renew_till: Some(time(21)),
            srealm: Some("EXAMPLE.COM".into()),
            sname: Some(service()),
            caddr: Some(addresses()),
        }]),
        nonce: Some(42),
        timestamp: Some(time(22)),
        usec: Some(Microseconds(1)),
        s_address: Some(HostAddress {
            addr_type: AddressType::IPV4,
            address: &[10, 0, 0, 3],
        }),
        r_address: Some(HostAddress {
            addr_type: AddressType::IPV4,
            address: &[10, 0, 0, 4],
        }),
    }
}

fn error() -> KrbError<'static> {
    KrbError {
        ctime: Some(time(23)),
        cusec: Some(Microseconds(2)),
        stime: time(24),
        susec: Some(Microseconds(3)),
        error_code: ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
        crealm: Some("CLIENT.EXAMPLE".into()),
        cname: Some(client()),
        realm: "EXAMPLE.COM".into(),
        sname: service(),
        e_text: Some("NEEDED_PREAUTH".into()),
        e_data: Some(b"\x30\x00"),
    }
}

fn typed_data() -> TypedData<'static> {
    SequenceOf::from(vec![
        TypedDataEntry {
            data_type: PaDataType::TD_PADATA,
            data_value: Some(b"0\0"),
        },
        TypedDataEntry {
            data_type: PaDataType(-1),
            data_value: None,
        },
    ])
}

fn timestamp() -> PaEncTsEnc {
    PaEncTsEnc {
        patimestamp: time(25),
        pausec: Some(Microseconds(4)),
    }
}

fn etype_info() -> EtypeInfo<'static> {
    SequenceOf::from(vec![
        EtypeInfoEntry {
            etype: 23,
            salt: None,
        },
        EtypeInfoEntry {
            etype: 3,
            salt: Some(b""),
        },
    ])
}

fn etype_info2() -> EtypeInfo2<'static> {
    SequenceOf::from(vec![
        EtypeInfo2Entry {
            etype: 18,
            salt: Some("EXAMPLE.COMalice".into()),
            s2kparams: Some(&[0, 0, 0x10, 0]),
        },
        EtypeInfo2Entry {
            etype: 23,
            salt: None,
            s2kparams: None,
        },
    ])
}
