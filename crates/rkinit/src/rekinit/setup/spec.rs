//! A ticket to keep, as specified by the user: with options, or with a `[[ticket]]` in a file.

use kerberos_asn1::NameType;
use kerberos_client::kerberos_files::atomic::Access;
use kerberos_client::{Client, ClientError};
use kerberos_files::ccache::{CcacheKind, CcacheName, CcacheNameError};
use kerberos_files::keytab::KeytabName;
use kerberos_proto::{ParseOptions, Principal, PrincipalError, RealmRule};
use serde::Deserialize;

use crate::rekinit::found::Sought;
use crate::rekinit::secret::Place as SecretPlace;
use crate::rekinit::setup::args::Typed;
use crate::rekinit::setup::duration::whole_duration;
use crate::rekinit::setup::ids::{Id, Kind};
use crate::rekinit::setup::mistake::Mistake;
use crate::rekinit::setup::service::Service;
use crate::rekinit::target::{Request, Target};

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

    fn cache_name(&self, client: &Client) -> Result<CcacheName, Mistake> {
        let Some(name) = &self.cache else {
            let name = client.config().ccache_name()?;
            // A cache that is given away belongs to another user, and this is accepted in any
            // folder.
            return Ok(match self.owner {
                Some(_) => name.by_choice(),
                None => name,
            });
        };
        let mistake =
            |error: CcacheNameError| Mistake::with_hint(format!("{name}: {error}"), error.hint());
        CcacheName::parse(name).map_err(mistake)
    }

    /// The single place of the secret.
    fn secret(&self, client: &Client) -> Result<SecretPlace, Mistake> {
        let config = client.config();
        let of_file = |name: KeytabName| {
            let path = name.file_path();
            path.map(SecretPlace::Keytab)
                .map_err(|error| Mistake::from(error.to_string()))
        };
        let mut places = Vec::new();
        if let Some(name) = &self.keytab {
            let name = KeytabName::parse(name).map_err(|error| error.to_string())?;
            places.push(of_file(name)?);
        }
        if self.client_keytab {
            places.push(of_file(config.client_keytab_name()?)?);
        }
        if let Some(path) = &self.password_file {
            places.push(match path.as_str() {
                "-" => SecretPlace::standard_input()?,
                path => SecretPlace::PasswordFile(path.into()),
            });
        }
        let others = [
            (&self.password_env, SecretPlace::PasswordEnv as fn(_) -> _),
            (&self.secret_env, SecretPlace::JsonEnv),
        ];
        for (name, place) in others {
            places.extend(name.clone().map(place));
        }
        places.extend(
            self.secret_file
                .as_ref()
                .map(|path| SecretPlace::JsonFile(path.into())),
        );
        if places.len() > 1 {
            return Err(
                "there is more than one secret: name only one keytab, file or variable".into(),
            );
        }
        match places.pop() {
            Some(place) => Ok(place),
            None if self.default_keytab => of_file(config.keytab_name()?),
            None if self.is_typed => Err(Mistake::with_hint(
                "there is no secret to log in with: name a keytab (-k -t FILE), a --password-file or a \
                 --secret-file",
                Some("see the examples of --help".to_owned()),
            )),
            None => Err(
                "there is no secret to log in with: set keytab, client-keytab, password-file, \
                 password-env, secret-file or secret-env"
                    .into(),
            ),
        }
    }

    fn principal(&self, client: &Client, text: &str) -> Result<Principal, Mistake> {
        parse_login(client, text, self.enterprise)
    }

    fn access(&self) -> Result<Option<Access>, String> {
        if self.owner.is_none() && self.group.is_none() && self.mode.is_none() {
            return Ok(None);
        }
        let mut access = Access::default();
        if let Some(owner) = &self.owner {
            access.owner = Some(owner.number(Kind::User)?);
        }
        if let Some(group) = &self.group {
            access.group = Some(group.number(Kind::Group)?);
        }
        if let Some(Mode::Octal(text)) = &self.mode {
            let digits = text.trim_start_matches("0o");
            access.mode = u32::from_str_radix(digits, 8)
                .ok()
                .filter(|mode| *mode <= 0o777)
                .ok_or_else(|| format!("{text} is not a mode: write it in octal, such as 0640"))?;
            if access.mode & 0o400 == 0 {
                return Err(format!(
                    "the mode {text} does not let the owner read the cache: write 0400 or 0600"
                ));
            }
        }
        Ok(Some(access))
    }

    fn request(&self) -> Result<Request, String> {
        let lifetime = |text: &Option<String>| {
            let parse = |text: &String| {
                whole_duration(text).ok_or_else(|| format!("Bad lifetime value {text}"))
            };
            text.as_ref().map(parse).transpose()
        };
        let service = |text: &String| {
            let options = ParseOptions::default().realm(RealmRule::Ignored);
            let service = Principal::parse_bytes(text.as_bytes(), &options)
                .map_err(|error| format!("{text}: {error}"))?;
            refuse_empty(text, has_empty_part(&service))?;
            Ok::<_, String>(service)
        };
        Ok(Request {
            lifetime: lifetime(&self.lifetime)?,
            renew_lifetime: lifetime(&self.renew_lifetime)?,
            service: self.initial_service.as_ref().map(service).transpose()?,
            forwardable: self.forwardable,
            proxiable: self.proxiable,
            canonicalize: self.canonicalize,
            enterprise: self.enterprise,
        })
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

/// The principal that `text` names, in the default realm unless `text` contains a realm.
///
/// # Errors
/// When the name is malformed, or has no realm.
pub(crate) fn parse(client: &Client, text: &str, enterprise: bool) -> Result<Principal, Mistake> {
    let options = match client.config().krb5().default_realm() {
        Some(realm) => ParseOptions::with_default_realm(realm.as_bytes()),
        None => ParseOptions::default(),
    };
    let mistake = |error| {
        let hint = match error {
            PrincipalError::NoRealm => ClientError::NoDefaultRealm.hint(),
            _ => None,
        };
        Mistake::with_hint(format!("{text}: {error}"), hint)
    };
    let options = options.enterprise(enterprise);
    let principal = Principal::parse_bytes(text.as_bytes(), &options).map_err(mistake)?;
    refuse_empty(text, has_empty_part(&principal))?;
    Ok(principal)
}

/// The same for a principal that logs in. Services may leave their realm to the KDC.
///
/// # Errors
/// Also when the realm is empty.
pub(crate) fn parse_login(
    client: &Client,
    text: &str,
    enterprise: bool,
) -> Result<Principal, Mistake> {
    let principal = parse(client, text, enterprise)?;
    refuse_empty(text, principal.realm().is_empty())?;
    Ok(principal)
}

/// Refuses a name of which a part is empty. KDCs would only say that they do not know it.
///
/// # Errors
/// What is wrong.
pub(crate) fn refuse_empty(text: &str, is_empty: bool) -> Result<(), String> {
    if !is_empty {
        return Ok(());
    }
    Err(format!(
        "\"{text}\" is not a name, because a part of it is empty: check whether a variable in it is \
         not set"
    ))
}

fn has_empty_part(principal: &Principal) -> bool {
    let mut components = principal.components();
    components.len() == 0 || components.any(<[u8]>::is_empty)
}
