//! The parts of a specification, each checked by itself: its secret, its cache, and what is asked
//! of the KDC.

use kerberos_client::Client;
use kerberos_client::kerberos_files::atomic::Access;
use kerberos_files::ccache::{CcacheName, CcacheNameError};
use kerberos_files::keytab::KeytabName;
use kerberos_proto::{ParseOptions, Principal, RealmRule};

use super::{Mode, Spec};
use crate::rekinit::secret::Place as SecretPlace;
use crate::rekinit::setup::duration::whole_duration;
use crate::rekinit::setup::ids::Kind;
use crate::rekinit::setup::mistake::Mistake;
use crate::rekinit::setup::principal::refuse_empty_part;
use crate::rekinit::target::Request;

impl Spec {
    pub(super) fn cache_name(&self, client: &Client) -> Result<CcacheName, Mistake> {
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
    pub(super) fn secret(&self, client: &Client) -> Result<SecretPlace, Mistake> {
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

    pub(super) fn access(&self) -> Result<Option<Access>, String> {
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

    pub(super) fn request(&self) -> Result<Request, String> {
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
            refuse_empty_part(text, &service)?;
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
