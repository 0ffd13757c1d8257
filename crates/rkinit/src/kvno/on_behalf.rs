//! `-I`, `-U`, `-F` and `-P`: tickets on behalf of users (MS-SFU).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use kerberos_proto::{Credential, Principal, S4uUser};

use crate::input::ccache_select;
use crate::kvno::args::{Behalf, User};
use crate::kvno::certificate;
use crate::kvno::job::{CLIENT_CONTEXT, Job, Outcome, no_client};
use crate::messages::refusal::Refusal;

/// On whose behalf tickets are requested with S4U2Self.
pub(super) struct OnBehalf {
    pub(super) user: S4uUser,
    pub(super) proxy: bool,
}

impl OnBehalf {
    /// Parses the user or reads the certificate that the command line names.
    ///
    /// # Errors
    /// When the name is malformed, or the file has no certificate.
    pub(super) fn new(behalf: &Behalf) -> Result<Self, Refusal> {
        let user = match &behalf.user {
            User::Name(name) => S4uUser::Name(user(name, false)?),
            User::Enterprise(name) => S4uUser::Name(user(name, true)?),
            User::Certificate(file) => {
                let certificate = certificate::read(Path::new(file)).map_err(|error| Refusal {
                    hint: Some(error.hint().into()),
                    ..Refusal::new(
                        &error,
                        &format!("while reading certificate file {}", file.display()),
                    )
                })?;
                S4uUser::Certificate(certificate)
            }
        };
        let proxy = behalf.proxy;
        Ok(Self { user, proxy })
    }
}

impl Job {
    /// A ticket to `me` on behalf of a user. The ticket is for `server`, which without `-P` is the
    /// same.
    pub(super) fn on_behalf(
        &self,
        behalf: &OnBehalf,
        me: &Principal,
        server: Principal,
    ) -> Outcome {
        if !behalf.proxy && server != *me {
            return Outcome::Refused(Refusal {
                hint: Some(format!(
                    "such a ticket can only be for the cache's owner, {me}; to get one for another \
                     service with it, add -P"
                )),
                ..Refusal::new(
                    "Invalid argument",
                    "client and server principal names must match",
                )
            });
        }
        let got = self
            .client
            .s4u2self(&self.cache, &behalf.user, &self.request(me));
        self.outcome(server, got)
    }

    /// With `-P`, the ticket for `server` that the KDC issues for `evidence`, a ticket on behalf of
    /// a user; without it, just `evidence`.
    ///
    /// # Errors
    /// When the KDC refuses.
    pub(super) fn proxy(
        &self,
        server: &Principal,
        evidence: Credential,
    ) -> Result<Credential, Refusal> {
        if !self.behalf.as_ref().is_some_and(|behalf| behalf.proxy) {
            return Ok(evidence);
        }
        let mut request = self.request(server);
        request.options.canonicalize = true;
        let got = self.client.s4u2proxy(&self.cache, &evidence, &request);
        got.map_err(|error| {
            let context = format!("{server}: constrained delegation failed");
            self.refusal(&error, &context)
        })
    }

    /// The principal of the cache.
    pub(super) fn owner(&self) -> Result<Principal, Refusal> {
        let cache = ccache_select::open(&self.cache);
        let cache = cache.map_err(|error| error.into_refusal(CLIENT_CONTEXT))?;
        cache.principal().map_err(|error| no_client(&error.into()))
    }
}

fn user(name: &OsStr, enterprise: bool) -> Result<Principal, Refusal> {
    ccache_select::principal(name.as_bytes(), enterprise).map_err(|error| {
        error.into_refusal(&format!("while parsing principal name {}", name.display()))
    })
}
