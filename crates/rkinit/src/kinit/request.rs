//! From a plan and a principal to a request: what to ask for, and with which secret.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use jiff::civil::DateTime;
use kerberos_asn1::KerberosTime;
use kerberos_client::{ClientError, Config};
use kerberos_files::config::Krb5Config;
use kerberos_files::keytab::{KeytabError, KeytabFile, KeytabName};
use kerberos_files::timestamp_text::TimestampText;
use kerberos_proto::{
    AsParams, MIT_ERROR_BASE, ParseOptions, Principal, RealmRule, Secret, StartTime,
};

use crate::input::ccache_select::SelectError;
use crate::input::keytab_select::Default;
use crate::input::{addresses, keytab_select};
use crate::kinit::CONTEXT;
use crate::kinit::plan::{Keytab, Plan, Start, is_path};
use crate::messages::refusal::Refusal;
use crate::messages::{line, system_text};
use crate::output::time_zone;

/// What krb5.conf says of a login of `principal`, with the lifetimes of `plan`. As in MIT's kinit,
/// a lifetime in krb5.conf is only read if `plan` has none.
///
/// # Errors
/// When a value in krb5.conf is a mistake.
pub(super) fn params(
    plan: &Plan,
    config: &Config,
    principal: &Principal,
) -> Result<AsParams, ClientError> {
    let mut params = config.as_params_without_lifetimes(principal.clone())?;
    params.lifetime = match plan.lifetime {
        Some(seconds) => Some(seconds),
        None => config.ticket_lifetime(principal.realm())?,
    };
    params.renew_lifetime = match plan.renew_lifetime {
        Some(seconds) => u32::try_from(seconds).ok(),
        None => config.renew_lifetime(principal.realm())?,
    };
    Ok(params)
}

/// Replaces the other configured values in `params` by those of `plan`.
///
/// # Errors
/// When the service is not a valid principal, or the addresses of this host cannot be determined.
pub(super) fn adjust(
    params: &mut AsParams,
    plan: &Plan,
    config: &Krb5Config,
) -> Result<(), Refusal> {
    params.request_pac = plan.request_pac.or(params.request_pac);
    let options = &mut params.options;
    options.forwardable = plan.forwardable.unwrap_or(options.forwardable);
    options.proxiable = plan.proxiable.unwrap_or(options.proxiable);
    options.canonicalize |= plan.canonicalize;
    params.start = match &plan.start {
        None => None,
        Some(Start::In(seconds)) => Some(start_in(*seconds)),
        Some(Start::At(text)) => Some(start_at(text)?),
    };
    if let Some(service) = &plan.service {
        params.server = Some(self::service(service, &params.client, CONTEXT)?);
    }
    let realm = String::from_utf8_lossy(params.client.realm()).into_owned();
    if plan
        .addresses
        .unwrap_or_else(|| !config.no_addresses(&realm))
    {
        params.addresses = addresses::of_this_host(config).map_err(|error| Refusal {
            hint: Some("leave out -a: a ticket need not be bound to addresses".into()),
            ..Refusal::new(system_text(&error), "getting local addresses")
        })?;
    }
    Ok(())
}

/// The keys of a keytab for `principal`, and the keytab's name.
///
/// # Errors
/// When the keytab cannot be read or has no keys of the principal.
pub(super) fn keys(
    plan: &Plan,
    which: &Keytab,
    principal: &Principal,
) -> Result<(KeytabName, Secret), Refusal> {
    let (name, default, context) = match which {
        Keytab::Named(name) => {
            let context = format!("resolving keytab {}", name.display());
            (Some(name.as_os_str()), Default::Server, context)
        }
        Keytab::Client => (
            None,
            Default::Client,
            "resolving default client keytab".into(),
        ),
        Keytab::Default => (None, Default::Server, CONTEXT.into()),
    };
    let keytab =
        keytab_select::keytab(name, default).map_err(|error| error.into_refusal(&context))?;
    let path = keytab
        .file_path()
        .map_err(|error| Refusal::of(&error, &context))?;
    if let (true, Some(name)) = (plan.verbose, name) {
        line(format_args!("Using keytab: {}", name.display()));
    }
    let keys = KeytabFile::new(path).keys_for(principal);
    let keys = keys.map_err(|error| {
        let mut refusal = Refusal::of_keytab(&error, CONTEXT);
        if !matches!(error, KeytabError::NoKeys { .. }) {
            // MIT's library reads the keytab during preauthentication.
            refusal.code = Some(PREAUTH_FAILED);
        }
        refusal.hint = forgotten_t(plan, which).or(refusal.hint.take());
        refusal
    })?;
    Ok((keytab, Secret::Keys(keys)))
}

/// The hint for `kinit -k PATH`, where `-t` was forgotten.
fn forgotten_t(plan: &Plan, which: &Keytab) -> Option<String> {
    let typed = plan.principal.as_ref()?;
    let is_keytab = || {
        let name = KeytabName::parse(typed.to_str()?).ok()?;
        KeytabFile::new(name.file_path().ok()?).open().ok()
    };
    let forgotten = *which == Keytab::Default && (is_path(typed) || is_keytab().is_some());
    let name = typed.display();
    forgotten.then(|| format!("{name} is taken for the principal; did you mean -kt {name}?"))
}

/// The number in MIT's library for preauthentication that failed: `KRB5_PREAUTH_FAILED`.
const PREAUTH_FAILED: i32 = MIT_ERROR_BASE + 210;

/// The service named `text`. A realm in `text` is ignored; the realm is always the client's.
pub(super) fn service(
    text: &OsStr,
    client: &Principal,
    context: &str,
) -> Result<Principal, Refusal> {
    let options = ParseOptions::default().realm(RealmRule::Ignored);
    match Principal::parse_bytes(text.as_bytes(), &options) {
        Ok(service) => Ok(service.with_realm(client.realm())),
        Err(_) => Err(SelectError::Malformed.into_refusal(context)),
    }
}

/// The time `seconds` from now. A time in the past is requested as well: the KDC then uses its own
/// time.
fn start_in(seconds: i32) -> StartTime {
    u32::try_from(seconds).map_or_else(
        |_| {
            let now = kerberos_client::now().seconds;
            StartTime::At(KerberosTime::from_unix(now.saturating_add(seconds.into())))
        },
        StartTime::In,
    )
}

/// The time that `text` means in the local zone. Missing fields are taken from the current date and
/// time.
fn start_at(text: &TimestampText) -> Result<StartTime, Refusal> {
    let zone = time_zone::local();
    let now = zone.to_datetime(jiff::Timestamp::now());
    let resolve = || {
        let year = text.year.map_or(Ok(now.year()), i16::try_from).ok()?;
        let month = text.month.map_or(Ok(now.month()), i8::try_from).ok()?;
        let day = text.day.map_or(Ok(now.day()), i8::try_from).ok()?;
        let second = text.second.map_or(Ok(now.second()), i8::try_from).ok()?;
        let (hour, minute) = (
            i8::try_from(text.hour).ok()?,
            i8::try_from(text.minute).ok()?,
        );
        // As in C's mktime, an overflow of days or seconds carries over.
        let first = DateTime::new(year, month, 1, hour, minute, 0, 0).ok()?;
        let spans = jiff::Span::new().days(day - 1).seconds(second);
        let time = zone.to_timestamp(first.checked_add(spans).ok()?).ok()?;
        Some(StartTime::At(KerberosTime::from_unix(time.as_second())))
    };
    resolve().ok_or_else(|| Refusal::new("The start time is out of range", CONTEXT))
}
