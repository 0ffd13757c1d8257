//! The trace, line by line as MIT's library words it.

use kerberos_crypto::Key;
use kerberos_proto::{
    Acceptor, AcceptorReply, ApInitiator, ApRequestOptions, KeyEntry, MemoryReplayCache,
    ServiceKeys, Subkey, TgsParams,
};
use kerberos_testkdc::Fault;

use crate::kdc::*;
use crate::listener::traced;

#[test]
fn service_ticket_request_is_traced_as_in_mit() {
    let kdc = kdc();
    let tgt = login(&kdc);
    kdc.set_fault_once(Fault::TooBigForUdp);
    let lines = traced(|| {
        ticket(&kdc, TgsParams::new(service()), &tgt, NOW);
    });
    assert_eq!(
        lines,
        [
            "Requesting tickets for host/www.example.com@EXAMPLE.COM, referrals off",
            "Generated subkey for TGS request: aes256-cts",
            "etypes requested in TGS request: aes256-cts, aes128-cts, aes256-sha2, aes128-sha2, \
             des3-cbc-sha1, rc4-hmac, camellia128-cts, camellia256-cts",
            "Request or response is too big for UDP; retrying with TCP",
            "TGS reply is for alice@EXAMPLE.COM -> host/www.example.com@EXAMPLE.COM with session \
             key aes256-cts",
        ]
    );
}

#[test]
fn referral_and_refusal_are_traced_as_in_mit() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let lines = traced(|| {
        for server in ["host/far.other.com@EXAMPLE.COM", "host/nowhere@EXAMPLE.COM"] {
            let mut params = TgsParams::new(principal(server));
            params.options.canonicalize = true;
            params.etypes = vec![AES128];
            let _ = run(&kdc, params, &tgt, NOW);
        }
    });
    assert_eq!(
        lines,
        [
            "Requesting tickets for host/far.other.com@EXAMPLE.COM, referrals on",
            "Generated subkey for TGS request: aes256-cts",
            "etypes requested in TGS request: aes128-cts",
            "TGS reply is for alice@EXAMPLE.COM -> krbtgt/OTHER.COM@EXAMPLE.COM with session key \
             aes128-cts",
            "Reply server krbtgt/OTHER.COM@EXAMPLE.COM differs from requested \
             host/far.other.com@EXAMPLE.COM",
            "Requesting tickets for host/nowhere@EXAMPLE.COM, referrals on",
            "Generated subkey for TGS request: aes256-cts",
            "etypes requested in TGS request: aes128-cts",
            "TGS request result: -1765328377/Server host/nowhere@EXAMPLE.COM not found in Kerberos \
             database",
        ]
    );
}

#[test]
fn ap_exchange_is_traced_as_in_mit() {
    let kdc = kdc();
    let ticket = ticket(&kdc, TgsParams::new(service()), &login(&kdc), NOW);
    let entries = kdc.keys("host/www.example.com").iter().map(|one| {
        let entry = KeyEntry {
            kvno: one.kvno(),
            key: one.block(),
        };
        (service(), entry)
    });
    let acceptor = Acceptor::new(ServiceKeys::new(entries).unwrap());
    let mut options = ApRequestOptions::default();
    options.mutual = true;
    options.subkey = Subkey::Generate;
    let lines = traced(|| {
        let (initiator, message) = ApInitiator::start(&ticket, &options, &mut Rng(1), NOW).unwrap();
        let mut replays = MemoryReplayCache::default();
        let accepted = acceptor.accept(&message, None, &mut replays, NOW).unwrap();
        let reply = AcceptorReply::default();
        let (message, _) = accepted.reply(&reply, &mut Rng(2)).unwrap();
        initiator.check_reply(&message).unwrap();
        let nobody = Acceptor::new(ServiceKeys::default());
        assert!(
            nobody
                .accept(&ticket_request(&ticket), None, &mut replays, NOW)
                .is_err()
        );
    });
    assert_eq!(
        lines,
        [
            "Decrypted AP-REQ with server principal host/www.example.com@EXAMPLE.COM: aes256-cts",
            "Authenticator contains subkey: aes256-cts",
            "AP-REQ ticket: alice@EXAMPLE.COM -> host/www.example.com@EXAMPLE.COM, session key \
             aes256-cts",
            "Creating AP-REP, time 1767225600.250000, subkey (null), seqnum 0",
            "Read AP-REP, time 1767225600.250000, subkey (null), seqnum 0",
            "Failed to decrypt AP-REQ ticket: -1765328339/Service key not available",
        ]
    );
}

#[test]
fn no_secret_is_traced() {
    let kdc = kdc();
    let tgt = login(&kdc);
    let mut got = None;
    let text = traced(|| got = Some(ticket(&kdc, TgsParams::new(service()), &tgt, NOW))).join(" ");
    assert!(text.contains("Requesting tickets"), "{text}");
    for block in [&tgt.session_key, &got.unwrap().session_key] {
        let key = Key::new(block).unwrap();
        let bytes = &key.expose_bytes()[..4];
        let hex = format!("{bytes:02x?}").replace(", ", "");
        let list = format!("{bytes:?}");
        assert!(
            !text.to_lowercase().contains(hex.trim_matches(['[', ']'])),
            "{text}"
        );
        assert!(!text.contains(list.trim_matches(['[', ']'])), "{text}");
    }
}

fn ticket_request(ticket: &kerberos_proto::Credential) -> Vec<u8> {
    let options = ApRequestOptions::default();
    ApInitiator::start(ticket, &options, &mut Rng(9), NOW)
        .unwrap()
        .1
}
