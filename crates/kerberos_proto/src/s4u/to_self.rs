//! `S4u2Self`: a service's ticket to itself on behalf of a user (MS-SFU §3.1.5.1). It is requested
//! in the user's realm first, then in each realm that a referral leads to, back to the service's
//! own.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::NameType;
use kerberos_crypto::CryptoRng;

use super::S4uUser;
use crate::exchange::Env;
use crate::trace::trace;
use crate::trail::Trail;
use crate::{
    Credential, ExchangeError, OnBehalf, Principal, ReplyFault, Request, Step, TgsExchange,
    TgsOutcome, TgsParams, Timestamp,
};

/// A service's request for a ticket to itself on behalf of a user, in progress.
///
/// # Example
/// ```
/// # use kerberos_proto::*;
/// # use kerberos_testkdc::{Account, Kdc, Transport};
/// # let mut rng = kerberos_testkdc::Repeatable(7);
/// # let kdc = Kdc::builder("EXAMPLE.COM")
/// #     .principal("alice", "unknown to the service")
/// #     .account(Account::new("HTTP/web").password("pw").may_impersonate()).build()?;
/// # let clock = || Timestamp::new(1_767_225_600, 0);
/// # let time = std::time::Duration::from_secs(1_767_225_600);
/// # let web = Principal::parse("HTTP/web@EXAMPLE.COM")?;
/// # let secret = Secret::Password(Password::new("pw"));
/// # let (mut exchange, mut request) =
/// #     AsExchange::start(AsParams::new(web.clone()), secret, &mut rng, clock())?;
/// # let login = loop {
/// #     let reply = kdc.answer(&request.payload, Transport::Tcp, time).unwrap();
/// #     match exchange.step(&reply, &mut rng, clock())? {
/// #         Step::Send(next) => request = next,
/// #         Step::Done(login) => break login,
/// #     }
/// # };
/// use kerberos_proto::{Principal, S4u2Self, S4uUser, Step, TgsParams};
///
/// let tgt = &login.credential; // the service's own, since the user is of the same realm
/// let user = S4uUser::Name(Principal::parse("alice@EXAMPLE.COM")?);
/// let params = TgsParams::new(tgt.client.clone());
/// let (mut machine, mut request) =
///     S4u2Self::start(params, &user, b"EXAMPLE.COM", tgt, &mut rng, clock())?;
/// let ticket = loop {
///     let transport = if request.stream_only { Transport::Tcp } else { Transport::Udp };
///     let reply = kdc.answer(&request.payload, transport, time).expect("an answer");
///     match machine.step(&reply, &mut rng, clock())? {
///         Step::Send(next) => request = next,
///         Step::Done(ticket) => break ticket,
///     }
/// };
/// assert_eq!(ticket.client.to_string(), "alice@EXAMPLE.COM");
/// assert_eq!(ticket.server.to_string(), "HTTP/web@EXAMPLE.COM");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct S4u2Self {
    params: TgsParams,
    /// The service, in its own realm.
    service: Principal,
    exchange: TgsExchange,
    trail: Trail,
}

impl S4u2Self {
    /// Starts with `tgt`, which is for `user_realm`, and returns the first request.
    ///
    /// `params` name the service, which must be the client of `tgt`. The user and the permission
    /// for referrals are set here.
    ///
    /// # Errors
    /// The same as [`TgsExchange::start`].
    pub fn start(
        mut params: TgsParams,
        user: &S4uUser,
        user_realm: &[u8],
        tgt: &Credential,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Self, Request), ExchangeError> {
        let service = match params.server.realm() {
            b"" => params.server.clone().with_realm(tgt.client.realm()),
            _ => params.server.clone(),
        };
        params.on_behalf = Some(match user {
            S4uUser::Name(name) if name.name_type() == NameType::ENTERPRISE => {
                OnBehalf::user(name.clone().with_realm(user_realm))
            }
            S4uUser::Name(name) => OnBehalf::user(name.clone()),
            S4uUser::Certificate(certificate) => {
                OnBehalf::by_certificate(user_realm, certificate.clone())
            }
        });
        params.options.canonicalize = true;
        let trail = Trail::new(user_realm, &params.policy);
        let (exchange, request) = ask(&mut params, &service, tgt, &mut Env { rng, now })?;
        let machine = Self {
            params,
            service,
            exchange,
            trail,
        };
        Ok((machine, request))
    }

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// When a KDC refuses, when an answer is malformed, does not match the request or does not
    /// prove who the user is, and when referrals are too many or circular. Every error is final.
    pub fn step(
        &mut self,
        reply: &[u8],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step<Credential>, ExchangeError> {
        let outcome = match self.exchange.step(reply, now)? {
            Step::Send(request) => return Ok(Step::Send(request)),
            Step::Done(outcome) => *outcome,
        };
        match outcome {
            // The ticket must come from the service's own realm. Another realm's statement, signed
            // only by itself, does not prove who the user is.
            TgsOutcome::Ticket(ticket) if ticket.server == self.service => {
                Ok(Step::Done(Box::new(ticket)))
            }
            TgsOutcome::Ticket(ticket) => Err(ReplyFault::ServerName {
                asked: self.service.clone(),
                got: ticket.server,
            }
            .into()),
            TgsOutcome::Referral { realm, tgt } => {
                self.trail.follow(&realm)?;
                trace!("Following S4U2Self referral to {}", realm.escape_ascii());
                self.note_user();
                let (exchange, request) =
                    ask(&mut self.params, &self.service, &tgt, &mut Env { rng, now })?;
                self.exchange = exchange;
                Ok(Step::Send(request))
            }
        }
    }

    /// Keeps the user's name as given by the user's realm. No other realm may change it or can use
    /// the certificate. Requested restrictions are in the referral by now.
    fn note_user(&mut self) {
        self.params.authorization_data = Vec::new();
        if let Some(OnBehalf::User {
            name,
            certificate,
            may_rename,
        }) = &mut self.params.on_behalf
        {
            if let Some(user) = &self.exchange.proof().user {
                name.clone_from(user);
            }
            *certificate = None;
            *may_rename = false;
        }
    }
}

/// Asks the KDC of the realm that `tgt` is for.
fn ask(
    params: &mut TgsParams,
    service: &Principal,
    tgt: &Credential,
    env: &mut Env<'_>,
) -> Result<(TgsExchange, Request), ExchangeError> {
    let realm = tgt.server.tgt_realm().unwrap_or_default();
    // A foreign realm knows the service at most by its full name, which the KDC can use to find its
    // realm.
    params.server = if realm == service.realm() {
        service.clone()
    } else {
        let name: Vec<&[u8]> = service.components().collect();
        let full = [&name.join(&b'/'), &b"@"[..], service.realm()].concat();
        Principal::new(NameType::ENTERPRISE, [full], realm.to_owned())
    };
    TgsExchange::start(params.clone(), tgt, env.rng, env.now)
}
