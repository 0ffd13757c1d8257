//! A ticket to keep, as specified by the user: with options, or with a `[[ticket]]` in a file.

mod parts;

use kerberos_asn1::NameType;
use kerberos_client::Client;
use kerberos_files::ccache::{CcacheKind, CcacheName};
use kerberos_proto::Principal;
use serde::Deserialize;

use crate::rekinit::found::Sought;
use crate::rekinit::setup::args::Typed;
use crate::rekinit::setup::ids::Id;
use crate::rekinit::setup::mistake::Mistake;
use crate::rekinit::setup::principal::parse_login;
use crate::rekinit::setup::service::Service;
use crate::rekinit::target::Target;

/// The specification of a ticket, unchecked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Spec {
    principal: Option<String>,
    keytab: Option<String>,
    #[serde(skip)]
    default_keytab: bool,
    client_keytab: bool,
    password_file: Option<String>,
    password_env: Option<String>,
    secret_file: Option<String>,
    secret_env: Option<String>,
    cache: Option<String>,
    owner: Option<Id>,
    group: Option<Id>,
    mode: Option<Mode>,
    destroy: bool,
    lifetime: Option<String>,
    renew_lifetime: Option<String>,
    services: Vec<String>,
    initial_service: Option<String>,
    forwardable: Option<bool>,
    proxiable: Option<bool>,
    canonicalize: bool,
    enterprise: bool,
    /// Whether it comes from options, and not from a file.
    #[serde(skip)]
    is_typed: bool,
}

/// Permissions in octal. A number in TOML would be decimal.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a mode must be in quotes: write mode = \"0400\""
)]
enum Mode {
    Octal(String),
}

impl Spec {
    /// The specification in the options.
    ///
    /// # Errors
    /// In words, when there is more than one principal or a path is not UTF-8.
    pub(crate) fn from_options(typed: &Typed) -> Result<Self, String> {
        if let Some(extra) = typed.principals.get(1) {
            return Err(format!("Extra arguments (starting with \"{extra}\")."));
        }
        let path = |path: &Option<std::path::PathBuf>| {
            let text = path.as_ref().map(|path| path.to_str().ok_or(path));
            text.transpose()
                .map(|text| text.map(str::to_owned))
                .map_err(|path| format!("The name {} is not UTF-8", path.display()))
        };
        let either = |yes: bool, no: bool| (yes || no).then_some(yes);
        Ok(Self {
            principal: typed.principals.first().cloned(),
            keytab: typed.keytab_name.clone(),
            default_keytab: typed.keytab && typed.keytab_name.is_none() && !typed.client_keytab,
            client_keytab: typed.client_keytab,
            password_file: path(&typed.password_file)?,
            password_env: typed.password_env.clone(),
            secret_file: path(&typed.secret_file)?,
            secret_env: typed.secret_env.clone(),
            cache: typed.cache.clone(),
            owner: typed.owner.clone().map(Id::Name),
            group: typed.group.clone().map(Id::Name),
            mode: typed.mode.clone().map(Mode::Octal),
            destroy: typed.destroy,
            lifetime: typed.lifetime.clone(),
            renew_lifetime: typed.renew_lifetime.clone(),
            services: typed.service.clone(),
            initial_service: typed.initial_service.clone(),
            forwardable: either(typed.forwardable, typed.not_forwardable),
            proxiable: either(typed.proxiable, typed.not_proxiable),
            canonicalize: typed.canonicalize,
            enterprise: typed.enterprise,
            is_typed: true,
        })
    }

    /// The principal that it names.
    pub(crate) fn named(&self) -> Option<&str> {
        self.principal.as_deref()
    }

    /// Whether the secret is on standard input.
    pub(crate) fn reads_input(&self) -> bool {
        self.password_file.as_deref() == Some("-")
    }

    /// The ticket to keep, checked against the configuration of `client`.
    ///
    /// # Errors
    /// What is wrong or missing.
    pub(crate) fn resolve(&self, client: &Client) -> Result<Target, Mistake> {
        let secret = self.secret(client)?;
        // A file may appear later or change, but a variable cannot.
        if secret.variable().is_some() {
            let found = secret.read(None)?;
            if self.principal.is_none() && secret.names_principal() {
                secret.principal(found.name, client, self.enterprise)?;
            }
        }
        let principal = match &self.principal {
            Some(text) => Some(self.principal(client, text)?),
            None if secret.names_principal() => None,
            None => return Err("no principal is given: name the principal that logs in".into()),
        };
        let cache = self.cache_name(client)?;
        if is_private(&cache) {
            return Err(
                format!("{cache} can be used by this process only: name another cache").into(),
            );
        }
        let access = self.access()?;
        if access.is_some() && cache.kind() != CcacheKind::File {
            return Err(format!(
                "{cache} is not a file: it cannot have an owner, a group or a mode"
            )
            .into());
        }
        let request = self.request()?;
        let has_tgt = request.service.as_ref().is_none_or(Principal::is_krbtgt);
        if !has_tgt && !self.services.is_empty() {
            let (one, other) = if self.is_typed {
                ("-S", "--service")
            } else {
                ("initial-service", "services")
            };
            let text = format!(
                "with {one} there is no TGT to get the tickets of {other} with: name all services \
                 in {other} instead"
            );
            return Err(text.into());
        }
        // Checked now, because a krb5.conf that does not allow any request is a mistake.
        let named = principal.clone().unwrap_or_else(|| {
            let realm = client.config().krb5().default_realm().unwrap_or("UNKNOWN");
            Principal::new(NameType::PRINCIPAL, ["unknown"], realm)
        });
        let login = request.params(client, named)?;
        Ok(Target {
            principal,
            secret,
            cache,
            access: access.unwrap_or_default(),
            destroy: self.destroy,
            services: self.services(client)?,
            request,
            login,
        })
    }

    /// The ticket to look for in a cache. This does not need the secret, but reads it if it may be
    /// the only place that names the principal; it never asks for one.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn sought(&self, client: &Client) -> Result<Sought, Mistake> {
        let principal = match &self.principal {
            Some(text) => Some(self.principal(client, text)?),
            None => self.principal_of_secret(client),
        };
        let is_alias = self.canonicalize || self.enterprise;
        Ok(Sought::new(
            client,
            self.cache_name(client)?,
            principal,
            is_alias,
        ))
    }

    /// The services for which to keep tickets.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn services(&self, client: &Client) -> Result<Vec<Service>, Mistake> {
        let services = self.services.iter();
        services.map(|text| Service::parse(client, text)).collect()
    }

    fn principal_of_secret(&self, client: &Client) -> Option<Principal> {
        if self.password_file.is_some() {
            return None;
        }
        let secret = self.secret(client).ok()?;
        if !secret.names_principal() {
            return None;
        }
        let name = secret.read(None).ok()?.name;
        secret.principal(name, client, self.enterprise).ok()
    }

    fn principal(&self, client: &Client, text: &str) -> Result<Principal, Mistake> {
        parse_login(client, text, self.enterprise)
    }
}

/// Whether other processes cannot see the cache.
fn is_private(cache: &CcacheName) -> bool {
    match cache.kind() {
        CcacheKind::Memory => true,
        CcacheKind::Keyring => {
            let anchor = cache.residual().split(':').next();
            matches!(anchor, Some("process" | "thread"))
        }
        _ => false,
    }
}
