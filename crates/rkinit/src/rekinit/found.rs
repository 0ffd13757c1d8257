//! How long the ticket in an existing cache is valid. The ticket must belong to the right
//! principal, and its end time is by the KDC's clock.

use std::fmt;

use kerberos_client::Client;
use kerberos_files::PrincipalView;
use kerberos_files::ccache::{Ccache, CcacheError, CcacheName, Collection, KcmError};
use kerberos_files::config::Krb5Config;
use kerberos_proto::Principal;

use crate::klist;
use crate::rekinit::setup::service::Service;

/// A ticket to look for, and where to look.
pub(super) struct Sought {
    pub(super) caches: Collection,
    /// `None` accepts any principal.
    pub(super) principal: Option<Principal>,
    /// Whether the KDC may know the principal by another name, which is then the one in the cache.
    pub(super) is_alias: bool,
    /// Whether to trust the KDC's clock more than our own (`kdc_timesync`).
    pub(super) by_kdc: bool,
}

/// The ticket that was found.
pub(super) struct Found {
    pub(super) cache: CcacheName,
    /// The ticket's end, by this machine's clock.
    pub(super) until: i64,
    /// By how many seconds the KDC's clock is ahead of this machine's.
    ahead: i64,
    opened: Ccache,
}

impl Found {
    /// The first of `services` for which the cache has no ticket that is valid beyond `time` (by
    /// this machine's clock). If there is no ticket under the name that was typed, the name from
    /// `resolve` is tried.
    pub(super) fn missing_service(
        &self,
        services: &[Service],
        time: i64,
        resolve: impl Fn(&Service) -> Option<Principal>,
    ) -> Result<Option<Principal>, CcacheError> {
        let mut missing: Vec<&Service> = services.iter().collect();
        if !missing.is_empty() {
            self.each_server(time, |server| {
                missing.retain(|service| !service.is_typed_as(server));
            })?;
        }
        let name = |service: &Service| resolve(service).unwrap_or_else(|| service.typed().clone());
        self.without_ticket(missing.into_iter().map(name).collect(), time)
    }

    /// The first of `services` for which the cache has no ticket at all, whether valid or not.
    pub(super) fn lost_service(
        &self,
        services: Vec<Principal>,
    ) -> Result<Option<Principal>, CcacheError> {
        self.without_ticket(services, i64::MIN)
    }

    fn without_ticket(
        &self,
        mut services: Vec<Principal>,
        time: i64,
    ) -> Result<Option<Principal>, CcacheError> {
        if !services.is_empty() {
            self.each_server(time, |server| {
                services.retain(|service| !server.matches(service));
            })?;
        }
        Ok(services.into_iter().next())
    }

    /// Calls `look` with the service of each ticket that is valid beyond `time`.
    fn each_server(
        &self,
        time: i64,
        mut look: impl FnMut(PrincipalView<'_>),
    ) -> Result<(), CcacheError> {
        let mut reader = self.opened.open()?;
        while let Some(entry) = reader.next()? {
            if i64::from(entry.endtime()) - self.ahead > time {
                look(entry.server());
            }
        }
        Ok(())
    }
}

/// Why no ticket was found, in words.
#[derive(Debug)]
pub(super) enum Lack {
    /// The cache does not exist.
    Gone(String),
    /// We may not read the cache, so its contents are unknown.
    Denied(String),
    /// The cache cannot be read now, so its contents are unknown.
    Unseen(String),
    /// The cache contains something else.
    Other(String),
}

impl From<CcacheError> for Lack {
    fn from(error: CcacheError) -> Self {
        let text = error.to_string();
        match error {
            error if error.is_no_cache() => Self::Gone(text),
            CcacheError::Permission { .. } => Self::Denied(text),
            CcacheError::Io { .. }
            | CcacheError::Kcm(KcmError::Timeout { .. } | KcmError::Closed) => Self::Unseen(text),
            _ => Self::Other(text),
        }
    }
}

impl From<Lack> for String {
    fn from(lack: Lack) -> Self {
        lack.to_string()
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Gone(text) | Self::Denied(text) | Self::Unseen(text) | Self::Other(text)) = self;
        f.write_str(text)
    }
}

impl Sought {
    /// Looks for the ticket of `principal` in the cache called `name`, or in a cache of that
    /// collection.
    pub(super) fn new(
        client: &Client,
        name: CcacheName,
        principal: Option<Principal>,
        is_alias: bool,
    ) -> Self {
        let config = client.config().krb5();
        Self {
            caches: Collection::new(name, config.ccache_options()),
            is_alias: is_alias || may_rename(config, principal.as_ref()),
            principal,
            by_kdc: config.kdc_timesync(),
        }
    }

    /// Looks for the ticket.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn find(&self) -> Result<Found, Lack> {
        let cache = self.cache()?;
        let mut reader = cache.open()?;
        let (name, owner) = (cache.name(), reader.default_principal());
        if let Some(principal) = self.certain_principal().filter(|named| *named != owner) {
            return Err(Lack::Other(format!(
                "the tickets in {name} belong to {owner}, not to {principal}"
            )));
        }
        let ahead = reader.kdc_offset().filter(|_| self.by_kdc);
        let ahead = ahead.map_or(0, |offset| i64::from(offset.seconds));
        let end = klist::last_end(&mut reader)?;
        let end = end.ok_or_else(|| Lack::Other(format!("there is no ticket in {name}")))?;
        Ok(Found {
            cache: cache.name().clone(),
            until: i64::from(end) - ahead,
            ahead,
            opened: cache,
        })
    }

    /// The cache of the principal in a collection; otherwise the cache with this name.
    fn cache(&self) -> Result<Ccache, Lack> {
        if self.caches.can_switch()
            && let Some(principal) = &self.principal
        {
            let found = self.caches.of_principal(principal)?;
            if let Some(cache) = found {
                return Ok(cache);
            }
            if !self.is_alias {
                let name = self.caches.name();
                let text = format!("there is no ticket of {principal} in {name}");
                let is_anothers = self.caches.primary()?.principal().is_ok();
                return Err(if is_anothers {
                    Lack::Other(text)
                } else {
                    Lack::Gone(text)
                });
            }
        }
        Ok(self.caches.primary()?)
    }

    /// The principal that the cache must have, if that is certain.
    fn certain_principal(&self) -> Option<&Principal> {
        self.principal.as_ref().filter(|_| !self.is_alias)
    }
}

/// Whether krb5.conf makes every login ask for the KDC's canonical name.
pub(super) fn may_rename(config: &Krb5Config, principal: Option<&Principal>) -> bool {
    principal
        .is_some_and(|principal| config.canonicalize(&String::from_utf8_lossy(principal.realm())))
}
