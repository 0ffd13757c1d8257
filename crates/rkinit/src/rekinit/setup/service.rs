//! A service that tickets are wanted for: as somebody names it, and as it is called in tickets.

use kerberos_client::{Client, ClientError};
use kerberos_files::PrincipalView;
use kerberos_proto::{Principal, UnparseOptions};

use crate::rekinit::setup::mistake::Mistake;
use crate::rekinit::setup::spec;

/// A service, by its name.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// As far as DNS is not needed for it.
    typed: Principal,
    /// The service and the host of a name that krb5.conf's rules for host names make a principal
    /// of.
    on_host: Option<(String, String)>,
}

impl Service {
    /// The service that applications will look for: `HTTP/host` is named by krb5.conf's rules for
    /// host names, as GSS-API does; a name with a realm is taken as it is.
    ///
    /// # Errors
    /// What is wrong with the name, or with those rules.
    pub(crate) fn parse(client: &Client, text: &str) -> Result<Self, Mistake> {
        let Some((service, host)) = text
            .split_once('/')
            .filter(|(_, host)| !host.contains('/') && !text.contains('@'))
        else {
            let typed = spec::parse(client, text, false)?;
            let on_host = None;
            return Ok(Self { typed, on_host });
        };
        let krb5 = client.config().krb5();
        // It is asked for when the first ticket has come: a mistake is to be told now.
        krb5.dns_canonicalize_hostname()
            .map_err(|error| format!("{text}: {error}"))?;
        Ok(Self {
            typed: client.service_principal_as_typed(service, host),
            on_host: Some((service.to_owned(), host.to_owned())),
        })
    }

    /// What it is called in tickets. DNS may be asked for that, for as long as `client` waits, and
    /// may say something else another time; as long as it says nothing it is the name that was
    /// typed.
    ///
    /// # Errors
    /// As [`Client::service_principal`].
    pub(crate) fn resolve(&self, client: &Client) -> Result<Principal, ClientError> {
        match &self.on_host {
            Some((service, host)) => client.service_principal(service, Some(host)),
            None => Ok(self.typed.clone()),
        }
    }

    /// Whether it is `server` by the name that was typed. The realm of a host may be for a KDC to
    /// tell.
    pub(crate) fn is_typed_as(&self, server: PrincipalView<'_>) -> bool {
        let any_realm = self.on_host.is_some() && self.typed.realm().is_empty();
        let realms_match = any_realm || server.realm() == self.typed.realm();
        realms_match && server.components().eq(self.typed.components())
    }

    /// Its name as far as it is known.
    pub(crate) fn typed(&self) -> &Principal {
        &self.typed
    }
}

/// The name of a service: without its realm where that is for a KDC to tell.
pub(crate) fn shown(service: &Principal) -> String {
    match service.realm() {
        [] => service.unparse(&UnparseOptions::no_realm()),
        _ => service.to_string(),
    }
}
