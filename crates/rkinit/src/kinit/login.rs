//! The login itself: with a password that is asked for or read, or with the keys of a keytab.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use kerberos_asn1::ErrorCode;
use kerberos_client::{Client, ClientError, KeeperParams, last_preauth};
use kerberos_files::keytab::KeytabName;
use kerberos_proto::{AsParams, Login};

use crate::input::new_password::mit_message;
use crate::input::{password_file, prompt};
use crate::kinit::choose::Choice;
use crate::kinit::expired::Typed;
use crate::kinit::plan::{Action, Plan};
use crate::kinit::{CONTEXT, expired, request};
use crate::messages::advice;
use crate::messages::refusal::Refusal;

/// A login, and what is needed to log in again.
pub(super) struct Done {
    pub(super) login: Login,
    params: AsParams,
    with: With,
}

enum With {
    Keytab(KeytabName),
    Password(Typed),
}

impl Done {
    /// The parameters for keeping this login fresh.
    pub(super) fn into_kept(self) -> KeeperParams {
        let params = match self.with {
            With::Keytab(name) => KeeperParams::with_keytab(self.params, name),
            With::Password(typed) => KeeperParams::new(self.params, move || typed.known_secret()),
        };
        params.with_login(self.login)
    }
}

/// The number in MIT's library for a wrong key: `KRB5KRB_AP_ERR_BAD_INTEGRITY`.
const BAD_INTEGRITY: i32 = kerberos_proto::MIT_ERROR_BASE + 31;

/// Logs in according to `plan`.
///
/// # Errors
/// When a secret is not available, or the KDC refuses.
pub(super) fn log_in(client: &Client, plan: &Plan, choice: &Choice) -> Result<Done, Refusal> {
    let principal = &choice.principal;
    let refusal = |error: ClientError| Refusal {
        message: mit_message(&error),
        hint: of_domain(&error, plan.principal.as_deref()).or_else(|| {
            advice::advice(&error, principal, matches!(plan.action, Action::Keytab(_)))
        }),
        // MIT's kinit itself prints "Password incorrect", without the library's number.
        code: error.mit_code().filter(|code| *code != BAD_INTEGRITY),
        ..Refusal::new("", CONTEXT)
    };
    let mut params = request::params(plan, client.config(), principal).map_err(refusal)?;
    request::adjust(&mut params, plan, client.config().krb5())?;
    if let Action::Keytab(which) = &plan.action {
        let (name, keys) = request::keys(plan, which, principal)?;
        params.last_preauth = last_preauth(&choice.last, &params);
        let login = client.login(params.clone(), keys).map_err(refusal)?;
        let with = With::Keytab(name);
        return Ok(Done {
            login,
            params,
            with,
        });
    }
    // A script whose password is at hand would wait for a sick KDC for ever.
    let attended = plan.password_file.is_none() && prompt::is_for_a_person();
    let unattended = (!attended).then(|| client.clone().unattended());
    let client = unattended.as_ref().unwrap_or(client);
    let typed = match &plan.password_file {
        Some(path) => Typed::known(password_file::read(path)?),
        None => Typed::default(),
    };
    let login = match client.login(params.clone(), typed.secret()) {
        // If the password came from a file, there is nobody to ask; standard input belongs to the
        // command or to a script.
        Err(error) if expired::is_expired(&error) && plan.password_file.is_none() => {
            expired::replace(client, params.clone(), &typed, refusal)?
        }
        result => result.map_err(refusal)?,
    };
    let with = With::Password(typed);
    Ok(Done {
        login,
        params,
        with,
    })
}

/// A hint for a name that the KDC does not know, if the user typed it in Windows style. The parser
/// has removed the backslash, so the message shows a name that nobody typed.
fn of_domain(error: &ClientError, typed: Option<&OsStr>) -> Option<String> {
    let ClientError::Exchange(error) = error else {
        return None;
    };
    let is_unknown = error.kdc_code() == Some(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN);
    (is_unknown && has_domain(typed?.as_bytes())).then(|| {
        "write user@REALM instead of DOMAIN\\user: a \\ only quotes the character after it"
            .to_owned()
    })
}

/// Whether a name looks like `DOMAIN\user`.
fn has_domain(typed: &[u8]) -> bool {
    let mut parts = typed.splitn(2, |byte| *byte == b'\\');
    let (domain, user) = (parts.next(), parts.next());
    // Before these characters, a backslash may be an intended escape.
    domain.is_some_and(|domain| !domain.is_empty())
        && user.is_some_and(|user| {
            user.first()
                .is_some_and(|first| !matches!(first, b'/' | b'@' | b'\\'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_domain_prefix_is_recognised() {
        let check = |typed: &str, expected| {
            assert_eq!(has_domain(typed.as_bytes()), expected, "{typed}");
        };
        check(r"LAB\alice", true);
        check(r"LAB\tom@LAB.TEST", true);
        check(r"alice\@company.example", false);
        check(r"a\/b", false);
        check(r"\alice", false);
        check(r"alice\", false);
        check("alice@LAB.TEST", false);
    }
}
