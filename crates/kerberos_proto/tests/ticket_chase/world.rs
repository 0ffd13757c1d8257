//! Realms that trust each other, a login to the first one, and chases through them.

use std::time::Duration;

use kerberos_asn1::{Decode, KdcOptions, TgsReq};
use kerberos_proto::{
    AsExchange, AsParams, ChaseParams, Chased, Credential, ExchangeError, Password, Principal,
    Request, Secret, Step, TgsExchange, TgsOutcome, TgsParams, TicketChase, Timestamp,
};
use kerberos_testkdc::{Account, Kdc, Referral, TestKdcBuilder, Transport};

pub(crate) use crate::random::Rng;

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp {
    seconds: 1_767_225_600,
    microseconds: 250_000,
};

/// Realms, of which the first is the client's.
pub(crate) struct World {
    kdcs: Vec<Kdc>,
    /// Who answers requests without referrals for the first realm, if not its KDC.
    pub(crate) without_referrals: Option<Kdc>,
}

/// The requests, as `REALM: service`, with a `+` if referrals were allowed.
pub(crate) type Asked = Vec<String>;

impl World {
    pub(crate) fn new(realms: impl IntoIterator<Item = TestKdcBuilder>) -> Self {
        Self {
            kdcs: realms
                .into_iter()
                .map(|realm| realm.build().unwrap())
                .collect(),
            without_referrals: None,
        }
    }

    pub(crate) fn kdc(&self, realm: &str) -> &Kdc {
        self.kdcs.iter().find(|kdc| kdc.realm() == realm).unwrap()
    }

    pub(crate) fn answer(&self, request: &Request) -> Vec<u8> {
        let realm = String::from_utf8(request.realm.clone()).unwrap();
        let mut kdc = self.kdc(&realm);
        if let Ok(TgsReq(parsed)) = TgsReq::from_der(&request.payload) {
            let referrals = parsed
                .req_body
                .kdc_options
                .contains(KdcOptions::CANONICALIZE);
            if let (false, Some(other)) = (referrals, &self.without_referrals) {
                kdc = other;
            }
        }
        let time = Duration::new(NOW.seconds.unsigned_abs(), NOW.microseconds * 1000);
        kdc.answer(&request.payload, Transport::Tcp, time).unwrap()
    }

    /// A TGT of the first realm.
    pub(crate) fn login(&self) -> Credential {
        let client = format!("alice@{}", self.kdcs[0].realm());
        let params = AsParams::new(principal(&client));
        let secret = Secret::Password(Password::new("pw"));
        let (mut exchange, mut request) =
            AsExchange::start(params, secret, &mut Rng(1), NOW).unwrap();
        loop {
            match exchange
                .step(&self.answer(&request), &mut Rng(2), NOW)
                .unwrap()
            {
                Step::Send(next) => request = next,
                Step::Done(login) => return login.credential,
            }
        }
    }

    /// A TGT of another realm, obtained in a single exchange.
    pub(crate) fn cross(&self, realm: &str, with: &Credential) -> Credential {
        let at = with.server.components().nth(1).unwrap();
        let params = TgsParams::new(Principal::krbtgt(realm.as_bytes(), at));
        let (mut exchange, request) = TgsExchange::start(params, with, &mut Rng(3), NOW).unwrap();
        match exchange.step(&self.answer(&request), NOW).unwrap() {
            Step::Done(outcome) => match *outcome {
                TgsOutcome::Ticket(tgt) => tgt,
                other => panic!("{other:?}"),
            },
            Step::Send(_) => panic!("unexpected second request"),
        }
    }

    /// Chases to the end. `edit` may alter the answers, whose numbers it gets.
    pub(crate) fn chase_spoilt(
        &self,
        params: ChaseParams,
        edit: impl FnMut(usize, &Request, Vec<u8>) -> Vec<u8>,
    ) -> (Result<Chased, ExchangeError>, Asked) {
        self.chase_from(&self.login(), params, edit)
    }

    /// The same with a TGT that is there already.
    pub(crate) fn chase_from(
        &self,
        tgt: &Credential,
        params: ChaseParams,
        mut edit: impl FnMut(usize, &Request, Vec<u8>) -> Vec<u8>,
    ) -> (Result<Chased, ExchangeError>, Asked) {
        let mut asked = Asked::new();
        let mut rng = Rng(7);
        let started = TicketChase::start(params, tgt, &mut rng, NOW);
        let (mut chase, mut step) = match started {
            Ok(started) => started,
            Err(error) => return (Err(error), asked),
        };
        loop {
            let request = match step {
                Step::Send(request) => request,
                Step::Done(chased) => return (Ok(*chased), asked),
            };
            asked.push(told(&request));
            let reply = edit(asked.len(), &request, self.answer(&request));
            step = match chase.step(&reply, &mut rng, NOW) {
                Ok(step) => step,
                Err(error) => {
                    // Every error is final.
                    let again = chase.step(&reply, &mut rng, NOW);
                    assert!(matches!(again, Err(ExchangeError::Finished)));
                    return (Err(error), asked);
                }
            };
        }
    }

    pub(crate) fn chase(&self, params: ChaseParams) -> (Result<Chased, ExchangeError>, Asked) {
        self.chase_spoilt(params, |_, _, reply| reply)
    }

    /// The expected result of a chase: the requests that it takes, and the realms that serve it.
    pub(crate) fn check(&self, params: ChaseParams, requests: &[&str], hops: &[&str]) -> Chased {
        let server = params.tgs.server.clone();
        let (result, asked) = self.chase(params);
        assert_eq!(asked, requests);
        let chased = result.unwrap();
        assert_eq!(chased.credential.server, server);
        let got: Vec<_> = chased
            .hops
            .iter()
            .map(|hop| String::from_utf8_lossy(hop))
            .collect();
        assert_eq!(got, hops);
        chased
    }

    /// The expected result of a chase that fails.
    pub(crate) fn fails(&self, params: ChaseParams, requests: &[&str]) -> ExchangeError {
        let (result, asked) = self.chase(params);
        assert_eq!(asked, requests, "{result:?}");
        result.unwrap_err()
    }
}

fn told(request: &Request) -> String {
    let TgsReq(parsed) = TgsReq::from_der(&request.payload).unwrap();
    let body = parsed.req_body;
    let sname = body.sname.unwrap();
    let components = sname
        .name_string
        .iter()
        .map(|one| String::from_utf8_lossy(one.0));
    let name = components.collect::<Vec<_>>().join("/");
    let realm = String::from_utf8_lossy(&request.realm);
    // The KDC to ask is that of the realm in the request.
    assert_eq!(body.realm.0, request.realm);
    let more = if body.kdc_options.contains(KdcOptions::CANONICALIZE) {
        "+"
    } else {
        ""
    };
    format!("{realm}: {name}{more}")
}

/// A realm that shares keys with these realms.
pub(crate) fn realm(name: &str, trusts: &[&str]) -> TestKdcBuilder {
    let shared = |realm: &str| {
        Account::new(&format!("krbtgt/{realm}"))
            .password(realm)
            .salt("between realms")
    };
    let builder = Kdc::builder(name)
        .account(Account::new("alice").password("pw").no_preauth())
        .account(shared(name))
        .rng(Rng(3));
    trusts
        .iter()
        .fold(builder, |builder, realm| builder.account(shared(realm)))
}

/// An account that a realm says is in another one.
pub(crate) fn lives_in(name: &str, realm: &str) -> Account {
    Account::new(name).lives_in(realm, Referral::WrongRealm)
}

pub(crate) fn principal(name: &str) -> Principal {
    Principal::parse(name).unwrap()
}

pub(crate) fn params(name: &str) -> ChaseParams {
    ChaseParams::new(TgsParams::new(principal(name)))
}
