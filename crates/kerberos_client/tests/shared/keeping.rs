//! Set-up for tests of keepers: the embedded KDC, a client of it, and the password of `svc`.
#![allow(dead_code, reason = "not every test file uses every helper")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use kerberos_client::{Client, ClientError, Config, TicketKeeper};
use kerberos_proto::{AsParams, Password, Secret};
use kerberos_testkdc::{TestKdc, TestKdcBuilder};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// Long enough for a busy machine; no test waits for it to pass.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A realm that knows `svc`.
pub(crate) fn realm() -> TestKdcBuilder {
    TestKdc::builder("EXAMPLE.COM").principal("svc", "password")
}

/// Its KDC.
pub(crate) fn kdc() -> TestKdc {
    realm().start().unwrap()
}

pub(crate) fn client(kdc: &TestKdc) -> Client {
    Client::new(Config::parse(&kdc.krb5_conf()).unwrap())
}

pub(crate) fn as_params(client: &Client) -> AsParams {
    client.as_params(client.principal("svc").unwrap()).unwrap()
}

/// The same, for a ticket that can be renewed for that many seconds.
pub(crate) fn renewable(client: &Client, seconds: u32) -> AsParams {
    let mut params = as_params(client);
    params.renew_lifetime = Some(seconds);
    params
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "it is used as a `LoginSource`, which may fail"
)]
pub(crate) fn password() -> Result<Secret, ClientError> {
    Ok(Secret::Password(Password::new("password")))
}

/// A password that a test changes, and the source that gives it.
pub(crate) fn changing_password() -> (
    Arc<Mutex<&'static str>>,
    impl FnMut() -> Result<Secret, ClientError> + Send + 'static,
) {
    let password = Arc::new(Mutex::new("password"));
    let given = Arc::clone(&password);
    let source = move || Ok(Secret::Password(Password::new(*given.lock().unwrap())));
    (password, source)
}

/// The number of times that a source was asked, and that source.
pub(crate) fn counted(
    mut source: impl FnMut() -> Result<Secret, ClientError> + Send + 'static,
) -> (
    Arc<AtomicUsize>,
    impl FnMut() -> Result<Secret, ClientError> + Send + 'static,
) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let source = move || {
        count.fetch_add(1, Ordering::Relaxed);
        source()
    };
    (asked, source)
}

/// Waits until something is true of the keeper.
pub(crate) fn wait_until(keeper: &TicketKeeper, is_so: impl Fn(&TicketKeeper) -> bool) {
    let end = Instant::now() + LONG;
    while !is_so(keeper) {
        assert!(Instant::now() < end, "{:?}", keeper.state());
        thread::sleep(SECOND / 100);
    }
}
