//! Keepers in trouble: callbacks that panic or need much stack, runtimes that end, wrong new
//! secrets, corrected clocks.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use kerberos_asn1::ErrorCode;
use kerberos_client::{AsyncClient, ClientError, KeeperParams, now};
use kerberos_proto::{ClockOffset, Secret};
use kerberos_testkdc::Fault;

#[path = "shared/keeping.rs"]
mod keeping;

use keeping::{
    LONG, SECOND, as_params, changing_password, client, counted, kdc, password, realm, renewable,
    wait_until,
};

/// A source that panics at the second call.
fn panics_later() -> impl FnMut() -> Result<Secret, ClientError> + Send {
    let mut asked = 0;
    move || {
        asked += 1;
        assert_ne!(asked, 2, "a mistake in the source");
        password()
    }
}

#[test]
#[allow(
    clippy::large_stack_arrays,
    reason = "the test checks that the stack has room for it"
)]
fn callbacks_can_use_a_megabyte_of_stack() {
    let (kdc, published) = (kdc(), Arc::new(AtomicUsize::new(0)));
    let client = client(&kdc);
    let much = || {
        let much = [1_u8; 1 << 20];
        std::hint::black_box(&much).len()
    };
    let secret = move || {
        assert_eq!(much(), 1 << 20);
        password()
    };
    let count = Arc::clone(&published);
    let params = KeeperParams::new(as_params(&client), secret).with_publish(move |_| {
        count.fetch_add(much(), Ordering::Relaxed);
        Ok(())
    });
    let keeper = client.keep(params).unwrap();
    keeper.wait(LONG).unwrap();
    assert_eq!(published.load(Ordering::Relaxed), 1 << 20);
}

#[test]
fn keeper_ends_when_its_source_panics() {
    let kdc = kdc();
    let client = client(&kdc);
    let params = KeeperParams::new(as_params(&client), panics_later());
    let keeper = client.keep(params).unwrap();
    keeper.wait(LONG).unwrap();
    wait_until(&keeper, |keeper| keeper.state().attempts == 1);
    let mut watch = keeper.watch();
    keeper.login_now();
    let state = watch.changed_within(LONG).unwrap();
    let error = state.error.as_deref();
    assert!(matches!(error, Some(ClientError::KeeperEnded)), "{error:?}");
    let start = Instant::now();
    assert!(watch.changed_within(LONG).is_none() && start.elapsed() < LONG);
    // The present ticket is still valid.
    keeper.wait(LONG).unwrap();
}

#[tokio::test]
async fn async_keeper_ends_when_its_source_panics() {
    let kdc = kdc();
    let blocking = client(&kdc);
    let client = AsyncClient::from(blocking.clone());
    let login = as_params(&blocking);
    let source = || -> Result<Secret, ClientError> { panic!("a mistake in the source") };
    let keeper = client.keep(KeeperParams::new(login, source)).unwrap();
    let error = keeper.ready().await.unwrap_err();
    assert!(matches!(error, ClientError::KeeperEnded), "{error:?}");
    let error = keeper.state().error.clone();
    assert!(matches!(error.as_deref(), Some(ClientError::KeeperEnded)));
}

#[test]
fn stop_ends_watchers_though_the_kdc_is_silent() {
    let kdc = kdc();
    kdc.set_fault(Fault::Silence);
    let client = client(&kdc);
    let params = KeeperParams::new(as_params(&client), password);
    let keeper = Arc::new(client.keep(params).unwrap());
    let other = Arc::clone(&keeper);
    let mut watch = keeper.watch();
    let waiter = std::thread::spawn(move || watch.changed_within(LONG * 5).is_none());
    std::thread::sleep(SECOND / 5);
    let start = Instant::now();
    other.stop();
    assert!(waiter.join().unwrap());
    assert!(start.elapsed() < SECOND * 5, "{:?}", start.elapsed());
    // Stopping it on purpose is not an error.
    assert!(keeper.state().error.is_none());
}

#[test]
fn watchers_end_when_the_runtime_is_shut_down() {
    let kdc = kdc();
    let blocking = client(&kdc);
    let client = AsyncClient::from(blocking.clone());
    let login = as_params(&blocking);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let keeper = runtime.block_on(async {
        let keeper = client.keep(KeeperParams::new(login, password)).unwrap();
        keeper.ready().await.unwrap();
        keeper
    });
    let mut watch = keeper.watch();
    runtime.shutdown_timeout(LONG);
    let mut last = watch.current();
    while let Some(state) = watch.changed_within(LONG) {
        last = state;
    }
    assert!(matches!(
        last.error.as_deref(),
        Some(ClientError::KeeperEnded)
    ));
}

#[test]
fn ticket_is_renewed_while_the_new_secret_is_wrong() {
    let kdc = realm().max_life(SECOND * 6).start().unwrap();
    let client = client(&kdc);
    let login = renewable(&client, 3_600);
    let (secret, source) = changing_password();
    let (asked, source) = counted(source);
    let keeper = client.keep(KeeperParams::new(login, source)).unwrap();
    let first = keeper.wait(LONG).unwrap();
    *secret.lock().unwrap() = "a new one, which is wrong";
    keeper.login_now();
    wait_until(&keeper, |keeper| keeper.state().failures == 1);
    // The next login is minutes away, the end of the ticket seconds.
    wait_until(&keeper, |keeper| {
        let state = keeper.state();
        let end = |login: &kerberos_client::Login| login.credential.times.endtime;
        let last = state.login.as_deref().unwrap();
        end(last) > end(&first) && state.renewed
    });
    let state = keeper.state();
    assert!(state.valid_login(now()).is_some());
    assert!(state.error.is_some() && state.failures == 1, "{state:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    // A requested refresh tries the secret again.
    keeper.refresh_now();
    wait_until(&keeper, |keeper| keeper.state().failures == 2);
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    *secret.lock().unwrap() = "password";
    keeper.refresh_now();
    wait_until(&keeper, |keeper| keeper.state().error.is_none());
    assert!(!keeper.state().renewed && keeper.state().failures == 0);
    // From then on, renewals suffice.
    wait_until(&keeper, |keeper| keeper.state().renewed);
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

/// Where login and renewal both fail, neither is repeated without a pause.
#[test]
fn failed_renewal_after_a_failed_login_is_retried_in_a_minute() {
    let kdc = realm().max_life(SECOND * 9).start().unwrap();
    let client = client(&kdc);
    let login = renewable(&client, 3_600);
    let (secret, source) = changing_password();
    let keeper = client.keep(KeeperParams::new(login, source)).unwrap();
    let first = keeper.wait(LONG).unwrap();
    *secret.lock().unwrap() = "a new one, which is wrong";
    keeper.login_now();
    wait_until(&keeper, |keeper| keeper.state().failures == 1);
    let before = kdc.requests().len();
    kdc.set_fault_once(Fault::Error(ErrorCode::KDC_ERR_POLICY));
    // The renewal is due when a third of the ticket's life is left.
    wait_until(&keeper, |keeper| keeper.state().attempts == 3);
    let state = keeper.state();
    assert_eq!(kdc.requests().len(), before + 1);
    let pause = state.next_attempt.seconds - now().seconds;
    assert!((50..=60).contains(&pause), "{pause}");
    // The reported error is still that of the login, and the ticket is still there.
    assert!(state.error.is_some() && state.failures == 1, "{state:?}");
    assert!(Arc::ptr_eq(state.login.as_ref().unwrap(), &first));
}

#[test]
fn ticket_is_renewed_after_the_clock_was_corrected() {
    let kdc = kdc();
    let client = client(&kdc);
    let mut params = as_params(&client);
    params.renew_lifetime = Some(7 * 24 * 3_600);
    let mut login = client.login(params, password().unwrap()).unwrap();
    // As if found with a clock that was a quarter of an hour behind.
    login.kdc_offset = Some(ClockOffset {
        seconds: 900,
        microseconds: 0,
    });
    let keeper = client.keep(KeeperParams::renewing(login)).unwrap();
    wait_until(&keeper, |keeper| keeper.state().attempts == 1);
    keeper.refresh_now();
    wait_until(&keeper, |keeper| keeper.state().attempts == 2);
    let state = keeper.state();
    assert!(state.error.is_none() && state.renewed, "{state:?}");
    assert_eq!(state.login.as_ref().unwrap().kdc_offset, None);
}
