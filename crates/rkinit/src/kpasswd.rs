//! `kpasswd`: changes the user's own password.
//!
//! The old password is used to get a ticket for `kadmin/changepw`, which is not cached; then the
//! new password is asked for. As with MIT, a password that the service rejects ends the program.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use clap::Parser;
use kerberos_client::{Client, ClientError};
use kerberos_proto::{
    AskError, ExchangeError, Login, PasswordChangeError, Principal, Secret, mit_text,
};

use crate::input::arguments::Arguments;
use crate::input::ccache_select::SelectError;
use crate::input::new_password::mit_message;
use crate::input::{arguments, ccache_select, configuration, new_password, prompt, user};
use crate::messages::refusal::Refusal;
use crate::messages::{Program, advice, hint, line};
use crate::output;

/// Change your Kerberos password.
#[derive(Parser, Debug, Default)]
#[command(version)]
struct Typed {
    #[arg(hide = true)]
    principals: Vec<OsString>,
}

impl Arguments for Typed {
    const SHORT: &'static str = "";
    const USAGE: &'static str = "PROG [PRINCIPAL]";
    const EXAMPLES: &'static str = "  \
  PROG
      change the password of the cache's principal, or else of the current user
  PROG alice@EXAMPLE.COM
      change that principal's password";
    const USAGE_STATUS: u8 = 1;

    fn option(&mut self, _letter: u8, _value: OsString) {}

    fn operand(&mut self, value: OsString) {
        self.principals.push(value);
    }
}

/// The tool's clap definition, for manual pages and completions.
pub(crate) fn definition(name: &str) -> clap::Command {
    arguments::definition::<Typed>(name)
}

/// Runs `kpasswd` and returns its exit status.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let typed: Typed = match arguments::parse(program, arguments) {
        Ok(typed) => typed,
        Err(status) => return status,
    };
    let program = &program.in_full();
    let named = match typed.principals.as_slice() {
        [] => None,
        [named] => Some(named),
        _ => return arguments::usage::<Typed>(program),
    };
    match kpasswd(program, named) {
        Ok(status) | Err(status) => status,
    }
}

fn kpasswd(program: &Program, named: Option<&OsString>) -> Result<u8, u8> {
    let report = |refusal: Refusal| refusal.report(program);
    let client = configuration::client().map_err(|error| {
        report(SelectError::from(error).into_refusal("initializing kerberos library"))
    })?;
    let principal = choose(program, named)?;
    let login = log_in(client, &principal).map_err(report)?;
    let new = new_password::ask()
        .map_err(|error| report(Refusal::new(error, "while reading password")))?;
    match client.change_password(&login, &new) {
        Ok(()) => {
            let _ = output::write_all(b"Password changed.\n");
            Ok(0)
        }
        Err(ClientError::PasswordChange(PasswordChangeError::Rejected(no))) => {
            let _ = output::show(format!("{no}\n").as_bytes());
            Ok(2)
        }
        Err(error) => Err(report(Refusal {
            hint: advice(&error),
            ..Refusal::new(base_text(&error), "changing password")
        })),
    }
}

/// The named principal, otherwise the principal of the cache, otherwise the user's own name.
fn choose(program: &Program, named: Option<&OsString>) -> Result<Principal, u8> {
    let report = |error: SelectError, context| error.into_refusal(context).report(program);
    let parse = |text: &[u8]| ccache_select::principal(text, false);
    if let Some(named) = named {
        return parse(named.as_bytes()).map_err(|error| report(error, "parsing client name"));
    }
    let name =
        ccache_select::cache(None).map_err(|error| report(error, "opening default ccache"))?;
    let owner = ccache_select::open(&name).and_then(|cache| Ok(cache.principal()?));
    match owner {
        Ok(owner) => return Ok(owner),
        // Without a cache, the principal is derived from the user's login name.
        Err(SelectError::Cache(error)) if error.is_no_cache() => {}
        Err(error) => return Err(report(error, "getting principal from ccache")),
    }
    let Some(name) = user::name() else {
        line(format_args!("Unable to identify user from password file"));
        hint("name the principal (user@REALM): this user ID is not in /etc/passwd");
        return Err(1);
    };
    let context = format!("when parsing name {name}");
    parse(name.as_bytes()).map_err(|error| report(error, &context))
}

fn log_in(client: &Client, principal: &Principal) -> Result<Login, Refusal> {
    let refusal = |error: ClientError| {
        let (message, context) = match &error {
            // The reply does not decrypt. If the KDC itself rejects the password, its own words are
            // used, as in MIT.
            ClientError::Exchange(ExchangeError::WrongPassword(None)) => {
                ("Password incorrect while getting initial ticket".into(), "")
            }
            error => (base_text(error), "getting initial ticket"),
        };
        let hint = match &error {
            ClientError::Exchange(ExchangeError::Ask(AskError::Unreadable)) => {
                Some("give the old password, and then the new one twice, on standard input".into())
            }
            error => advice::advice(error, principal, false),
        };
        Refusal {
            hint,
            ..Refusal::new(message, context)
        }
    };
    let params = client
        .config()
        .as_params_without_lifetimes(principal.clone())
        .map_err(refusal)?;
    let secret = Secret::ask(prompt::password_for);
    let mut client = client.clone();
    if !prompt::is_for_a_person() {
        client = client.unattended();
    }
    client
        .login(params.to_change_password(), secret)
        .map_err(refusal)
}

/// The error's text without names, as in MIT's kpasswd, which prints only the text that belongs to
/// the error number.
fn base_text(error: &ClientError) -> Cow<'static, str> {
    match error {
        ClientError::Exchange(error) => match error.kdc_code() {
            Some(code) => mit_text(code.0).into(),
            None => error.mit_message(),
        },
        ClientError::CannotFindKdc { .. } => "Cannot find KDC for requested realm".into(),
        ClientError::CannotContactKdc { .. } => "Cannot contact any KDC for requested realm".into(),
        error => mit_message(error),
    }
}

/// What to do about a failed change.
fn advice(error: &ClientError) -> Option<String> {
    match error {
        ClientError::PasswordChange(PasswordChangeError::UnprovenSuccess) => {
            Some("log in with the new password to check whether it was changed".into())
        }
        ClientError::CannotFindKdc { .. } => {
            Some("set kpasswd_server for the realm in [realms] of krb5.conf".into())
        }
        error => error.hint(),
    }
}
