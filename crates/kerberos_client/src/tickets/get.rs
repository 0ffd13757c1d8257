//! Tickets from the KDCs: the chase through realms, and what is kept of it.

use kerberos_asn1::ErrorCode;
use kerberos_proto::{
    ChaseParams, Credential, Principal, Route, Step, TgsExchange, TgsOutcome, TgsParams,
    TicketChase,
};

use super::look_up::no_credential;
use super::{Session, TicketRequest};
use crate::client::{now, system_rng};
use crate::{Client, ClientError, Config};

impl Session<'_> {
    /// Gets the ticket from the KDCs and stores it.
    pub(super) fn get(&mut self, request: &TicketRequest) -> Result<Credential, ClientError> {
        let mut ticket = self.chase_names(request)?;
        // As in MIT's library the ticket is kept under the name that was asked for.
        ticket.server = request.server.clone();
        if !request.no_store {
            self.store(&ticket);
        }
        if request.may_be_cached() {
            self.new.push((request.clone(), ticket.clone()));
        }
        Ok(ticket)
    }

    /// Chases the ticket under each name of the service until a KDC knows one.
    fn chase_names(&mut self, request: &TicketRequest) -> Result<Credential, ClientError> {
        let tgt = self.start_tgt()?.clone();
        let client = self.client;
        client.first_known(&request.server, |server| {
            self.chase(self.chase_params(request, &server), &tgt)
        })
    }

    /// Chases to the end; TGTs that were asked for on the way are kept, whatever the end is.
    fn chase(&mut self, params: ChaseParams, tgt: &Credential) -> Result<Credential, ClientError> {
        let mut rng = system_rng()?;
        let (mut chase, mut step) = TicketChase::start(params, tgt, &mut rng, now())?;
        loop {
            let request = match step {
                Step::Send(request) => request,
                Step::Done(chased) => {
                    self.keep_tgts(chased.tgts);
                    return Ok(chased.credential);
                }
            };
            let answer = self.client.send(&request);
            let next = answer.and_then(|reply| Ok(chase.step(&reply, &mut rng, now())?));
            self.keep_tgts(chase.take_tgts());
            step = next?;
        }
    }

    fn keep_tgts(&mut self, tgts: Vec<Credential>) {
        for tgt in tgts {
            self.store(&tgt);
            self.found.tgts.push(tgt);
        }
    }

    fn chase_params(&self, request: &TicketRequest, server: &Principal) -> ChaseParams {
        let config = self.client.config();
        let mut tgs = request.tgs_params(server.clone());
        tgs.kdc_offset = self.found.kdc_offset;
        tgs.policy = self.policy.clone();
        let mut params = ChaseParams::new(tgs);
        params.tgts.clone_from(&self.found.tgts);
        if server.realm().is_empty() {
            params.fallback_realm = fallback_realm(self.client, server);
        }
        let goals = [Some(server.realm()), params.fallback_realm.as_deref()];
        let start = &self.found.start_realm;
        let routes = goals.into_iter().flatten();
        params.routes = routes
            .filter_map(|goal| route(config, start, goal))
            .collect();
        params
    }

    /// The TGT with which every way starts.
    fn start_tgt(&self) -> Result<&Credential, ClientError> {
        let realm = &self.found.start_realm;
        let server = Principal::krbtgt(realm, realm);
        let tgt = self.found.tgts.iter().find(|tgt| tgt.server == server);
        let tgt = tgt.ok_or_else(|| no_credential(&server, &self.file))?;
        let now = self
            .found
            .kdc_offset
            .map_or_else(now, |offset| now() + offset);
        // What has expired no KDC need be bothered with.
        if tgt.times.endtime.unix() < now.seconds {
            return Err(ClientError::TicketExpired {
                server,
                end: tgt.times.endtime,
            });
        }
        self.trace_retrieved(&server, "0/Success");
        Ok(tgt)
    }
}

impl Client {
    /// What `get` makes of the first name of `service` that a KDC knows.
    pub(super) fn first_known<T>(
        &self,
        service: &Principal,
        mut get: impl FnMut(Principal) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut unknown = ClientError::NoResult;
        for name in self.service_candidates(service)? {
            match get(name) {
                Err(ClientError::Exchange(error))
                    if error.kdc_code() == Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN) =>
                {
                    unknown = ClientError::Exchange(error);
                }
                result => return result,
            }
        }
        Err(unknown)
    }

    /// One exchange with the ticket-granting service that `tgt` opens.
    pub(super) fn exchange(
        &self,
        params: TgsParams,
        tgt: &Credential,
    ) -> Result<TgsOutcome, ClientError> {
        let mut rng = system_rng()?;
        let (mut exchange, mut request) = TgsExchange::start(params, tgt, &mut rng, now())?;
        loop {
            let reply = self.send(&request)?;
            match exchange.step(&reply, now())? {
                Step::Send(next) => request = next,
                Step::Done(outcome) => return Ok(*outcome),
            }
        }
    }
}

/// The way from realm to realm that `[capaths]` lays down, if it does.
fn route(config: &Config, from: &[u8], to: &[u8]) -> Option<Route> {
    let (from, to) = (
        std::str::from_utf8(from).ok()?,
        std::str::from_utf8(to).ok()?,
    );
    let through = config.krb5().capath(from, to)?;
    Some(Route::new(to, through))
}

/// Where a service without a realm may live: that depends on its host.
fn fallback_realm(client: &Client, server: &Principal) -> Option<Vec<u8>> {
    let host = std::str::from_utf8(server.components().nth(1)?).ok()?;
    let realm = client.fallback_realm(host).ok()?;
    Some(realm.into_bytes())
}
