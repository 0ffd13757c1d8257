//! Services: our acceptor with tickets of MIT's and Heimdal's KDCs, MIT's acceptor with requests of
//! our clients, and both with a common replay cache.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "tests may panic"
)]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use kerberos_asn1::{Decode, ErrorCode, KrbError};
use kerberos_client::kerberos_proto::{
    AcceptorReply, ApError, ApInitiator, ApRequestOptions, Credential, Subkey,
};
use kerberos_client::{Config, ServiceAcceptor, now, system_rng};
#[path = "shared/ticket.rs"]
mod ticket;

use test_support::{ETYPES, HeimdalRealm, Kpropd, KpropdAnswer, MitRealm, Place};

/// An AP-REQ that requests an AP-REP, and the initiator that expects it.
fn request(ticket: &Credential) -> (ApInitiator, Vec<u8>) {
    let mut options = ApRequestOptions::default();
    options.mutual = true;
    options.subkey = Subkey::Generate;
    options.sequence_number = true;
    ApInitiator::start(ticket, &options, &mut system_rng().unwrap(), now()).unwrap()
}

/// The configuration of our service with this keytab and krb5.conf.
fn service(configuration: &Path, keytab: &Path) -> Config {
    Config::from_files([configuration])
        .unwrap()
        .with_keytab_name(keytab.display().to_string())
}

/// A place in MIT's realm with a ticket-granting ticket, where a service accepts tickets for any
/// host.
fn mit_place(realm: &MitRealm) -> Place {
    let conf = realm.conf().set("ignore_acceptor_hostname", "true");
    let place = Place::new(&conf);
    let kinit = place.mit("kinit").arg("alice");
    kinit.stdin("wonderland\n").run().success();
    place
}

const SERVER: &str = "host/a.mit.test@MIT.TEST";

#[track_caller]
fn assert_replay(answer: &KpropdAnswer) {
    let KpropdAnswer::Refused(error) = answer else {
        panic!("MIT's acceptor accepts a replay");
    };
    let error = KrbError::from_der(error).unwrap();
    assert_eq!(error.error_code, ErrorCode::KRB_AP_ERR_REPEAT);
}

#[test]
#[cfg_attr(
    not(all(mit, kpropd)),
    ignore = "needs MIT's KDC and kpropd: cargo xtask install"
)]
fn acceptors_of_mit_and_ours_share_the_replay_cache() {
    let realm = MitRealm::start();
    let place = mit_place(&realm);
    let keytab = realm.keytab("services");
    let configuration = place.path("krb5.conf");
    let rcache = format!("file2:{}", place.text("rcache"));
    let theirs = Kpropd::new(MitRealm::REALM, &keytab, &configuration);
    let theirs = theirs.env("KRB5RCACHENAME", &rcache);
    let ours = service(&configuration, &keytab).with_rcache_name(rcache);
    let ours = ServiceAcceptor::new(&ours).unwrap();
    let tgt = fs::read(place.cache()).unwrap();
    // Checksums, and therefore the tags in the replay cache, depend on the session key's type.
    for (_, etype) in ETYPES {
        fs::write(place.cache(), &tgt).unwrap();
        let kvno = place.mit("kvno").args(["-e", etype, "host/a.mit.test"]);
        let got = kvno.run();
        let ticket = if matches!(etype, "arcfour-hmac" | "des3-cbc-sha1") && got.code() == 1 {
            // By default, newer KDCs of MIT do not issue session keys of old types.
            ticket::by_hand(SERVER, &keytab, etype)
        } else {
            got.success();
            ticket::cached(&place, SERVER)
        };
        assert_eq!(ticket.session_key.etype().to_string(), etype);

        let (initiator, message) = request(&ticket);
        let answer = theirs.accept(&message);
        let KpropdAnswer::Accepted(Some(reply)) = &answer else {
            panic!("{etype}: {answer:?}");
        };
        initiator.check_reply(reply).unwrap();
        // Our acceptor finds what MIT's has recorded.
        let error = ours.accept(&message, None).unwrap_err();
        assert!(matches!(error, ApError::Replay), "{etype}: {error}");
        assert_replay(&theirs.accept(&message));

        // And the other way round.
        let (initiator, message) = request(&ticket);
        let accepted = ours.accept(&message, None).unwrap();
        assert_eq!(accepted.client.to_string(), "alice@MIT.TEST");
        assert_eq!(accepted.server.to_string(), SERVER);
        let mut rng = system_rng().unwrap();
        let (reply, _) = accepted.reply(&AcceptorReply::default(), &mut rng).unwrap();
        initiator.check_reply(&reply).unwrap();
        assert_replay(&theirs.accept(&message));
        let error = ours.accept(&message, None).unwrap_err();
        assert!(matches!(error, ApError::Replay), "{etype}: {error}");
    }
}

#[test]
#[cfg_attr(
    not(all(mit, kpropd)),
    ignore = "needs MIT's KDC and kpropd: cargo xtask install"
)]
fn exactly_one_of_concurrent_acceptors_takes_a_request() {
    let realm = MitRealm::start();
    let place = mit_place(&realm);
    place.mit("kvno").arg("host/a.mit.test").run().success();
    let ticket = ticket::cached(&place, SERVER);
    let keytab = realm.keytab("services");
    let configuration = place.path("krb5.conf");
    // The default replay cache, in a folder that is set in each library's own way.
    let folder = place.path("rcaches");
    fs::create_dir(&folder).unwrap();
    let theirs = Kpropd::new(MitRealm::REALM, &keytab, &configuration);
    let theirs = theirs.env("KRB5RCACHEDIR", &folder);
    let config = service(&configuration, &keytab).with_rcache_folder(&folder);
    for round in 0..5 {
        let (_, message) = request(&ticket);
        let taken = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| match theirs.accept(&message) {
                    KpropdAnswer::Accepted(_) => drop(taken.fetch_add(1, Ordering::Relaxed)),
                    answer @ KpropdAnswer::Refused(_) => assert_replay(&answer),
                });
                scope.spawn(|| {
                    let ours = ServiceAcceptor::new(&config).unwrap();
                    match ours.accept(&message, None) {
                        Ok(_) => drop(taken.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => assert!(matches!(error, ApError::Replay), "{error}"),
                    }
                });
            }
        });
        assert_eq!(taken.into_inner(), 1, "round {round}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn outdated_keytab_is_refused_until_it_has_the_new_key() {
    let realm = MitRealm::start();
    let place = mit_place(&realm);
    let keytab = realm.keytab("services");
    let ours = service(&place.path("krb5.conf"), &keytab);
    let ours = ServiceAcceptor::new(&ours.with_rcache_folder(place.path("")));
    let ours = ours.unwrap();
    let tgt = fs::read(place.cache()).unwrap();
    let fresh = || {
        fs::write(place.cache(), &tgt).unwrap();
        place.mit("kvno").arg("host/a.mit.test").run().success();
        request(&ticket::cached(&place, SERVER)).1
    };
    ours.accept(&fresh(), None).unwrap();
    realm.administer("cpw -randkey -keepold host/a.mit.test");
    let message = fresh();
    let error = ours.accept(&message, None).unwrap_err();
    assert!(matches!(error, ApError::KeyVersion { .. }), "{error:?}");
    let hint = ServiceAcceptor::hint(&error).unwrap();
    assert!(hint.ends_with("extract the keytab again"), "{hint}");
    realm.administer(&format!(
        "ktadd -norandkey -k {} host/a.mit.test",
        keytab.display()
    ));
    ours.accept(&message, None).unwrap();
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn acceptor_takes_tickets_of_every_enctype() {
    let realm = MitRealm::start();
    let place = mit_place(&realm);
    let ours = service(&place.path("krb5.conf"), &realm.keytab("only"));
    let ours = ServiceAcceptor::new(&ours.with_rcache_folder(place.path(""))).unwrap();
    for (short, etype) in ETYPES {
        let name = format!("only/{short}");
        place.mit("kvno").arg(&name).run().success();
        let ticket = ticket::cached(&place, &format!("{name}@MIT.TEST"));
        let accepted = ours.accept(&request(&ticket).1, None).unwrap();
        assert_eq!(accepted.ticket_key.etype().to_string(), etype);
        assert_eq!(accepted.server.to_string(), format!("{name}@MIT.TEST"));
    }
}

#[test]
#[cfg_attr(not(heimdal), ignore = "needs Heimdal's KDC: cargo xtask install")]
fn acceptor_takes_tickets_of_heimdals_kdc() {
    let realm = HeimdalRealm::start();
    let place = realm.place();
    let keytab = realm.keytab("robot").display().to_string();
    let kinit = place.heimdal("kinit").args(["-t", &keytab, "robot"]);
    kinit.run().success();
    let get = place.heimdal("kgetcred").arg("host/a.heimdal.test");
    get.run().success();
    let ticket = ticket::cached(&place, "host/a.heimdal.test@HEIMDAL.TEST");
    let ours = service(&place.path("krb5.conf"), &realm.keytab("services"));
    let ours = ServiceAcceptor::new(&ours.with_rcache_folder(place.path(""))).unwrap();
    let (initiator, message) = request(&ticket);
    let accepted = ours.accept(&message, None).unwrap();
    assert_eq!(accepted.client.to_string(), "robot@HEIMDAL.TEST");
    let mut rng = system_rng().unwrap();
    let (reply, _) = accepted.reply(&AcceptorReply::default(), &mut rng).unwrap();
    initiator.check_reply(&reply).unwrap();
    let error = ours.accept(&message, None).unwrap_err();
    assert!(matches!(error, ApError::Replay), "{error}");
}
