//! What every state of a chase shares: the service, the TGT at hand, and the way so far.

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
    /// The service as it was asked for.
    pub(super) asked: Principal,
    /// The restrictions that were asked for.
    pub(super) restrictions: Vec<AuthorizationDataElement>,
    /// The service in the realm where it is believed to live.
    pub(super) server: Principal,
    /// The TGT that the chase started with, and the realm that it opens.
    pub(super) start: Credential,
    pub(super) start_realm: Vec<u8>,
    /// The TGT to ask with next.
    pub(super) tgt: Credential,
    /// The realms whose KDCs served the client.
    pub(super) hops: Vec<Vec<u8>>,
    /// Realms already visited; a referral back to one ends the chase.
    pub(super) trail: Trail,
    /// TGTs of other realms that were asked for.
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

    /// The realm that the TGT at hand opens.
    pub(super) fn realm(&self) -> &[u8] {
        // Every TGT here went through `tgt_realm`, or was asked for by that name.
        self.tgt.server.tgt_realm().unwrap_or_default()
    }

    /// A TGT for `realm` among those at hand that lasts, if there is one; rather from where the
    /// chase starts than from a realm on the way, which knows the session keys that it gave out.
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

    /// Asks for a TGT of `realm`.
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

    /// Asks for the service's ticket.
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
        // Whatever the KDCs answer, the chase ends.
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

    /// Goes on to `realm` by `tgt`, unless the chase has been there or gone on too often.
    pub(super) fn go_on(&mut self, realm: &[u8], tgt: Credential) -> Result<(), ExchangeError> {
        self.trail.follow_after(&self.hops, realm)?;
        self.tgt = tgt;
        Ok(())
    }
}

/// Whether that realm gave the ticket. What the TGT is called does not tell: one that was asked for
/// like any service is kept under that name, whichever realm it came from at last. The ticket's own
/// realm, which the KDC that gave it was held to, does (RFC 4120 §5.3).
fn is_issued_by(tgt: &Credential, realm: &[u8]) -> bool {
    RawTicket::from_der(&tgt.ticket).is_ok_and(|raw| raw.ticket().realm.0 == realm)
}
