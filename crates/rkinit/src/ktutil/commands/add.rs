//! `add`: keys from a password, from digits, or random keys.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use kerberos_crypto::{EncryptionType, Key, KeyBlock};
use kerberos_files::keytab::KeytabEntry;
use kerberos_proto::{Password, Principal};

use crate::input::{ccache_select, password_file, prompt};
use crate::ktutil::commands::args::AddOptions;
use crate::ktutil::commands::{Done, Target};
use crate::ktutil::keys;
use crate::messages::refusal::Refusal;

const CONTEXT: &str = "while adding new entry";

/// Adds the keys that `options` describe to `target`.
pub(super) fn run(target: &Target, options: &AddOptions) -> Result<Done, Refusal> {
    if options.password.is_some() {
        return Err(Refusal {
            hint: Some(
                "every user of this machine can read it there: leave out -w to be asked for it, or \
                 use --password-file"
                    .into(),
            ),
            ..Refusal::new("A password on the command line is not accepted", CONTEXT)
        });
    }
    let principal = ccache_select::principal(options.principal.as_bytes(), false)
        .map_err(|error| error.into_refusal(CONTEXT))?;
    let etypes = options
        .enctypes
        .iter()
        .map(|name| etype(name))
        .collect::<Result<Vec<_>, _>>()?;
    let timestamp = crate::ktutil::now();
    let entries: Vec<KeytabEntry> = make(options, &principal, &etypes)?
        .into_iter()
        .map(|key| KeytabEntry {
            principal: principal.clone(),
            timestamp,
            kvno: options.kvno,
            key,
        })
        .collect();
    target.add(&entries)?;
    Ok(Done::Count(entries.len(), "added"))
}

/// Creates a key for each encryption type.
fn make(
    options: &AddOptions,
    principal: &Principal,
    etypes: &[EncryptionType],
) -> Result<Vec<KeyBlock>, Refusal> {
    let refuse = |error: &dyn std::fmt::Display| Refusal::new(error, CONTEXT);
    if options.random_key {
        let mut rng = kerberos_client::system_rng().map_err(|error| refuse(&error))?;
        let key =
            |etype: &EncryptionType| Key::generate(*etype, &mut rng).map(|key| key.to_block());
        return etypes
            .iter()
            .map(key)
            .collect::<Result<_, _>>()
            .map_err(|error| refuse(&error));
    }
    let secret = secret(options, principal)?;
    if options.hex {
        let key = |etype: &EncryptionType| keys::of_digits(*etype, secret.expose_bytes());
        return etypes
            .iter()
            .map(key)
            .collect::<Result<_, _>>()
            .map_err(|error| Refusal {
                hint: error.hint(),
                // In the shell this text ends the sentence, but here it continues.
                ..refuse(&error.to_string().trim_end_matches('.'))
            });
    }
    if options.fetch {
        let salts = keys::ask_kdc(principal, etypes, CONTEXT)?;
        let keys = salts.iter().map(|salt| keys::as_kdc_says(salt, &secret));
        return keys
            .collect::<Result<_, _>>()
            .map_err(|error| refuse(&error));
    }
    let salt = options.salt.as_deref().map(OsStr::as_bytes);
    let keys = etypes
        .iter()
        .map(|etype| keys::of_password(principal, &secret, *etype, salt));
    keys.collect::<Result<_, _>>()
        .map_err(|error| refuse(&error))
}

fn etype(name: &str) -> Result<EncryptionType, Refusal> {
    keys::etype(name.as_bytes())
        .ok_or_else(|| Refusal::new("Bad encryption type", &format!("{CONTEXT}: {name}")))
}

/// The password or the digits, from a file or from the user.
fn secret(options: &AddOptions, principal: &Principal) -> Result<Password, Refusal> {
    let Some(path) = options.password_file.as_deref() else {
        let asked = if options.hex {
            prompt::key_for(principal)
        } else {
            prompt::password_for(principal)
        };
        return asked.map_err(|error| Refusal::new(error, CONTEXT));
    };
    password_file::read(path)
}
