//! The exchanges that run on a network (a login, a ticket for a service, a new password), and
//! whether their results are right.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use kerberos_asn1::{AsRep, Decode as _, EncTicketPart, TgsRep, Ticket};
use kerberos_crypto::{EncryptionType, Key, KeyUsage, Plaintext};
use kerberos_proto::{
    AsExchange, AsParams, ChaseParams, Credential, HostAddress, Login, Password, PasswordChange,
    Policy, Principal, Request, Secret, Step, TgsParams, TicketChase, Timestamp,
};
use kerberos_testkdc::{Account, Fault, Kdc, Repeatable, Transport as KdcTransport};

use super::network::{Network, Service, Trouble};
use crate::delivery::{Attempt, Transport};

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Login,
    Ticket,
    NewPassword,
}

/// 2026-01-01T00:00:00Z.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);
/// How long one request may take.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

const USER: &str = "alice@R";
const SERVICE: &str = "host/www@R";
const CHANGEPW: &str = "kadmin/changepw@R";
/// What the client offers; the KDC also has the weak types.
const OFFERED: [EncryptionType; 2] = [
    EncryptionType::AES256_CTS_HMAC_SHA1_96,
    EncryptionType::AES128_CTS_HMAC_SHA1_96,
];

/// A KDC, and what it knows.
pub(super) struct World {
    kdc: Kdc,
    random: Repeatable,
}

impl World {
    pub(super) fn new() -> Self {
        let kdc = Kdc::builder("R")
            .account(Account::new("alice").password("old"))
            .service("host/www")
            .service("kadmin/changepw")
            .rng(Repeatable(1))
            .build()
            .unwrap();
        Self {
            kdc,
            random: Repeatable(2),
        }
    }

    /// Runs a phase; `faults` are the KDC's. A right result is described in a word, a wrong one in
    /// a sentence.
    ///
    /// First, an honest network provides what the phase needs, and the whole phase is run once so
    /// that there is something to replay.
    pub(super) fn play(&mut self, phase: Phase, network: &mut Network, faults: &[Fault]) -> String {
        let mut honest = Network::new(network.transport, Trouble::None);
        let result = match phase {
            Phase::Login => {
                self.login(&mut honest, params()).unwrap();
                remember(network, honest);
                self.set(faults);
                let login = self.login(network, params());
                login.map(|login| self.check(&login.credential, "krbtgt/R@R", &network.answers))
            }
            Phase::Ticket => {
                let tgt = self.login(&mut honest, params()).unwrap().credential;
                let mut honest = Network::new(network.transport, Trouble::None);
                self.ticket(&mut honest, &tgt).unwrap();
                remember(network, honest);
                self.set(faults);
                let ticket = self.ticket(network, &tgt);
                ticket.map(|ticket| self.check(&ticket, SERVICE, &network.answers))
            }
            Phase::NewPassword => {
                let asked = params().to_change_password();
                let login = self.login(&mut honest, asked).unwrap();
                self.check(&login.credential, CHANGEPW, &honest.answers);
                let mut honest = Network::new(network.transport, Trouble::None);
                self.new_password(&mut honest, &login, "first").unwrap();
                remember(network, honest);
                self.set(faults);
                let changed = self.new_password(network, &login, "second");
                changed.map(|()| {
                    self.kdc.clear_faults();
                    let mut honest = Network::new(network.transport, Trouble::None);
                    honest.now = network.now;
                    let secret = Secret::Password(Password::new("second"));
                    let login = self.login_with(&mut honest, params(), secret);
                    assert!(
                        login.is_ok(),
                        "a change was reported, but the new password is refused"
                    );
                    "changed"
                })
            }
        };
        result.map_or_else(|error| error, str::to_owned)
    }

    fn set(&self, faults: &[Fault]) {
        for fault in faults {
            self.kdc.set_fault(fault.clone());
        }
    }

    fn login(&mut self, network: &mut Network, params: AsParams) -> Result<Login, String> {
        self.login_with(network, params, Secret::Password(Password::new("old")))
    }

    fn login_with(
        &mut self,
        network: &mut Network,
        params: AsParams,
        secret: Secret,
    ) -> Result<Login, String> {
        let started = AsExchange::start(params, secret, &mut self.random, time(network.now));
        let (mut exchange, mut request) = started.map_err(|error| error.to_string())?;
        loop {
            let reply = self.ask(network, &request)?;
            match exchange.step(&reply, &mut self.random, time(network.now)) {
                Ok(Step::Send(next)) => request = next,
                Ok(Step::Done(login)) => return Ok(*login),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn ticket(&mut self, network: &mut Network, tgt: &Credential) -> Result<Credential, String> {
        let mut tgs = TgsParams::new(principal(SERVICE));
        tgs.policy = policy();
        let params = ChaseParams::new(tgs);
        let started = TicketChase::start(params, tgt, &mut self.random, time(network.now));
        let (mut chase, mut step) = started.map_err(|error| error.to_string())?;
        loop {
            let request = match step {
                Step::Send(request) => request,
                Step::Done(chased) => return Ok(chased.credential),
            };
            let reply = self.ask(network, &request)?;
            step = chase
                .step(&reply, &mut self.random, time(network.now))
                .map_err(|error| error.to_string())?;
        }
    }

    fn new_password(
        &mut self,
        network: &mut Network,
        login: &Login,
        new: &str,
    ) -> Result<(), String> {
        let (now, random) = (time(network.now), &mut self.random);
        let (ticket, new) = (&login.credential, Password::new(new));
        let change = PasswordChange::change(ticket, &new, login.kdc_offset, random, now);
        let change = change.map_err(|error| error.to_string())?;
        let address = HostAddress::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let message = change.message(address, random, now).unwrap();
        let service: Service<'_> = &|request, transport, now| {
            let transport = of_kdc(transport);
            self.kdc
                .answer_password_change(request, transport, EPOCH + now)
        };
        let reply = network.deliver(&message, LIMIT, service);
        let reply = reply.map_err(|attempts| unreachable(&attempts))?;
        change
            .check_reply(&reply, time(network.now))
            .map_err(|error| error.to_string())
    }

    fn ask(&self, network: &mut Network, request: &Request) -> Result<Vec<u8>, String> {
        if request.stream_only && network.transport == Transport::Udp {
            return Err("only a stream would do".to_owned());
        }
        let service: Service<'_> =
            &|request, transport, now| self.kdc.answer(request, of_kdc(transport), EPOCH + now);
        network
            .deliver(&request.payload, LIMIT, service)
            .map_err(|attempts| unreachable(&attempts))
    }

    /// Checks that the ticket says the same as the credential (the client, the service and the key)
    /// and that only the KDC can have made it. `honest` is what the KDC answered.
    ///
    /// A ticket is in the clear in a reply, and the reply proves everything but the ticket (RFC
    /// 4120 §3.1.5): if it is altered on the way, no service accepts it.
    fn check(&self, credential: &Credential, server: &str, honest: &[Vec<u8>]) -> &'static str {
        let honest = honest.iter().rev().find_map(|answer| {
            let login = AsRep::from_der(answer).map(|reply| reply.0);
            let reply = login.or_else(|_| TgsRep::from_der(answer).map(|reply| reply.0));
            reply.ok().map(|reply| reply.ticket)
        });
        let honest = honest.expect("an answer of the KDC should have a ticket");
        let outcome = if honest.as_bytes() == credential.ticket {
            "ticket"
        } else {
            assert!(
                self.open(&credential.ticket).is_none(),
                "the client took a valid ticket that is not the KDC's"
            );
            "a ticket that no service takes"
        };
        let part = self
            .open(honest.as_bytes())
            .expect("a key of the KDC should open its ticket");
        let part =
            EncTicketPart::from_der(&part).expect("the ticket should contain an EncTicketPart");
        assert_eq!(
            Principal::from_wire(&part.cname, part.crealm),
            principal(USER)
        );
        assert_eq!(credential.client, principal(USER));
        assert_eq!(credential.server, principal(server));
        assert_eq!(part.key.keyvalue, credential.session_key.expose_bytes());
        assert_eq!(part.key.keytype, credential.session_key.etype().0);
        let etype = credential.session_key.etype();
        assert!(
            OFFERED.contains(&etype),
            "the session key has an enctype that was not offered"
        );
        outcome
    }

    /// The content of a ticket, if one of the KDC's keys decrypts it.
    fn open(&self, ticket: &[u8]) -> Option<Plaintext> {
        let ticket = Ticket::from_der(ticket).ok()?;
        let services = ["krbtgt/R", "host/www", "kadmin/changepw"];
        let mut keys = services.iter().flat_map(|name| self.kdc.keys(name));
        keys.find_map(|key| {
            let key = Key::new(&key.block()).unwrap();
            key.decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher)
                .ok()
        })
    }
}

/// Makes the answers on an honest network available for replay on the next, a second later.
fn remember(network: &mut Network, honest: Network) {
    network.now = honest.now + Duration::from_secs(1);
    network.start = network.now;
    network.earlier = honest.answers;
}

fn params() -> AsParams {
    let mut params = AsParams::new(principal(USER));
    params.policy = policy();
    params
}

fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.etypes = OFFERED.to_vec();
    policy.kdc_timesync = false;
    policy
}

fn principal(name: &str) -> Principal {
    Principal::parse(name).unwrap()
}

fn time(now: Duration) -> Timestamp {
    let now = EPOCH + now;
    Timestamp::new(now.as_secs().cast_signed(), now.subsec_micros())
}

fn of_kdc(transport: Transport) -> KdcTransport {
    match transport {
        Transport::Udp => KdcTransport::Udp,
        _ => KdcTransport::Tcp,
    }
}

fn unreachable(attempts: &[Attempt]) -> String {
    let reasons: Vec<String> = attempts.iter().map(|one| one.reason.to_string()).collect();
    reasons.join(", ")
}
