//! `Gathering`: the tickets for services that belong to one login, before and while they are
//! published.

use std::sync::atomic::{AtomicU64, Ordering};

use kerberos_asn1::KerberosTime;
use kerberos_client::ClientError;
use kerberos_files::ccache::{Ccache, CcacheBuilder, CcacheName, CcacheOptions};
use kerberos_proto::{Login, Principal};

/// A private cache in memory, where the tickets for services are collected. It is destroyed on
/// drop.
pub(super) struct Gathering {
    pub(super) cache: CcacheName,
    /// The ticket of the login that it is for.
    ticket: Vec<u8>,
    /// The tickets for services that were published, once something was.
    pub(super) published: Option<Vec<(Principal, KerberosTime)>>,
}

impl Gathering {
    pub(super) fn new(
        login: &Login,
        content: &CcacheBuilder,
        options: &CcacheOptions,
    ) -> Result<Self, ClientError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let this = Self {
            cache: CcacheName::parse(&format!("MEMORY:rekinit-{number}"))?,
            ticket: login.credential.ticket.clone(),
            published: None,
        };
        Ccache::resolve(&this.cache, options)?.replace_with(content)?;
        Ok(this)
    }

    pub(super) fn is_for(&self, login: &Login) -> bool {
        self.ticket == login.credential.ticket
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        if let Ok(memory) = Ccache::resolve(&self.cache, &CcacheOptions::default()) {
            // At worst, the cache did not exist.
            let _ = memory.destroy();
        }
    }
}

/// The results for service tickets.
#[derive(Default)]
pub(super) struct Services {
    /// The services that there are tickets for, and when these end.
    pub(super) tickets: Vec<(Principal, KerberosTime)>,
    /// How many others there are.
    pub(super) missing: usize,
    /// The error for the last service whose KDC could not be reached.
    pub(super) unreachable: Option<ClientError>,
}

impl Services {
    pub(super) fn take(&mut self, service: &Principal, end: KerberosTime) {
        self.tickets.push((service.clone(), end));
    }

    pub(super) fn names(&self) -> Vec<Principal> {
        self.tickets.iter().map(|(name, _)| name.clone()).collect()
    }

    /// When the first ticket ends.
    pub(super) fn first_end(&self) -> Option<KerberosTime> {
        self.tickets.iter().map(|(_, end)| *end).min()
    }

    pub(super) fn lack(&mut self, error: ClientError) {
        self.missing += 1;
        if matches!(error, ClientError::CannotContactKdc { .. }) {
            self.unreachable = Some(error);
        }
    }
}
