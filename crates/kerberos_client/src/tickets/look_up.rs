//! One pass over a credential cache, for any number of requests and for the TGTs needed to get the
//! tickets that are missing.
//!
//! The rules are those of MIT's `krb5_cc_retrieve_cred` with the flags of its
//! `krb5_get_credentials`: same client and service, not expired, same restrictions, a supported
//! session key of the type asked for, and user-to-user only when asked for and with the same second
//! ticket. Of several matches, MIT takes the first with the best session key; we take the one of
//! those that lasts longest.

mod wanted;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use kerberos_asn1::{Decode as _, RawTicket};
use kerberos_crypto::EncryptionType;
use kerberos_files::ccache::{Ccache, CcacheError, CcacheReader, CredentialView};
use kerberos_proto::{AuthorizationDataElement, ClockOffset, Credential, Principal, Timestamp};

use super::TicketRequest;
use super::request::Whose;
use crate::ClientError;
use wanted::Wanted;

/// What was found in the cache.
pub(super) struct Found {
    /// The client that the cache belongs to.
    pub(super) client: Principal,
    /// How far the KDC's clock is ahead, as far as the cache may be believed.
    pub(super) kdc_offset: Option<ClockOffset>,
    /// Where the path to other realms starts: the client's realm unless the cache says otherwise.
    pub(super) start_realm: Vec<u8>,
    /// One for each request, in the same order.
    pub(super) hits: Vec<Hit>,
    /// The client's TGTs, the best of each name. A TGT issued by another realm does not hide one
    /// that was issued by the realm it names.
    pub(super) tgts: Vec<Credential>,
    /// Whether the TGT that every path starts with is there, but with a session key whose type is
    /// not allowed.
    pub(super) start_tgt_of_other_etype: bool,
}

/// What was found for a request.
pub(super) enum Hit {
    Ticket(Box<Credential>),
    /// A ticket whose session key has a type that is not allowed.
    OtherEtype,
    Nothing,
}

impl Hit {
    /// The ticket, or the error that `cache` has none for `server`.
    pub(super) fn ticket(
        self,
        server: &Principal,
        cache: &Ccache,
    ) -> Result<Credential, ClientError> {
        match self {
            Self::Ticket(ticket) => Ok(*ticket),
            missing => Err(missing.missing(server, cache)),
        }
    }

    /// The error that `cache` has no ticket for `server`, or none whose session key may be used.
    pub(super) fn missing(&self, server: &Principal, cache: &Ccache) -> ClientError {
        match self {
            Self::OtherEtype => ClientError::NoCredentialOfEtype {
                server: server.clone(),
                cache: cache.name().clone(),
            },
            _ => no_credential(server, cache),
        }
    }
}

/// The error that `cache` has no ticket for `server`.
pub(super) fn no_credential(server: &Principal, cache: &Ccache) -> ClientError {
    ClientError::NoCredential {
        server: server.clone(),
        cache: cache.name().clone(),
    }
}

/// How good a ticket is; the smallest rank is the best.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// The index of its name among those looked for.
    name: usize,
    expired: bool,
    /// The position of its session key's type in the list of allowed types.
    preference: usize,
    /// The ticket that ends last comes first.
    end: Reverse<u32>,
}

/// The best TGT for each place; `None` if all have session keys of types that are not allowed.
type Tgts = BTreeMap<TgtPlace, Option<(Rank, Credential)>>;

/// What a TGT can be used for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct TgtPlace {
    /// The realm that it is for.
    realm: Vec<u8>,
    /// The realm that the cache names as its issuer.
    issuer: Vec<u8>,
    /// Whether the ticket itself names a different issuer. Such a TGT hides none that the named
    /// realm issued.
    is_relabelled: bool,
}

/// Searches `cache` at `now` by the caller's clock.
pub(super) fn look_up(
    cache: &Ccache,
    requests: &[TicketRequest],
    etypes: &[EncryptionType],
    timesync: bool,
    now: Timestamp,
) -> Result<Found, CcacheError> {
    let mut reader = cache.open()?;
    let client = reader.default_principal().clone();
    let kdc_offset = kdc_offset(&reader, timesync);
    let search = Search {
        wanted: Wanted::new(requests, &client),
        etypes,
        now: now.by_kdc(kdc_offset).seconds,
        client,
    };
    let mut start_realm = search.client.realm().to_vec();
    let mut best: Vec<Best> = requests.iter().map(|_| Best::Nothing).collect();
    let mut tgts = Tgts::new();
    while let Some(view) = reader.next_undamaged()? {
        if let Some(config) = view.config() {
            if config.key == b"start_realm" && config.principal.is_none() {
                start_realm = config.value.to_vec();
            }
            continue;
        }
        search.consider(&view, requests, &mut best);
        search.consider_tgt(&view, &mut tgts);
    }
    let start = tgts.get(&TgtPlace {
        realm: start_realm.clone(),
        issuer: start_realm.clone(),
        is_relabelled: false,
    });
    Ok(Found {
        start_tgt_of_other_etype: matches!(start, Some(None)),
        kdc_offset,
        start_realm,
        hits: best.into_iter().map(Best::into_hit).collect(),
        tgts: tgts.into_values().flatten().map(|(_, tgt)| tgt).collect(),
        client: search.client,
    })
}

/// How far the KDC's clock is ahead, if the configuration believes the cache (`timesync`).
pub(super) fn kdc_offset(reader: &CcacheReader, timesync: bool) -> Option<ClockOffset> {
    reader.kdc_offset().filter(|_| timesync)
}

/// Whether the session key is of one of these types; any type will do if there are none.
pub(super) fn has_type(view: &CredentialView<'_>, etypes: &[EncryptionType]) -> bool {
    etypes.is_empty() || etypes.contains(&view.key_etype())
}

/// Whether the ticket was requested with exactly these restrictions.
pub(super) fn has_restrictions(
    view: &CredentialView<'_>,
    restrictions: &[AuthorizationDataElement],
) -> bool {
    view.authorization_data().count() == restrictions.len()
        && view
            .authorization_data()
            .zip(restrictions)
            .all(|(one, other)| one.ad_type == other.ad_type && one.ad_data == other.ad_data)
}

struct Search<'a> {
    wanted: Wanted,
    etypes: &'a [EncryptionType],
    /// By the KDC's clock.
    now: i64,
    client: Principal,
}

impl Search<'_> {
    fn consider(&self, view: &CredentialView<'_>, requests: &[TicketRequest], best: &mut [Best]) {
        for (index, name) in self.wanted.named(view) {
            let (Some(request), Some(best)) = (requests.get(index), best.get_mut(index)) else {
                continue;
            };
            if !self.fits(view, request) {
                continue;
            }
            match self.rank(view, name, request) {
                Some(rank) => best.improve(rank, view),
                None => best.saw_other_etype(),
            }
        }
    }

    fn consider_tgt(&self, view: &CredentialView<'_>, tgts: &mut Tgts) {
        let server = view.server();
        let mut components = server.components();
        let (Some(b"krbtgt"), Some(realm), None) =
            (components.next(), components.next(), components.next())
        else {
            return;
        };
        let is_own = view.client().matches(&self.client);
        if !is_own || view.is_skey() || !view.second_ticket().is_empty() {
            return;
        }
        let issuer = RawTicket::from_der(view.ticket());
        let place = TgtPlace {
            realm: realm.to_vec(),
            issuer: server.realm().to_vec(),
            is_relabelled: issuer.is_ok_and(|raw| raw.ticket().realm.0 != server.realm()),
        };
        let best = tgts.entry(place).or_default();
        let Some(preference) = self.etypes.iter().position(|one| *one == view.key_etype()) else {
            return;
        };
        let rank = Rank {
            name: 0,
            expired: self.has_expired(view),
            preference,
            end: Reverse(view.endtime()),
        };
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            *best = Some((rank, view.to_credential()));
        }
    }

    fn fits(&self, view: &CredentialView<'_>, request: &TicketRequest) -> bool {
        self.is_of(view, request)
            && (request.expired_too || !self.has_expired(view))
            && has_restrictions(view, &request.authorization_data)
            && has_type(view, &request.etypes)
    }

    /// Whether its client is the one that the request asks for.
    fn is_of(&self, view: &CredentialView<'_>, request: &TicketRequest) -> bool {
        match &request.whose {
            Whose::Owner => {
                // A second ticket beside an ordinary one is the evidence of S4U2Proxy. A service
                // that acts on its own behalf is also the client of its evidence.
                let second = request.second_ticket.as_deref();
                view.client().matches(&self.client)
                    && view.is_skey() == second.is_some()
                    && view.second_ticket() == second.unwrap_or_default()
            }
            Whose::User(user) => {
                let evidence = view.second_ticket();
                !view.is_skey() && evidence.is_empty() && view.client().matches(user)
            }
            Whose::Evidence(ticket) => !view.is_skey() && view.second_ticket() == ticket,
        }
    }

    /// How good the ticket is; `None` when its session key's type is not allowed.
    fn rank(
        &self,
        view: &CredentialView<'_>,
        name: usize,
        request: &TicketRequest,
    ) -> Option<Rank> {
        let place = |list: &[EncryptionType]| list.iter().position(|one| *one == view.key_etype());
        let allowed = place(self.etypes)?;
        let preference = place(&request.etypes).unwrap_or(allowed);
        Some(Rank {
            name,
            expired: self.has_expired(view),
            preference,
            end: Reverse(view.endtime()),
        })
    }

    fn has_expired(&self, view: &CredentialView<'_>) -> bool {
        i64::from(view.endtime()) < self.now
    }
}

/// The best ticket so far.
enum Best {
    Ticket(Rank, Box<Credential>),
    OtherEtype,
    Nothing,
}

impl Best {
    fn improve(&mut self, rank: Rank, view: &CredentialView<'_>) {
        match self {
            Self::Ticket(known, _) if *known <= rank => {}
            _ => *self = Self::Ticket(rank, Box::new(view.to_credential())),
        }
    }

    fn saw_other_etype(&mut self) {
        if let Self::Nothing = self {
            *self = Self::OtherEtype;
        }
    }

    fn into_hit(self) -> Hit {
        match self {
            Self::Ticket(_, ticket) => Hit::Ticket(ticket),
            Self::OtherEtype => Hit::OtherEtype,
            Self::Nothing => Hit::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
