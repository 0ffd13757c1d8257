//! `verify`: proves that the KDC which let a user in is the realm's own, by a key that only the
//! realm shares with this service (MIT's `krb5_verify_init_creds`).

use std::sync::Arc;

use kerberos_files::ccache::TemporaryCcache;
use kerberos_files::keytab::KeytabError;
use kerberos_proto::{ApError, ApInitiator, ApRequestOptions, Login, Principal};

use crate::acceptor::Replays;
use crate::driver::Driver;
use crate::io::block_on;
use crate::{Client, ClientError, ServiceAcceptor, TicketRequest, now, system_rng};

impl Client {
    /// Proves that `login` comes from the realm's own KDC. A service that lets users in by their
    /// password must call this: a login alone only shows that the KDC knows the password, and an
    /// attacker who answers in its place can have chosen the password. The KDC must provide a
    /// ticket for `server`, of which `service` has a key.
    ///
    /// Nothing is stored.
    ///
    /// # Errors
    /// Do not let the user in, whatever the error is. [`ClientError::Unverified`] when the ticket
    /// is not encrypted in a key of `service`, or is not the user's; [`ClientError::Keytab`] or
    /// [`ClientError::Callback`] when `service` cannot read its keys, or has none; otherwise as
    /// [`ticket`](Self::ticket).
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{Client, ClientError, Config, Password, Secret, ServiceAcceptor};
    ///
    /// # let file = |name| std::env::temp_dir().join(format!("{name}_verify_{}", std::process::id()));
    /// # let realm = || kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
    /// #     .principal("alice", "password").service("HTTP/www.example.com").start();
    /// # let (kdc, another) = (realm()?, realm()?);
    /// # std::fs::write(file("keytab"), kdc.keytab("HTTP/www.example.com"))?;
    /// # let keytab = file("keytab").display().to_string();
    /// # let config_of = |kdc: &kerberos_testkdc::TestKdc| {
    /// #     Config::parse(&kdc.krb5_conf()).map(|config| config.with_keytab_name(keytab.as_str()))
    /// # };
    /// fn let_in(config: &Config, name: &str, typed: &str) -> Result<(), ClientError> {
    ///     let client = Client::new(config.clone());
    ///     let service = ServiceAcceptor::new(config)?.with_memory_replay_cache();
    ///     let user = client.as_params(client.principal(name)?)?;
    ///     let login = client.login(user, Secret::Password(Password::new(typed)))?;
    ///     client.verify(&login, &client.principal("HTTP/www.example.com")?, &service)
    /// }
    /// let config = config_of(&kdc)?;
    /// assert!(let_in(&config, "alice", "password").is_ok());
    ///
    /// // Somebody answers instead of the KDC, with the password that is going to be typed.
    /// let config = config_of(&another)?;
    /// assert!(matches!(let_in(&config, "alice", "password"), Err(ClientError::Unverified { .. })));
    /// # std::fs::remove_file(file("keytab"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(
        &self,
        login: &Login,
        server: &Principal,
        service: &ServiceAcceptor,
    ) -> Result<(), ClientError> {
        block_on(self.driver.verify(login, server, service))
    }
}

impl Driver {
    /// As [`Client::verify`].
    pub(crate) async fn verify(
        &self,
        login: &Login,
        server: &Principal,
        service: &ServiceAcceptor,
    ) -> Result<(), ClientError> {
        // In memory, so that there is no file to wait for.
        let cache = TemporaryCcache::new();
        crate::store::store_at(login, cache.name(), self.config.krb5())?;
        let request = TicketRequest::new(server.clone());
        let ticket = self.ticket(cache.name(), &request).await?;
        let unverified = |reason: String| ClientError::Unverified {
            client: login.credential.client.clone(),
            reason,
        };
        // Both ends use the KDC's clock: only that has to match the ticket. A clock that is minutes
        // off does not mean that the KDC is not genuine.
        let mut options = ApRequestOptions::default();
        options.kdc_offset = login.kdc_offset;
        let (_, ap_req) = ApInitiator::start(&ticket, &options, &mut system_rng()?, now())
            .map_err(|error| unverified(error.to_string()))?;
        // The request is our own and is sent nowhere, so it cannot be replayed.
        let (acceptor, time) = (Arc::clone(&service.acceptor), login.by_kdc(now()));
        let accept = move || acceptor.accept(&ap_req, None, &mut &Replays::None, time);
        let accepted = match self.io.run(accept).await? {
            Err(error) if error.is_own_fault() => return Err(own_fault(error)),
            accepted => accepted.map_err(|error| unverified(error.to_string()))?,
        };
        // But this machine's clock decides whether the ticket has ended: the KDC that is being
        // verified chose its own, perhaps to match a ticket that somebody once stole.
        let skew = i64::from(service.acceptor.clock_skew);
        if accepted.times.endtime.unix() < now().seconds - skew {
            let reason = "the ticket for the service has ended by this machine's clock";
            return Err(unverified(reason.to_owned()));
        }
        if accepted.client != login.credential.client {
            return Err(unverified(format!("the ticket is for {}", accepted.client)));
        }
        Ok(())
    }
}

/// Why this service cannot verify anybody. It says nothing about the KDC.
fn own_fault(error: ApError) -> ClientError {
    match error {
        ApError::Keys(error) => match error.downcast::<KeytabError>() {
            Ok(error) => (*error).into(),
            Err(error) => ClientError::callback(error),
        },
        error => ClientError::callback(error),
    }
}
