//! `Client::salts`: asks the KDC how it makes keys from a password.

use kerberos_crypto::EncryptionType;
use kerberos_proto::{PasswordSalt, Principal, SaltExchange, Step};

use crate::driver::Driver;
use crate::io::block_on;
use crate::{Client, ClientError, now, system_rng};

impl Client {
    /// How the KDC makes keys from the password of `principal`: one result for each of `etypes`
    /// that the KDC has, in the same order. If `etypes` is empty, every type that krb5.conf allows.
    ///
    /// This finds the right key where an account does not have the default salt, as in Active
    /// Directory computers and renamed accounts do. No password is needed to ask, and nothing
    /// authenticates the answer: try the key before relying on it.
    ///
    /// # Errors
    /// [`ClientError::Exchange`] when the KDC refuses, [`ClientError::CannotFindKdc`] and
    /// [`ClientError::CannotContactKdc`] when there is no reply.
    ///
    /// # Example
    /// ```no_run
    /// use kerberos_client::Client;
    /// use kerberos_proto::Password;
    /// let client = Client::from_env()?;
    /// let service = client.principal("svc@EXAMPLE.COM")?;
    /// let salts = client.salts(service, &[])?;
    /// let key = salts[0].key(&Password::new("correct horse"), 100_000)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn salts(
        &self,
        principal: Principal,
        etypes: &[EncryptionType],
    ) -> Result<Vec<PasswordSalt>, ClientError> {
        block_on(self.driver.salts(principal, etypes))
    }
}

impl Driver {
    /// As [`Client::salts`].
    pub(crate) async fn salts(
        &self,
        principal: Principal,
        etypes: &[EncryptionType],
    ) -> Result<Vec<PasswordSalt>, ClientError> {
        let mut params = self.config.as_params_without_lifetimes(principal)?;
        if !etypes.is_empty() {
            params.policy.etypes = etypes.to_vec();
        }
        let mut rng = system_rng()?;
        let (mut exchange, request) = SaltExchange::start(params, &mut rng, now())?;
        let step = |reply: &[u8]| exchange.step(reply, &mut rng, now());
        self.exchange(Step::Send(request), step).await
    }
}
