//! The request for the service itself: referrals are followed (RFC 6806 §8), with alternatives for
//! those that lead nowhere.

use alloc::boxed::Box;

use super::{Answer, Next, State, ToDo, begin_tgt};
use crate::exchange::Env;
use crate::ticket_chase::common::Common;
use crate::trace::{Printable, trace};
use crate::{Credential, ExchangeError, ReplyFault, TgsOutcome};

/// Waits for the service's ticket, or for a TGT of the realm to ask next (RFC 6806 §8).
pub(in crate::ticket_chase) struct ExpectServiceOrReferral {
    /// Whether the caller left the service's realm empty.
    pub(super) realm_unknown: bool,
}

impl ExpectServiceOrReferral {
    pub(super) fn handle(
        self,
        answer: Answer,
        common: &mut Common,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        let (realm, tgt) = match answer {
            Ok(TgsOutcome::Ticket(ticket)) if ticket.server.same_name(&common.server) => {
                return Ok(complete(ticket, common));
            }
            // Old Windows KDCs canonicalize the name when they should refer the client to another
            // realm.
            Ok(TgsOutcome::Ticket(ticket)) => {
                trace!(
                    "Received non-TGT referral response ({}); trying again without referrals",
                    ticket.server
                );
                return begin_service(common, env);
            }
            Ok(TgsOutcome::Referral { realm, tgt }) => (realm, tgt),
            // Windows may answer like this.
            Err(ExchangeError::ReferralLoop { realm, .. }) if realm == common.realm() => {
                trace!(
                    "Received TGT referral back to same realm ({}); trying again without referrals",
                    Printable(&realm)
                );
                return begin_service(common, env);
            }
            Err(error @ ExchangeError::Kdc(_)) => return self.fall_back(error, common, env),
            Err(error) => return Err(error),
        };
        let name = tgt.server.clone();
        common.go_on(&realm, tgt)?;
        trace!("Following referral TGT {name}");
        common.server = common.server.clone().with_realm(realm);
        // The restrictions are in the TGT now, and in every ticket obtained with it.
        common.params.tgs.authorization_data.clear();
        common.ask_for_service(true, State::ServiceOrReferral(self), env)
    }

    /// Tries an alternative after a refusal. There is one only if the first KDC refused.
    fn fall_back(
        self,
        error: ExchangeError,
        common: &mut Common,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        if common.trail.has_moved() {
            return Err(error);
        }
        // The KDC may not support the canonicalize option.
        if !self.realm_unknown {
            return begin_service(common, env);
        }
        let Some(realm) = common.params.fallback_realm.take() else {
            return Err(error);
        };
        if realm == common.server.realm() {
            return begin_service(common, env);
        }
        trace!(
            "Local realm referral failed; trying fallback realm {}",
            Printable(&realm)
        );
        common.server = common.server.clone().with_realm(realm);
        begin_tgt(ToDo::Service, common, env)
    }
}

/// Accepts the service's ticket and nothing else.
pub(super) fn only_the_service(
    outcome: TgsOutcome,
    common: &Common,
) -> Result<Next, ExchangeError> {
    match outcome {
        TgsOutcome::Ticket(ticket) => Ok(complete(ticket, common)),
        TgsOutcome::Referral { tgt, .. } => Err(ReplyFault::ServerName {
            asked: common.server.clone(),
            got: tgt.server,
        }
        .into()),
    }
}

pub(super) fn begin_service(common: &mut Common, env: &mut Env<'_>) -> Result<Next, ExchangeError> {
    common.ask_for_service(false, State::Service, env)
}

/// Finishes with the ticket under the name that was asked for.
fn complete(ticket: Credential, common: &Common) -> Next {
    trace!("Received creds for desired service {}", ticket.server);
    Next::Done(Box::new(Credential {
        server: common.asked.clone(),
        authorization_data: common.restrictions.clone(),
        ..ticket
    }))
}
