//! Set-up for tests of keepers: a client of the embedded KDC, and the password of `svc`.

use std::time::Duration;

use kerberos_client::{Client, ClientError, Config};
use kerberos_proto::{AsParams, Password, Secret};
use kerberos_testkdc::TestKdc;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// Long enough for a busy machine; no test waits for it to pass.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn client(kdc: &TestKdc) -> Client {
    Client::new(Config::parse(&kdc.krb5_conf()).unwrap())
}

pub(crate) fn as_params(client: &Client) -> AsParams {
    client.as_params(client.principal("svc").unwrap()).unwrap()
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "it stands for what may fail elsewhere"
)]
pub(crate) fn password() -> Result<Secret, ClientError> {
    Ok(Secret::Password(Password::new("password")))
}
