//! Selects the key to decrypt a ticket with, by the rules of MIT's library (`rd_req_dec.c`).
//!
//! An acceptor for one service tries that service's keys of the ticket's type and version, whatever
//! name the ticket has, because a KDC may know the service by several names. An acceptor for any
//! service, or for any on this host, tries all keys of the ticket's type that it may use, beginning
//! with those that also match the ticket's name and version.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kerberos_asn1::{NameType, Ticket};
use kerberos_crypto::{Key, KeyUsage, Plaintext};

use super::{Acceptor, ApError, KeySource, ServiceKey, ServiceKeys, WantedKey};
use crate::Principal;

impl<K: KeySource> Acceptor<K> {
    /// Whether there is a key that a ticket could be for, of a permitted type: what a service can
    /// know before its first client comes.
    ///
    /// # Errors
    /// [`ApError::Keys`], and [`ApError::NoKeys`] unless there is a [`tgt`](Self::tgt) instead.
    pub fn check_keys(&self) -> Result<(), ApError> {
        let keys = self.keys.present().map_err(ApError::Keys)?;
        let is_usable = |one: &ServiceKey| {
            self.audience().includes(&one.principal) && self.etypes.contains(&one.key.etype())
        };
        if self.tgt.is_some() || keys.iter().any(is_usable) {
            return Ok(());
        }
        Err(ApError::NoKeys {
            server: self.server.clone(),
        })
    }

    /// Which of the keys may be used.
    pub(super) fn audience(&self) -> Audience<'_> {
        Audience {
            server: self.server.as_ref(),
            ignore_hostname: self.ignore_hostname,
        }
    }
}

/// The keys that an acceptor may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Audience<'a> {
    server: Option<&'a Principal>,
    ignore_hostname: bool,
}

/// A decrypted ticket.
pub(super) struct OpenedTicket {
    /// The decrypted part.
    pub(super) plain: Plaintext,
    /// The key that decrypted it.
    pub(super) key: Arc<Key>,
    /// The principal that the key belongs to.
    pub(super) server: Principal,
}

/// Decrypts `ticket`.
pub(super) fn open(
    keys: &ServiceKeys,
    wanted: &WantedKey<'_>,
    ticket: &Ticket<'_>,
    audience: Audience<'_>,
) -> Result<OpenedTicket, ApError> {
    let usable = || keys.iter().filter(|one| audience.includes(&one.principal));
    let open = |one: &ServiceKey| {
        let plain = one
            .key
            .decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher)
            .ok()?;
        Some(OpenedTicket {
            plain,
            key: Arc::clone(&one.key),
            server: one.principal.clone(),
        })
    };
    let has_version = |one: &ServiceKey| wanted.kvno.is_none_or(|kvno| one.has_version(kvno));
    let is_likely = |one: &ServiceKey| has_version(one) && one.principal == *wanted.server;
    let of_type = || usable().filter(|one| one.key.etype() == wanted.etype);
    let opened = if audience.is_one() {
        of_type().find_map(|one| has_version(one).then(|| open(one))?)
    } else {
        let likely = of_type().filter(|one| is_likely(one));
        let others = of_type().filter(|one| !is_likely(one));
        likely.chain(others).find_map(open)
    };
    opened.ok_or_else(|| refusal(usable, wanted, audience))
}

impl Audience<'_> {
    /// Whether it is a single principal.
    fn is_one(self) -> bool {
        self.server.is_some_and(|server| {
            let [Some(_), Some(host), None] = first_three(server) else {
                return true;
            };
            let open = server.realm().is_empty() || host.is_empty() || self.ignore_hostname;
            !(server.name_type() == NameType::SRV_HST && open)
        })
    }

    /// Whether keys of `principal` may be used.
    fn includes(self, principal: &Principal) -> bool {
        let Some(server) = self.server else {
            return true;
        };
        if self.is_one() {
            return principal == server;
        }
        let ([Some(service), Some(host), None], [Some(wanted_service), Some(wanted_host), None]) =
            (first_three(principal), first_three(server))
        else {
            return false;
        };
        service == wanted_service
            && (self.ignore_hostname || wanted_host.is_empty() || host == wanted_host)
            && (server.realm().is_empty() || server.realm() == principal.realm())
    }
}

/// Why none of the keys decrypts the ticket: the first reason that applies.
fn refusal<'k, I: Iterator<Item = &'k ServiceKey>>(
    usable: impl Fn() -> I,
    wanted: &WantedKey<'_>,
    audience: Audience<'_>,
) -> ApError {
    if usable().next().is_none() {
        return ApError::NoKeys {
            server: audience.server.cloned(),
        };
    }
    let of_server = || usable().filter(|one| one.principal == *wanted.server);
    if of_server().next().is_none() {
        return ApError::NotUs {
            server: wanted.server.clone(),
        };
    }
    let versions = of_server().map(|one| one.kvno);
    if let Some(kvno) = wanted.kvno
        && !of_server().any(|one| one.has_version(kvno))
    {
        // RFC 4120 §3.2.3: the version is too old or too new for the server's keys.
        return ApError::KeyVersion {
            server: wanted.server.clone(),
            kvno,
            present: distinct(versions),
        };
    }
    let of_version = of_server().filter(|one| {
        let version = |kvno| one.has_version(kvno);
        wanted.kvno.is_none_or(version)
    });
    let etypes = distinct(of_version.map(|one| one.key.etype()));
    if etypes.contains(&wanted.etype) {
        return ApError::TicketIntegrity;
    }
    ApError::NoKey {
        server: wanted.server.clone(),
        etype: wanted.etype,
        present: etypes,
    }
}

fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.fold(Vec::new(), |mut distinct, value| {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
        distinct
    })
}

fn first_three(principal: &Principal) -> [Option<&[u8]>; 3] {
    let mut components = principal.components();
    [(); 3].map(|()| components.next())
}
