//! Three realms in a chain of trust, USER.TEST – MID.TEST – HOME.TEST, and state machines that run
//! with them. The service `HTTP/web` is at home.

use std::time::Duration;

use kerberos_crypto::EncryptionType;
use kerberos_proto::{
    AsExchange, AsParams, Credential, ExchangeError, Password, Policy, Principal, Request,
    S4u2Proxy, S4u2Self, S4uUser, Secret, Step, TgsExchange, TgsOutcome, TgsParams, Timestamp,
    UserRealm,
};
use kerberos_testkdc::{Account, Kdc, Referral, TestKdcBuilder, Transport};

pub(crate) use crate::random::Rng;

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp {
    seconds: 1_767_225_600,
    microseconds: 250_000,
};
pub(crate) const CERTIFICATE: &[u8] = b"bob's certificate";

pub(crate) struct Realms {
    pub(crate) home: Kdc,
    pub(crate) mid: Kdc,
    pub(crate) user: Kdc,
}

impl Realms {
    pub(crate) fn new() -> Self {
        Self::with_etypes(&[])
    }

    /// With keys of these types only.
    pub(crate) fn with_etypes(etypes: &[EncryptionType]) -> Self {
        Self::build(etypes, "HOME.TEST")
    }

    /// MID.TEST refers the service back to USER.TEST.
    pub(crate) fn round_in_circles() -> Self {
        Self::build(&[], "USER.TEST")
    }

    fn build(etypes: &[EncryptionType], mid_refers_to: &str) -> Self {
        let web = Account::new("HTTP/web").password("web").no_preauth();
        let web = web
            .may_impersonate()
            .delegates_to("ldap/back")
            .delegates_to("krbtgt/HOME.TEST");
        let tame = Account::new("HTTP/tame").password("web").no_preauth();
        let home = realm("HOME.TEST", &["MID.TEST"], etypes)
            .account(web)
            .account(tame.delegates_to("ldap/back"))
            .account(Account::new("alice").alias("alice@corp.example"))
            .account(Account::new("dave").certificate("dave's certificate"))
            .account(Account::new("ldap/back"))
            .account(Account::new("ldap/other"))
            .account(Account::new("ldap/own").accepts_from("HTTP/tame"))
            .account(Account::new("bob@corp.example").lives_in("USER.TEST", Referral::WrongRealm))
            .account(Account::new("ldap/far").lives_in("MID.TEST", Referral::WrongRealm));
        // The service's full name leads home, like an enterprise name at a real KDC.
        let back = |next: &str| trust(next).alias("HTTP/web@HOME.TEST");
        let both = ["HOME.TEST", "USER.TEST"];
        let other = both.into_iter().find(|realm| *realm != mid_refers_to);
        let mid = base("MID.TEST", etypes)
            .account(back(mid_refers_to))
            .account(trust(other.unwrap()))
            .account(Account::new("ldap/far").lives_in("USER.TEST", Referral::WrongRealm));
        let user = base("USER.TEST", etypes)
            .account(back("MID.TEST"))
            .account(
                Account::new("bob")
                    .alias("bob@corp.example")
                    .certificate(CERTIFICATE),
            )
            .account(Account::new("ldap/far").accepts_from("HTTP/web@HOME.TEST"));
        Self {
            home: home.build().unwrap(),
            mid: mid.build().unwrap(),
            user: user.build().unwrap(),
        }
    }

    pub(crate) fn kdc(&self, realm: &[u8]) -> &Kdc {
        let all = [&self.home, &self.mid, &self.user];
        let found = all.into_iter().find(|kdc| kdc.realm().as_bytes() == realm);
        found.expect("no KDC for this realm")
    }

    pub(crate) fn answer(&self, request: &Request) -> Vec<u8> {
        let transport = if request.stream_only {
            Transport::Tcp
        } else {
            Transport::Udp
        };
        let time = Duration::new(NOW.seconds.unsigned_abs(), NOW.microseconds * 1000);
        self.kdc(&request.realm)
            .answer(&request.payload, transport, time)
            .expect("the KDC does not answer")
    }

    /// The TGT of `HTTP/web` itself, or of another service at home.
    pub(crate) fn login(&self, service: &str) -> Credential {
        let mut params = AsParams::new(principal(service));
        params.options.forwardable = true;
        let secret = Secret::Password(Password::new("web"));
        let mut rng = Rng(1);
        let (mut exchange, mut request) = AsExchange::start(params, secret, &mut rng, NOW).unwrap();
        loop {
            match exchange
                .step(&self.answer(&request), &mut rng, NOW)
                .unwrap()
            {
                Step::Send(next) => request = next,
                Step::Done(login) => return login.credential,
            }
        }
    }

    /// A TGT for `realm`, through as many realms as necessary.
    pub(crate) fn tgt_for(&self, realm: &[u8], tgt: &Credential) -> Credential {
        let mut tgt = tgt.clone();
        while tgt.server.components().nth(1) != Some(realm) {
            let at = tgt.server.components().nth(1).unwrap().to_vec();
            // Each end trusts only the realm in the middle.
            let next = if at == b"MID.TEST" {
                realm
            } else {
                b"MID.TEST"
            };
            let params = TgsParams::new(Principal::krbtgt(next, &at));
            let (mut exchange, request) =
                TgsExchange::start(params, &tgt, &mut Rng(4), NOW).unwrap();
            tgt = match exchange.step(&self.answer(&request), NOW).unwrap() {
                Step::Done(outcome) => match *outcome {
                    TgsOutcome::Ticket(tgt) => tgt,
                    other => panic!("{other:?}"),
                },
                Step::Send(_) => panic!("unexpected second request"),
            };
        }
        self.forget_requests();
        tgt
    }

    /// The realm of `user`, as found by the service.
    pub(crate) fn realm_of(&self, user: &S4uUser) -> Result<Vec<u8>, ExchangeError> {
        let mut rng = Rng(2);
        let policy = Policy::default();
        let (mut search, mut step) = UserRealm::start(user, b"HOME.TEST", policy, &mut rng, NOW)?;
        loop {
            match step {
                Step::Send(request) => {
                    step = search.step(&self.answer(&request), &mut rng, NOW)?;
                }
                Step::Done(realm) => return Ok(*realm),
            }
        }
    }

    /// A ticket of `user` to `service`, and the requests that this took.
    pub(crate) fn to_self(
        &self,
        user: &S4uUser,
        service: &str,
    ) -> Result<(Credential, Vec<Request>), ExchangeError> {
        let own = self.login(service);
        let realm = self.realm_of(user)?;
        let tgt = self.tgt_for(&realm, &own);
        let params = TgsParams::new(principal(service));
        let mut rng = Rng(3);
        let (mut machine, request) = S4u2Self::start(params, user, &realm, &tgt, &mut rng, NOW)?;
        let mut requests = vec![request];
        loop {
            let reply = self.answer(requests.last().unwrap());
            match machine.step(&reply, &mut rng, NOW)? {
                Step::Send(next) => requests.push(next),
                Step::Done(ticket) => return Ok((*ticket, requests)),
            }
        }
    }

    /// A ticket to `target` with `evidence`, and the realms that were asked.
    pub(crate) fn proxy(
        &self,
        evidence: &Credential,
        target: &str,
    ) -> Result<(Credential, Vec<String>), ExchangeError> {
        let service = evidence.server.to_string();
        let tgt = self.login(&service);
        let params = TgsParams::new(principal(target));
        let mut rng = Rng(7);
        let (mut machine, mut request) = S4u2Proxy::start(params, evidence, &tgt, &mut rng, NOW)?;
        let mut realms = Vec::new();
        loop {
            realms.push(String::from_utf8(request.realm.clone()).unwrap());
            match machine.step(&self.answer(&request), &mut rng, NOW)? {
                Step::Send(next) => request = next,
                Step::Done(ticket) => return Ok((*ticket, realms)),
            }
        }
    }

    pub(crate) fn forget_requests(&self) {
        for kdc in [&self.home, &self.mid, &self.user] {
            kdc.forget_requests();
        }
    }
}

pub(crate) fn principal(name: &str) -> Principal {
    Principal::parse_with_realm(name, "HOME.TEST").unwrap()
}

pub(crate) fn named(name: &str) -> S4uUser {
    S4uUser::Name(principal(name))
}

pub(crate) fn enterprise(name: &str) -> S4uUser {
    S4uUser::Name(Principal::parse_enterprise(name, "HOME.TEST").unwrap())
}

/// A realm that has a trust with `others`.
fn realm(name: &str, others: &[&str], etypes: &[EncryptionType]) -> TestKdcBuilder {
    let all = others.iter().map(|other| trust(other));
    all.fold(base(name, etypes), TestKdcBuilder::account)
}

pub(crate) fn base(name: &str, etypes: &[EncryptionType]) -> TestKdcBuilder {
    let builder = Kdc::builder(name).account(trust(name)).rng(Rng(3));
    if etypes.is_empty() {
        builder
    } else {
        builder.etypes(etypes)
    }
}

/// A ticket-granting service with the same key in all realms.
pub(crate) fn trust(realm: &str) -> Account {
    Account::new(&format!("krbtgt/{realm}"))
        .password(format!("key of {realm}"))
        .salt("trust")
}
