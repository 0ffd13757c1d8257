//! Publishing when things go wrong: caches that cannot be written to for a while, KDCs that are
//! away meanwhile, and keepers that end in the middle of it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use kerberos_asn1::ErrorCode;
use kerberos_client::{AsyncClient, ClientError, KeeperParams, Login, TicketKeeper, now};
use kerberos_testkdc::{Fault, TestKdc};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

#[path = "shared/keeping.rs"]
mod keeping;

use keeping::{
    LONG, SECOND, as_params, changing_password, client, kdc, password, realm, renewable, wait_until,
};

/// A place to publish to that fails while the flag is set.
fn place(
    is_broken: &Arc<AtomicBool>,
) -> impl FnMut(&Login) -> Result<(), ClientError> + Send + 'static {
    let is_broken = Arc::clone(is_broken);
    move |_| {
        if is_broken.load(Ordering::Acquire) {
            return Err(ClientError::callback("the folder cannot be written to"));
        }
        Ok(())
    }
}

#[test]
fn unpublished_login_survives_a_failed_refresh() {
    let (kdc, is_broken) = (kdc(), Arc::new(AtomicBool::new(true)));
    let client = client(&kdc).with_request_timeout(SECOND / 5);
    let params = KeeperParams::new(as_params(&client), password).with_publish(place(&is_broken));
    let keeper = client.keep(params).unwrap();
    wait_until(&keeper, |keeper| keeper.state().attempts == 1);
    assert!(keeper.state().login.is_some());
    kdc.set_fault(Fault::Silence);
    is_broken.store(false, Ordering::Release);
    keeper.refresh_now();
    keeper.wait(SECOND * 20).unwrap();
}

/// However long the pause after several failures has become.
#[test]
fn requested_refresh_publishes_at_once_though_it_fails() {
    let (kdc, is_broken) = (kdc(), Arc::new(AtomicBool::new(true)));
    let client = client(&kdc).with_request_timeout(SECOND / 10);
    let params = KeeperParams::new(as_params(&client), password).with_publish(place(&is_broken));
    let keeper = client.keep(params).unwrap();
    wait_until(&keeper, |keeper| keeper.state().attempts == 1);
    kdc.set_fault(Fault::Silence);
    let refresh = || {
        let failures = keeper.state().failures;
        keeper.refresh_now();
        wait_until(&keeper, |keeper| keeper.state().failures > failures);
    };
    (0..6).for_each(|_| refresh());
    is_broken.store(false, Ordering::Release);
    refresh();
    let attempts = keeper.state().attempts;
    keeper.wait(SECOND * 20).unwrap();
    assert_eq!(keeper.state().attempts, attempts, "no later attempt");
}

/// What was published, and the means to take it away.
fn removable_place() -> (
    Arc<AtomicBool>,
    impl FnMut(&Login) -> Result<(), ClientError> + Send + 'static,
) {
    let is_there = Arc::new(AtomicBool::new(false));
    let publish = {
        let is_there = Arc::clone(&is_there);
        move |_: &Login| {
            is_there.store(true, Ordering::Release);
            Ok(())
        }
    };
    (is_there, publish)
}

#[test]
fn login_is_published_again_without_a_kdc() {
    let kdc = kdc();
    let client = client(&kdc).with_request_timeout(SECOND / 5);
    let (is_there, publish) = removable_place();
    let params = KeeperParams::new(as_params(&client), password).with_publish(publish);
    let keeper = client.keep(params).unwrap();
    let first = keeper.wait(LONG).unwrap();
    kdc.set_fault(Fault::Silence);
    let restores = || {
        is_there.store(false, Ordering::Release);
        let (requests, attempts) = (kdc.requests().len(), keeper.state().attempts);
        keeper.publish_again();
        wait_until(&keeper, |keeper| keeper.state().attempts > attempts);
        assert!(is_there.load(Ordering::Acquire));
        assert!(Arc::ptr_eq(&keeper.wait(LONG).unwrap(), &first));
        assert_eq!(kdc.requests().len(), requests);
    };
    restores();
    let state = keeper.state();
    assert!(state.error.is_none(), "{state:?}");
    // Now the next attempt is less than a minute away.
    keeper.refresh_now();
    wait_until(&keeper, |keeper| keeper.state().error.is_some());
    let failures = keeper.state().failures;
    restores();
    let state = keeper.state();
    assert!(
        state.error.is_some() && state.failures == failures,
        "{state:?}"
    );
}

#[test]
fn keeper_without_a_login_refreshes_instead_of_publishing_again() {
    let kdc = kdc();
    let client = client(&kdc).with_request_timeout(SECOND / 5);
    kdc.set_fault(Fault::Error(ErrorCode::KDC_ERR_CLIENT_REVOKED));
    let keeper = client
        .keep(KeeperParams::new(as_params(&client), password))
        .unwrap();
    wait_until(&keeper, |keeper| keeper.state().error.is_some());
    kdc.clear_faults();
    // The next attempt would be some ten seconds later.
    keeper.publish_again();
    wait_until(&keeper, |keeper| keeper.state().attempts == 2);
    keeper.wait(LONG).unwrap();
    assert_eq!(keeper.state().attempts, 2);
}

#[test]
fn unpublished_login_survives_a_wrong_secret() {
    let (kdc, is_broken) = (kdc(), Arc::new(AtomicBool::new(true)));
    let client = client(&kdc);
    let (secret, source) = changing_password();
    let params = KeeperParams::new(as_params(&client), source).with_publish(place(&is_broken));
    let keeper = client.keep(params).unwrap();
    wait_until(&keeper, |keeper| keeper.state().attempts == 1);
    *secret.lock().unwrap() = "a new one, which is wrong";
    keeper.login_now();
    wait_until(&keeper, |keeper| keeper.state().attempts == 2);
    // The next login is minutes away; the folder may be repaired before that.
    is_broken.store(false, Ordering::Release);
    keeper.wait(SECOND * 20).unwrap();
    let state = keeper.state();
    let error = state.error.as_deref();
    assert!(matches!(error, Some(ClientError::Exchange(_))), "{error:?}");
}

#[test]
fn late_publication_does_not_postpone_the_next_refresh() {
    let (kdc, is_broken) = (kdc(), Arc::new(AtomicBool::new(true)));
    let client = client(&kdc);
    let mut params =
        KeeperParams::new(as_params(&client), password).with_publish(place(&is_broken));
    params.longest_pause = Some(SECOND * 4);
    let keeper = client.keep(params).unwrap();
    wait_until(&keeper, |keeper| keeper.state().attempts == 1);
    let came = keeper.state().refreshed_at.unwrap();
    is_broken.store(false, Ordering::Release);
    keeper.wait(LONG).unwrap();
    let state = keeper.state();
    assert_eq!((state.attempts, state.refreshed_at), (2, Some(came)));
    // The time is read twice, with a moment in between.
    let latest = came + SECOND * 4 + SECOND / 2;
    assert!(state.next_attempt <= latest, "{state:?}");
}

#[test]
fn ticket_renewed_while_publishing_fails_is_published_later() {
    let kdc = realm().max_life(SECOND * 6).start().unwrap();
    let is_broken = Arc::new(AtomicBool::new(false));
    let client = client(&kdc);
    let login = renewable(&client, 3_600);
    let (secret, source) = changing_password();
    let params = KeeperParams::new(login, source).with_publish(place(&is_broken));
    let keeper = client.keep(params).unwrap();
    let first = keeper.wait(LONG).unwrap();
    *secret.lock().unwrap() = "a new one, which is wrong";
    is_broken.store(true, Ordering::Release);
    keeper.login_now();
    let end = first.credential.times.endtime.unix();
    wait_until(&keeper, |_| now().seconds > end);
    let state = keeper.state();
    assert!(state.valid_published(now()).is_none());
    assert!(state.valid_login(now()).is_some(), "{state:?}");
    is_broken.store(false, Ordering::Release);
    keeper.wait(LONG).unwrap();
    assert!(keeper.state().error.is_some() && keeper.state().renewed);
}

/// A keeper that is publishing its first login, which takes a second on that runtime. It reports
/// when publishing begins and when it ends.
async fn just_publishing() -> (TestKdc, TicketKeeper, UnboundedReceiver<&'static str>) {
    let kdc = kdc();
    let blocking = client(&kdc);
    let client = AsyncClient::from(blocking.clone());
    let runtime = tokio::runtime::Handle::current();
    let (tell, mut told) = unbounded_channel();
    let params = KeeperParams::new(as_params(&blocking), password).with_publish(move |_| {
        tell.send("begins").unwrap();
        runtime.block_on(tokio::time::sleep(SECOND));
        tell.send("ends").unwrap();
        Ok(())
    });
    let keeper = client.keep(params).unwrap();
    assert_eq!(told.recv().await, Some("begins"));
    (kdc, keeper, told)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Runs `work` on a thread of its own; it is an error if that takes long.
fn within_a_minute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(work()));
    told.recv_timeout(LONG).unwrap()
}

#[test]
fn timed_out_shutdown_still_ends_the_keeper() {
    within_a_minute(|| {
        runtime().block_on(async {
            let (_kdc, keeper, mut told) = just_publishing().await;
            let mut watch = keeper.watch();
            // When the time limit is over, the keeper's handle is dropped, too.
            let ending = async move { keeper.shutdown().await };
            assert!(timeout(SECOND / 10, ending).await.is_err());
            assert_eq!(told.recv().await, Some("ends"));
            assert_eq!(told.recv().await, None, "the login was published twice");
            while watch.changed().await.is_some() {}
        });
    });
}

#[test]
fn shutdown_ends_a_keeper_whose_runtime_is_not_running() {
    within_a_minute(|| {
        let (alone, other) = (runtime(), runtime());
        let kdc = kdc();
        let blocking = client(&kdc);
        let (tell, mut told) = unbounded_channel();
        let params = KeeperParams::new(as_params(&blocking), password).with_publish(move |_| {
            tell.send("begins").unwrap();
            thread::sleep(SECOND / 4);
            tell.send("ends").unwrap();
            Ok(())
        });
        let keeper = alone.block_on(async {
            let keeper = AsyncClient::from(blocking).keep(params).unwrap();
            assert_eq!(told.recv().await, Some("begins"));
            keeper
        });
        other.block_on(keeper.shutdown());
        assert_eq!(told.try_recv(), Ok("ends"));
    });
}
