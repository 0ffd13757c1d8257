//! Expired passwords: asks for a new password, sets it, and continues the login, as MIT's library
//! does.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kerberos_asn1::ErrorCode;
use kerberos_client::{Client, ClientError};
use kerberos_proto::{
    AsParams, AskError, Login, Password, PasswordChangeError, PasswordResult, Secret,
};

use crate::input::new_password::{Unusable, mit_message};
use crate::input::{new_password, prompt};
use crate::kinit::CONTEXT;
use crate::messages::refusal::Refusal;
use crate::output;

/// How often to ask for a new password.
const TRIES: u8 = 3;

/// The password that the user typed, in case it is needed twice.
#[derive(Clone, Default)]
pub(super) struct Typed(Arc<Mutex<Option<Password>>>);

impl Typed {
    /// A password that was read from a file, so that nobody is asked.
    pub(super) fn known(password: Password) -> Self {
        Self(Arc::new(Mutex::new(Some(password))))
    }

    /// The password that the last login used.
    pub(super) fn known_secret(&self) -> Result<Secret, ClientError> {
        let typed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*typed {
            Some(password) => Ok(Secret::Password(password.clone())),
            None => Err(ClientError::Exchange(AskError::Unreadable.into())),
        }
    }

    fn replace(&self, password: Password) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(password);
    }

    /// A secret that asks the user only once, even if it is needed several times.
    pub(super) fn secret(&self) -> Secret {
        let typed = self.0.clone();
        Secret::ask(move |client| {
            let mut typed = typed.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(password) = &*typed {
                return Ok(password.clone());
            }
            let password = prompt::password_for(client)?;
            *typed = Some(password.clone());
            Ok(password)
        })
    }
}

/// Whether the login failed because the password has expired.
pub(super) fn is_expired(error: &ClientError) -> bool {
    let code = match error {
        ClientError::Exchange(error) => error.kdc_code(),
        _ => None,
    };
    code == Some(ErrorCode::KDC_ERR_KEY_EXPIRED)
}

/// Lets the user choose another password, and logs in with that.
///
/// # Errors
/// What went wrong, converted by `refusal` if it was the login.
pub(super) fn replace(
    client: &Client,
    params: AsParams,
    typed: &Typed,
    refusal: impl Fn(ClientError) -> Refusal,
) -> Result<Login, Refusal> {
    let login = client
        .login(params.to_change_password(), typed.secret())
        .map_err(&refusal)?;
    let mut banner = "Password expired.  You must change it now.".to_owned();
    let mut last = String::new();
    for _ in 0..TRIES {
        output::tell(format!("{banner}\n").as_bytes());
        let again = |why: &dyn fmt::Display| format!("{why}.  Please try again.");
        let new = match new_password::ask() {
            Ok(new) if new.expose_bytes().is_empty() => {
                last = "New password cannot be zero length".into();
                banner = again(&last);
                continue;
            }
            Ok(new) => new,
            Err(error @ Unusable::Mismatch) => {
                last = error.to_string();
                banner = again(&last);
                continue;
            }
            Err(error) => return Err(Refusal::new(error, CONTEXT)),
        };
        match client.change_password(&login, &new) {
            Ok(()) => {
                typed.replace(new);
                return client.login(params, typed.secret()).map_err(refusal);
            }
            Err(ClientError::PasswordChange(PasswordChangeError::Rejected(no))) => {
                last = "Password change failed".into();
                // For other results, MIT prints only this text.
                if no.result != PasswordResult::SOFTERROR {
                    return Err(Refusal {
                        hint: Some(format!("the service says: {no}")),
                        ..Refusal::new(last, CONTEXT)
                    });
                }
                banner = format!("{}\n", again(&no));
            }
            Err(error) => {
                return Err(Refusal {
                    message: mit_message(&error),
                    ..Refusal::of(&error, CONTEXT)
                });
            }
        }
    }
    Err(Refusal::new(last, CONTEXT))
}
