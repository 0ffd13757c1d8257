//! `Work`: what a keeper's thread or task does: refresh, publish, sleep.

use std::sync::Arc;

use kerberos_proto::{Login, TgsOutcome, TgsParams, Timestamp};

use super::params::KeeperParams;
use super::schedule::{self, Backoff};
use super::{KeeperState, Shared};
use crate::driver::Driver;
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
            let attempt = match self.params.first.take() {
                Some(login) => Ok(login),
                None => self.attempt(before.login.as_deref()).await,
            };
            let result = match attempt {
                Ok(login) => self.publish(Arc::new(login)).await,
                Err(error) => (None, Some(error)),
            };
            if self.shared.is_stopped() {
                return;
            }
            let next = self.conclude(&before, result);
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

    /// The last login renewed where that is worth it, else a new one.
    async fn attempt(&self, last: Option<&Login>) -> Result<Login, ClientError> {
        if let Some(last) =
            last.filter(|last| self.params.renew && schedule::renewable(last, now()))
        {
            match self.driver.renew_login(last).await {
                Ok(login) => return Ok(login),
                Err(error) => {
                    let client = &last.credential.client;
                    tracing::info!("{client} logs in anew, for its TGT was not renewed: {error}");
                }
            }
        }
        let source = self.params.secret.clone();
        let ask = move || source.call(|secret| secret());
        let secret = self.driver.io.run(ask).await??;
        let params = self.params.login.clone();
        self.driver.login(params, secret).await
    }

    /// Shows the login to the world, unless the keeper has been stopped; it counts even where that
    /// fails.
    async fn publish(&self, login: Arc<Login>) -> (Option<Arc<Login>>, Option<ClientError>) {
        let Some(publish) = self.params.publish.clone() else {
            return (Some(login), None);
        };
        let (shared, shown) = (Arc::clone(&self.shared), Arc::clone(&login));
        let work = move || {
            let _publishing = shared.publishing();
            if shared.is_stopped() {
                return Ok(());
            }
            publish.call(|publish| publish(&shown))
        };
        let result = self.driver.io.run(work).await;
        (Some(login), result.and_then(|result| result).err())
    }

    /// Tells what came of an attempt, and when the next one is due.
    fn conclude(
        &mut self,
        before: &KeeperState,
        (login, error): (Option<Arc<Login>>, Option<ClientError>),
    ) -> Timestamp {
        let mut state = before.clone();
        state.attempts += 1;
        let now = now();
        if let Some(login) = login {
            state.login = Some(login);
            state.refreshed_at = Some(now);
        }
        let random = random();
        state.next_attempt = match (&error, &state.login) {
            (None, Some(login)) => {
                self.backoff = Backoff::default();
                schedule::refresh_at(login, now, random)
            }
            (Some(error), _) => schedule::later(now, self.backoff.delay(error, random)),
            // An attempt without a result has an error.
            (None, None) => now,
        };
        state.failures = self.backoff.failures();
        state.error = error.map(Arc::new);
        let next = state.next_attempt;
        self.shared.state.set(state);
        next
    }
}

impl Driver {
    /// The login with its ticket renewed.
    async fn renew_login(&self, last: &Login) -> Result<Login, ClientError> {
        let ticket = &last.credential;
        let mut params = TgsParams::renew(ticket);
        params.kdc_offset = last.kdc_offset;
        params.policy = self.tgs_policy(ticket.client.realm())?;
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
