//! Keepers against the embedded KDC, whose tickets last for seconds: they are renewed, or else
//! there is a new login; after a failure there is a pause; nothing happens after the end.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use kerberos_asn1::ErrorCode;
use kerberos_client::{AsyncClient, ClientError, KeeperParams, LoginSource, TicketKeeper, now};
use kerberos_files::ccache::{CcacheFile, CcacheName};
use kerberos_files::keytab::KeytabName;
use kerberos_proto::{AsParams, KeyEntry, Password, Secret};
use kerberos_testkdc::{Fault, TestKdc};
use test_support::TempDir;

#[path = "shared/keeping.rs"]
mod keeping;

use keeping::{LONG, SECOND, as_params, client, counted, password, realm, renewable};

/// A KDC whose tickets last three seconds.
fn kdc() -> TestKdc {
    realm().max_life(SECOND * 3).start().unwrap()
}

/// A file that is deleted, with its folder, when the test ends.
struct TempFile(
    PathBuf,
    #[expect(dead_code, reason = "kept so that the folder is deleted on drop")] TempDir,
);

impl TempFile {
    fn new(name: &str) -> Self {
        let folder = TempDir::new();
        Self(folder.join(name), folder)
    }

    fn cache(&self) -> CcacheName {
        CcacheName::file(self.0.to_str().unwrap())
    }
}

/// When the ticket in the cache ends; reading it must always succeed.
fn endtime(cache: &TempFile) -> u32 {
    let mut reader = CcacheFile::new(&cache.0).open().unwrap();
    loop {
        let entry = reader.next().unwrap().unwrap();
        if !entry.is_config() {
            return entry.endtime();
        }
    }
}

/// Waits until there have been `attempts`.
fn wait_for(keeper: &TicketKeeper, attempts: u64) {
    let mut watch = keeper.watch();
    while keeper.state().attempts < attempts {
        assert!(watch.changed_within(LONG).is_some());
    }
}

#[test]
fn a_ticket_is_replaced_before_it_ends() {
    let (kdc, cache) = (kdc(), TempFile::new("replaced"));
    let client = client(&kdc);
    let params = KeeperParams::new(as_params(&client), password).with_cache(cache.cache());
    let keeper = client.keep(params).unwrap();
    keeper.wait(LONG).unwrap();
    let first = endtime(&cache);
    // There is always a valid ticket.
    while keeper.state().attempts < 3 {
        let now = u32::try_from(now().seconds).unwrap();
        assert!(endtime(&cache) >= now);
        std::thread::sleep(SECOND / 50);
    }
    assert!(endtime(&cache) > first);
    let state = keeper.state();
    assert!(state.error.is_none() && state.failures == 0, "{state:?}");
}

#[test]
fn renewable_ticket_is_renewed_before_a_new_login() {
    let kdc = realm()
        .max_life(SECOND * 3)
        .max_renewable_life(SECOND * 6)
        .start()
        .unwrap();
    let client = client(&kdc);
    let login = renewable(&client, 6);
    let (logins, secret) = counted(password);
    let keeper = client.keep(KeeperParams::new(login, secret)).unwrap();
    wait_for(&keeper, 2);
    // The second ticket was renewed: nobody needed the secret again.
    assert_eq!(logins.load(Ordering::Relaxed), 1);
    while logins.load(Ordering::Relaxed) < 2 {
        assert!(keeper.watch().changed_within(LONG).is_some());
    }
    assert_eq!(keeper.state().failures, 0);
}

#[test]
fn refused_renewal_is_followed_by_a_login_at_once() {
    let kdc = realm().start().unwrap();
    let client = client(&kdc);
    let login = renewable(&client, 7 * 24 * 3_600);
    let (asked, secret) = counted(password);
    let keeper = client.keep(KeeperParams::new(login, secret)).unwrap();
    let first = keeper.wait(LONG).unwrap();
    wait_for(&keeper, 1);
    // Renewing a ticket that ends in the same second would gain nothing, so it is not done.
    std::thread::sleep(SECOND);
    let before = kdc.requests().len();
    // The next request is the renewal.
    kdc.set_fault_once(Fault::Error(ErrorCode::KDC_ERR_POLICY));
    keeper.refresh_now();
    wait_for(&keeper, 2);
    let state = keeper.state();
    assert!(state.error.is_none() && state.failures == 0, "{state:?}");
    assert!(!state.renewed, "{state:?}");
    assert!(!Arc::ptr_eq(state.login.as_ref().unwrap(), &first));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    // The refused request was a TGS-REQ ([APPLICATION 12]).
    assert_eq!(kdc.requests()[before].message[0], 0x6c);
}

#[test]
fn wrong_secret_is_not_retried_for_minutes() {
    let kdc = kdc();
    kdc.set_fault(Fault::ErrorAfterPreauth(
        ErrorCode::KRB_AP_ERR_BAD_INTEGRITY,
    ));
    let client = client(&kdc);
    let keys = kdc.keys("svc").iter().map(|one| KeyEntry {
        kvno: one.kvno(),
        key: one.block(),
    });
    let keys: Vec<_> = keys.collect();
    let keys = move || Ok(Secret::Keys(keys.clone()));
    for params in [
        KeeperParams::new(as_params(&client), password),
        KeeperParams::new(as_params(&client), keys),
    ] {
        let keeper = client.keep(params).unwrap();
        wait_for(&keeper, 1);
        let state = keeper.state();
        assert!(state.next_attempt.seconds - now().seconds > 200);
    }
}

#[test]
fn corrected_keytab_is_noticed_long_before_the_next_attempt() {
    let (first, second) = (kdc(), {
        TestKdc::builder("EXAMPLE.COM")
            .principal("svc", "another password")
            .start()
            .unwrap()
    });
    let file = TempFile::new("keytab");
    let write = |kdc: &TestKdc| {
        let _ = std::fs::remove_file(&file.0);
        std::fs::write(&file.0, kdc.keytab("svc")).unwrap();
    };
    write(&second);
    let client = client(&first);
    let keytab = KeytabName::parse(file.0.to_str().unwrap()).unwrap();
    let params = KeeperParams::with_keytab(as_params(&client), keytab);
    let keeper = client.keep(params).unwrap();
    let error = keeper.wait(SECOND).unwrap_err();
    assert!(matches!(error, ClientError::Exchange(_)), "{error:?}");
    // A wrong key is not tried again and again.
    let state = keeper.state();
    assert!(state.next_attempt.seconds - now().seconds > 200);
    write(&first);
    keeper.wait(LONG).unwrap();
    assert!(keeper.state().error.is_none());
}

/// Offers a wrong password first, then another.
struct Rotated {
    other: &'static str,
    asked: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
}

impl LoginSource for Rotated {
    fn secret(&mut self, _: &mut AsParams) -> Result<Secret, ClientError> {
        Ok(Secret::Password(Password::new("not known yet")))
    }

    fn other(&mut self, _: &mut AsParams) -> Option<Secret> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Some(Secret::Password(Password::new(self.other)))
    }

    fn accepted(&mut self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn other_secret_is_tried_once_after_a_wrong_one() {
    let kdc = kdc();
    let client = client(&kdc);
    for (other, works) in [("password", 1), ("wrong as well", 0)] {
        let (asked, accepted) = (Arc::default(), Arc::default());
        let source = Rotated {
            other,
            asked: Arc::clone(&asked),
            accepted: Arc::clone(&accepted),
        };
        let keeper = client.keep(KeeperParams::new(as_params(&client), source));
        let keeper = keeper.unwrap();
        wait_for(&keeper, 1);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert_eq!(accepted.load(Ordering::Relaxed), works);
        assert_eq!(keeper.state().login.is_some(), works == 1);
    }
}

#[test]
fn observer_sees_each_attempt_and_whether_it_renewed() {
    let kdc = realm().start().unwrap();
    let client = client(&kdc);
    let login = renewable(&client, 7 * 24 * 3_600);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notebook = Arc::clone(&heard);
    let mut params = KeeperParams::new(login, password).with_observer(move |state| {
        let news = (state.attempts, state.renewed, state.error.is_some());
        notebook.lock().unwrap().push(news);
    });
    params.longest_pause = Some(SECOND * 60);
    let keeper = client.keep(params).unwrap();
    wait_for(&keeper, 1);
    assert!(keeper.state().next_attempt.seconds - now().seconds <= 60);
    // Renewing a ticket that ends in the same second would gain nothing.
    std::thread::sleep(SECOND);
    keeper.refresh_now();
    wait_for(&keeper, 2);
    keeper.login_now();
    wait_for(&keeper, 3);
    kdc.set_fault(Fault::Error(ErrorCode::KDC_ERR_POLICY));
    keeper.login_now();
    wait_for(&keeper, 4);
    assert_eq!(
        *heard.lock().unwrap(),
        [
            (1, false, false),
            (2, true, false),
            (3, false, false),
            (4, false, true)
        ]
    );
}

#[test]
fn unreachable_kdc_is_retried_and_the_ticket_is_kept() {
    let kdc = kdc();
    let client = client(&kdc).with_request_timeout(SECOND / 10);
    let keeper = client
        .keep(KeeperParams::new(as_params(&client), password))
        .unwrap();
    let login = keeper.wait(LONG).unwrap();
    kdc.set_fault(Fault::Silence);
    keeper.refresh_now();
    wait_for(&keeper, 2);
    let state = keeper.state();
    assert_eq!(state.failures, 1);
    assert!(Arc::ptr_eq(state.login.as_ref().unwrap(), &login));
    assert!(matches!(
        state.error.as_deref(),
        Some(ClientError::CannotContactKdc { .. })
    ));
    kdc.clear_faults();
    // The next login happens by itself.
    let mut watch = keeper.watch();
    while keeper.state().failures > 0 {
        assert!(watch.changed_within(LONG).is_some());
    }
}

/// Waiting for a login waits until it is published, and a full disk does not cause more KDC
/// requests.
#[test]
fn failed_publication_is_retried_without_a_new_login() {
    let kdc = kdc();
    let client = client(&kdc);
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let publish = move |_: &_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => Err(ClientError::callback("the disk is full")),
        _ => Ok(()),
    };
    let params = KeeperParams::new(as_params(&client), password).with_publish(publish);
    let keeper = client.keep(params).unwrap();
    let early = keeper.wait(SECOND / 2).unwrap_err();
    assert_eq!(early.to_string(), "the disk is full");
    let state = keeper.state();
    assert!(state.login.is_some() && state.published.is_none());
    keeper.wait(LONG).unwrap();
    let state = keeper.state();
    assert!(state.error.is_none() && state.attempts == 2, "{state:?}");
    assert!(Arc::ptr_eq(
        state.login.as_ref().unwrap(),
        state.published.as_ref().unwrap()
    ));
    assert_eq!(tries.load(Ordering::Relaxed), 2);
    // One login: a request without preauthentication, and one with an encrypted timestamp.
    assert_eq!(kdc.requests().len(), 2);
}

/// A cache is written before a callback hears of it.
#[test]
fn cache_is_written_before_the_publish_callback() {
    let kdc = kdc();
    let client = client(&kdc);
    let file = TempFile::new("cc");
    let cache = CcacheName::file(file.0.display().to_string());
    let (tell, told) = mpsc::channel();
    let path = file.0.clone();
    let params = KeeperParams::new(as_params(&client), password)
        .with_publish(move |_| {
            tell.send(path.exists()).unwrap();
            Ok(())
        })
        .with_cache(cache);
    let keeper = client.keep(params).unwrap();
    keeper.wait(LONG).unwrap();
    assert!(told.recv().unwrap());
}

#[test]
fn dropped_keeper_publishes_nothing_and_ends_its_watchers() {
    let kdc = kdc();
    kdc.set_fault(Fault::Delay(SECOND / 2));
    let client = client(&kdc);
    let published = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&published);
    let params = KeeperParams::new(as_params(&client), password).with_publish(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let keeper = client.keep(params).unwrap();
    assert!(matches!(keeper.wait(SECOND / 10), Err(ClientError::NotYet)));
    let mut watch = keeper.watch();
    drop(keeper);
    assert!(watch.changed_within(LONG).is_none());
    std::thread::sleep(SECOND * 2);
    assert_eq!(published.load(Ordering::Relaxed), 0);
}

/// A callback of the keeper may drop the keeper's handle, which then does not wait for itself.
#[test]
fn publish_callback_may_drop_the_keeper() {
    let kdc = kdc();
    let client = client(&kdc);
    let (give, given) = mpsc::channel::<TicketKeeper>();
    let (tell, told) = mpsc::channel();
    let params = KeeperParams::new(as_params(&client), password).with_publish(move |_| {
        drop(given.recv().unwrap());
        tell.send(()).unwrap();
        Ok(())
    });
    let keeper = client.keep(params).unwrap();
    let mut watch = keeper.watch();
    give.send(keeper).unwrap();
    told.recv_timeout(LONG).unwrap();
    while watch.changed_within(LONG).is_some() {}
    // One login was published, and none after that.
    assert!(told.recv_timeout(LONG).is_err());
}

/// A callback may need the very runtime that a drop would block.
#[tokio::test(flavor = "current_thread")]
async fn shutdown_waits_for_a_publication_in_progress() {
    let kdc = kdc();
    let blocking = client(&kdc);
    let client = AsyncClient::from(blocking.clone());
    let runtime = tokio::runtime::Handle::current();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let params = KeeperParams::new(as_params(&blocking), password).with_publish(move |_| {
        tell.send("begins").unwrap();
        runtime.block_on(tokio::time::sleep(SECOND / 4));
        tell.send("ends").unwrap();
        Ok(())
    });
    let keeper = client.keep(params).unwrap();
    assert_eq!(told.recv().await, Some("begins"));
    let ended = tokio::time::timeout(LONG, keeper.shutdown()).await;
    ended.unwrap();
    assert_eq!(told.try_recv(), Ok("ends"));
    assert_eq!(told.recv().await, None, "the login was published twice");
}

#[tokio::test]
async fn async_client_keeps_many_tickets() {
    let kdc = kdc();
    let blocking = client(&kdc);
    let client = AsyncClient::from(blocking.clone());
    let mut keepers: Vec<_> = (0..100)
        .map(|_| {
            let params = KeeperParams::new(as_params(&blocking), password);
            client.keep(params).unwrap()
        })
        .collect();
    for keeper in &keepers {
        let mut watch = keeper.watch();
        while keeper.state().attempts < 2 {
            let state = watch.changed().await.unwrap();
            assert!(state.error.is_none(), "{state:?}");
        }
    }
    // Two for a login, one for a renewal.
    assert!(kdc.requests().len() >= 300);
    let mut watch = keepers[0].watch();
    drop(keepers.remove(0));
    while watch.changed().await.is_some() {}
}

#[test]
fn debug_output_shows_no_secret() {
    let kdc = kdc();
    let client = client(&kdc);
    let params = KeeperParams::new(as_params(&client), password);
    let keeper = client.keep(params).unwrap();
    let login = keeper.wait(LONG).unwrap();
    let shown = format!("{keeper:#?} {:#?}", keeper.state());
    let shown: String = shown.split_whitespace().collect();
    let key = login.credential.session_key.expose_bytes();
    let (mut listed, mut hex) = (String::new(), String::new());
    for byte in key {
        write!(listed, "{byte},").unwrap();
        write!(hex, "{byte:02x}").unwrap();
    }
    assert!(!shown.contains(&listed) && !shown.to_lowercase().contains(&hex));
}
