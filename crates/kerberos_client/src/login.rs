//! Logging in: the AS exchange with any KDC of the realm, repeated with the primary KDC when a
//! replica refuses.
//!
//! A replica may not know a new password or principal yet. So when it refuses, the primary KDC is
//! asked, as in MIT's `get_in_tkt.c`. The user is asked for the password only once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use kerberos_files::config::ServerKind;
use kerberos_proto::{
    AsExchange, AsParams, AskError, ExchangeError, Login, Password, Secret, Step,
};

use crate::driver::Driver;
use crate::io::{Io, block_on};
use crate::locate::{Located, locate};
use crate::trace::trace;
use crate::{Client, ClientError, now, system_rng};

impl Client {
    /// Logs in: gets the initial ticket that `params` describe with `secret`.
    ///
    /// This does not prove to a service who a user is, because an attacker who answers in the KDC's
    /// place can have chosen the password. A service that lets users in by their password also
    /// calls [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`ClientError::Exchange`] when the KDC refuses or its reply is not what was asked for,
    /// [`ClientError::CannotFindKdc`] and [`ClientError::CannotContactKdc`] when there is no reply,
    /// [`ClientError::Config`] when a value of krb5.conf cannot be used, such as `request_timeout`,
    /// and [`ClientError::Random`].
    pub fn login(&self, params: AsParams, secret: Secret) -> Result<Login, ClientError> {
        block_on(self.driver.login(params, secret))
    }
}

impl Driver {
    /// As [`Client::login`].
    pub(crate) async fn login(
        &self,
        params: AsParams,
        secret: Secret,
    ) -> Result<Login, ClientError> {
        let (secret, again) = twice(secret);
        let mut replied = Vec::new();
        let first = self.attempt(ServerKind::Kdc, params.clone(), secret, &mut replied);
        let error = match first.await {
            Err(ClientError::Exchange(error)) if !is_of_the_user(&error) => error,
            other => return other,
        };
        if !self.any_replica(&replied).await {
            return Err(error.into());
        }
        trace!("Retrying AS request with primary KDC");
        let mut nobody = Vec::new();
        let second = self.attempt(ServerKind::PrimaryKdc, params, again, &mut nobody);
        match second.await {
            // The replica's refusal says more than that the primary cannot be reached.
            Err(ClientError::CannotFindKdc { .. } | ClientError::CannotContactKdc { .. }) => {
                Err(error.into())
            }
            result => result,
        }
    }

    /// Runs the exchange with servers of this kind, and records who replied.
    async fn attempt(
        &self,
        kind: ServerKind,
        params: AsParams,
        secret: Secret,
        replied: &mut Vec<(Vec<u8>, Located)>,
    ) -> Result<Login, ClientError> {
        // With keys, the work takes microseconds; making a key from a password, or asking for one,
        // takes longer. Behind a password there may be a person who has to look for a second
        // factor; behind keys there is nobody.
        let (io, patience) = match secret {
            Secret::Keys(_) => (Io::Blocking, Some(self.patience)),
            _ => (self.io, self.patience_with_a_person()),
        };
        let start = move || {
            let (exchange, request) = AsExchange::start(params, secret, &mut system_rng()?, now())?;
            Ok::<_, ClientError>((exchange, request))
        };
        let (mut exchange, mut request) = io.run(start).await??;
        loop {
            let (reply, from) = self.send_to(kind, &request, patience).await?;
            replied.extend(from.map(|from| (request.realm.clone(), from)));
            let step = move || {
                let step = exchange.step(&reply, &mut system_rng()?, now())?;
                Ok::<_, ClientError>((exchange, step))
            };
            let (moved, step) = io.run(step).await??;
            exchange = moved;
            match step {
                Step::Send(next) => request = next,
                Step::Done(login) => return Ok(*login),
            }
        }
    }

    /// Whether any of these is a replica: the realm has primary KDCs, and it is not among them.
    async fn any_replica(&self, replied: &[(Vec<u8>, Located)]) -> bool {
        for (realm, server) in replied {
            if let Some(is_primary) = server.is_primary {
                if !is_primary {
                    return true;
                }
                continue;
            }
            let deadline = self.deadline().ok().flatten();
            let primaries = locate(self, realm, ServerKind::PrimaryKdc, deadline).await;
            let same = |primary: &Located| primary.server == server.server;
            if primaries.is_ok_and(|primaries| !primaries.iter().any(same)) {
                return true;
            }
        }
        false
    }
}

/// Whether the user, not a KDC, ended the exchange.
fn is_of_the_user(error: &ExchangeError) -> bool {
    matches!(error, ExchangeError::Ask(_))
}

/// The secret for a first and for a second attempt. The user is asked for a password only once; the
/// time spent typing is kept, because the request that follows contains a timestamp.
fn twice(secret: Secret) -> (Secret, Secret) {
    match secret {
        Secret::Password(password) => (
            Secret::Password(password.clone()),
            Secret::Password(password),
        ),
        Secret::Keys(keys) => (Secret::Keys(keys.clone()), Secret::Keys(keys)),
        Secret::Ask(ask) => {
            let shared = Arc::new(Mutex::new((ask, None)));
            let asking = |shared: Arc<Mutex<(_, Option<Password>)>>| {
                Secret::ask(move |client| {
                    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    let (ask, known): &mut (kerberos_proto::AskFn, _) = &mut shared;
                    if let Some(password) = known.take() {
                        return Ok(password);
                    }
                    let asked = Instant::now();
                    let password = ask(client)?.with_delay(asked.elapsed());
                    *known = Some(Password::new(password.expose_bytes()));
                    Ok(password)
                })
            };
            (asking(Arc::clone(&shared)), asking(shared))
        }
        // A kind of secret added later gets one attempt.
        other => (
            other,
            Secret::ask(|_| Err(AskError::Other("the secret is used up".to_owned()))),
        ),
    }
}
