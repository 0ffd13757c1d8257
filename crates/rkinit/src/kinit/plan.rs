//! What the options of `kinit` amount to: one plan, free of contradictions, or complaints.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::ffi::OsStringExt as _;

use kerberos_files::deltat::parse_deltat;
use kerberos_files::timestamp_text::TimestampText;

use crate::kinit::args::Typed;

/// What to do, free of contradictions.
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
    /// Seconds, not 0; below zero for a ticket that has ended.
    pub(super) lifetime: Option<i32>,
    /// Seconds, not 0; below zero for a ticket that cannot be renewed.
    pub(super) renew_lifetime: Option<i32>,
    pub(super) start: Option<Start>,
    pub(super) forwardable: Option<bool>,
    pub(super) proxiable: Option<bool>,
    pub(super) addresses: Option<bool>,
    pub(super) request_pac: Option<bool>,
    /// Where the password is to be read; `-` is standard input.
    pub(super) password_file: Option<OsString>,
    /// Whether what was got is shown as a document.
    pub(super) json: bool,
    /// The program to run with the ticket, and its arguments.
    pub(super) command: Vec<OsString>,
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

/// When the ticket shall begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Seconds from now, or before.
    In(i32),
    At(TimestampText),
}

/// What is wrong with a command line, in the order in which MIT says it.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    pub(super) texts: Vec<String>,
    /// Those that are errors; the others only inform.
    pub(super) count: usize,
}

impl Complaints {
    fn add(&mut self, text: impl Into<String>) {
        self.texts.push(text.into());
        self.count += 1;
    }

    /// Takes the one value allowed, complaining of each further one.
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

    /// Every value must be good; the last counts.
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
    /// Resolves what was typed, noting what is wrong with it.
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
            // To MIT's kinit `--` ends the options, and this is the principal.
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

/// Whether it is a path, and nobody's name.
fn is_path(word: &OsString) -> bool {
    let starts = [&b"/"[..], b"./", b"../"];
    starts
        .iter()
        .any(|start| word.as_bytes().starts_with(start))
}

/// A duration above zero.
pub(crate) fn seconds(text: &str) -> Option<u32> {
    span(text).and_then(|seconds| u32::try_from(seconds).ok())
}

/// A duration, which may be below zero but is not zero.
fn span(text: &str) -> Option<i32> {
    parse_deltat(text).ok().filter(|seconds| *seconds != 0)
}

/// Splits `ATTRIBUTE=VALUE`; without a value it is `yes`.
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
mod tests {
    use clap::Parser as _;

    use super::*;

    fn resolve(line: &str) -> (Plan, Complaints) {
        let arguments = ["kinit"].into_iter().chain(line.split_whitespace());
        let mut complaints = Complaints::default();
        let plan = Typed::try_parse_from(arguments)
            .unwrap()
            .resolve(&mut complaints);
        (plan, complaints)
    }

    #[test]
    fn command_lines_and_what_they_ask_for() {
        let check = |line: &str, expected: Plan| {
            let (plan, complaints) = resolve(line);
            assert_eq!(plan, expected, "{line}");
            assert!(complaints.texts.is_empty(), "{line}: {complaints:?}");
        };
        let none = Plan::default;
        let named = |path: &str| Action::Keytab(Keytab::Named(path.into()));
        check("", none());
        check(
            "alice -V",
            Plan {
                principal: Some("alice".into()),
                verbose: true,
                ..none()
            },
        );
        check(
            "-kt FILE -5",
            Plan {
                action: named("FILE"),
                ..none()
            },
        );
        check(
            "-ktFILE",
            Plan {
                action: named("FILE"),
                ..none()
            },
        );
        check(
            "-k",
            Plan {
                action: Action::Keytab(Keytab::Default),
                ..none()
            },
        );
        check(
            "-ki",
            Plan {
                action: Action::Keytab(Keytab::Client),
                ..none()
            },
        );
        check(
            "-k -R",
            Plan {
                action: Action::Renew,
                ..none()
            },
        );
        check(
            "-R -v",
            Plan {
                action: Action::Validate,
                ..none()
            },
        );
        check(
            "-v -R -k",
            Plan {
                action: Action::Keytab(Keytab::Default),
                ..none()
            },
        );
        check(
            "-fpV",
            Plan {
                forwardable: Some(true),
                proxiable: Some(true),
                verbose: true,
                ..none()
            },
        );
        check(
            "-FPA",
            Plan {
                forwardable: Some(false),
                proxiable: Some(false),
                addresses: Some(false),
                ..none()
            },
        );
        check(
            "--noforw --canon --enterprise",
            Plan {
                forwardable: Some(false),
                canonicalize: true,
                enterprise: true,
                ..none()
            },
        );
        check(
            "--request-pac",
            Plan {
                request_pac: Some(true),
                ..none()
            },
        );
        check(
            "--no-request-pac",
            Plan {
                request_pac: Some(false),
                ..none()
            },
        );
        check(
            "-l 1h -l 10:00",
            Plan {
                lifetime: Some(36_000),
                ..none()
            },
        );
        check(
            "-r7d",
            Plan {
                renew_lifetime: Some(604_800),
                ..none()
            },
        );
        check(
            "-s 30m",
            Plan {
                start: Some(Start::In(1800)),
                ..none()
            },
        );
        check(
            "-- alice",
            Plan {
                principal: Some("alice".into()),
                ..none()
            },
        );
        check(
            "-k alice -- true",
            Plan {
                action: Action::Keytab(Keytab::Default),
                principal: Some("alice".into()),
                command: vec!["true".into()],
                ..none()
            },
        );
        check(
            "-R -- ./job",
            Plan {
                action: Action::Renew,
                command: vec!["./job".into()],
                ..none()
            },
        );
        check(
            "--password-file - -- sleep -1",
            Plan {
                password_file: Some("-".into()),
                command: vec!["sleep".into(), "-1".into()],
                ..none()
            },
        );
        check(
            "-l -1s -r -1h",
            Plan {
                lifetime: Some(-1),
                renew_lifetime: Some(-3600),
                ..none()
            },
        );
        check(
            "-s -1h",
            Plan {
                start: Some(Start::In(-3600)),
                ..none()
            },
        );
        let pair = |name: &str, value: &str| (name.into(), value.into());
        check(
            "-X a -X b=c=d",
            Plan {
                attributes: vec![pair("a", "yes"), pair("b", "c=d")],
                ..none()
            },
        );
    }

    #[test]
    fn complaints_come_in_order() {
        let check = |line: &str, count: usize, texts: &[&str]| {
            let (_, complaints) = resolve(line);
            assert_eq!(complaints.texts, texts, "{line}");
            assert_eq!(complaints.count, count, "{line}");
        };
        check("-l 0", 1, &["Bad lifetime value 0"]);
        check(
            "-l x -r 0",
            2,
            &["Bad lifetime value x", "Bad lifetime value 0"],
        );
        check("-s soon", 1, &["Bad start time value soon"]);
        check(
            "-c a -c b -c d",
            2,
            &["Only one -c option allowed", "Only one -c option allowed"],
        );
        check("-fF", 1, &["Only one of -f and -F allowed"]);
        check("-pP", 1, &["Only one of -p and -P allowed"]);
        check("-aA", 1, &["Only one of -a and -A allowed"]);
        check("-T a -T b", 1, &["Only one armor_ccache"]);
        check("-I a -I b", 1, &["Only one -I option allowed"]);
        check(
            "--request-pac --no-request-pac",
            1,
            &["Only one of --request-pac and --no-request-pac allowed"],
        );
        check("-k -i -t x", 1, &["Only one of -t and -i allowed"]);
        check("-t x", 0, &["keytab specified, forcing -k"]);
        check(
            "-t x -t y -R",
            1,
            &[
                "Only one -t option allowed.",
                "keytab specified, forcing -k",
            ],
        );
        check(
            "-k --password-file x",
            1,
            &["Only one of -k and --password-file allowed"],
        );
        check("-v -- a b", 1, &["Only one of -v and a command allowed"]);
        check("a b c", 1, &["Extra arguments (starting with \"b\")."]);
    }
}
