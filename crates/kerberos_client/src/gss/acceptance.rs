//! `Acceptance`: a context that a client establishes with this service.

use std::sync::Arc;

use kerberos_gss::{Acceptor, AcceptorOptions, GssError, SpnegoAcceptor, Step, StepError};

use super::{GssMechanism, rng};
use crate::{ServiceAcceptor, SharedKeys, now};

/// A context that a client establishes with this service; see [`ServiceAcceptor::acceptance`].
#[derive(Debug)]
pub struct Acceptance {
    end: End,
    service: ServiceAcceptor,
}

#[derive(Debug)]
enum End {
    Kerberos(Acceptor<SharedKeys>),
    Spnego(SpnegoAcceptor<SharedKeys>),
    /// Another thread has it, or had it when its future was dropped.
    #[cfg(feature = "tokio")]
    Away,
}

impl ServiceAcceptor {
    /// Begins to accept one client's context. [`Client::initiate`](crate::Client::initiate) has an
    /// example.
    pub fn acceptance(&self, mechanism: GssMechanism, options: AcceptorOptions) -> Acceptance {
        let acceptor = Arc::clone(&self.acceptor);
        let end = match mechanism {
            GssMechanism::Kerberos => End::Kerberos(Acceptor::new(acceptor, options)),
            GssMechanism::Spnego => End::Spnego(SpnegoAcceptor::new(acceptor, options)),
        };
        let service = self.clone();
        Acceptance { end, service }
    }

    /// What the service's administrator may do about `error`, if that is known: the same as
    /// [`hint`](Self::hint), for a context.
    pub fn gss_hint(error: &GssError) -> Option<String> {
        match error {
            GssError::Ap(cause) => Self::hint(cause),
            error => error.hint(),
        }
    }
}

impl Acceptance {
    /// Processes the client's `token`.
    ///
    /// The replay cache may be a file, and the keytab may have to be read again: a task awaits
    /// `step_async` (feature `tokio`).
    ///
    /// # Errors
    /// As [`Acceptor::step`] and [`SpnegoAcceptor::step`]. Send [`StepError::send`], if there is
    /// any, to the client. An error is final.
    pub fn step(&mut self, token: &[u8]) -> Result<Step, StepError> {
        let mut replays = &*self.service.replays;
        match &mut self.end {
            End::Kerberos(end) => end.step(token, &mut replays, &mut rng(), now()),
            End::Spnego(end) => end.step(token, &mut replays, &mut rng(), now()),
            #[cfg(feature = "tokio")]
            End::Away => Err(GssError::Finished.into()),
        }
    }

    /// As [`step`](Self::step), for a task: work that may have to wait for a file is done on
    /// another thread. If the future is dropped before it is ready, the acceptance cannot continue.
    ///
    /// # Errors
    /// The same.
    #[cfg(feature = "tokio")]
    pub async fn step_async(&mut self, token: &[u8]) -> Result<Step, StepError> {
        let mut away = Self {
            end: std::mem::replace(&mut self.end, End::Away),
            service: self.service.clone(),
        };
        let token = token.to_vec();
        let work = move || {
            let step = away.step(&token);
            (away.end, step)
        };
        let Some((end, step)) = crate::io::Io::Tokio.run_or_do(work).await else {
            return Err(GssError::Finished.into());
        };
        self.end = end;
        step
    }
}
