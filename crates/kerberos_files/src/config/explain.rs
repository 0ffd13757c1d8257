//! The effect of each line of krb5.conf: used, hidden by another line, a mistake, or without
//! effect.
//!
//! This is for people who wonder why a setting has no effect.

mod keys;
mod mistake;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Krb5Config;
use crate::profile::Located;
use keys::{Kind, kind};

/// A relation of krb5.conf and its effect.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Setting<'c> {
    /// The section and subsections that contain it.
    pub sections: Vec<&'c str>,
    /// Its name and value, and the line.
    pub located: Located<'c>,
    /// Its effect.
    pub effect: Effect,
}

/// The effect of a relation.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// It is used.
    Used,
    /// An earlier line sets the same key, of which only one can count.
    Hidden,
    /// Its value, or a part of it, is invalid. This is an error, or the line is ignored.
    Mistake {
        /// What is wrong, or what is expected.
        problem: String,
    },
    /// Other programs read it, but this one does not.
    NotOurs {
        /// Which programs.
        whose: &'static str,
    },
    /// No known program reads it, so it may be misspelt.
    Unknown,
}

impl Krb5Config {
    /// All relations of the files with their effects, section by section.
    ///
    /// # Example
    /// ```
    /// use kerberos_files::config::{Effect, Krb5Config};
    /// let config = Krb5Config::parse("[libdefaults]\n default_realm = R\n forwardible = yes\n")?;
    /// let effects: Vec<_> = config.explain().into_iter().map(|setting| setting.effect).collect();
    /// assert_eq!(effects, [Effect::Used, Effect::Unknown]);
    /// # Ok::<(), kerberos_files::config::ConfigError>(())
    /// ```
    pub fn explain(&self) -> Vec<Setting<'_>> {
        let mut settings = Vec::new();
        self.explain_section(&mut Vec::new(), &mut settings);
        settings
    }

    fn explain_section<'c>(&'c self, sections: &mut Vec<&'c str>, settings: &mut Vec<Setting<'c>>) {
        let path = sections.clone();
        // The lines that are used, by name.
        let mut counted: BTreeMap<&str, BTreeSet<(&Path, u32)>> = BTreeMap::new();
        for located in self.profile.relations(&path) {
            let effect = match kind(&path, located.name) {
                None => Effect::Unknown,
                Some(Kind::Not(whose)) => Effect::NotOurs { whose },
                Some(kind) => {
                    let lines = counted.entry(located.name).or_insert_with(|| {
                        let most = if matches!(kind, Kind::Many | Kind::Server) {
                            usize::MAX
                        } else {
                            1
                        };
                        let path = [path.as_slice(), &[located.name]].concat();
                        let counted = self.profile.located(&path).take(most);
                        counted.map(|other| (other.file, other.line)).collect()
                    });
                    match mistake::find(kind, located) {
                        _ if !lines.contains(&(located.file, located.line)) => Effect::Hidden,
                        Some(problem) => Effect::Mistake { problem },
                        None => Effect::Used,
                    }
                }
            };
            settings.push(Setting {
                sections: path.clone(),
                located,
                effect,
            });
        }
        // No program reads anything nested deeper.
        if path.len() >= MAX_DEPTH {
            return;
        }
        let mut done = BTreeSet::new();
        for subsection in self.profile.subsections(&path) {
            // A subsection that is in several files is listed once for each, but is the same one.
            if done.insert(subsection) {
                sections.push(subsection);
                self.explain_section(sections, settings);
                sections.pop();
            }
        }
    }
}

const MAX_DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// `section key effect` for each line of the file.
    fn check(text: &str, expected: &[&str]) {
        let config = Krb5Config::parse(text).unwrap();
        let found: Vec<String> = config
            .explain()
            .iter()
            .map(|setting| {
                let effect = match setting.effect {
                    Effect::Used => "used",
                    Effect::Hidden => "hidden",
                    Effect::Mistake { .. } => "mistake",
                    Effect::NotOurs { .. } => "not ours",
                    Effect::Unknown => "unknown",
                };
                let sections = setting.sections.join(".");
                format!(
                    "{sections} {}:{} {effect}",
                    setting.located.name, setting.located.line
                )
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_line_is_classified_by_its_effect() {
        check(
            "[libdefaults]\ndefault_realm = R\ndefault_realm = Q\nforwardable = perhaps\n\
             forwardible = yes\nticket_lifetime = soon\npermitted_enctypes = none\n\
             krb4_config = /etc/krb.conf\nR = {\nforwardable = no\nclockskew = 1\n}\n",
            &[
                "libdefaults default_realm:2 used",
                "libdefaults default_realm:3 hidden",
                "libdefaults forwardable:4 mistake",
                "libdefaults forwardible:5 unknown",
                "libdefaults ticket_lifetime:6 mistake",
                "libdefaults permitted_enctypes:7 mistake",
                "libdefaults krb4_config:8 not ours",
                "libdefaults.R forwardable:10 used",
                "libdefaults.R clockskew:11 unknown",
            ],
        );
        check(
            "[realms]\nR = {\nkdc = a\nkdc = b:x\nkdc = c\nauth_to_local = DEFAULT\n\
             pkinit_anchors = FILE:/a\n}\n[domain_realm]\n.a = R\n[capaths]\nR = {\nQ = P\nQ = O\n}\n\
             [logging]\nkdc = FILE:/a\n[whatever]\nx = y\n[plugins]\nclpreauth = {\ndisable = a\n\
             disable = b\nmodule = c\n}\n",
            &[
                "realms.R kdc:3 used",
                "realms.R kdc:4 mistake",
                "realms.R kdc:5 used",
                "realms.R auth_to_local:6 not ours",
                "realms.R pkinit_anchors:7 not ours",
                "domain_realm .a:10 used",
                "capaths.R Q:13 used",
                "capaths.R Q:14 used",
                "logging kdc:17 not ours",
                "whatever x:19 unknown",
                "plugins.clpreauth disable:22 used",
                "plugins.clpreauth disable:23 used",
                "plugins.clpreauth module:24 not ours",
            ],
        );
    }

    #[test]
    fn invalid_values_are_reported_with_the_reason() {
        let check = |line: &str, expected: &str| {
            let config = Krb5Config::parse(line).unwrap();
            let effect = config.explain().remove(0).effect;
            let Effect::Mistake { problem } = effect else {
                panic!("{line}: {effect:?}");
            };
            assert!(problem.starts_with(expected), "{line}: {problem}");
        };
        let cache = |name| format!("[libdefaults]\ndefault_ccache_name = {name}\n");
        check(&cache("FILE:/tmp/%{foo}"), "Invalid token %{foo}; known");
        check(&cache("FILE:/tmp/%{uid"), "variable missing }");
        check(&cache("FOO:x"), "Unknown credential cache type");
        check(&cache("API:x"), "credential caches of type API are not");
        let keytab = |name| format!("[libdefaults]\ndefault_keytab_name = {name}\n");
        check(&keytab("FOO:x"), "Unknown Key table type");
        check(&keytab("MEMORY:x"), "keytabs of type MEMORY are not");
        check(&keytab("/%{}"), "Invalid token %{}");
        check(
            "[libdefaults]\ndefault_client_keytab_name = FOO:x\n",
            "Unknown Key table type",
        );
        check(
            "[libdefaults]\ndefault_rcache_name = foo:\n",
            "Replay cache type is unknown",
        );
        let types = |list| format!("[libdefaults]\npermitted_enctypes = {list}\n");
        check(
            &types("aes256-ctx aes128-cts, -rc5"),
            "unknown encryption type aes256-ctx, rc5",
        );
        check(&types("aes256-ctx"), "expected known encryption types");
        check(
            "[domain_realm]\nWWW.foo = X\n",
            "expected www.foo: host names are compared in lower case",
        );
    }

    #[test]
    fn valid_values_are_not_reported_as_mistakes() {
        let text = "[libdefaults]\ndefault_ccache_name = DIR:%{TEMP}/cc_%{uid}\n\
             default_keytab_name = /etc/%{username}.keytab\ndefault_rcache_name = none:\n\
             default_client_keytab_name = WRFILE:/a:b\n\
             permitted_enctypes = DEFAULT -rc4 +des-cbc-crc\n[domain_realm]\n.foo-1.bar = X\n";
        let config = Krb5Config::parse(text).unwrap();
        for setting in config.explain() {
            assert_eq!(setting.effect, Effect::Used, "{}", setting.located.name);
        }
    }
}
