//! `S4u2Proxy`: a ticket to another service, possibly in another realm, on behalf of the client of
//! a ticket to this service (MS-SFU §3.1.5.2).

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::{ErrorCode, TicketFlags};
use kerberos_crypto::CryptoRng;

use crate::exchange::Env;
use crate::trace::trace;
use crate::trail::Trail;
use crate::{
    Credential, ExchangeError, OnBehalf, Principal, ReplyFault, Request, S4uFault, Step,
    TgsExchange, TgsOutcome, TgsParams, Timestamp,
};

/// A service's request for a ticket to another service on behalf of a user, in progress.
///
/// ```text
/// own KDC, with the evidence ─── ticket ───────────────────────────────────────► done
///      │ referral (resource-based only): a proxy TGT                               ▲
///      ▼                                                                           │
/// ordinary request, referrals followed: the service's TGT for the target's realm   │
///      ▼                                                                           │
/// the proxy TGT is taken to that realm, too                                        │
///      ▼                                                                           │
/// the target's KDC, with the proxy TGT as the evidence ────────────────────────────┘
/// ```
///
/// # Example
/// For getting the service's own `tgt` and alice's ticket to it, see [`S4u2Self`].
/// ```
/// # use kerberos_proto::*;
/// # use kerberos_testkdc::{Account, Kdc, Transport};
/// # let mut rng = kerberos_testkdc::Repeatable(7);
/// # let web = Account::new("HTTP/web").password("pw").may_impersonate().delegates_to("ldap/back");
/// # let kdc = Kdc::builder("EXAMPLE.COM")
/// #     .principal("alice", "pw").account(web).service("ldap/back").build()?;
/// # let clock = || Timestamp::new(1_767_225_600, 0);
/// # let time = std::time::Duration::from_secs(1_767_225_600);
/// # let mut params = AsParams::new(Principal::parse("HTTP/web@EXAMPLE.COM")?);
/// # params.options.forwardable = true;
/// # let secret = Secret::Password(Password::new("pw"));
/// # let (mut exchange, mut request) = AsExchange::start(params, secret, &mut rng, clock())?;
/// # let tgt = loop {
/// #     let reply = kdc.answer(&request.payload, Transport::Tcp, time).unwrap();
/// #     match exchange.step(&reply, &mut rng, clock())? {
/// #         Step::Send(next) => request = next,
/// #         Step::Done(login) => break login.credential,
/// #     }
/// # };
/// # let alice = S4uUser::Name(Principal::parse("alice@EXAMPLE.COM")?);
/// # let params = TgsParams::new(tgt.client.clone());
/// # let (mut machine, request) =
/// #     S4u2Self::start(params, &alice, b"EXAMPLE.COM", &tgt, &mut rng, clock())?;
/// # let reply = kdc.answer(&request.payload, Transport::Tcp, time).unwrap();
/// # let Step::Done(evidence) = machine.step(&reply, &mut rng, clock())? else { panic!() };
/// use kerberos_proto::{Principal, S4u2Proxy, Step, TgsParams};
///
/// let params = TgsParams::new(Principal::parse("ldap/back@EXAMPLE.COM")?);
/// let (mut machine, mut request) =
///     S4u2Proxy::start(params, &evidence, &tgt, &mut rng, clock())?;
/// let ticket = loop {
///     let transport = if request.stream_only { Transport::Tcp } else { Transport::Udp };
///     let reply = kdc.answer(&request.payload, transport, time).expect("an answer");
///     match machine.step(&reply, &mut rng, clock())? {
///         Step::Send(next) => request = next,
///         Step::Done(ticket) => break ticket,
///     }
/// };
/// assert_eq!(ticket.client.to_string(), "alice@EXAMPLE.COM");
/// assert_eq!(ticket.server.to_string(), "ldap/back@EXAMPLE.COM");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`S4u2Self`]: crate::S4u2Self
#[derive(Debug)]
pub struct S4u2Proxy {
    /// The ticket that the caller wants. Each request is derived from this.
    params: TgsParams,
    evidence: Credential,
    /// The service's own TGT that was used last.
    tgt: Credential,
    stage: Stage,
    exchange: TgsExchange,
    trail: Trail,
}

/// The request that awaits an answer.
#[derive(Clone, Debug)]
enum Stage {
    /// The evidence ticket, sent to the service's own KDC.
    Evidence,
    /// An ordinary request for the target service, on the way to the target's realm.
    TargetTgt { proxy: Credential },
    /// A request for a TGT of the target's realm with the proxy TGT.
    ProxyTgt { proxy: Credential },
    /// The proxy TGT, sent to the target's KDC.
    Target,
}

impl S4u2Proxy {
    /// Starts with `tgt`, the service's own TGT for its own realm, and returns the first request.
    ///
    /// `params` name the other service. If that is in another realm, the KDC's referrals must lead
    /// there. `evidence` is a ticket of the user to this service: from [`S4u2Self`], or one that
    /// the user presented. The KDC decides whether it must be forwardable.
    ///
    /// # Errors
    /// The same as [`TgsExchange::start`].
    ///
    /// [`S4u2Self`]: crate::S4u2Self
    pub fn start(
        mut params: TgsParams,
        evidence: &Credential,
        tgt: &Credential,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Self, Request), ExchangeError> {
        params.options.canonicalize = true;
        params.on_behalf = None;
        let trail = Trail::new(realm(tgt), &params.policy);
        let on_behalf = OnBehalf::client_of(evidence);
        let (exchange, request) = ask(&params, Some(on_behalf), tgt, &mut Env { rng, now })?;
        // The requested restrictions are included in the first answer, whatever it is.
        params.authorization_data = Vec::new();
        let machine = Self {
            params,
            evidence: evidence.clone(),
            tgt: tgt.clone(),
            stage: Stage::Evidence,
            exchange,
            trail,
        };
        Ok((machine, request))
    }

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// When a KDC refuses, when an answer is malformed or does not match the request, when a KDC on
    /// the way does not support resource-based delegation, and when referrals are too many or
    /// circular. Every error is final.
    pub fn step(
        &mut self,
        reply: &[u8],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step<Credential>, ExchangeError> {
        let outcome = match self.exchange.step(reply, now) {
            Ok(Step::Send(request)) => return Ok(Step::Send(request)),
            Ok(Step::Done(outcome)) => *outcome,
            Err(error) => return Err(self.refused(error)),
        };
        let next = match (self.stage.clone(), outcome) {
            (Stage::Evidence, TgsOutcome::Ticket(ticket)) => return self.finish(ticket),
            (Stage::Evidence, TgsOutcome::Referral { realm, tgt }) => {
                // Otherwise it may be an ordinary referral that does not contain the user.
                self.check_resource_based()?;
                trace!("Following S4U2Proxy referral to {}", realm.escape_ascii());
                Stage::TargetTgt { proxy: tgt }
            }
            // The ticket is not needed, only the TGT that was used to get it.
            (Stage::TargetTgt { proxy }, TgsOutcome::Ticket(_)) => {
                self.trail = Trail::new(realm(&proxy), &self.params.policy);
                Stage::ProxyTgt { proxy }
            }
            (Stage::TargetTgt { proxy }, TgsOutcome::Referral { realm, tgt }) => {
                self.trail.follow(&realm)?;
                self.tgt = tgt;
                Stage::TargetTgt { proxy }
            }
            (Stage::ProxyTgt { .. }, TgsOutcome::Ticket(proxy)) => Stage::ProxyTgt { proxy },
            (Stage::ProxyTgt { .. }, TgsOutcome::Referral { realm, tgt: proxy }) => {
                self.trail.follow(&realm)?;
                Stage::ProxyTgt { proxy }
            }
            (Stage::Target, TgsOutcome::Ticket(ticket)) => {
                self.check_resource_based()?;
                return self.finish(ticket);
            }
            (Stage::Target, TgsOutcome::Referral { tgt, .. }) => {
                return Err(self.wrong_server(&tgt));
            }
        };
        self.enter(next, &mut Env { rng, now })
    }

    /// Makes the request of `stage`.
    fn enter(
        &mut self,
        stage: Stage,
        env: &mut Env<'_>,
    ) -> Result<Step<Credential>, ExchangeError> {
        let target = realm(&self.tgt);
        let (stage, (exchange, request)) = match stage {
            Stage::ProxyTgt { proxy } if realm(&proxy) == target => {
                let on_behalf = OnBehalf::ClientOf {
                    ticket: proxy.ticket,
                    client: self.evidence.client.clone(),
                };
                let made = ask(&self.params, Some(on_behalf), &self.tgt, env)?;
                (Stage::Target, made)
            }
            Stage::ProxyTgt { proxy } => {
                let mut params = self.params.clone();
                params.server = Principal::krbtgt(target, realm(&proxy));
                let made = TgsExchange::start(params, &proxy, env.rng, env.now)?;
                (Stage::ProxyTgt { proxy }, made)
            }
            other => (other, ask(&self.params, None, &self.tgt, env)?),
        };
        self.stage = stage;
        self.exchange = exchange;
        Ok(Step::Send(request))
    }

    fn finish(&self, ticket: Credential) -> Result<Step<Credential>, ExchangeError> {
        let asked = &self.params.server;
        // The service's own realm only means where to begin.
        let anywhere = asked.realm().is_empty() || asked.realm() == self.evidence.server.realm();
        let there = anywhere || asked.realm() == ticket.server.realm();
        if !there || !ticket.server.same_name(asked) {
            return Err(self.wrong_server(&ticket));
        }
        Ok(Step::Done(Box::new(Credential {
            // Caches use this to tell on whose behalf a ticket is. With a proxy TGT here the ticket
            // would not be found again.
            second_ticket: self.evidence.ticket.clone(),
            ..ticket
        })))
    }

    fn wrong_server(&self, ticket: &Credential) -> ExchangeError {
        ReplyFault::ServerName {
            asked: self.params.server.clone(),
            got: ticket.server.clone(),
        }
        .into()
    }

    fn check_resource_based(&self) -> Result<(), S4uFault> {
        if self.exchange.proof().resource_based {
            Ok(())
        } else {
            Err(S4uFault::NotResourceBased)
        }
    }

    /// Replaces the KDC's error if its code alone would not explain the reason.
    fn refused(&self, error: ExchangeError) -> ExchangeError {
        let forwardable = self.evidence.flags.contains(TicketFlags::FORWARDABLE);
        match error {
            ExchangeError::Kdc(error)
                if error.code == ErrorCode::KDC_ERR_BADOPTION
                    && !forwardable
                    && matches!(self.stage, Stage::Evidence) =>
            {
                ExchangeError::EvidenceNotForwardable(error)
            }
            other => other,
        }
    }
}

/// Asks the KDC of the realm that `tgt` is for.
fn ask(
    params: &TgsParams,
    on_behalf: Option<OnBehalf>,
    tgt: &Credential,
    env: &mut Env<'_>,
) -> Result<(TgsExchange, Request), ExchangeError> {
    let mut params = params.clone();
    // The KDC's referrals determine the realm.
    params.server = params.server.with_realm(realm(tgt));
    params.on_behalf = on_behalf;
    TgsExchange::start(params, tgt, env.rng, env.now)
}

/// The realm in which `tgt` can be used. If there is none, the exchange will not start.
fn realm(tgt: &Credential) -> &[u8] {
    tgt.server.tgt_realm().unwrap_or_default()
}
