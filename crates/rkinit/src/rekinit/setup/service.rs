//! A service for which tickets are wanted: its name as typed, and its name in tickets.

use kerberos_client::{Client, ClientError};
use kerberos_files::PrincipalView;
use kerberos_proto::{Principal, UnparseOptions};

use crate::rekinit::setup::mistake::Mistake;
use crate::rekinit::setup::principal;

/// A service, by its name.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// Its name, as far as it is known without DNS.
    typed: Principal,
    /// The service and the host, if the principal follows from krb5.conf's rules for host names.
    on_host: Option<(String, String)>,
}

impl Service {
    /// The service that applications will look for. `HTTP/host` is subject to krb5.conf's rules for
    /// host names, as in GSS-API; a name with a realm is used unchanged.
    ///
    /// # Errors
    /// What is wrong with the name, or with those rules.
    pub(crate) fn parse(client: &Client, text: &str) -> Result<Self, Mistake> {
        let Some((service, host)) = text
            .split_once('/')
            .filter(|(_, host)| !host.contains('/') && !text.contains('@'))
        else {
            let typed = principal::parse(client, text, false)?;
            let on_host = None;
            return Ok(Self { typed, on_host });
        };
        principal::refuse_empty(text, service.is_empty() || host.is_empty())?;
        let krb5 = client.config().krb5();
        // The setting is needed only after the first ticket has come, but mistakes must be reported
        // now.
        krb5.dns_canonicalize_hostname()
            .map_err(|error| format!("{text}: {error}"))?;
        Ok(Self {
            typed: client.service_principal_as_typed(service, host),
            on_host: Some((service.to_owned(), host.to_owned())),
        })
    }

    /// The service's name in tickets. This may ask DNS, for as long as `client` allows, and DNS may
    /// answer differently at another time. Without an answer, it is the name that was typed.
    ///
    /// # Errors
    /// As for [`Client::service_principal`].
    pub(crate) fn resolve(&self, client: &Client) -> Result<Principal, ClientError> {
        match &self.on_host {
            Some((service, host)) => client.service_principal(service, Some(host)),
            None => Ok(self.typed.clone()),
        }
    }

    /// Whether the typed name is that of `server`. Any realm matches if the KDC decides about the
    /// host's realm.
    pub(crate) fn is_typed_as(&self, server: PrincipalView<'_>) -> bool {
        let any_realm = self.on_host.is_some() && self.typed.realm().is_empty();
        let realms_match = any_realm || server.realm() == self.typed.realm();
        realms_match && server.components().eq(self.typed.components())
    }

    /// Its name, as far as it is known without DNS.
    pub(crate) fn typed(&self) -> &Principal {
        &self.typed
    }
}

/// The name of a service, without its realm if the KDC decides about that.
pub(crate) fn shown(service: &Principal) -> String {
    match service.realm() {
        [] => service.unparse(&UnparseOptions::no_realm()),
        _ => service.to_string(),
    }
}
