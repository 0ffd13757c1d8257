//! The results of a check, and their form for people.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, io};

use kerberos_client::dns::ResolvConf;
use kerberos_client::{Client, FoundBy, FoundServer, Reason};
use kerberos_files::config::{Effect, Setting};
use kerberos_proto::Shown;

use crate::messages::system_text;

/// The results of a check.
pub(super) struct Report<'c> {
    /// The files and folders that may contain the configuration, and the result for each.
    pub(super) listed: Vec<(PathBuf, Reading)>,
    /// The files that they include.
    pub(super) included: Vec<PathBuf>,
    pub(super) settings: Vec<Setting<'c>>,
    /// The settings for DNS, or why DNS cannot be used.
    pub(super) dns: Result<ResolvConf, String>,
    pub(super) realm: Option<Realm>,
}

/// The result for a file or folder that may contain the configuration.
pub(super) enum Reading {
    Read,
    /// A folder without any file that has the right kind of name.
    Nothing,
    Missing,
    /// It was skipped, as by MIT's library, because of this error of the system.
    Refused(String),
}

impl Reading {
    /// The result for a file or folder from which nothing was read, determined by opening it.
    fn of_unread(opened: io::Result<File>) -> Self {
        match opened {
            Ok(_) => Self::Nothing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::Missing,
            Err(error) => Self::Refused(system_text(&error)),
        }
    }

    /// A remark if nothing was read.
    pub(super) fn remark(&self) -> Option<String> {
        match self {
            Self::Read => None,
            Self::Nothing => Some("nothing was read from it".to_owned()),
            Self::Missing => Some("not found".to_owned()),
            Self::Refused(reason) => Some(format!("cannot be read: {reason}")),
        }
    }
}

/// The results for the realm.
pub(super) struct Realm {
    pub(super) name: String,
    /// Its KDCs, or why none is known and what to do about that.
    pub(super) kdcs: Result<Vec<FoundServer>, (String, Option<String>)>,
}

impl<'c> Report<'c> {
    pub(super) fn make(
        client: &'c Client,
        listed: &[PathBuf],
        realm: Option<String>,
        limit: Duration,
    ) -> Self {
        let krb5 = client.config().krb5();
        let read: Vec<&Path> = krb5.profile().files().collect();
        let reading = |path: &PathBuf| {
            if read.iter().any(|file| file.starts_with(path)) {
                Reading::Read
            } else {
                // The configuration's reader skipped it, and did not record the reason.
                Reading::of_unread(File::open(path))
            }
        };
        let name = realm.or_else(|| client.default_realm().ok());
        let included = read
            .iter()
            .filter(|file| !listed.iter().any(|path| path == *file));
        Self {
            listed: listed
                .iter()
                .map(|path| (path.clone(), reading(path)))
                .collect(),
            included: included.map(|file| file.to_path_buf()).collect(),
            settings: krb5.explain(),
            dns: client
                .resolver()
                .settings()
                .map_err(|error| error.to_string()),
            realm: name.map(|name| Realm {
                kdcs: client
                    .probe_kdcs(&name, limit)
                    .map_err(|error| (error.to_string(), error.hint())),
                name,
            }),
        }
    }

    /// Whether there are no mistakes and, if a realm was checked, one of its KDCs answers.
    pub(super) fn is_fine(&self) -> bool {
        let is_mistake = |setting: &Setting<'_>| matches!(setting.effect, Effect::Mistake { .. });
        let has_kdc = |realm: &Realm| {
            realm
                .kdcs
                .as_ref()
                .is_ok_and(|kdcs| kdcs.iter().any(answers))
        };
        !self.settings.iter().any(is_mistake) && self.realm.as_ref().is_none_or(has_kdc)
    }
}

fn answers(server: &FoundServer) -> bool {
    let probes = server.probes.iter().flatten();
    probes.into_iter().any(|probe| probe.outcome.is_ok())
}

/// The effect of a setting, in words; empty if it simply takes effect.
pub(super) fn remark(effect: &Effect) -> String {
    match effect {
        Effect::Hidden => "no effect: an earlier line overrides it".to_owned(),
        Effect::Mistake { problem } => format!("a mistake: {}", shown(problem)),
        Effect::NotOurs { whose } => format!("no effect here: only for {whose}"),
        Effect::Unknown => "no effect: unknown name, perhaps misspelled".to_owned(),
        _ => String::new(),
    }
}

/// Where a server was found, in words.
pub(super) fn source(found_by: FoundBy) -> &'static str {
    match found_by {
        FoundBy::Uri => "URI record",
        FoundBy::Srv => "SRV record",
        _ => "krb5.conf",
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Configuration files")?;
        for (path, reading) in &self.listed {
            match reading.remark() {
                Some(remark) => writeln!(f, "  {}  ({remark})", path.display())?,
                None => writeln!(f, "  {}", path.display())?,
            }
        }
        for path in &self.included {
            writeln!(f, "  {}  (included)", path.display())?;
        }
        writeln!(f, "\nSettings")?;
        for setting in &self.settings {
            let located = setting.located;
            let (file, line) = (located.file.display(), located.line);
            let sections = setting.sections.join("] [");
            let (name, value) = (shown(located.name), shown(located.value));
            write!(
                f,
                "  {file}:{line}: [{}] {name} = {value}",
                shown(&sections)
            )?;
            match remark(&setting.effect).as_str() {
                "" => writeln!(f)?,
                remark => writeln!(f, "  ({remark})")?,
            }
        }
        if self.settings.is_empty() {
            writeln!(f, "  none: the defaults apply")?;
        }
        write!(f, "\nDNS servers\n ")?;
        match &self.dns {
            Ok(conf) => {
                for server in &conf.servers {
                    write!(f, " {server}")?;
                }
                writeln!(f)?;
            }
            Err(error) => writeln!(f, " {error}")?,
        }
        match &self.realm {
            Some(realm) => write!(f, "\n{realm}"),
            None => writeln!(f, "\nNo realm was given, and there is no default_realm."),
        }
    }
}

/// Text from krb5.conf, which may be arbitrarily long.
fn shown(text: &str) -> Shown<&str> {
    Shown::new(text).in_full()
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "KDCs of {}", shown(&self.name))?;
        let kdcs = match &self.kdcs {
            Ok(kdcs) => kdcs,
            Err((error, hint)) => {
                writeln!(f, "  {error}")?;
                return match hint {
                    Some(hint) => writeln!(f, "  hint: {hint}"),
                    None => Ok(()),
                };
            }
        };
        for kdc in kdcs {
            let primary = if kdc.is_primary == Some(true) {
                ", primary"
            } else {
                ""
            };
            writeln!(f, "  {}  ({}{primary})", kdc.server, source(kdc.found_by))?;
            match &kdc.probes {
                Ok(probes) => {
                    for probe in probes {
                        let endpoint = &probe.endpoint;
                        write!(f, "    {} {}: ", endpoint.transport, endpoint.address)?;
                        match &probe.outcome {
                            Ok(time) => {
                                writeln!(f, "answers, {:.1} ms", time.as_secs_f64() * 1e3)?;
                            }
                            Err(reason) => write_reason(f, reason)?,
                        }
                    }
                }
                Err(reason) => {
                    write!(f, "    ")?;
                    write_reason(f, reason)?;
                }
            }
        }
        if !kdcs.iter().any(answers) {
            writeln!(f, "  No KDC answers.")?;
        }
        Ok(())
    }
}

/// Why there is no answer, and what to do about that, on its own line.
fn write_reason(f: &mut fmt::Formatter<'_>, reason: &Reason) -> fmt::Result {
    writeln!(f, "{reason}")?;
    match reason.hint() {
        Some(hint) => writeln!(f, "      hint: {hint}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unread_file_is_reported_with_its_cause() {
        let check = |number, expected: &str| {
            let reading = Reading::of_unread(Err(io::Error::from_raw_os_error(number)));
            assert_eq!(reading.remark().as_deref(), Some(expected));
        };
        check(2, "not found");
        check(13, "cannot be read: Permission denied");
        check(5, "cannot be read: Input/output error");
        let folder = Reading::of_unread(File::open("/"));
        assert_eq!(folder.remark().as_deref(), Some("nothing was read from it"));
        assert_eq!(Reading::Read.remark(), None);
    }
}
