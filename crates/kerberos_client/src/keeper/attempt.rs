//! One attempt to refresh a login: renews its ticket, or else logs in with the secret.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kerberos_asn1::ErrorCode;
use kerberos_proto::{AsParams, ClockOffset, ExchangeError, Login, Secret, TgsOutcome, TgsParams};

use super::work::{Refreshed, Work};
use super::{LoginSource, schedule};
use crate::driver::Driver;
use crate::{ClientError, now};

impl Work {
    /// The last login renewed, if that is worth it; otherwise a new login.
    pub(super) async fn attempt(&mut self, last: Option<&Login>) -> Result<Refreshed, ClientError> {
        let refreshed = |login, renewed| {
            let login = Arc::new(login);
            Ok(Refreshed { login, renewed })
        };
        // A login requested during this attempt is another one.
        let wanted = self.shared.logins_wanted.load(Ordering::Acquire);
        let anew = wanted != self.logins_done;
        if let Some(last) = last.filter(|_| self.params.only_renew) {
            return refreshed(self.driver.renew_login(last).await?, true);
        }
        let renewable = |last: &&Login| schedule::renewable(last, now());
        if let Some(last) = last
            .filter(|_| self.params.renew && !anew)
            .filter(renewable)
        {
            match self.driver.renew_login(last).await {
                Ok(login) => return refreshed(login, true),
                Err(error) => {
                    let client = &last.credential.client;
                    tracing::info!(
                        "{client} logs in again, because its TGT was not renewed: {error}"
                    );
                }
            }
        }
        let login = self.log_in().await?;
        self.logins_done = wanted;
        refreshed(login, false)
    }

    /// Logs in with the secret, or with the source's other secret if that one is wrong.
    async fn log_in(&self) -> Result<Login, ClientError> {
        let source = self.params.source.clone();
        let mut params = self.params.login.clone();
        let ask = move || {
            let secret = source.call(|source| source.secret(&mut params))?;
            Ok::<_, ClientError>((params, secret))
        };
        let (params, secret) = self.driver.io.run(ask).await??;
        let refusal = match self.driver.login(params, secret).await {
            Err(ClientError::Exchange(error)) if schedule::is_wrong_secret(&error) => error,
            result => return self.accepted(result).await,
        };
        let Some((params, secret)) = self.other_secret().await? else {
            return Err(refusal.into());
        };
        // The KDC's answer to the newest secret says more than its answer to an old one.
        let second = self.driver.login(params, secret).await;
        self.accepted(second.map_err(|_| refusal.into())).await
    }

    async fn other_secret(&self) -> Result<Option<(AsParams, Secret)>, ClientError> {
        let source = self.params.source.clone();
        let mut params = self.params.login.clone();
        let ask = move || {
            let secret = source.call(|source| source.other(&mut params))?;
            Some((params, secret))
        };
        self.driver.io.run(ask).await
    }

    /// Tells the source that the login succeeded. A ticket that has already ended does not count as
    /// success, whatever was asked for.
    async fn accepted(&self, result: Result<Login, ClientError>) -> Result<Login, ClientError> {
        let login = result?;
        let end = login.credential.times.endtime;
        if login.by_kdc(now()).seconds >= end.unix() {
            let server = login.credential.server;
            return Err(ClientError::TicketExpired { server, end });
        }
        let source = self.params.source.clone();
        let tell = move || source.call(LoginSource::accepted);
        self.driver.io.run(tell).await?;
        Ok(login)
    }
}

impl Driver {
    /// The login with a renewed ticket.
    pub(super) async fn renew_login(&self, last: &Login) -> Result<Login, ClientError> {
        let refusal = match self.renew_login_by(last, last.kdc_offset).await {
            Err(ClientError::Exchange(error)) if last.kdc_offset.is_some() && is_skew(&error) => {
                error
            }
            result => return result,
        };
        // Our clock may have been wrong at the login and been corrected since. It is used if the
        // KDC accepts it; the time in the refusal is not authenticated.
        let login = self.renew_login_by(last, None).await;
        login.map_err(|_| refusal.into())
    }

    async fn renew_login_by(
        &self,
        last: &Login,
        kdc_offset: Option<ClockOffset>,
    ) -> Result<Login, ClientError> {
        let ticket = &last.credential;
        let mut params = TgsParams::renew(ticket);
        params.kdc_offset = kdc_offset;
        params.policy = self.config.tgs_policy(ticket.client.realm())?;
        match self.exchange_tgs(params, ticket).await? {
            TgsOutcome::Ticket(credential) => {
                let mut login = last.clone();
                login.credential = credential;
                login.kdc_offset = kdc_offset;
                Ok(login)
            }
            _ => Err(ClientError::NoResult),
        }
    }
}

fn is_skew(error: &ExchangeError) -> bool {
    error.kdc_code() == Some(ErrorCode::KRB_AP_ERR_SKEW)
}
