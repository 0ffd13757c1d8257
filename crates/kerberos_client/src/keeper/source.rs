//! `LoginSource`: what a keeper logs in with.

use kerberos_proto::{AsParams, Secret};

use crate::ClientError;

/// Gives a keeper the secret for each login, so that rotating it needs no restart.
///
/// A closure that returns a secret is a `LoginSource`. A source that remembers which secret was
/// accepted can offer the old one while some KDCs do not know the new one yet:
/// ```
/// use kerberos_client::{AsParams, ClientError, LoginSource, Password, Secret};
///
/// struct Rotated { file: std::path::PathBuf, last: Option<Password>, accepted: Option<Password> }
///
/// impl LoginSource for Rotated {
///     fn secret(&mut self, _: &mut AsParams) -> Result<Secret, ClientError> {
///         let read = std::fs::read(&self.file).map_err(|error| ClientError::NoSecret {
///             from: self.file.display().to_string(),
///             reason: error.to_string(),
///         })?;
///         let password = Password::new(read);
///         self.last = Some(password.clone());
///         Ok(Secret::Password(password))
///     }
///     fn other(&mut self, _: &mut AsParams) -> Option<Secret> {
///         self.last = self.accepted.clone();
///         self.accepted.clone().map(Secret::Password)
///     }
///     fn accepted(&mut self) {
///         self.accepted = self.last.clone();
///     }
/// }
/// # let mut source = Rotated { file: "/nowhere".into(), last: None, accepted: None };
/// # let mut login = AsParams::new(kerberos_client::Principal::parse("a@B")?);
/// # assert!(source.secret(&mut login).is_err() && source.other(&mut login).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait LoginSource: Send {
    /// The secret for a login. The source may also change `login`: a new secret may belong to
    /// another name.
    ///
    /// # Errors
    /// [`ClientError::NoSecret`], or whatever else prevents it; this counts as a failed attempt.
    fn secret(&mut self, login: &mut AsParams) -> Result<Secret, ClientError>;

    /// Another secret, such as the previous one, after the KDC has called the last one wrong. It is
    /// asked for only once in each attempt, because every wrong secret counts towards locking the
    /// account.
    fn other(&mut self, login: &mut AsParams) -> Option<Secret> {
        let _ = login;
        None
    }

    /// Called after the KDC has accepted the secret given last.
    fn accepted(&mut self) {}
}

impl<F: FnMut() -> Result<Secret, ClientError> + Send> LoginSource for F {
    fn secret(&mut self, _: &mut AsParams) -> Result<Secret, ClientError> {
        self()
    }
}
