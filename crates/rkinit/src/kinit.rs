//! `kinit`: gets an initial ticket and caches it.
//!
//! The password is asked for only when the KDC requires it, so that nobody types a password for a
//! principal that does not exist.

mod again;
mod args;
mod choose;
mod command;
mod document;
mod expired;
mod login;
mod plan;
mod request;
mod warnings;

use std::ffi::OsString;

use kerberos_asn1::KerberosTime;
use kerberos_client::{Client, ClientError, cache_of};
use kerberos_files::ccache::Ccache;
use kerberos_proto::{Credential, Login};

use crate::input::ccache_select::SelectError;
use crate::input::{arguments, configuration};
use crate::kinit::args::Asked;
use crate::kinit::choose::{Choice, Role, Unchosen};
use crate::kinit::command::{Company, Place};
use crate::kinit::plan::{Action, Plan};
use crate::messages::refusal::Refusal;
use crate::messages::{Program, hint, line};
use crate::{check_config, links, output};

/// The tool's clap definition, for manual pages and completions.
pub(crate) fn definition(name: &str) -> clap::Command {
    arguments::definition::<args::Typed>(name)
}

/// Runs `kinit` and returns its exit status.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let plan = match args::parse(program, arguments) {
        Ok(Asked::Ticket(plan)) => plan,
        Ok(Asked::Links {
            directory,
            mit_names,
        }) => {
            return links::install(program, &directory, mit_names);
        }
        Ok(Asked::Check { realm, as_json }) => {
            return check_config::run(program, realm.as_deref(), as_json);
        }
        Err(status) => return status,
    };
    kinit(program, &plan).unwrap_or_else(|status| status)
}

fn kinit(program: &Program, plan: &Plan) -> Result<u8, u8> {
    if let Some((option, what)) = unsupported(plan) {
        program.error(
            format_args!("option {option} ({what}) is not supported yet"),
            "",
        );
        return Err(1);
    }
    let client = configuration::client().map_err(|error| {
        let context = "while initializing Kerberos 5 library";
        SelectError::from(error)
            .into_refusal(context)
            .report(program)
    })?;
    let choice = choose::choose(plan).map_err(|unchosen| match unchosen {
        Unchosen::Refused(refusal) => refusal.report(program),
        Unchosen::NoUser => {
            line(format_args!("Unable to identify user"));
            hint("name the principal (user@REALM): this user ID is not in /etc/passwd");
            1
        }
    })?;
    if plan.json {
        output::reserve_for_document();
    }
    let done = match plan.action {
        Action::Renew | Action::Validate => again::again(client, plan, &choice),
        _ => log_in_and_store(client, plan, &choice),
    };
    let done = done.and_then(|got| switch(&choice).map(|()| got));
    if done.is_err() && choice.role == Role::New {
        // A KCM daemon created the empty cache when we chose its name, and would keep it.
        let _ = choice.cache.destroy();
    }
    let got = done.map_err(|refusal| refusal.report(program))?;
    if plan.verbose {
        line(format_args!("Authenticated to Kerberos v5"));
    }
    if plan.json {
        let text = document::of(&got, &choice.cache, kerberos_client::now().seconds);
        output::write_all(&text).map_err(|error| output::failure(program, &error))?;
    }
    match got.company {
        Some(company) => company.keep(program, client, plan),
        None => Ok(0),
    }
}

/// The result of a run of kinit.
struct Got {
    credential: Credential,
    password_expiration: Option<KerberosTime>,
    /// The command to run beside the ticket, if any.
    company: Option<Company>,
}

fn log_in_and_store(client: &Client, plan: &Plan, choice: &Choice) -> Result<Got, Refusal> {
    let done = login::log_in(client, plan, choice)?;
    if matches!(plan.action, Action::Password) {
        // The expiry is compared with the KDC's clock.
        let now = done.login.by_kdc(kerberos_client::now());
        warnings::print(&done.login, now.seconds);
    }
    let login = done.login.clone();
    let company = if plan.command.is_empty() {
        store(client, &login, &choice.cache).map_err(|error| not_stored(&error))?;
        None
    } else {
        let place = Place::take(plan, choice)?;
        Some(place.fill(client, &login, done.into_kept())?)
    };
    Ok(Got {
        credential: login.credential,
        password_expiration: login.password_expiration,
        company,
    })
}

fn not_stored(error: &ClientError) -> Refusal {
    Refusal {
        message: format!("Failed to store credentials: {error}").into(),
        ..Refusal::of(error, CONTEXT)
    }
}

/// Makes the cache the primary one of its collection, unless it already is, was named by the user,
/// or is private.
fn switch(choice: &Choice) -> Result<(), Refusal> {
    if matches!(choice.role, Role::Given | Role::Private) {
        return Ok(());
    }
    let made = choice.cache.make_primary();
    made.map_err(|error| Refusal::of(&error, "while switching to new ccache"))
}

/// Replaces the contents of the cache with the new ticket, in the configured format.
fn store(client: &Client, login: &Login, cache: &Ccache) -> Result<(), ClientError> {
    let name = cache.name();
    let version = client.config().krb5().ccache_version(name.kind());
    let content = cache_of(login, version)?;
    let (client, server) = (&login.credential.client, &login.credential.server);
    tracing::debug!(target: "krb5_trace", "Initializing {name} with default princ {client}");
    tracing::debug!(target: "krb5_trace", "Storing {client} -> {server} in {name}");
    Ok(cache.replace_with(&content)?)
}

/// The first given option that needs a feature which this version lacks, and that feature.
fn unsupported(plan: &Plan) -> Option<(&'static str, &'static str)> {
    match plan.action {
        _ if plan.anonymous => Some(("-n", "anonymous tickets")),
        // Ignored here, like all options that only affect a login.
        Action::Renew | Action::Validate => None,
        _ if plan.armor.is_some() => Some(("-T", "FAST")),
        _ if !plan.attributes.is_empty() => Some(("-X", "preauthentication attributes")),
        _ => None,
    }
}

/// The context of most of `kinit`'s error messages.
const CONTEXT: &str = "while getting initial credentials";
