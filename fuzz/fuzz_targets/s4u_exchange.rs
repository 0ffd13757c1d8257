//! A service asks for tickets on behalf of a user, through two realms and a hostile network: each
//! answer of the honest KDCs is passed on, altered, or replaced by other bytes. The exchange always
//! ends, and a ticket is always the honest one, with the right user.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/realms.rs"]
mod realms;
#[path = "support/script.rs"]
mod script;

use kerberos_crypto::EncryptionType;
use kerberos_proto::{
    AsExchange, AsParams, Credential, ExchangeError, KeyEntry, Policy, Principal, S4u2Proxy,
    S4u2Self, S4uUser, Secret, Step, TgsExchange, TgsOutcome, TgsParams, Timestamp, UserRealm,
};
use kerberos_testkdc::{Account, Kdc, PrincipalKey, Referral, TestKdcBuilder};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use realms::{answer, essence};
use script::Script;

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let choices = script.byte();
    let realms = Realms::new(if choices & 16 == 0 {
        EncryptionType::ARCFOUR_HMAC
    } else {
        // With this type, the request has a keyed checksum.
        EncryptionType::AES256_CTS_HMAC_SHA1_96
    });
    let is_honest = script.is_honest();
    let found = realms.on_behalf(choices, &mut script);
    assert!(found.is_ok() || !is_honest, "an honest run must succeed");
    if found.is_ok() {
        let honest = realms.on_behalf(choices, &mut Script(&[]));
        let honest = honest.expect("an honest network leads to a ticket");
        assert_eq!(
            found.map(|found| essence(&found)).ok(),
            Some(essence(&honest))
        );
    }
});

const NOW: Timestamp = Timestamp::new(1_000_000_000, 0);

/// `HTTP/web` is at home; `bob` and `ldap/far` are in the other realm.
struct Realms([Kdc; 2]);

impl Realms {
    fn new(etype: EncryptionType) -> Self {
        let realm = |name, other, edit: fn(Account) -> Account| realm(etype, name, other, edit);
        let web = Account::new("HTTP/web").no_preauth();
        let web = web.may_impersonate().delegates_to("ldap/back");
        let home = realm("HOME", "USER", |trust| trust)
            .account(web.delegates_to("krbtgt/HOME"))
            .account(Account::new("alice").certificate("alice's"))
            .account(Account::new("ldap/back"))
            .account(Account::new("bob@corp").lives_in("USER", Referral::WrongRealm))
            .account(Account::new("ldap/far").lives_in("USER", Referral::WrongRealm));
        // The service's name with its realm is referred to HOME, as an enterprise name is by a real
        // KDC.
        let user = realm("USER", "HOME", |trust| trust.alias("HTTP/web@HOME"))
            .account(Account::new("bob").alias("bob@corp"))
            .account(Account::new("ldap/far").accepts_from("HTTP/web@HOME"));
        Self([home, user].map(|builder| builder.build().expect("valid KDC")))
    }

    /// The ticket of a user for another service; `script` says what happens to the answers.
    fn on_behalf(&self, choices: u8, script: &mut Script<'_>) -> Result<Credential, ExchangeError> {
        let rng = &mut Constant;
        let name = |name| Principal::parse(name).expect("valid name");
        let user = match choices % 4 {
            0 => S4uUser::Name(name("alice@HOME")),
            1 => S4uUser::Name(name("bob@USER")),
            2 => {
                S4uUser::Name(Principal::parse_enterprise("bob@corp", "HOME").expect("valid name"))
            }
            _ => S4uUser::Certificate(b"alice's".to_vec()),
        };
        let realm = if let S4uUser::Certificate(_) = &user {
            // The test KDC does not search for users by certificate alone.
            b"HOME".to_vec()
        } else {
            let (mut search, step) = UserRealm::start(&user, b"HOME", Policy::default(), rng, NOW)?;
            self.finish(step, script, |reply| search.step(reply, &mut Constant, NOW))?
        };
        let own = self.login();
        let tgt = self.tgt_for(&realm, &own)?;
        let params = TgsParams::new(name("HTTP/web@HOME"));
        let (mut machine, request) = S4u2Self::start(params, &user, &realm, &tgt, rng, NOW)?;
        let evidence = self.finish(Step::Send(request), script, |reply| {
            machine.step(reply, &mut Constant, NOW)
        })?;
        if choices & 4 != 0 {
            return Ok(evidence);
        }
        let target = ["ldap/back@HOME", "ldap/far@HOME"][usize::from(choices >> 3 & 1)];
        let params = TgsParams::new(name(target));
        let (mut machine, request) = S4u2Proxy::start(params, &evidence, &own, rng, NOW)?;
        self.finish(Step::Send(request), script, |reply| {
            machine.step(reply, &mut Constant, NOW)
        })
    }

    /// Runs an exchange to its end over the hostile network.
    fn finish<T>(
        &self,
        mut step: Step<T>,
        script: &mut Script<'_>,
        mut next: impl FnMut(&[u8]) -> Result<Step<T>, ExchangeError>,
    ) -> Result<T, ExchangeError> {
        for _ in 0..40 {
            match step {
                Step::Send(request) => {
                    let reply = script.alter(answer(&self.0, &request));
                    let taken = next(&reply);
                    step = taken.inspect_err(|error| assert!(!error.to_string().is_empty()))?;
                }
                Step::Done(done) => return Ok(*done),
            }
        }
        panic!("the exchange does not end");
    }

    /// The service's own TGT, from an honest login.
    fn login(&self) -> Credential {
        let mut params = AsParams::new(Principal::parse("HTTP/web@HOME").expect("valid name"));
        params.options.forwardable = true;
        let entry = |key: &PrincipalKey| KeyEntry {
            kvno: key.kvno(),
            key: key.block(),
        };
        let secret = Secret::Keys(self.0[0].keys("HTTP/web").iter().map(entry).collect());
        let started = AsExchange::start(params, secret, &mut Constant, NOW);
        let (mut exchange, request) = started.expect("the exchange starts");
        let login = self.finish(Step::Send(request), &mut Script(&[]), |reply| {
            exchange.step(reply, &mut Constant, NOW)
        });
        login.expect("the honest login succeeds").credential
    }

    /// A TGT for `realm`, obtained honestly if the own realm trusts it.
    fn tgt_for(&self, realm: &[u8], own: &Credential) -> Result<Credential, ExchangeError> {
        if realm == b"HOME" {
            return Ok(own.clone());
        }
        let params = TgsParams::new(Principal::krbtgt(realm, b"HOME"));
        let (mut exchange, request) = TgsExchange::start(params, own, &mut Constant, NOW)?;
        let outcome = self.finish(Step::Send(request), &mut Script(&[]), |reply| {
            exchange.step(reply, NOW)
        })?;
        let TgsOutcome::Ticket(tgt) = outcome else {
            panic!("expected the TGT of a trusted realm");
        };
        Ok(tgt)
    }
}

/// A realm that trusts the other one. RC4 keys are derived quickly from passwords; other keys are
/// random, which here means that both realms have the same ones.
fn realm(
    etype: EncryptionType,
    name: &str,
    other: &str,
    edit: fn(Account) -> Account,
) -> TestKdcBuilder {
    let trust = |realm: &str| {
        let account = Account::new(&format!("krbtgt/{realm}"));
        match etype {
            EncryptionType::ARCFOUR_HMAC => account.password(realm).salt("trust"),
            _ => account,
        }
    };
    Kdc::builder(name)
        .etypes(&[etype])
        .account(trust(name))
        .account(edit(trust(other)))
        .rng(Constant)
}
