//! S4U2Proxy: as configured at the service, as configured at the target, and in another realm.

use kerberos_asn1::{ErrorCode, TicketFlags};
use kerberos_proto::{Credential, ExchangeError, ReplyFault, S4uFault as Proof};
use kerberos_testkdc::{Fault, S4uFault};

use crate::realms::*;

fn evidence(realms: &Realms, service: &str) -> Credential {
    realms.to_self(&named("alice"), service).unwrap().0
}

#[test]
fn s4u2proxy_works_within_a_realm() {
    let realms = Realms::new();
    let evidence = evidence(&realms, "HTTP/web");
    let (ticket, asked) = realms.proxy(&evidence, "ldap/back").unwrap();
    assert_eq!(ticket.client, principal("alice"));
    assert_eq!(ticket.server, principal("ldap/back"));
    assert!(ticket.flags.contains(TicketFlags::FORWARDABLE));
    // What distinguishes it from another user's ticket in a cache.
    assert_eq!(ticket.second_ticket, evidence.ticket);
    assert!(!ticket.is_skey);
    assert_eq!(asked, ["HOME.TEST"]);
}

#[test]
fn refusals_carry_kdc_code_or_name_unforwardable_evidence() {
    let realms = Realms::new();
    let good = evidence(&realms, "HTTP/web");
    let error = realms.proxy(&good, "ldap/other").unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_BADOPTION));
    assert!(matches!(error, ExchangeError::Kdc(_)), "{error:?}");
    let error = realms.proxy(&good, "ldap/none").unwrap_err();
    let unknown = Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN);
    assert_eq!(error.kdc_code(), unknown);

    // The KDC would accept a user's forwardable ticket from this service, but not the service's
    // own.
    let tame = evidence(&realms, "HTTP/tame");
    let error = realms.proxy(&tame, "ldap/back").unwrap_err();
    let told = matches!(error, ExchangeError::EvidenceNotForwardable(_));
    assert!(told, "{error:?}");
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_BADOPTION));
    let as_mit = "KDC can't fulfill requested option";
    assert_eq!(error.mit_tgs_message(), as_mit);

    // Evidence for someone else.
    let mut stolen = good;
    stolen.server = principal("HTTP/tame");
    let error = realms.proxy(&stolen, "ldap/back").unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_SERVER_NOMATCH));
}

#[test]
fn resource_based_delegation_takes_unforwardable_evidence() {
    let realms = Realms::new();
    let evidence = evidence(&realms, "HTTP/tame");
    assert!(!evidence.flags.contains(TicketFlags::FORWARDABLE));
    let (ticket, _) = realms.proxy(&evidence, "ldap/own").unwrap();
    assert_eq!(ticket.client, principal("alice"));
    assert!(!ticket.flags.contains(TicketFlags::FORWARDABLE));
}

#[test]
fn s4u2proxy_works_across_realms() {
    let realms = Realms::new();
    let evidence = evidence(&realms, "HTTP/web");
    for target in ["ldap/far", "ldap/far@USER.TEST"] {
        let (ticket, asked) = realms.proxy(&evidence, target).unwrap();
        assert_eq!(ticket.client, principal("alice"));
        assert_eq!(ticket.server.to_string(), "ldap/far@USER.TEST");
        assert_eq!(ticket.second_ticket, evidence.ticket);
        let expected = [
            "HOME.TEST", // the evidence: a proxy TGT for MID.TEST
            "HOME.TEST", // as for any ticket: a TGT for MID.TEST,
            "MID.TEST",  // and one for USER.TEST,
            "USER.TEST", // which has the service
            "MID.TEST",  // the proxy TGT, too, becomes one for USER.TEST,
            "USER.TEST", // and the new evidence
        ];
        assert_eq!(asked, expected);
    }
    // Another realm than requested.
    let error = realms.proxy(&evidence, "ldap/far@MID.TEST").unwrap_err();
    let ExchangeError::Reply(ReplyFault::ServerName { asked, got }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(asked.to_string(), "ldap/far@MID.TEST");
    assert_eq!(got.to_string(), "ldap/far@USER.TEST");
}

#[test]
fn cross_realm_needs_resource_based_delegation_support() {
    for at in [b"HOME.TEST", b"USER.TEST"] {
        let realms = Realms::new();
        let evidence = evidence(&realms, "HTTP/web");
        let old = Fault::S4u(S4uFault::NotResourceBased);
        realms.kdc(at).set_fault(old);
        let error = realms.proxy(&evidence, "ldap/far").unwrap_err();
        let expected = ReplyFault::S4u(Proof::NotResourceBased);
        let found = matches!(&error, ExchangeError::Reply(fault) if *fault == expected);
        assert!(found, "{error:?}");
        let text = "KDC has no support for padata type";
        assert_eq!(error.mit_tgs_message(), text);
    }
}
