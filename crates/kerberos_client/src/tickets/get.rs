//! Tickets from the KDCs: the exchange, and what is kept of it.

use kerberos_proto::{Credential, Principal, TgsExchange, TgsOutcome, TgsParams};

use super::{Session, TicketRequest};
use crate::client::{now, system_rng};
use crate::{Client, ClientError};

impl Session<'_> {
    /// Gets the ticket from the KDCs and stores it.
    pub(super) fn get(&mut self, request: &TicketRequest) -> Result<Credential, ClientError> {
        let tgt = self.start_tgt()?;
        trace!(
            "Starting with TGT for client realm: {} -> {}",
            tgt.client, tgt.server
        );
        let mut params = TgsParams::new(request.server.clone());
        params.options = request.options;
        params.etypes.clone_from(&request.etypes);
        params.second_ticket.clone_from(&request.second_ticket);
        params.addresses.clone_from(&request.addresses);
        params
            .authorization_data
            .clone_from(&request.authorization_data);
        params.kdc_offset = self.found.kdc_offset;
        params.policy = self.policy.clone();
        let mut ticket = match self.client.exchange(params, tgt)? {
            TgsOutcome::Ticket(ticket) => ticket,
            _ => return Err(ClientError::NoResult),
        };
        ticket.server = request.server.clone();
        if !request.no_store {
            self.store(&ticket);
        }
        if request.may_be_cached() {
            self.new.push((request.clone(), ticket.clone()));
        }
        Ok(ticket)
    }

    /// The TGT with which every way starts.
    fn start_tgt(&self) -> Result<&Credential, ClientError> {
        let realm = &self.found.start_realm;
        let server = Principal::krbtgt(realm, realm);
        let tgt = self.found.tgts.iter().find(|tgt| tgt.server == server);
        let tgt = tgt.ok_or_else(|| self.no_credential(&server))?;
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
        Ok(tgt)
    }
}

impl Client {
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
                kerberos_proto::Step::Send(next) => request = next,
                kerberos_proto::Step::Done(outcome) => return Ok(*outcome),
            }
        }
    }
}
