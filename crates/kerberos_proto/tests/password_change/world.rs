//! A realm with a kpasswd service, and a user who logs in there.

use core::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use kerberos_proto::{
    AsExchange, AsParams, ExchangeError, HostAddress, Login, Password, PasswordChange,
    PasswordChangeError, Principal, Secret, Step, Timestamp,
};
use kerberos_testkdc::{Account, AccountState, Fault, Kdc, PasswordFault, Transport};

pub(crate) use crate::random::Rng;

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp {
    seconds: 1_767_225_600,
    microseconds: 250_000,
};

pub(crate) fn kdc() -> Kdc {
    Kdc::builder("R")
        .principal("alice", "old")
        .account(
            Account::new("late")
                .password("old")
                .state(AccountState::PasswordExpired),
        )
        .account(Account::new("admin").password("pw").may_set_passwords())
        .service("kadmin/changepw")
        .rng(Rng(5))
        .build()
        .unwrap()
}

/// A KDC with this fault of its kpasswd service.
pub(crate) fn with_fault(fault: PasswordFault) -> Kdc {
    let kdc = kdc();
    kdc.set_fault(Fault::Password(fault));
    kdc
}

pub(crate) fn params(name: &str) -> AsParams {
    AsParams::new(Principal::parse(&format!("{name}@R")).unwrap())
}

pub(crate) fn log_in(kdc: &Kdc, params: AsParams, password: &str) -> Result<Login, ExchangeError> {
    let secret = Secret::Password(Password::new(password));
    let rng = &mut Rng(1);
    let (mut exchange, mut request) = AsExchange::start(params, secret, rng, NOW)?;
    loop {
        let reply = kdc
            .answer(&request.payload, Transport::Tcp, time())
            .unwrap();
        match exchange.step(&reply, rng, NOW)? {
            Step::Send(next) => request = next,
            Step::Done(login) => return Ok(*login),
        }
    }
}

/// A ticket for changing passwords.
pub(crate) fn ticket(kdc: &Kdc, name: &str, password: &str) -> Login {
    log_in(kdc, params(name).to_change_password(), password).unwrap()
}

/// A change of alice's password to `new`.
pub(crate) fn change(kdc: &Kdc, new: &str) -> PasswordChange {
    let login = ticket(kdc, "alice", "old");
    let new = Password::new(new);
    PasswordChange::change(&login.credential, &new, None, &mut Rng(3), NOW).unwrap()
}

pub(crate) fn address() -> HostAddress {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)).into()
}

/// The service's reply.
pub(crate) fn reply(kdc: &Kdc, change: &PasswordChange) -> Vec<u8> {
    let message = change.message(address(), &mut Rng(4), NOW).unwrap();
    let reply = kdc.answer_password_change(&message, Transport::Tcp, time());
    reply.unwrap()
}

/// Sends the message and checks the reply.
pub(crate) fn carry_out(kdc: &Kdc, change: &PasswordChange) -> Result<(), PasswordChangeError> {
    change.check_reply(&reply(kdc, change), NOW)
}

/// Whether alice can log in with `password`.
pub(crate) fn opens(kdc: &Kdc, name: &str, password: &str) -> bool {
    log_in(kdc, params(name), password).is_ok()
}

pub(crate) fn time() -> Duration {
    Duration::new(1_767_225_600, 250_000_000)
}
