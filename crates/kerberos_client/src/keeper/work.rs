//! `Work`: what a keeper's thread or task does: refresh, publish, sleep.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kerberos_asn1::KerberosTime;
use kerberos_proto::{AsParams, Login, Secret, TgsOutcome, TgsParams};

use super::params::{KeeperParams, Publish};
use super::schedule::{self, Backoff};
use super::{KeeperState, LoginSource, Shared};
use crate::driver::Driver;
use crate::store::store_at;
use crate::{ClientError, now};

/// Everything that a keeper needs to do its work.
pub(super) struct Work {
    driver: Driver,
    params: KeeperParams,
    shared: Arc<Shared>,
    backoff: Backoff,
}

impl Work {
    pub(super) fn new(driver: Driver, params: KeeperParams, shared: Arc<Shared>) -> Self {
        Self {
            driver,
            params,
            shared,
            backoff: Backoff::default(),
        }
    }

    /// Keeps the login fresh until the keeper is stopped.
    pub(super) async fn run(mut self) {
        loop {
            let before = self.shared.state.current();
            let start = Instant::now();
            let attempt = match self.params.first.take() {
                Some(login) => Ok((login, false)),
                None => self.attempt(before.login.as_deref()).await,
            };
            let took = start.elapsed();
            let done = match attempt {
                Ok((login, renewed)) => self.publish(Arc::new(login), renewed).await,
                Err(error) => Done::failed(error),
            };
            if self.shared.is_stopped() {
                return;
            }
            let state = self.conclude(&before, done, took);
            let next = state.next_attempt;
            self.observe(&state).await;
            self.shared.state.set(state);
            if self.shared.alarm.sleep(self.driver.io, next).await.is_err() {
                // Without a timer there is nothing to keep time by.
                self.shared.state.close();
                return;
            }
            if self.shared.is_stopped() {
                return;
            }
        }
    }

    /// The last login renewed where that is worth it, else a new one; and whether it is renewed.
    async fn attempt(&self, last: Option<&Login>) -> Result<(Login, bool), ClientError> {
        let anew = self.shared.anew.swap(false, Ordering::AcqRel);
        if let Some(last) = last.filter(|_| self.params.only_renew) {
            return Ok((self.driver.renew_login(last).await?, true));
        }
        let renewable = |last: &&Login| schedule::renewable(last, now());
        if let Some(last) = last
            .filter(|_| self.params.renew && !anew)
            .filter(renewable)
        {
            match self.driver.renew_login(last).await {
                Ok(login) => return Ok((login, true)),
                Err(error) => {
                    let client = &last.credential.client;
                    tracing::info!("{client} logs in anew, for its TGT was not renewed: {error}");
                }
            }
        }
        self.log_in().await.map(|login| (login, false))
    }

    /// Logs in with the secret, or with the other one if that is wrong.
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
        // What is said of the newest secret tells more than what is said of an old one.
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

    /// Tells the source of a success. A ticket that has ended is none, whatever was asked for.
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

    /// Shows the login to the world, unless the keeper has been stopped; it counts even where that
    /// fails.
    async fn publish(&self, login: Arc<Login>, renewed: bool) -> Done {
        let mut done = Done {
            login: Some((Arc::clone(&login), renewed)),
            end: None,
            error: None,
        };
        let Some(publish) = self.params.publish.clone() else {
            return done;
        };
        let shared = Arc::clone(&self.shared);
        let options = self.driver.config.krb5().ccache_options();
        let work = move || {
            let _publishing = shared.publishing();
            if shared.is_stopped() {
                return Ok(None);
            }
            match publish {
                Publish::Cache(name) => store_at(&login, &name, &options).map(|()| None),
                Publish::Call(publish) => publish.call(|publish| publish(&login)),
            }
        };
        match self.driver.io.run(work).await.and_then(|result| result) {
            Ok(end) => done.end = end,
            Err(error) => done.error = Some(error),
        }
        done
    }

    /// What there is to be told after an attempt, and when the next one is due.
    fn conclude(&mut self, before: &KeeperState, done: Done, took: Duration) -> KeeperState {
        let mut state = before.clone();
        state.attempts += 1;
        state.took = took;
        let now = now();
        if let Some((login, renewed)) = done.login {
            state.login = Some(login);
            state.renewed = renewed;
            state.refreshed_at = Some(now);
        }
        let random = random();
        let pause = self.params.longest_pause;
        state.next_attempt = match (&done.error, &state.login) {
            (None, Some(login)) => {
                self.backoff = Backoff::default();
                schedule::refresh_at(login, done.end, pause, now, random)
            }
            (Some(error), _) => schedule::later(now, self.backoff.delay(error, random)),
            // An attempt without a result has an error.
            (None, None) => now,
        };
        state.failures = self.backoff.failures();
        state.error = done.error.map(Arc::new);
        state
    }

    /// Tells the observer, if there is one; that it cannot be told is no reason to stop.
    async fn observe(&self, state: &KeeperState) {
        let Some(observe) = self.params.observe.clone() else {
            return;
        };
        let state = state.clone();
        let tell = move || observe.call(|observe| observe(&state));
        let _ = self.driver.io.run(tell).await;
    }
}

/// What came of an attempt.
struct Done {
    /// The login, and whether it is a renewed one.
    login: Option<(Arc<Login>, bool)>,
    /// When the first of what was published ends, if that is before the login.
    end: Option<KerberosTime>,
    error: Option<ClientError>,
}

impl Done {
    fn failed(error: ClientError) -> Self {
        Self {
            login: None,
            end: None,
            error: Some(error),
        }
    }
}

impl Driver {
    /// The login with its ticket renewed.
    async fn renew_login(&self, last: &Login) -> Result<Login, ClientError> {
        let ticket = &last.credential;
        let mut params = TgsParams::renew(ticket);
        params.kdc_offset = last.kdc_offset;
        params.policy = self.config.tgs_policy(ticket.client.realm())?;
        match self.exchange_tgs(params, ticket).await? {
            TgsOutcome::Ticket(credential) => {
                let mut login = last.clone();
                login.credential = credential;
                Ok(login)
            }
            _ => Err(ClientError::NoResult),
        }
    }
}

/// Any number, so that many keepers do not do everything at the same time. Without one from the
/// system they do.
fn random() -> u16 {
    let mut bytes = [0; 2];
    let _ = getrandom::fill(&mut bytes);
    u16::from_be_bytes(bytes)
}
