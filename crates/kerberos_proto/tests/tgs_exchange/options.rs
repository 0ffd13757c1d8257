//! Each kind of ticket that can be requested (RFC 4120 §2.3 to §2.6, §3.7).

use kerberos_asn1::{AddressType, ErrorCode, NameType, TicketFlags};
use kerberos_proto::{
    Acceptor, ApInitiator, ApRequestOptions, ClockOffset, HostAddress, KeyEntry, MemoryReplayCache,
    OwnTgt, Principal, ServiceKeys, StartTime, TgsParams,
};
use kerberos_testkdc::{Account, Fault};

use crate::kdc::*;

#[test]
fn service_ticket_is_accepted_by_the_service() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let got = ticket(&kdc, TgsParams::new(service()), &tgt, later(HOUR));
    assert_eq!(got.client, tgt.client);
    assert_eq!(got.server, service());
    assert_eq!(got.times.authtime, tgt.times.authtime);
    assert_eq!(got.times.starttime, Some(later(HOUR).to_kerberos_time()));
    assert_eq!(got.times.endtime, tgt.times.endtime);
    assert_eq!(got.times.renew_till, tgt.times.renew_till);
    assert!(got.flags.contains(TicketFlags::FORWARDABLE));
    assert!(!got.flags.contains(TicketFlags::INITIAL));
    assert!(!got.is_skey);
    assert!(got.second_ticket.is_empty());

    let entries = kdc.keys("host/www.example.com").iter().map(|one| {
        let entry = KeyEntry {
            kvno: one.kvno(),
            key: one.block(),
        };
        (service(), entry)
    });
    let acceptor = Acceptor::new(ServiceKeys::new(entries).unwrap());
    let options = ApRequestOptions::default();
    let (_, message) = ApInitiator::start(&got, &options, &mut Rng(1), later(HOUR)).unwrap();
    let mut replays = MemoryReplayCache::default();
    let accepted = acceptor
        .accept(&message, None, &mut replays, later(HOUR))
        .unwrap();
    assert_eq!(accepted.client, tgt.client);
}

#[test]
fn requested_end_time_shortens_the_ticket() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let mut params = TgsParams::new(service());
    params.end = Some(later(60).to_kerberos_time());
    let got = ticket(&kdc, params, &tgt, NOW);
    assert_eq!(got.times.endtime, later(60).to_kerberos_time());
}

#[test]
fn a_renewable_ticket_is_renewed_until_its_last_moment() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let got = ticket(&kdc, TgsParams::renew(&tgt), &tgt, later(4 * HOUR));
    assert_eq!(got.server, tgt.server);
    assert_eq!(got.times.endtime, later(12 * HOUR).to_kerberos_time());
    assert_eq!(got.times.renew_till, tgt.times.renew_till);
    assert_eq!(got.times.authtime, tgt.times.authtime);
    // And again and again, until the last moment.
    let mut now = 4 * HOUR;
    let mut current = got;
    while now < 7 * 24 * HOUR - 4 * HOUR {
        now += 4 * HOUR;
        current = ticket(&kdc, TgsParams::renew(&current), &current, later(now));
    }
    assert_eq!(Some(current.times.endtime), tgt.times.renew_till);
    let service_ticket = ticket(&kdc, TgsParams::new(service()), &tgt, NOW);
    let again = ticket(
        &kdc,
        TgsParams::renew(&service_ticket),
        &service_ticket,
        later(HOUR),
    );
    assert_eq!(again.server, service());

    let plain = login_as(&kdc, |params| params.renew_lifetime = None).credential;
    let error = run(&kdc, TgsParams::renew(&plain), &plain, NOW).unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_BADOPTION));
}

#[test]
fn a_postdated_ticket_is_validated_once_its_time_has_come() {
    let kdc = kdc();
    let tgt = login_as(&kdc, |params| params.start = Some(StartTime::In(3600))).credential;
    assert!(tgt.flags.contains(TicketFlags::INVALID));
    let error = run(&kdc, TgsParams::validate(&tgt), &tgt, NOW).unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KRB_AP_ERR_TKT_NYV));
    let got = ticket(&kdc, TgsParams::validate(&tgt), &tgt, later(2 * HOUR));
    assert!(!got.flags.contains(TicketFlags::INVALID));
    assert!(got.flags.contains(TicketFlags::POSTDATED));
    assert_eq!(got.times.endtime, tgt.times.endtime);
    ticket(&kdc, TgsParams::new(service()), &got, later(2 * HOUR));
}

#[test]
fn forwarded_and_proxy_tickets_are_issued() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let address = HostAddress {
        address_type: AddressType::IPV4,
        address: vec![10, 0, 0, 1],
    };
    let mut params = TgsParams::new(tgt.server.clone());
    params.options.forwarded = true;
    params.addresses = vec![address.clone()];
    let got = ticket(&kdc, params.clone(), &tgt, NOW);
    assert_eq!(got.server, tgt.server);
    assert!(got.flags.contains(TicketFlags::FORWARDED));
    assert_eq!(got.addresses, params.addresses);
    // Tickets obtained with it are forwarded, too, and bound to the same address.
    let next = ticket(&kdc, TgsParams::new(service()), &got, NOW);
    assert!(next.flags.contains(TicketFlags::FORWARDED));
    assert_eq!(next.addresses, params.addresses);
    // Forwarding can remove the address, too.
    params.addresses.clear();
    assert!(ticket(&kdc, params.clone(), &got, NOW).addresses.is_empty());

    let mut proxy = TgsParams::new(service());
    proxy.options.proxy = true;
    proxy.addresses = vec![address.clone()];
    let got = ticket(&kdc, proxy, &tgt, NOW);
    assert!(got.flags.contains(TicketFlags::PROXY));
    assert_eq!(got.addresses, [address]);

    let plain = login_as(&kdc, |params| params.options.forwardable = false).credential;
    let error = run(&kdc, params, &plain, NOW).unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_BADOPTION));
}

#[test]
fn user_to_user_ticket_is_issued_and_accepted() {
    let kdc = builder()
        .account(Account::new("bob").password("pw").no_preauth())
        .build()
        .unwrap();
    let tgt = login(&kdc);
    let bobs = login_as(&kdc, |params| params.client = principal("bob@EXAMPLE.COM")).credential;
    let mut params = TgsParams::new(principal("bob@EXAMPLE.COM"));
    params.second_ticket = Some(bobs.ticket.clone());
    let got = ticket(&kdc, params.clone(), &tgt, NOW);
    assert!(got.is_skey);
    assert_eq!(got.second_ticket, bobs.ticket);

    let mut options = ApRequestOptions::default();
    options.use_session_key = true;
    let (_, message) = ApInitiator::start(&got, &options, &mut Rng(1), NOW).unwrap();
    let mut acceptor = Acceptor::new(ServiceKeys::default());
    acceptor.tgt = Some(OwnTgt::new(&bobs).unwrap());
    let mut replays = MemoryReplayCache::default();
    let accepted = acceptor.accept(&message, None, &mut replays, NOW).unwrap();
    assert_eq!(accepted.client, tgt.client);
    assert_eq!(accepted.server, principal("bob@EXAMPLE.COM"));

    params.second_ticket = Some(tgt.ticket.clone());
    let error = run(&kdc, params, &tgt, NOW).unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_SERVER_NOMATCH));
}

#[test]
fn session_key_has_the_requested_enctype() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let mut params = TgsParams::new(service());
    params.etypes = vec![AES128];
    assert_eq!(ticket(&kdc, params, &tgt, NOW).session_key.etype(), AES128);
}

#[test]
fn names_are_corrected_only_when_allowed() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let mut params = TgsParams::new(principal("host/www@EXAMPLE.COM"));
    let error = run(&kdc, params.clone(), &tgt, NOW).unwrap_err();
    assert_eq!(
        error.kdc_code(),
        Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN)
    );
    assert_eq!(
        error.mit_tgs_message(),
        "Server host/www@EXAMPLE.COM not found in Kerberos database"
    );
    params.options.canonicalize = true;
    assert_eq!(ticket(&kdc, params, &tgt, NOW).server, service());
    // An empty realm means that of the TGT.
    let host = Principal::new(NameType::SRV_HST, ["host", "www.example.com"], "");
    assert_eq!(
        ticket(&kdc, TgsParams::new(host), &tgt, NOW).server,
        service()
    );
}

#[test]
fn clock_offset_of_the_login_is_applied() {
    let kdc = kdc();
    kdc.set_fault(Fault::ClockOffset(HOUR));
    let login = login_as(&kdc, |_| {});
    let mut params = TgsParams::new(service());
    let error = run(&kdc, params.clone(), &login.credential, NOW).unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KRB_AP_ERR_SKEW));
    params.kdc_offset = login.kdc_offset;
    assert_eq!(
        params.kdc_offset.map(|offset: ClockOffset| offset.seconds),
        Some(3600)
    );
    let got = ticket(&kdc, params, &login.credential, NOW);
    assert_eq!(got.times.starttime, Some(later(HOUR).to_kerberos_time()));
}
