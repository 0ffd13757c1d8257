//! The walk to the service's realm: a TGT for that realm, which is already cached, or is found
//! along the path or off it (RFC 4120 §1.2, §3.3.1).

use alloc::boxed::Box;

use super::{Answer, Next, State, ToDo};
use crate::exchange::Env;
use crate::ticket_chase::common::Common;
use crate::ticket_chase::path::Path;
use crate::trace::{Printable, trace};
use crate::trail::Trail;
use crate::{ExchangeError, TgsOutcome};

/// Gets a TGT for the service's realm.
pub(super) fn begin_tgt(
    then: ToDo,
    common: &mut Common,
    env: &mut Env<'_>,
) -> Result<Next, ExchangeError> {
    let realm = common.server.realm().to_vec();
    let is_local = realm == common.start_realm;
    if !is_local && let Some(tgt) = common.tgt_at_hand(&realm, env.now) {
        let (client, server) = (&tgt.client, &tgt.server);
        trace!("Found cached TGT for service realm: {client} -> {server}");
        common.tgt = tgt;
        return then.begin(common, env);
    }
    common.tgt = common.start.clone();
    let (client, server) = (&common.tgt.client, &common.tgt.server);
    trace!("Starting with TGT for client realm: {client} -> {server}");
    if is_local {
        return then.begin(common, env);
    }
    // A fallback realm is itself a guess.
    let certain = matches!(then, ToDo::Referrals { .. });
    let path = Path::new(&common.start_realm, &realm, &common.params.routes, certain);
    common.trail = Trail::empty(&common.params.tgs.policy);
    Box::new(ExpectTgt {
        path,
        first_refusal: None,
        then,
    })
    .ask(common, env)
}

/// Waits for a TGT for a realm on the path, as close to its end as the KDCs will issue (RFC 4120
/// §3.3.1).
pub(in crate::ticket_chase) struct ExpectTgt {
    path: Path,
    first_refusal: Option<ExchangeError>,
    then: ToDo,
}

impl ExpectTgt {
    fn ask(
        mut self: Box<Self>,
        common: &mut Common,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        while let Some(tgt) = common.tgt_at_hand(self.path.aim(), env.now) {
            let (client, server) = (&tgt.client, &tgt.server);
            trace!("Found cached TGT for intermediate realm: {client} -> {server}");
            common.tgt = tgt;
            let aim = self.path.aim().to_vec();
            self.path.advance_to(&aim);
            if self.path.at_goal() {
                return self.then.begin(common, env);
            }
        }
        let aim = self.path.aim().to_vec();
        common.ask_for_tgt(&aim, State::Tgt(self), env)
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        answer: Answer,
        common: &mut Common,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        let (realm, tgt, asked_for) = match answer {
            Ok(TgsOutcome::Ticket(tgt)) => {
                let realm = self.path.aim().to_vec();
                // TGTs from referrals are not kept: a KDC issues them again each time.
                common.got.push(tgt.clone());
                (realm, tgt, true)
            }
            Ok(TgsOutcome::Referral { realm, tgt }) => (realm, tgt, false),
            Err(error @ ExchangeError::Kdc(_)) => {
                // If the way is a guess, the first refusal tells more than the last.
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
                return self.ask(common, env);
            }
            Err(error) => return Err(error),
        };
        common.trail.note(&realm);
        let name = tgt.server.clone();
        common.tgt = tgt;
        self.first_refusal = None;
        if self.path.advance_to(&realm) {
            if self.path.at_goal() {
                trace!("Received TGT for service realm: {name}");
                return self.then.begin(common, env);
            }
            // A KDC that refers the client on knows the way. A path from names alone does not.
            if asked_for || !self.path.guessed {
                trace!(
                    "Received TGT for {}; advancing current realm",
                    Printable(&realm)
                );
                return self.ask(common, env);
            }
        }
        if realm == common.start_realm {
            let hops = common.hops.clone();
            return Err(ExchangeError::ReferralLoop { realm, hops });
        }
        trace!("Received TGT for offpath realm {}", Printable(&realm));
        ExpectOffPathTgt { then: self.then }.ask(common, env)
    }
}

/// Waits for a TGT for the service's realm after a KDC has led off the path, because it knows a way
/// of its own. As in MIT's library nothing that is found there is kept, because the client did not
/// choose that way.
pub(in crate::ticket_chase) struct ExpectOffPathTgt {
    then: ToDo,
}

impl ExpectOffPathTgt {
    fn ask(self, common: &mut Common, env: &mut Env<'_>) -> Result<Next, ExchangeError> {
        let goal = common.server.realm().to_vec();
        common.ask_for_tgt(&goal, State::OffPathTgt(self), env)
    }

    pub(super) fn handle(
        self,
        answer: Answer,
        common: &mut Common,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        let (realm, tgt) = match answer? {
            TgsOutcome::Ticket(tgt) => (common.server.realm().to_vec(), tgt),
            TgsOutcome::Referral { realm, tgt } => (realm, tgt),
        };
        let arrived = realm == common.server.realm();
        let name = tgt.server.clone();
        common.go_on(&realm, tgt)?;
        if arrived {
            trace!("Received TGT for service realm: {name}");
            return self.then.begin(common, env);
        }
        self.ask(common, env)
    }
}
