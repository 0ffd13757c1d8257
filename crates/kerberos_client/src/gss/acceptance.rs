//! `Acceptance`: a context that a client establishes with this service.

use std::sync::Arc;

use kerberos_gss::{Acceptor, AcceptorOptions, SpnegoAcceptor, Step, StepError};

use super::{GssMechanism, rng};
use crate::{KeytabKeys, ServiceAcceptor, now};

/// A context that a client establishes with this service; see [`ServiceAcceptor::acceptance`].
#[derive(Debug)]
pub struct Acceptance {
    end: End,
    service: ServiceAcceptor,
}

#[derive(Debug)]
enum End {
    Kerberos(Acceptor<Arc<KeytabKeys>>),
    Spnego(SpnegoAcceptor<Arc<KeytabKeys>>),
}

impl ServiceAcceptor {
    /// One client's context, of which nothing is there yet. [`Client::initiate`](crate::Client::initiate)
    /// has an example.
    pub fn acceptance(&self, mechanism: GssMechanism, options: AcceptorOptions) -> Acceptance {
        let acceptor = Arc::clone(&self.acceptor);
        let end = match mechanism {
            GssMechanism::Kerberos => End::Kerberos(Acceptor::new(acceptor, options)),
            GssMechanism::Spnego => End::Spnego(SpnegoAcceptor::new(acceptor, options)),
        };
        let service = self.clone();
        Acceptance { end, service }
    }
}

impl Acceptance {
    /// Takes the client's `token`.
    ///
    /// The replay cache may be a file, and the keytab may have to be read anew: a task of a runtime
    /// had better do this on a thread for blocking work.
    ///
    /// # Errors
    /// As [`Acceptor::step`] and [`SpnegoAcceptor::step`]: the client is to get
    /// [`StepError::send`], if there is something. It is final.
    pub fn step(&mut self, token: &[u8]) -> Result<Step, StepError> {
        let mut replays = &*self.service.replays;
        match &mut self.end {
            End::Kerberos(end) => end.step(token, &mut replays, &mut rng(), now()),
            End::Spnego(end) => end.step(token, &mut replays, &mut rng(), now()),
        }
    }
}
