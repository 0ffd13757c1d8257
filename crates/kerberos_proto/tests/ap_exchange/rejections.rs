//! Every check of RFC 4120 §3.2.3, with its error and its error code.

use kerberos_asn1::{
    AddressType, ApReq, Authenticator, Decode, EncTicketPart, Encode, ErrorCode, HostAddress,
    KerberosString, KrbError, NameType, SequenceOf, Ticket, TicketFlags,
};
use kerberos_crypto::EncryptionType;
use kerberos_proto::{
    Acceptor, ApError, ApRequestOptions, KeySource, MemoryReplayCache, Principal, ServiceKeys,
    Timestamp, TransitPolicy, WantedKey,
};

use crate::service::*;

fn plain() -> Vec<u8> {
    Issue::new().request(&ApRequestOptions::default()).1
}

fn part_error(edit_part: fn(&mut EncTicketPart<'_>)) -> ApError {
    let issue = Issue {
        edit_part,
        ..Issue::new()
    };
    accept(&issue.request(&ApRequestOptions::default()).1).unwrap_err()
}

fn part_accepted(edit_part: fn(&mut EncTicketPart<'_>)) {
    let issue = Issue {
        edit_part,
        ..Issue::new()
    };
    accept(&issue.request(&ApRequestOptions::default()).1).unwrap();
}

fn ticket_error(edit_ticket: fn(&mut Ticket<'_>)) -> ApError {
    let issue = Issue {
        edit_ticket,
        ..Issue::new()
    };
    accept(&issue.request(&ApRequestOptions::default()).1).unwrap_err()
}

fn authenticator_error(edit: fn(&mut Authenticator<'_>)) -> ApError {
    accept(&Issue::new().request_with(edit)).unwrap_err()
}

/// The error is the expected one, and the client gets its code.
macro_rules! assert_error {
    ($error:expr, $pattern:pat $(if $guard:expr)?, $code:ident) => {
        let error: ApError = $error;
        assert!(matches!(&error, $pattern $(if $guard)?), "{error:?}");
        let message = error.to_message(&server(), NOW);
        let told = KrbError::from_der(&message).unwrap();
        assert_eq!(told.error_code, ErrorCode::$code);
        assert_eq!(told.stime, NOW.to_kerberos_time());
    };
}

#[test]
fn messages_other_than_an_ap_req_are_refused() {
    let reply = accept(&plain())
        .unwrap()
        .reply(&kerberos_proto::AcceptorReply::default(), &mut Rng(3))
        .unwrap()
        .0;
    for message in [&reply[..], b"", b"GET / HTTP/1.0", &[0x6e]] {
        let error = accept(message).unwrap_err();
        if message == [0x6e] {
            assert_error!(error, ApError::Decode { .. }, KRB_ERR_GENERIC);
        } else {
            assert_error!(error, ApError::UnexpectedMessage, KRB_AP_ERR_MSG_TYPE);
        }
    }
}

#[test]
fn tickets_that_no_key_of_the_service_opens_are_refused() {
    let mut only = acceptor(&[(AES256, 1)]);
    only.server = Some(Principal::parse("nfs/www.example.com@EXAMPLE.COM").unwrap());
    let error = accept_by(&only, &plain(), None).unwrap_err();
    assert_error!(error, ApError::NoKeys { server: Some(_) }, KRB_AP_ERR_NOKEY);
    only.server = Some(server());
    accept_by(&only, &plain(), None).unwrap();

    assert_error!(
        ticket_error(|ticket| ticket.tkt_vno = 4),
        ApError::TicketVersion(4),
        KRB_AP_ERR_BADVERSION
    );
    let wrong_key = Issue {
        key: service_key(AES256, 2),
        ..Issue::new()
    };
    let error = accept(&wrong_key.request(&ApRequestOptions::default()).1).unwrap_err();
    assert_error!(error, ApError::TicketIntegrity, KRB_AP_ERR_BAD_INTEGRITY);
}

#[test]
fn control_characters_in_names_are_escaped_in_errors() {
    let name = || Principal::new(NameType::PRINCIPAL, ["\u{1b}[2J".repeat(1_000)], "\u{9b}R");
    let errors = [
        ApError::NoKeys {
            server: Some(name()),
        },
        ApError::NotUs { server: name() },
        ApError::NoKey {
            server: name(),
            etype: AES256,
            present: vec![AES128],
        },
        ApError::KeyVersion {
            server: name(),
            kvno: 1,
            present: vec![2],
        },
        ApError::ClientMismatch {
            ticket: name(),
            authenticator: name(),
        },
    ];
    for error in errors {
        for text in [error.to_string(), error.hint().unwrap_or_default()] {
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.len() < 3_000, "{text}");
        }
    }
}

#[test]
fn missing_key_version_and_enctype_have_distinct_errors() {
    let check = |keys: &[(EncryptionType, u32)], kvno: Option<u32>, hint: &str| {
        let issue = Issue {
            key: service_key(AES256, 77),
            kvno,
            ..Issue::new()
        };
        let request = issue.request(&ApRequestOptions::default()).1;
        let error = accept_by(&acceptor(keys), &request, None).unwrap_err();
        assert_eq!(error.hint().unwrap_or_default(), hint, "{error}");
        error
    };
    assert_error!(
        check(&[], Some(4), "add the service's keys to the keytab"),
        ApError::NoKeys { server: None },
        KRB_AP_ERR_NOKEY
    );
    assert_error!(
        check(
            &[(AES256, 3), (AES128, 3)],
            Some(4),
            "the keys have version 3, but the ticket needs 4: the key has been changed; extract \
             the keytab again"
        ),
        ApError::KeyVersion { kvno: 4, .. },
        KRB_AP_ERR_BADKEYVER
    );
    assert_error!(
        check(
            &[(AES256, 5), (AES256, 6)],
            Some(4),
            "the keys have version 5, 6, but the ticket needs 4: the ticket is older than the \
             key; the client needs a new ticket"
        ),
        ApError::KeyVersion { kvno: 4, .. },
        KRB_AP_ERR_BADKEYVER
    );
    for kvno in [Some(4), None] {
        assert_error!(
            check(
                &[(AES128, 4), (EncryptionType(19), 4)],
                kvno,
                "the keys are of type aes128-cts-hmac-sha1-96, aes128-cts-hmac-sha256-128, but the \
                 ticket needs aes256-cts-hmac-sha1-96: extract the keytab again, or set the \
                 service's encryption types at the KDC"
            ),
            ApError::NoKey { .. },
            KRB_AP_ERR_NOKEY
        );
        assert_error!(
            check(
                &[(AES256, 4)],
                kvno,
                "the service's key is another than the KDC's: extract the keytab again"
            ),
            ApError::TicketIntegrity,
            KRB_AP_ERR_BAD_INTEGRITY
        );
    }
    // If a key of another version decrypts it, the key was renumbered. MIT's library accepts this,
    // too.
    let issue = Issue {
        key: service_key(AES256, 3),
        kvno: Some(4),
        ..Issue::new()
    };
    let request = issue.request(&ApRequestOptions::default()).1;
    accept_by(&acceptor(&[(AES256, 3)]), &request, None).unwrap();
}

#[test]
fn aliases_are_accepted_and_acceptor_name_patterns_apply() {
    let alias = Principal::parse("host/alias.example.com@EXAMPLE.COM").unwrap();
    let request = |server: &Principal, key: u32| {
        let issue = Issue {
            server: server.clone(),
            key: service_key(AES256, key),
            ..Issue::new()
        };
        issue.request(&ApRequestOptions::default()).1
    };
    let pattern = |service: &str, host: &str, realm: &str| {
        Some(Principal::new(NameType::SRV_HST, [service, host], realm))
    };
    let by = |only: Option<Principal>, ignore_hostname, request: &[u8]| {
        let mut acceptor = acceptor(&[(AES256, 1)]);
        (acceptor.server, acceptor.ignore_hostname) = (only, ignore_hostname);
        accept_by(&acceptor, request, None)
    };
    // One of these keys decrypts the ticket, whatever name it has. The key's name counts.
    for only in [
        None,
        Some(server()),
        pattern("host", "", "EXAMPLE.COM"),
        pattern("host", "www.example.com", ""),
    ] {
        let accepted = by(only.clone(), false, &request(&alias, 1)).unwrap();
        assert_eq!(accepted.server, server(), "{only:?}");
        assert_eq!(accepted.ticket_key.etype(), AES256);
        let error = by(only, false, &request(&alias, 2)).unwrap_err();
        assert_error!(error, ApError::NotUs { .. }, KRB_AP_ERR_NOT_US);
    }
    for only in [
        pattern("HTTP", "", ""),
        pattern("host", "other.example.com", ""),
        pattern("host", "www.example.com", "OTHER.COM"),
        pattern("host", "other.example.com", "EXAMPLE.COM"),
        Some(Principal::new(NameType::PRINCIPAL, ["host", ""], "")),
        Some(Principal::new(NameType::SRV_HST, ["host"], "")),
    ] {
        let error = by(only.clone(), false, &request(&server(), 1)).unwrap_err();
        assert!(
            matches!(&error, ApError::NoKeys { .. }),
            "{only:?} {error:?}"
        );
    }
    let other = pattern("host", "other.example.com", "EXAMPLE.COM");
    by(other, true, &request(&server(), 1)).unwrap();
    let plain = Principal::parse("host/other.example.com@EXAMPLE.COM").unwrap();
    assert!(by(Some(plain), true, &request(&server(), 1)).is_err());
}

#[test]
fn failing_key_source_is_reported_with_its_error() {
    #[derive(Debug)]
    struct Broken;
    impl KeySource for Broken {
        fn keys(
            &self,
            _: &WantedKey<'_>,
        ) -> Result<ServiceKeys, Box<dyn std::error::Error + Send + Sync>> {
            Err("the disk is gone".into())
        }
    }
    let mut replays = MemoryReplayCache::default();
    let error = Acceptor::new(Broken)
        .accept(&plain(), None, &mut replays, NOW)
        .unwrap_err();
    assert!(error.to_string().contains("the disk is gone"));
    assert_error!(error, ApError::Keys(_), KRB_ERR_GENERIC);
}

#[test]
fn user_to_user_needs_a_tgt() {
    let mut options = ApRequestOptions::default();
    options.use_session_key = true;
    let request = Issue::new().request(&options).1;
    let error = accept(&request).unwrap_err();
    assert_error!(error, ApError::NoTgt, KRB_AP_ERR_NO_TGT);
    for key in [service_key(AES128, 9), service_key(AES256, 9)] {
        let mut acceptor = acceptor(&[(AES256, 1)]);
        acceptor.tgt = Some(own_tgt(server(), &key));
        let error = accept_by(&acceptor, &request, None).unwrap_err();
        assert_error!(error, ApError::TicketIntegrity, KRB_AP_ERR_BAD_INTEGRITY);
    }
}

#[test]
fn encryption_types_that_are_not_permitted_are_refused() {
    let mut strict = acceptor(&[(AES256, 1)]);
    strict.etypes = vec![AES128];
    let error = accept_by(&strict, &plain(), None).unwrap_err();
    assert_error!(
        error,
        ApError::EtypeNotPermitted(AES256),
        KDC_ERR_ETYPE_NOSUPP
    );
    // The session key is checked, too, and so is the subkey.
    strict.etypes = vec![AES256];
    let issue = Issue {
        session_etype: AES128,
        ..Issue::new()
    };
    let request = issue.request(&ApRequestOptions::default()).1;
    let error = accept_by(&strict, &request, None).unwrap_err();
    assert_error!(
        error,
        ApError::EtypeNotPermitted(AES128),
        KDC_ERR_ETYPE_NOSUPP
    );
    let request = Issue::new().request_with(|authenticator| {
        authenticator.subkey = Some(kerberos_asn1::EncryptionKey {
            keytype: 17,
            keyvalue: &[1; 16],
        });
    });
    let error = accept_by(&strict, &request, None).unwrap_err();
    assert_error!(
        error,
        ApError::EtypeNotPermitted(AES128),
        KDC_ERR_ETYPE_NOSUPP
    );
    accept(&request).unwrap();
    assert_error!(
        part_error(|part| part.key.keytype = 3),
        ApError::EtypeNotPermitted(EncryptionType(3)),
        KDC_ERR_ETYPE_NOSUPP
    );
    assert_error!(
        part_error(|part| part.key.keyvalue = b"short"),
        ApError::Crypto(_),
        KRB_ERR_GENERIC
    );
}

#[test]
fn authenticators_that_do_not_fit_the_ticket_are_refused() {
    let message = plain();
    let mut request = ApReq::from_der(&message).unwrap();
    let mut cipher = request.authenticator.cipher.to_vec();
    cipher[20] ^= 1;
    request.authenticator.cipher = &cipher;
    let error = accept(&request.to_der()).unwrap_err();
    assert_error!(
        error,
        ApError::AuthenticatorIntegrity,
        KRB_AP_ERR_BAD_INTEGRITY
    );
    let mut request = ApReq::from_der(&message).unwrap();
    request.authenticator.etype = 17;
    let error = accept(&request.to_der()).unwrap_err();
    assert_error!(
        error,
        ApError::AuthenticatorIntegrity,
        KRB_AP_ERR_BAD_INTEGRITY
    );
    assert_error!(
        authenticator_error(|one| one.crealm = "EVIL".into()),
        ApError::ClientMismatch { .. },
        KRB_AP_ERR_BADMATCH
    );
    assert_error!(
        authenticator_error(|one| one.cname.name_string = SequenceOf::from(vec!["root".into()])),
        ApError::ClientMismatch { .. },
        KRB_AP_ERR_BADMATCH
    );
    // Name types are only hints (RFC 4120 §6.2).
    accept(&Issue::new().request_with(|one| one.cname.name_type = NameType(0))).unwrap();
}

#[test]
fn a_ticket_from_another_address_is_refused() {
    let at = |address: &[u8]| kerberos_proto::HostAddress {
        address_type: AddressType::IPV4,
        address: address.to_vec(),
    };
    let issue = Issue {
        edit_part: |part| {
            let here = |address| HostAddress {
                addr_type: AddressType::IPV4,
                address,
            };
            part.caddr = Some(SequenceOf::from(vec![
                here(&[10, 0, 0, 1]),
                here(&[10, 0, 0, 2]),
            ]));
        },
        ..Issue::new()
    };
    let request = issue.request(&ApRequestOptions::default()).1;
    let acceptor = acceptor(&[(AES256, 1)]);
    let by =
        |peer: Option<kerberos_proto::HostAddress>| accept_by(&acceptor, &request, peer.as_ref());
    assert_eq!(by(Some(at(&[10, 0, 0, 2]))).unwrap().addresses.len(), 2);
    by(None).unwrap();
    for mut wrong in [at(&[10, 0, 0, 3]), at(&[10, 0, 0, 1])] {
        if wrong.address == [10, 0, 0, 1] {
            wrong.address_type = AddressType::IPV6;
        }
        let error = by(Some(wrong)).unwrap_err();
        assert_error!(error, ApError::Address, KRB_AP_ERR_BADADDR);
    }
    // A ticket without addresses can be used anywhere.
    accept_by(&acceptor, &plain(), Some(&at(&[10, 0, 0, 3]))).unwrap();
}

#[test]
fn a_clock_that_is_further_off_than_the_skew_is_refused() {
    let message = plain();
    let acceptor = acceptor(&[(AES256, 1)]);
    let at = |seconds: i64| {
        let now = Timestamp::new(NOW.seconds + seconds, 0);
        acceptor.accept(&message, None, &mut MemoryReplayCache::default(), now)
    };
    at(300).unwrap();
    at(-300).unwrap();
    for seconds in [301, -301, 1_000_000_000_000] {
        assert_error!(
            at(seconds).unwrap_err(),
            ApError::ClockSkew { limit: 300, .. },
            KRB_AP_ERR_SKEW
        );
    }
    assert_error!(
        authenticator_error(|one| one.ctime = after(-301)),
        ApError::ClockSkew { .. },
        KRB_AP_ERR_SKEW
    );
}

#[test]
fn expired_and_not_yet_valid_tickets_are_refused() {
    part_accepted(|part| part.starttime = Some(after(300)));
    assert_error!(
        part_error(|part| part.starttime = Some(after(301))),
        ApError::NotYetValid { .. },
        KRB_AP_ERR_TKT_NYV
    );
    assert_error!(
        part_error(|part| (part.starttime, part.authtime) = (None, after(301))),
        ApError::NotYetValid { .. },
        KRB_AP_ERR_TKT_NYV
    );
    assert_error!(
        part_error(|part| part.flags |= TicketFlags::INVALID),
        ApError::Invalid,
        KRB_AP_ERR_TKT_NYV
    );
    part_accepted(|part| part.endtime = after(-300));
    assert_error!(
        part_error(|part| part.endtime = after(-301)),
        ApError::Expired { .. },
        KRB_AP_ERR_TKT_EXPIRED
    );
}

#[test]
fn unchecked_transited_realms_are_refused_unless_allowed() {
    fn foreign(part: &mut EncTicketPart<'_>) {
        part.transited.contents = b"MIDDLE.COM";
    }
    // Not even for a client of the service's own realm, because another realm could insert any
    // name.
    assert_error!(
        part_error(foreign),
        ApError::PathNotAccepted,
        KRB_AP_PATH_NOT_ACCEPTED
    );
    let issue = |flags: TicketFlags| Issue {
        server: Principal::parse("host/www.example.com@OTHER.COM").unwrap(),
        edit_part: if flags == TicketFlags::empty() {
            foreign
        } else {
            |part| {
                foreign(part);
                part.flags |= TicketFlags::TRANSITED_POLICY_CHECKED;
            }
        },
        ..Issue::new()
    };
    let key = entry(AES256, 1).1;
    let other = Principal::parse("host/www.example.com@OTHER.COM").unwrap();
    let mut acceptor = Acceptor::new(ServiceKeys::new([(other, key)]).unwrap());
    let request = |flags| issue(flags).request(&ApRequestOptions::default()).1;
    let unchecked = request(TicketFlags::empty());
    let error = accept_by(&acceptor, &unchecked, None).unwrap_err();
    assert_error!(error, ApError::PathNotAccepted, KRB_AP_PATH_NOT_ACCEPTED);
    let checked = request(TicketFlags::TRANSITED_POLICY_CHECKED);
    accept_by(&acceptor, &checked, None).unwrap();
    let policy = TransitPolicy::default();
    acceptor.transit = policy.with_path("EXAMPLE.COM", "OTHER.COM", ["MIDDLE.COM"]);
    accept_by(&acceptor, &unchecked, None).unwrap();
    acceptor.transit = TransitPolicy::default();
    acceptor.accept_unchecked_transit = true;
    let accepted = accept_by(&acceptor, &unchecked, None).unwrap();
    assert_eq!(accepted.transited, b"MIDDLE.COM");
}

/// As between the domains of an Active Directory, whose KDCs do not set the flag.
#[test]
fn transited_realms_on_the_hierarchical_path_are_accepted() {
    let service = || Principal::parse("host/www@A.B.EXAMPLE.COM").unwrap();
    let accept = |edit_part| {
        let issue = Issue {
            server: service(),
            edit_part,
            ..Issue::new()
        };
        let key = entry(AES256, 1).1;
        let acceptor = Acceptor::new(ServiceKeys::new([(service(), key)]).unwrap());
        let request = issue.request(&ApRequestOptions::default()).1;
        accept_by(&acceptor, &request, None)
    };
    accept(|part| part.transited.contents = b"B.EXAMPLE.COM").unwrap();
    let astray = accept(|part| part.transited.contents = b"C.EXAMPLE.COM");
    let error = astray.unwrap_err();
    assert!(error.hint().unwrap().contains("[capaths]"));
    assert_error!(error, ApError::PathNotAccepted, KRB_AP_PATH_NOT_ACCEPTED);
}

/// The realm is that of the service's TGT, whatever the client states outside of the encrypted
/// part.
#[test]
fn user_to_user_refuses_unchecked_transited_realms() {
    let issue = Issue {
        edit_part: |part| part.transited.contents = b"MIDDLE.COM",
        ..Issue::new()
    };
    let mut options = ApRequestOptions::default();
    options.use_session_key = true;
    let request = issue.request(&options).1;
    let mut acceptor = Acceptor::new(ServiceKeys::default());
    let other = Principal::parse("bob@OTHER.COM").unwrap();
    acceptor.tgt = Some(own_tgt(other.clone(), &issue.key));
    let error = accept_by(&acceptor, &request, None).unwrap_err();
    assert_error!(error, ApError::PathNotAccepted, KRB_AP_PATH_NOT_ACCEPTED);
    acceptor.accept_unchecked_transit = true;
    let accepted = accept_by(&acceptor, &request, None).unwrap();
    assert_eq!(accepted.server, other);
}

/// RFC 8062: indicated by the flag or by the name, in any realm.
#[test]
fn anonymous_clients_are_refused_unless_allowed() {
    fn renamed(part: &mut EncTicketPart<'_>) {
        part.cname.name_string = SequenceOf::from(vec![
            KerberosString(b"WELLKNOWN"),
            KerberosString(b"ANONYMOUS"),
        ]);
        part.crealm = KerberosString(b"WELLKNOWN:ANONYMOUS");
    }
    let marked = Issue {
        edit_part: |part| part.flags |= TicketFlags::ANONYMOUS,
        ..Issue::new()
    };
    let named = Issue {
        edit_part: renamed,
        ..Issue::new()
    };
    let marked = marked.request(&ApRequestOptions::default()).1;
    let named = named.request_with(|authenticator| {
        authenticator.cname.name_string = SequenceOf::from(vec![
            KerberosString(b"WELLKNOWN"),
            KerberosString(b"ANONYMOUS"),
        ]);
        authenticator.crealm = KerberosString(b"WELLKNOWN:ANONYMOUS");
    });
    let mut acceptor = acceptor(&[(AES256, 1)]);
    let mut replays = MemoryReplayCache::default();
    for (request, name) in [
        (marked, "alice@EXAMPLE.COM"),
        (named, "WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS"),
    ] {
        acceptor.accept_anonymous = false;
        let error = acceptor.accept(&request, None, &mut replays, NOW);
        assert_error!(
            error.unwrap_err(),
            ApError::Anonymous { client } if client.to_string() == name,
            KDC_ERR_POLICY
        );
        // It was not recorded as seen.
        acceptor.accept_anonymous = true;
        let accepted = acceptor.accept(&request, None, &mut replays, NOW).unwrap();
        assert_eq!(accepted.client.to_string(), name);
    }
}

#[test]
fn the_same_request_a_second_time_is_refused() {
    let acceptor = acceptor(&[(AES256, 1)]);
    let mut replays = MemoryReplayCache::default();
    let first = plain();
    acceptor.accept(&first, None, &mut replays, NOW).unwrap();
    let error = acceptor
        .accept(&first, None, &mut replays, NOW)
        .unwrap_err();
    assert_error!(error, ApError::Replay, KRB_AP_ERR_REPEAT);
    // Still at the last moment at which the authenticator would be accepted.
    let late = Timestamp::new(NOW.seconds + 300, 0);
    let error = acceptor
        .accept(&first, None, &mut replays, late)
        .unwrap_err();
    assert_error!(error, ApError::Replay, KRB_AP_ERR_REPEAT);
    // Another request of the same client in the same microsecond is not a replay.
    let second = Issue::new().request_with(|_| {});
    acceptor.accept(&second, None, &mut replays, NOW).unwrap();
    assert_eq!(replays.len(), 2);
    // Requests that are refused anyway are not recorded.
    let expired = Issue {
        edit_part: |part| part.endtime = after(-301),
        ..Issue::new()
    };
    let third = expired.request(&ApRequestOptions::default()).1;
    assert!(acceptor.accept(&third, None, &mut replays, NOW).is_err());
    assert_eq!(replays.len(), 2);
}

#[test]
fn failing_replay_cache_refuses_the_request() {
    struct Broken;
    impl kerberos_proto::ReplayCache for Broken {
        fn store(
            &mut self,
            replay: &kerberos_proto::Replay<'_>,
            _: Timestamp,
        ) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
            assert_eq!(replay.client, &client());
            assert_eq!(replay.server, &server());
            assert_eq!(replay.time, NOW);
            assert_eq!(replay.tag.len(), 12);
            Err("the disk is full".into())
        }
    }
    let error = acceptor(&[(AES256, 1)])
        .accept(&plain(), None, &mut Broken, NOW)
        .unwrap_err();
    assert_error!(error, ApError::ReplayCache(_), KRB_ERR_GENERIC);
}
