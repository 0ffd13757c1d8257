//! Tickets from the KDCs: following referrals through realms, and what is stored on the way.

use std::sync::PoisonError;

use kerberos_asn1::ErrorCode;
use kerberos_proto::{
    ChaseParams, Credential, Principal, Route, Step, TgsExchange, TgsOutcome, TgsParams,
    TicketChase,
};

use super::look_up::Hit;
use super::{Getter, TicketRequest};
use crate::driver::Driver;
use crate::{ClientError, Config, now, system_rng};

impl Getter {
    /// Gets the ticket from the KDCs and stores it.
    pub(super) async fn get(&self, request: &TicketRequest) -> Result<Credential, ClientError> {
        let tgt = self.start_tgt()?;
        let mut names = self.driver.service_names(&request.server)?;
        let mut result = Err(ClientError::NoResult);
        while let Some(name) = names.next().await {
            let params = self.chase_params(request, &name).await;
            result = self.chase(params, &tgt).await;
            if !is_unknown_service(&result) {
                break;
            }
        }
        let mut ticket = result?;
        // As in MIT's library, the ticket is stored under the name that was asked for.
        ticket.server = request.server.clone();
        if !request.no_store {
            self.store(&ticket, Some(request)).await;
        }
        Ok(ticket)
    }

    /// Follows referrals to the end. TGTs that were requested on the way are kept, whatever the
    /// result. As in MIT's library, they are stored even if the ticket itself is not.
    async fn chase(
        &self,
        params: ChaseParams,
        tgt: &Credential,
    ) -> Result<Credential, ClientError> {
        let mut rng = system_rng()?;
        let (mut chase, mut step) = TicketChase::start(params, tgt, &mut rng, now())?;
        loop {
            let request = match step {
                Step::Send(request) => request,
                Step::Done(chased) => {
                    self.keep_tgts(chased.tgts).await;
                    return Ok(chased.credential);
                }
            };
            let answer = self.driver.send(&request).await;
            let next = answer.and_then(|reply| Ok(chase.step(&reply, &mut rng, now())?));
            self.keep_tgts(chase.take_tgts()).await;
            step = next?;
        }
    }

    async fn keep_tgts(&self, tgts: Vec<Credential>) {
        for tgt in tgts {
            self.store(&tgt, None).await;
            self.tgts().push(tgt);
        }
    }

    async fn chase_params(&self, request: &TicketRequest, server: &Principal) -> ChaseParams {
        let config = &self.driver.config;
        let mut tgs = request.tgs_params(server.clone());
        tgs.kdc_offset = self.kdc_offset;
        tgs.policy = self.policy.clone();
        let mut params = ChaseParams::new(tgs);
        params.tgts.clone_from(&self.tgts());
        if server.realm().is_empty() {
            params.fallback_realm = fallback_realm(&self.driver, server).await;
        }
        let goals = [Some(server.realm()), params.fallback_realm.as_deref()];
        let start = &self.start_realm;
        let routes = goals.into_iter().flatten();
        params.routes = routes
            .filter_map(|goal| route(config, start, goal))
            .collect();
        params
    }

    /// The TGT with which every path starts.
    fn start_tgt(&self) -> Result<Credential, ClientError> {
        let realm = &self.start_realm;
        let server = Principal::krbtgt(realm, realm);
        let known = self.tgts().iter().find(|tgt| tgt.server == server).cloned();
        let tgt = known.ok_or_else(|| {
            let hit = if self.start_tgt_of_other_etype {
                Hit::OtherEtype
            } else {
                Hit::Nothing
            };
            hit.missing(&server, &self.cache)
        })?;
        let now = now().by_kdc(self.kdc_offset);
        // An expired ticket need not be sent to any KDC.
        if tgt.times.endtime.unix() < now.seconds {
            return Err(ClientError::TicketExpired {
                server,
                end: tgt.times.endtime,
            });
        }
        self.trace_retrieved(&server, "0/Success");
        Ok(tgt)
    }

    /// The present TGTs.
    fn tgts(&self) -> std::sync::MutexGuard<'_, Vec<Credential>> {
        self.tgts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver {
    /// One exchange with the ticket-granting service that `tgt` is for.
    pub(crate) async fn exchange_tgs(
        &self,
        params: TgsParams,
        tgt: &Credential,
    ) -> Result<TgsOutcome, ClientError> {
        let mut rng = system_rng()?;
        let (mut exchange, request) = TgsExchange::start(params, tgt, &mut rng, now())?;
        let step = |reply: &[u8]| exchange.step(reply, now());
        self.exchange(Step::Send(request), step).await
    }
}

/// Whether to try another name of the service, if it has one.
pub(super) fn is_unknown_service<T>(result: &Result<T, ClientError>) -> bool {
    let unknown = Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN);
    matches!(result, Err(ClientError::Exchange(error)) if error.kdc_code() == unknown)
}

/// The path between realms that `[capaths]` prescribes, if any.
fn route(config: &Config, from: &[u8], to: &[u8]) -> Option<Route> {
    let (from, to) = (
        std::str::from_utf8(from).ok()?,
        std::str::from_utf8(to).ok()?,
    );
    let through = config.krb5().capath(from, to)?;
    Some(Route::new(to, through))
}

/// The realm in which a service without one may be; it depends on the service's host.
async fn fallback_realm(driver: &Driver, server: &Principal) -> Option<Vec<u8>> {
    let host = std::str::from_utf8(server.components().nth(1)?).ok()?;
    let realm = driver.fallback_realm(host).await.ok()?;
    Some(realm.into_bytes())
}
