//! What all states of a chase share: the service, the current TGT, and the way so far.

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::{Decode as _, RawTicket};

use super::ChaseParams;
use super::states::{Next, State};
use crate::exchange::Env;
use crate::trace::trace;
use crate::trail::Trail;
use crate::{
    AuthorizationDataElement, Credential, ExchangeError, Principal, TgsExchange, TgsParams,
    Timestamp,
};

pub(super) struct Common {
    pub(super) params: ChaseParams,
    /// The service as the caller asked for it.
    pub(super) asked: Principal,
    /// The restrictions that the caller asked for.
    pub(super) restrictions: Vec<AuthorizationDataElement>,
    /// The service, in the realm where it is assumed to be.
    pub(super) server: Principal,
    /// The TGT that the chase started with, and the realm in which it can be used.
    pub(super) start: Credential,
    pub(super) start_realm: Vec<u8>,
    /// The current TGT, used for the next request.
    pub(super) tgt: Credential,
    /// The realms whose KDCs served the client.
    pub(super) hops: Vec<Vec<u8>>,
    /// Realms already visited; a referral back to one ends the chase.
    pub(super) trail: Trail,
    /// TGTs of other realms that were requested.
    pub(super) got: Vec<Credential>,
    requests: u8,
}

impl Common {
    pub(super) fn new(params: ChaseParams, tgt: &Credential) -> Result<Self, ExchangeError> {
        let server = params.tgs.server.clone();
        let start_realm = tgt
            .server
            .tgt_realm()
            .ok_or_else(|| ExchangeError::WrongTgt {
                server: server.clone(),
                tgt: tgt.server.clone(),
            })?;
        Ok(Self {
            asked: server.clone(),
            restrictions: params.tgs.authorization_data.clone(),
            trail: Trail::empty(&params.tgs.policy),
            params,
            server,
            start_realm: start_realm.to_vec(),
            start: tgt.clone(),
            tgt: tgt.clone(),
            hops: Vec::new(),
            got: Vec::new(),
            requests: 0,
        })
    }

    /// The realm in which the current TGT can be used.
    pub(super) fn realm(&self) -> &[u8] {
        // Every TGT here either went through `tgt_realm` or was requested by that name.
        self.tgt.server.tgt_realm().unwrap_or_default()
    }

    /// A cached TGT for `realm` that is still valid, if there is one. One issued by the chase's
    /// first realm is preferred to one issued by a realm on the way, because an issuing realm knows
    /// the session keys of its tickets.
    pub(super) fn tgt_at_hand(&self, realm: &[u8], now: Timestamp) -> Option<Credential> {
        let offset = self.params.tgs.kdc_offset;
        let now = offset.map_or(now, |offset| now + offset).seconds;
        let lasts = |tgt: &&Credential| {
            tgt.server.tgt_realm() == Some(realm)
                && tgt.client == self.start.client
                && tgt.times.endtime.unix() >= now
        };
        let all = self.params.tgts.iter().filter(lasts);
        all.min_by_key(|tgt| !is_issued_by(tgt, &self.start_realm))
            .cloned()
    }

    /// Requests a TGT for `realm`.
    pub(super) fn ask_for_tgt(
        &mut self,
        realm: &[u8],
        state: State,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        let wanted = Principal::krbtgt(realm, self.realm());
        trace!("Requesting TGT {wanted} using TGT {}", self.tgt.server);
        let mut params = TgsParams::new(wanted);
        params.kdc_offset = self.params.tgs.kdc_offset;
        params.policy = self.params.tgs.policy.clone();
        self.ask(params, state, env)
    }

    /// Requests the service's ticket.
    pub(super) fn ask_for_service(
        &mut self,
        referrals: bool,
        state: State,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        let on = if referrals { "on" } else { "off" };
        trace!("Requesting tickets for {}, referrals {on}", self.server);
        let mut params = self.params.tgs.clone();
        params.server = self.server.clone();
        params.options.canonicalize |= referrals;
        self.ask(params, state, env)
    }

    fn ask(
        &mut self,
        params: TgsParams,
        state: State,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        // The chase ends, whatever the KDCs answer.
        let limit = params.policy.max_requests;
        if self.requests >= limit {
            return Err(ExchangeError::TooManyRequests { limit });
        }
        self.requests += 1;
        let realm = self.realm().to_vec();
        if self.hops.last() != Some(&realm) {
            self.hops.push(realm);
        }
        let asked = TgsExchange::begin(params, &self.tgt, env)?;
        Ok(Next::Ask(state, Box::new(asked)))
    }

    /// Moves on to `realm` with `tgt`, unless the chase has already been there or has moved too
    /// often.
    pub(super) fn go_on(&mut self, realm: &[u8], tgt: Credential) -> Result<(), ExchangeError> {
        self.trail.follow_after(&self.hops, realm)?;
        self.tgt = tgt;
        Ok(())
    }
}

/// Whether `realm` issued the TGT. The TGT's name does not tell: one that was requested like an
/// ordinary service is stored under that name, whichever realm finally issued it. The realm in the
/// ticket itself does, because the reply was checked against it (RFC 4120 §5.3).
fn is_issued_by(tgt: &Credential, realm: &[u8]) -> bool {
    RawTicket::from_der(&tgt.ticket).is_ok_and(|raw| raw.ticket().realm.0 == realm)
}
