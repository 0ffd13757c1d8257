//! The meaning of `kinit`'s options: a plan without contradictions, or complaints.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use kerberos_files::timestamp_text::TimestampText;

use crate::input::durations::span;
use crate::kinit::args::Typed;

/// What to do, without contradictions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) verbose: bool,
    pub(super) action: Action,
    pub(super) principal: Option<OsString>,
    pub(super) cache: Option<OsString>,
    pub(super) input_cache: Option<OsString>,
    pub(super) armor: Option<OsString>,
    pub(super) attributes: Vec<(OsString, OsString)>,
    pub(super) service: Option<OsString>,
    pub(super) anonymous: bool,
    pub(super) canonicalize: bool,
    pub(super) enterprise: bool,
    /// In seconds, not 0; negative for a ticket that has already expired.
    pub(super) lifetime: Option<i32>,
    /// In seconds, not 0; negative for a ticket that cannot be renewed.
    pub(super) renew_lifetime: Option<i32>,
    pub(super) start: Option<Start>,
    pub(super) forwardable: Option<bool>,
    pub(super) proxiable: Option<bool>,
    pub(super) addresses: Option<bool>,
    pub(super) request_pac: Option<bool>,
    /// The file that contains the password; `-` is standard input.
    pub(super) password_file: Option<OsString>,
    /// Whether to print the result as a document.
    pub(super) json: bool,
    /// The program to run with the ticket, and its arguments.
    pub(super) command: Vec<OsString>,
}

impl Plan {
    /// Whether the ticket goes to a private cache, only for the command.
    pub(super) fn has_own_cache(&self) -> bool {
        !self.command.is_empty() && self.cache.is_none()
    }

    /// Whether the principal and the way to log in are known without looking into a cache.
    pub(super) fn says_who(&self) -> bool {
        match self.action {
            Action::Password => self.principal.is_some(),
            Action::Keytab(_) => true,
            Action::Renew | Action::Validate => false,
        }
    }
}

/// How to get the ticket.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Action {
    #[default]
    Password,
    Keytab(Keytab),
    Renew,
    Validate,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Keytab {
    Default,
    Client,
    Named(OsString),
}

/// The start time of the ticket.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Seconds from now; negative for the past.
    In(i32),
    At(TimestampText),
}

/// Mistakes in a command line, in MIT's order.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    pub(super) texts: Vec<String>,
    /// How many of them are errors; the others are just information.
    pub(super) count: usize,
}

impl Complaints {
    fn add(&mut self, text: impl Into<String>) {
        self.texts.push(text.into());
        self.count += 1;
    }

    /// Takes the single allowed value, and complains about each further one.
    fn one(&mut self, values: Vec<OsString>, complaint: &str) -> Option<OsString> {
        let mut values = values.into_iter();
        let first = values.next();
        values.for_each(|_| self.add(complaint));
        first
    }

    /// Resolves a pair of opposite options.
    fn either(&mut self, yes: bool, no: bool, names: &str) -> Option<bool> {
        if yes && no {
            self.add(format!("Only one of {names} allowed"));
        }
        (yes || no).then_some(yes)
    }

    /// All values must be valid; the last one takes effect.
    fn last<T>(
        &mut self,
        values: Vec<OsString>,
        complaint: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let mut last = None;
        for value in values {
            last = value.to_str().and_then(&parse);
            if last.is_none() {
                self.add(format!("{complaint} {}", value.to_string_lossy()));
            }
        }
        last
    }
}

impl Typed {
    /// Resolves the typed options, and records mistakes.
    pub(super) fn resolve(self, complaints: &mut Complaints) -> Plan {
        let lifetime = complaints.last(self.lifetime, "Bad lifetime value", span);
        let renew_lifetime = complaints.last(self.renew_lifetime, "Bad lifetime value", span);
        let start = complaints.last(self.start, "Bad start time value", |text| {
            span(text)
                .map(Start::In)
                .or_else(|| TimestampText::parse(text).map(Start::At))
        });
        let keytab = complaints.one(self.keytabs, "Only one -t option allowed.");
        let armor = complaints.one(self.armor, "Only one armor_ccache");
        let cache = complaints.one(self.caches, "Only one -c option allowed");
        let input_cache = complaints.one(self.input_caches, "Only one -I option allowed");
        let forwardable = complaints.either(self.forwardable, self.not_forwardable, "-f and -F");
        let proxiable = complaints.either(self.proxiable, self.not_proxiable, "-p and -P");
        let request_pac = complaints.either(
            self.request_pac,
            self.no_request_pac,
            "--request-pac and --no-request-pac",
        );
        let addresses = complaints.either(self.addresses, self.no_addresses, "-a and -A");
        if keytab.is_some() && self.client_keytab {
            complaints.add("Only one of -t and -i allowed");
        }
        let wants_keytab = keytab.is_some() || self.client_keytab;
        if wants_keytab && !self.keytab {
            complaints.texts.push("keytab specified, forcing -k".into());
        }
        let (mut principals, mut command) = (self.principals, self.command);
        if principals.is_empty() && command.len() == 1 && !command.iter().any(is_path) {
            // For MIT's kinit, `--` ends the options, and this word is the principal.
            principals.append(&mut command);
        }
        let mut principals = principals.into_iter();
        let principal = principals.next();
        if let Some(extra) = principals.next() {
            let extra = extra.to_string_lossy();
            complaints.add(format!("Extra arguments (starting with \"{extra}\")."));
        }
        let action = match keytab {
            Some(name) => Action::Keytab(Keytab::Named(name)),
            None if self.client_keytab => Action::Keytab(Keytab::Client),
            None if self.keytab => Action::Keytab(Keytab::Default),
            None if self.renew => Action::Renew,
            None if self.validate => Action::Validate,
            None => Action::Password,
        };
        if self.password_file.is_some() && matches!(action, Action::Keytab(_)) {
            complaints.add("Only one of -k and --password-file allowed");
        }
        if !command.is_empty() && action == Action::Validate {
            complaints.add("Only one of -v and a command allowed");
        }
        if !command.is_empty() && self.json {
            complaints.add("Only one of --json and a command allowed");
        }
        Plan {
            verbose: self.verbose,
            action,
            principal,
            cache,
            input_cache,
            armor,
            attributes: self.attributes.into_iter().map(attribute).collect(),
            service: self.service,
            anonymous: self.anonymous,
            canonicalize: self.canonicalize,
            enterprise: self.enterprise,
            lifetime,
            renew_lifetime,
            start,
            forwardable,
            proxiable,
            addresses,
            request_pac,
            password_file: self.password_file,
            json: self.json,
            command,
        }
    }
}

/// Whether the word is a path and not a principal.
pub(super) fn is_path(word: &OsString) -> bool {
    let starts = [&b"/"[..], b"./", b"../"];
    starts
        .iter()
        .any(|start| word.as_bytes().starts_with(start))
}

/// Splits `ATTRIBUTE=VALUE`. The default value is `yes`.
fn attribute(text: OsString) -> (OsString, OsString) {
    let bytes = text.as_bytes();
    match bytes.iter().position(|byte| *byte == b'=') {
        None => (text, "yes".into()),
        Some(at) => {
            let (name, value) = bytes.split_at(at);
            let value = value.get(1..).unwrap_or_default();
            (
                OsString::from_vec(name.to_vec()),
                OsString::from_vec(value.to_vec()),
            )
        }
    }
}

#[cfg(test)]
mod tests;
