//! The reply of a kpasswd service, from a stranger or altered on the way: no panic, and no success
//! that the service did not report.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/script.rs"]
mod script;

use core::net::Ipv4Addr;
use core::time::Duration;
use std::sync::LazyLock;

use kerberos_crypto::EncryptionType;
use kerberos_proto::{
    AsExchange, AsParams, HostAddress, Password, PasswordChange, PasswordChangeError, Principal,
    Secret, Step, Timestamp,
};
use kerberos_testkdc::{Account, Fault, Kdc, PasswordFault, Transport};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use script::Script;

const NOW: Timestamp = Timestamp::new(1_000_000_000, 0);
const TIME: Duration = Duration::from_secs(1_000_000_000);

/// A password change in progress, and the service's honest replies: a success, a refusal, and two
/// errors.
static WORLD: LazyLock<(PasswordChange, [Vec<u8>; 4])> = LazyLock::new(|| {
    let because = b"too short".to_vec();
    let faults = [
        None,
        Some(PasswordFault::Rejects(4, because.clone())),
        Some(PasswordFault::Error(0, Vec::new())),
        Some(PasswordFault::FramedError(4, because)),
    ];
    let mut change = None;
    let replies = faults.map(|fault| {
        // RC4 keys are derived quickly. With constant random numbers, each KDC issues the same
        // ticket.
        let kdc = Kdc::builder("R")
            .etypes(&[EncryptionType::ARCFOUR_HMAC])
            .account(Account::new("alice").password("password").no_preauth())
            .service("kadmin/changepw")
            .rng(Constant)
            .build()
            .expect("valid KDC");
        if let Some(fault) = fault {
            kdc.set_fault(Fault::Password(fault));
        }
        let one = start(&kdc);
        let address = HostAddress::from(core::net::IpAddr::V4(Ipv4Addr::LOCALHOST));
        let message = one
            .message(address, &mut Constant, NOW)
            .expect("the message can be made");
        change = Some(one);
        kdc.answer_password_change(&message, Transport::Tcp, TIME)
            .expect("the service replies")
    });
    (change.expect("a change was started"), replies)
});

fuzz_target!(|data: &[u8]| {
    let (change, replies) = &*WORLD;
    let mut script = Script(data);
    let kind = usize::from(script.byte() % 4);
    let is_honest = script.is_honest();
    let reply = script.alter(replies[kind].clone());
    match change.check_reply(&reply, NOW) {
        Ok(()) => assert_eq!(kind, 0, "success that the service did not report"),
        Err(error) => {
            assert!(
                kind != 0 || !is_honest,
                "the honest success must be accepted"
            );
            assert!(!error.to_string().is_empty() && !error.mit_message().is_empty());
            if let PasswordChangeError::Rejected(no) = error {
                assert!(!no.message().contains('\u{1b}'));
            }
        }
    }
});

fn start(kdc: &Kdc) -> PasswordChange {
    let params =
        AsParams::new(Principal::parse("alice@R").expect("valid name")).to_change_password();
    let secret = Secret::Password(Password::new("password"));
    let (mut exchange, mut request) =
        AsExchange::start(params, secret, &mut Constant, NOW).expect("the exchange starts");
    loop {
        let reply = kdc
            .answer(&request.payload, Transport::Tcp, TIME)
            .expect("the KDC answers");
        match exchange.step(&reply, &mut Constant, NOW) {
            Ok(Step::Send(next)) => request = next,
            Ok(Step::Done(login)) => {
                let new = Password::new("new");
                let credential = &login.credential;
                return PasswordChange::change(credential, &new, None, &mut Constant, NOW)
                    .expect("the change starts");
            }
            Err(error) => panic!("{error}"),
        }
    }
}
