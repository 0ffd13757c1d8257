//! The contents of requests: times, options, names, order of encryption types, and transport.

use kerberos_asn1::{AsReq, Decode, ErrorCode, KdcOptions, KdcReqBody, KerberosTime};
use kerberos_proto::{AsExchange, AsParams, Principal, Secret, StartTime, Timestamp};

use super::kdc::*;

/// Passes the body of the first request to a callback.
fn body(params: AsParams, look: impl FnOnce(&KdcReqBody<'_>)) {
    let (_, request) = AsExchange::start(params, password(), &mut Rng(1), NOW).unwrap();
    let AsReq(request) = AsReq::from_der(&request.payload).unwrap();
    look(&request.req_body);
}

fn after(seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(NOW.seconds + seconds)
}

#[test]
fn default_request_has_the_expected_body() {
    body(alice(), |body| {
        assert_eq!(body.kdc_options, KdcOptions::RENEWABLE_OK);
        assert_eq!(body.kdc_options.0, 0x10);
        assert_eq!(body.realm.0, b"EXAMPLE.COM");
        let name = |name: &Option<kerberos_asn1::PrincipalName<'_>>| {
            let name = name.clone().unwrap();
            Principal::from_wire(&name, body.realm).to_string()
        };
        assert_eq!(name(&body.cname), "alice@EXAMPLE.COM");
        assert_eq!(name(&body.sname), "krbtgt/EXAMPLE.COM@EXAMPLE.COM");
        assert_eq!(
            (body.from, body.till, body.rtime),
            (None, after(86_400), None)
        );
        let etypes: Vec<_> = body.etype.iter().collect();
        assert_eq!(etypes, [18, 17, 20, 19, 16, 23, 25, 26]);
        assert!(body.addresses.is_none());
    });
}

#[test]
fn each_option_sets_its_flag() {
    fn check(change: impl Fn(&mut AsParams), expected: KdcOptions) {
        let mut params = alice();
        change(&mut params);
        body(params, |body| assert_eq!(body.kdc_options, expected));
    }
    let ok = KdcOptions::RENEWABLE_OK;
    check(
        |params| params.options.renewable_ok = false,
        KdcOptions::default(),
    );
    check(
        |params| params.options.forwardable = true,
        ok | KdcOptions::FORWARDABLE,
    );
    check(
        |params| params.options.proxiable = true,
        ok | KdcOptions::PROXIABLE,
    );
    check(
        |params| params.options.canonicalize = true,
        ok | KdcOptions::CANONICALIZE,
    );
    check(
        |params| params.options.anonymous = true,
        ok | KdcOptions::REQUEST_ANONYMOUS,
    );
    check(|params| params.options.more = 1, ok | KdcOptions::VALIDATE);
    check(
        |params| params.renew_lifetime = Some(1),
        KdcOptions::RENEWABLE,
    );
    check(|params| params.renew_lifetime = Some(0), ok);
    let postdated = ok | KdcOptions::ALLOW_POSTDATE | KdcOptions::POSTDATED;
    check(|params| params.start = Some(StartTime::In(1)), postdated);
    check(|params| params.start = Some(StartTime::In(0)), ok);
    check(
        |params| params.start = Some(StartTime::At(after(1))),
        postdated,
    );
    check(|params| params.start = Some(StartTime::At(after(-1))), ok);
    let anonymous = Principal::parse("WELLKNOWN/ANONYMOUS@EXAMPLE.COM").unwrap();
    check(
        move |params| params.client = anonymous.clone(),
        ok | KdcOptions::REQUEST_ANONYMOUS,
    );
}

#[test]
fn till_and_rtime_count_from_the_start_time() {
    fn check(
        start: Option<StartTime>,
        lifetime: i32,
        renew_lifetime: u32,
        expected: (Option<i64>, i64, Option<i64>),
    ) {
        let mut params = alice();
        params.start = start;
        params.lifetime = Some(lifetime);
        params.renew_lifetime = Some(renew_lifetime);
        body(params, |body| {
            let (from, till, rtime) = expected;
            assert_eq!(body.from, from.map(after));
            assert_eq!(body.till, after(till));
            assert_eq!(body.rtime, rtime.map(after));
        });
    }
    check(None, 60, 0, (None, 60, None));
    check(None, 60, 600, (None, 60, Some(600)));
    check(None, -60, 0, (None, -60, None));
    // Never renewable for less than its lifetime.
    check(None, 600, 60, (None, 600, Some(600)));
    check(
        Some(StartTime::In(100)),
        60,
        600,
        (Some(100), 160, Some(700)),
    );
    check(
        Some(StartTime::At(after(100))),
        60,
        0,
        (Some(100), 160, None),
    );
}

#[test]
fn extreme_times_do_not_overflow() {
    let mut params = alice();
    params.start = Some(StartTime::At(KerberosTime::MAX));
    params.lifetime = Some(i32::MAX);
    params.renew_lifetime = Some(u32::MAX);
    body(params, |body| assert_eq!(body.till, KerberosTime::MAX));
    for seconds in [i64::MIN, i64::MAX] {
        let now = Timestamp::new(seconds, 0);
        AsExchange::start(alice(), password(), &mut Rng(1), now).unwrap();
    }
}

#[test]
fn same_random_numbers_and_time_give_the_same_request() {
    let request = |seed| {
        AsExchange::start(alice(), password(), &mut Rng(seed), NOW)
            .unwrap()
            .1
            .payload
    };
    assert_eq!(request(1), request(1));
    assert_ne!(request(1), request(2));
}

#[test]
fn enctypes_of_the_keytab_are_offered_first() {
    fn check(keys: &[(i32, u32)], expected: &[i32]) {
        let entries = keys.iter().map(|&(number, kvno)| {
            let etype = kerberos_crypto::EncryptionType(number);
            let key = kerberos_crypto::KeyBlock::new(etype, vec![1; etype.key_size().unwrap_or(8)]);
            kerberos_proto::KeyEntry { kvno, key }
        });
        let secret = Secret::Keys(entries.collect());
        let (_, request) = AsExchange::start(alice(), secret, &mut Rng(1), NOW).unwrap();
        let AsReq(request) = AsReq::from_der(&request.payload).unwrap();
        assert_eq!(
            request.req_body.etype.iter().collect::<Vec<_>>(),
            expected,
            "{keys:?}"
        );
    }
    check(&[(18, 1)], &[18, 17, 20, 19, 16, 23, 25, 26]);
    check(&[(23, 1)], &[23, 18, 17, 20, 19, 16, 25, 26]);
    // In the order of the policy, not of the keytab.
    check(&[(23, 1), (20, 1)], &[20, 23, 18, 17, 19, 16, 25, 26]);
    // The newest version counts, and the newest key comes first.
    let newest_17 = &[17, 18, 20, 19, 16, 23, 25, 26];
    check(&[(17, 2), (18, 1), (20, 1)], newest_17);
    check(&[(17, 1), (18, 255), (20, 255)], newest_17);
    // An unsupported key does not matter, however new it is.
    check(&[(3, 9), (17, 2)], &[17, 18, 20, 19, 16, 23, 25, 26]);
}

#[test]
fn response_too_big_is_retried_once_over_a_stream() {
    let mut kdc = Kdc::new();
    let too_big = kdc.error(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG, NOW, None);
    let list = kdc.method_data(true);
    let required = kdc.error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, NOW, Some(&list));
    kdc.script = vec![too_big.clone(), required];
    let mut streams = Vec::new();
    kdc.login_with(alice(), password(), |request| {
        streams.push(request.stream_only);
    })
    .unwrap();
    // Once is enough, and the same bytes are sent again.
    assert_eq!(streams, [false, true, true]);
    assert_eq!(kdc.requests[0], kdc.requests[1]);

    kdc.script = vec![too_big.clone(), too_big];
    let error = kdc.login(alice(), password()).unwrap_err();
    assert_eq!(error.kdc_code(), Some(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG));
}

#[test]
fn max_requests_of_the_policy_limits_the_exchange() {
    let mut params = alice();
    params.policy.max_requests = 1;
    let error = Kdc::new().login(params, password()).unwrap_err();
    assert!(matches!(
        error,
        kerberos_proto::ExchangeError::TooManyRequests { limit: 1 }
    ));
}
