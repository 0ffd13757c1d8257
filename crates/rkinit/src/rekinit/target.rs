//! A ticket to keep, without contradictions, and how its keeper logs in.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kerberos_client::kerberos_files::atomic::Access;
use kerberos_client::{AsParams, Client, ClientError, LoginSource};
use kerberos_files::ccache::{CcacheError, CcacheName};
use kerberos_proto::{Principal, Secret};
use rustix::io::Errno;

use crate::rekinit::secret::{Known, Place};
use crate::rekinit::setup::service::Service;
use crate::rekinit::status::Status;

/// Which principal's ticket is kept, with which secret, and where.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// `None` if the secret names the principal.
    pub(super) principal: Option<Principal>,
    pub(super) secret: Place,
    pub(super) cache: CcacheName,
    pub(super) access: Access,
    /// Whether the cache is destroyed at the end.
    pub(super) destroy: bool,
    pub(super) services: Vec<Service>,
    pub(super) request: Request,
    /// The request. Its principal is a placeholder if the secret names the principal.
    pub(super) login: AsParams,
}

/// What to request in deviation from krb5.conf.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Seconds.
    pub(super) lifetime: Option<u32>,
    /// Seconds.
    pub(super) renew_lifetime: Option<u32>,
    pub(super) service: Option<Principal>,
    pub(super) forwardable: Option<bool>,
    pub(super) proxiable: Option<bool>,
    pub(super) canonicalize: bool,
    /// Whether a user name from a secret is an enterprise name.
    pub(super) enterprise: bool,
}

impl Target {
    /// The principal that will log in. If it is not configured, the secret is read to find it.
    pub(super) fn owner(&self, client: &Client) -> Option<Principal> {
        let read = || Some(self.read(client).ok()?.principal);
        self.principal.clone().or_else(read)
    }

    /// The real path of the cache if it is a file, which need not exist yet, by whatever path its
    /// name leads there. Links are resolved except for the file itself, which is replaced and not
    /// followed.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let path = self.cache.path()?;
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let real = path.parent().and_then(|folder| folder.canonicalize().ok());
        Some(match (real, path.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => path,
        })
    }

    /// Whether the cache could not be written only because its owner or group could not be set.
    pub(super) fn is_not_given_away(&self, error: &ClientError) -> bool {
        let gives = self.access.owner.is_some() || self.access.group.is_some();
        let ClientError::Ccache(CcacheError::Permission { source, .. }) = error else {
            return false;
        };
        // If the file itself cannot be written, the error is EACCES.
        gives && Errno::from_io_error(source) == Some(Errno::PERM)
    }

    /// The current secret and its principal.
    fn read(&self, client: &Client) -> Result<Offer, ClientError> {
        let named = self.principal.as_ref();
        let found = self.secret.read(named)?;
        let principal = match named {
            Some(principal) => principal.clone(),
            None => self
                .secret
                .principal(found.name, client, self.request.enterprise)?,
        };
        Ok(Offer {
            principal,
            known: found.known,
        })
    }
}

impl Request {
    /// The request for a ticket of `principal`.
    ///
    /// # Errors
    /// As for [`Client::as_params`].
    pub(super) fn params(
        &self,
        client: &Client,
        principal: Principal,
    ) -> Result<AsParams, ClientError> {
        let config = client.config();
        let mut params = config.as_params_without_lifetimes(principal)?;
        let lifetime = self
            .lifetime
            .and_then(|seconds| i32::try_from(seconds).ok());
        params.lifetime = match lifetime {
            Some(seconds) => Some(seconds),
            None => config.ticket_lifetime(params.client.realm())?,
        };
        params.renew_lifetime = match self.renew_lifetime {
            Some(seconds) => Some(seconds),
            None => config.renew_lifetime(params.client.realm())?,
        };
        params.server.clone_from(&self.service);
        let options = &mut params.options;
        options.forwardable = self.forwardable.unwrap_or(options.forwardable);
        options.proxiable = self.proxiable.unwrap_or(options.proxiable);
        options.canonicalize |= self.canonicalize;
        Ok(params)
    }
}

/// Logs in for a target: with the current secret or, if the KDC does not know it yet, with the last
/// one that worked.
#[derive(Debug)]
pub(super) struct Source {
    client: Client,
    target: Arc<Target>,
    status: Arc<Status>,
    offered: Option<Offer>,
    accepted: Accepted,
    /// Whether the last login attempt used the older secret.
    is_other: bool,
    turn: Turn,
    /// Whether another keeper has taken over the ticket.
    ended: Arc<AtomicBool>,
}

/// Held while keepers are replaced. No new keeper logs in before all new ones exist and the old
/// ones have ended, because two would write to the same cache.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Arc<Mutex<()>>);

pub(super) type HeldTurn<'a> = MutexGuard<'a, ()>;

impl Turn {
    pub(super) fn hold(&self) -> HeldTurn<'_> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The secret that the KDC accepted last. Only this one stays in memory until the next login. It
/// outlives its keeper if another keeper continues with the same ticket.
#[derive(Clone, Debug, Default)]
pub(super) struct Accepted(Arc<Mutex<Option<Offer>>>);

impl Accepted {
    fn lock(&self) -> MutexGuard<'_, Option<Offer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Debug)]
struct Offer {
    principal: Principal,
    known: Known,
}

impl Source {
    pub(super) fn new(
        client: Client,
        target: Arc<Target>,
        status: Arc<Status>,
        accepted: Accepted,
        turn: Turn,
        ended: Arc<AtomicBool>,
    ) -> Self {
        Self {
            client,
            target,
            status,
            offered: None,
            accepted,
            is_other: false,
            turn,
            ended,
        }
    }

    fn offer(&mut self, offer: Offer, login: &mut AsParams) -> Result<Secret, ClientError> {
        *login = self
            .target
            .request
            .params(&self.client, offer.principal.clone())?;
        let secret = offer.known.to_secret();
        self.offered = Some(offer);
        Ok(secret)
    }
}

impl LoginSource for Source {
    fn secret(&mut self, login: &mut AsParams) -> Result<Secret, ClientError> {
        drop(self.turn.hold());
        if self.ended.load(Ordering::Acquire) {
            return Err(ClientError::KeeperEnded);
        }
        let offer = self.target.read(&self.client)?;
        self.status
            .asks_for(&offer.principal, offer.known.newest_kvno());
        self.is_other = false;
        self.offer(offer, login)
    }

    fn other(&mut self, login: &mut AsParams) -> Option<Secret> {
        let refused = self.offered.take()?;
        let accepted = self.accepted.lock().clone();
        let before = accepted.filter(|accepted| !accepted.known.is_same(&refused.known));
        let other = before.or_else(|| {
            Some(Offer {
                known: refused.known.without_newest()?,
                principal: refused.principal,
            })
        })?;
        self.is_other = true;
        self.offer(other, login).ok()
    }

    fn accepted(&mut self) {
        *self.accepted.lock() = self.offered.take();
        self.status.logged_in_with_old_secret(self.is_other);
    }
}
