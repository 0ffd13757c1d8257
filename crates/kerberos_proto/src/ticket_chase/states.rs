//! The states of a chase: what each makes of the answer that it waits for.

use alloc::{boxed::Box, vec};

use kerberos_crypto::CryptoRng;

use super::common::Common;
use super::path::Path;
use crate::trace::{Printable, trace};
use crate::{Credential, ExchangeError, ReplyFault, Request, TgsExchange, TgsOutcome, Timestamp};

/// What to do next.
pub(super) enum Next {
    /// Send this request; the answer is for that state.
    Ask(State, Box<(TgsExchange, Request)>),
    Done(Box<Credential>),
}

/// What the next answer is to be.
pub(super) enum State {
    Tgt(Box<ExpectTgt>),
    OffPathTgt(ExpectOffPathTgt),
    ServiceOrReferral(ExpectServiceOrReferral),
    Service(ExpectService),
}

type Answer = Result<TgsOutcome, ExchangeError>;

impl State {
    pub(super) fn handle(
        self,
        answer: Answer,
        common: &mut Common,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Next, ExchangeError> {
        match self {
            Self::Tgt(state) => state.handle(answer, common, rng, now),
            Self::OffPathTgt(state) => state.handle(answer, common, rng, now),
            Self::ServiceOrReferral(state) => state.handle(answer, common, rng, now),
            Self::Service(state) => state.handle(answer, common),
        }
    }
}

/// Where to start.
pub(super) fn begin(
    common: &mut Common,
    rng: &mut dyn CryptoRng,
    now: Timestamp,
) -> Result<Next, ExchangeError> {
    let realm_unknown = common.server.realm().is_empty();
    if realm_unknown {
        common.server = common.server.clone().with_realm(common.start_realm.clone());
        trace!("Server has referral realm; starting with {}", common.server);
    }
    begin_tgt(ToDo::Referrals { realm_unknown }, common, rng, now)
}

/// What a TGT for the service's realm is wanted for.
#[derive(Clone, Copy)]
pub(super) enum ToDo {
    Referrals { realm_unknown: bool },
    Service,
}

impl ToDo {
    /// Asks for the service with the TGT for its realm.
    fn begin(
        self,
        common: &mut Common,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Next, ExchangeError> {
        let Self::Referrals { realm_unknown } = self else {
            return begin_service(common, rng, now);
        };
        common.seen = vec![common.realm().to_vec()];
        let state = ExpectServiceOrReferral { realm_unknown };
        common.ask_for_service(true, State::ServiceOrReferral(state), rng, now)
    }
}

/// Gets a TGT for the service's realm.
fn begin_tgt(
    then: ToDo,
    common: &mut Common,
    rng: &mut dyn CryptoRng,
    now: Timestamp,
) -> Result<Next, ExchangeError> {
    let realm = common.server.realm().to_vec();
    let is_local = realm == common.start_realm;
    if !is_local && let Some(tgt) = common.tgt_at_hand(&realm, now) {
        let (client, server) = (&tgt.client, &tgt.server);
        trace!("Found cached TGT for service realm: {client} -> {server}");
        common.tgt = tgt;
        return then.begin(common, rng, now);
    }
    common.tgt = common.start.clone();
    let (client, server) = (&common.tgt.client, &common.tgt.server);
    trace!("Starting with TGT for client realm: {client} -> {server}");
    if is_local {
        return then.begin(common, rng, now);
    }
    // A fallback realm is a guess itself.
    let certain = matches!(then, ToDo::Referrals { .. });
    let path = Path::new(&common.start_realm, &realm, &common.params.routes, certain);
    common.seen.clear();
    Box::new(ExpectTgt {
        path,
        first_refusal: None,
        then,
    })
    .ask(common, rng, now)
}

/// A TGT of a realm on the path, as near to its end as the KDCs will give (RFC 4120 §3.3.1).
pub(super) struct ExpectTgt {
    path: Path,
    first_refusal: Option<ExchangeError>,
    then: ToDo,
}

impl ExpectTgt {
    fn ask(
        mut self: Box<Self>,
        common: &mut Common,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Next, ExchangeError> {
        while let Some(tgt) = common.tgt_at_hand(self.path.aim(), now) {
            let (client, server) = (&tgt.client, &tgt.server);
            trace!("Found cached TGT for intermediate realm: {client} -> {server}");
            common.tgt = tgt;
            let aim = self.path.aim().to_vec();
            self.path.advance_to(&aim);
            if self.path.at_goal() {
                return self.then.begin(common, rng, now);
            }
        }
        let aim = self.path.aim().to_vec();
        common.ask_for_tgt(&aim, State::Tgt(self), rng, now)
    }

    fn handle(
        mut self: Box<Self>,
        answer: Answer,
        common: &mut Common,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Next, ExchangeError> {
        let (realm, tgt) = match answer {
            Ok(TgsOutcome::Ticket(tgt)) => {
                let realm = self.path.aim().to_vec();
                // Those that were not asked for a KDC gives anew each time.
                common.got.push(tgt.clone());
                (realm, tgt)
            }
            Ok(TgsOutcome::Referral { realm, tgt }) => (realm, tgt),
            Err(error @ ExchangeError::Kdc(_)) => {
                // Of a way that is a guess the first refusal tells more than the last.
                let first = self.first_refusal.take();
                let error = first.filter(|_| self.path.guessed).unwrap_or(error);
                if !self.path.lower() {
                    return Err(error);
                }
                trace!(
                    "Trying next closer realm in path: {}",
                    Printable(self.path.aim())
                );
                self.first_refusal = Some(error);
                return self.ask(common, rng, now);
            }
            Err(error) => return Err(error),
        };
        common.seen.push(realm.clone());
        let name = tgt.server.clone();
        common.tgt = tgt;
        self.first_refusal = None;
        if self.path.advance_to(&realm) {
            if self.path.at_goal() {
                trace!("Received TGT for service realm: {name}");
                return self.then.begin(common, rng, now);
            }
            trace!(
                "Received TGT for {}; advancing current realm",
                Printable(&realm)
            );
            return self.ask(common, rng, now);
        }
        if realm == common.start_realm {
            let hops = common.hops.clone();
            return Err(ExchangeError::ReferralLoop { realm, hops });
        }
        trace!("Received TGT for offpath realm {}", Printable(&realm));
        ExpectOffPathTgt { then: self.then }.ask(common, rng, now)
    }
}

/// A TGT for the service's realm, from a KDC that led off the path: it knows its own.
pub(super) struct ExpectOffPathTgt {
    then: ToDo,
}

impl ExpectOffPathTgt {
    fn ask(
        self,
        common: &mut Common,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Next, ExchangeError> {
        let goal = common.server.realm().to_vec();
        common.ask_for_tgt(&goal, State::OffPathTgt(self), rng, now)
    }

    fn handle(
        self,
        answer: Answer,
        common: &mut Common,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Next, ExchangeError> {
        let (realm, tgt) = match answer? {
            TgsOutcome::Ticket(tgt) => {
                common.got.push(tgt.clone());
                (common.server.realm().to_vec(), tgt)
            }
            TgsOutcome::Referral { realm, tgt } => (realm, tgt),
        };
        let arrived = realm == common.server.realm();
        let name = tgt.server.clone();
        common.go_on(realm, tgt)?;
        if arrived {
            trace!("Received TGT for service realm: {name}");
            return self.then.begin(common, rng, now);
        }
        self.ask(common, rng, now)
    }
}

/// The service's ticket, or a TGT of the realm to ask next (RFC 6806 §8).
pub(super) struct ExpectServiceOrReferral {
    /// Whether the client did not say which realm the service is in.
    realm_unknown: bool,
}

impl ExpectServiceOrReferral {
    fn handle(
        self,
        answer: Answer,
        common: &mut Common,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Next, ExchangeError> {
        let (realm, tgt) = match answer {
            Ok(TgsOutcome::Ticket(ticket)) if ticket.server.same_name(&common.server) => {
                return Ok(complete(ticket, common));
            }
            // Old Windows KDCs correct the name where they ought to refer the client on.
            Ok(TgsOutcome::Ticket(ticket)) => {
                trace!(
                    "Received non-TGT referral response ({}); trying again without referrals",
                    ticket.server
                );
                return begin_service(common, rng, now);
            }
            Ok(TgsOutcome::Referral { realm, tgt }) => (realm, tgt),
            // Windows may answer so.
            Err(ExchangeError::ReferralLoop { realm, .. }) if realm == common.realm() => {
                trace!(
                    "Received TGT referral back to same realm ({}); trying again without referrals",
                    Printable(&realm)
                );
                return begin_service(common, rng, now);
            }
            Err(error @ ExchangeError::Kdc(_)) => return self.fall_back(error, common, rng, now),
            Err(error) => return Err(error),
        };
        let name = tgt.server.clone();
        common.go_on(realm.clone(), tgt)?;
        trace!("Following referral TGT {name}");
        common.server = common.server.clone().with_realm(realm);
        // They are in the TGT now, and in whatever is got with it.
        common.params.tgs.authorization_data.clear();
        common.ask_for_service(true, State::ServiceOrReferral(self), rng, now)
    }

    /// What can be done when a KDC refuses: something only if that was the first.
    fn fall_back(
        self,
        error: ExchangeError,
        common: &mut Common,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Next, ExchangeError> {
        if common.seen.len() > 1 {
            return Err(error);
        }
        // The KDC may be one that refuses the option.
        if !self.realm_unknown {
            return begin_service(common, rng, now);
        }
        let Some(realm) = common.params.fallback_realm.take() else {
            return Err(error);
        };
        if realm == common.server.realm() {
            return begin_service(common, rng, now);
        }
        trace!(
            "Local realm referral failed; trying fallback realm {}",
            Printable(&realm)
        );
        common.server = common.server.clone().with_realm(realm);
        begin_tgt(ToDo::Service, common, rng, now)
    }
}

/// The service's ticket and nothing else.
pub(super) struct ExpectService;

impl ExpectService {
    fn handle(self, answer: Answer, common: &Common) -> Result<Next, ExchangeError> {
        match answer? {
            TgsOutcome::Ticket(ticket) => Ok(complete(ticket, common)),
            TgsOutcome::Referral { tgt, .. } => Err(ReplyFault::ServerName {
                asked: common.server.clone(),
                got: tgt.server,
            }
            .into()),
        }
    }
}

fn begin_service(
    common: &mut Common,
    rng: &mut dyn CryptoRng,
    now: Timestamp,
) -> Result<Next, ExchangeError> {
    common.ask_for_service(false, State::Service(ExpectService), rng, now)
}

/// The ticket under the name that was asked for.
fn complete(ticket: Credential, common: &Common) -> Next {
    trace!("Received creds for desired service {}", ticket.server);
    Next::Done(Box::new(Credential {
        server: common.asked.clone(),
        authorization_data: common.restrictions.clone(),
        ..ticket
    }))
}
