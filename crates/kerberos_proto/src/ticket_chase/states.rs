//! The states of a chase: where it begins, and which state handles which answer.

mod service;
mod walk;

use alloc::boxed::Box;

use super::common::Common;
use crate::exchange::Env;
use crate::trace::trace;
use crate::trail::Trail;
use crate::{Credential, ExchangeError, Request, TgsExchange, TgsOutcome};
use service::{ExpectServiceOrReferral, begin_service, only_the_service};
use walk::{ExpectOffPathTgt, ExpectTgt, begin_tgt};

/// What to do next.
pub(super) enum Next {
    /// Send this request; its answer goes to this state.
    Ask(State, Box<(TgsExchange, Request)>),
    Done(Box<Credential>),
}

/// The answer that the chase is waiting for.
pub(super) enum State {
    Tgt(Box<ExpectTgt>),
    OffPathTgt(ExpectOffPathTgt),
    ServiceOrReferral(ExpectServiceOrReferral),
    /// The service's ticket, without following referrals.
    Service,
}

type Answer = Result<TgsOutcome, ExchangeError>;

impl State {
    pub(super) fn handle(
        self,
        answer: Answer,
        common: &mut Common,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        match self {
            Self::Tgt(state) => state.handle(answer, common, env),
            Self::OffPathTgt(state) => state.handle(answer, common, env),
            Self::ServiceOrReferral(state) => state.handle(answer, common, env),
            Self::Service => only_the_service(answer?, common),
        }
    }
}

/// Begins the chase.
pub(super) fn begin(common: &mut Common, env: &mut Env<'_>) -> Result<Next, ExchangeError> {
    let realm_unknown = common.server.realm().is_empty();
    if realm_unknown {
        common.server = common.server.clone().with_realm(common.start_realm.clone());
        trace!("Server has referral realm; starting with {}", common.server);
    }
    begin_tgt(ToDo::Referrals { realm_unknown }, common, env)
}

/// Why a TGT for the service's realm is needed.
#[derive(Clone, Copy)]
pub(super) enum ToDo {
    Referrals { realm_unknown: bool },
    Service,
}

impl ToDo {
    /// Requests the service's ticket with the TGT for its realm.
    fn begin(self, common: &mut Common, env: &mut Env<'_>) -> Result<Next, ExchangeError> {
        let Self::Referrals { realm_unknown } = self else {
            return begin_service(common, env);
        };
        common.trail = Trail::new(common.realm(), &common.params.tgs.policy);
        let state = ExpectServiceOrReferral { realm_unknown };
        common.ask_for_service(true, State::ServiceOrReferral(state), env)
    }
}
