//! The complete settings from command line, file and environment.

pub(crate) mod args;
pub(crate) mod duration;
pub(crate) mod environment;
mod file;
mod ids;
pub(crate) mod mistake;
pub(crate) mod principal;
pub(crate) mod service;
pub(crate) mod spec;
mod unique;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kerberos_client::Client;

use crate::rekinit::life::processes::Hook;
use crate::rekinit::log::{Format, Level, Log};
use crate::rekinit::target::Target;
use args::Typed;
use duration::{Seconds, duration};
use file::{File, Words};
use mistake::Mistake;
use spec::Spec;
use unique::no_cache_twice;

pub(super) use file::tickets_of_file;

/// Everything that is to be done, without contradictions.
pub(super) struct Setup {
    pub(super) client: Client,
    pub(super) targets: Vec<Arc<Target>>,
    pub(super) log: Log,
    pub(super) listen: Option<String>,
    pub(super) hook: Option<Hook>,
    pub(super) longest_pause: Option<Duration>,
    pub(super) mode: Mode,
    /// The time limit for the first tickets.
    pub(super) timeout: Option<Duration>,
    pub(super) exit_on_error: bool,
}

/// How long it runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    Daemon,
    Once,
    /// As long as this application runs.
    Beside(Vec<OsString>),
}

impl Setup {
    /// Determines the settings. Each call reads the files again.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn new(typed: &Typed, application: Option<&[OsString]>) -> Result<Self, Mistake> {
        let client = client()?;
        let mut file = File::of(typed)?;
        let specs = file.take_specs(typed)?;
        if specs.iter().filter(|spec| spec.reads_input()).count() > 1 {
            let text = "only one ticket can have password-file = \"-\", because standard input is \
                        one password";
            return Err(in_file(typed, text).into());
        }
        let targets = each(typed, &specs, |spec| spec.resolve(&client).map(Arc::new))?;
        no_cache_twice(&client, &targets)?;
        let mode = match (typed.once, application) {
            (true, Some(_)) => {
                return Err(
                    "--once cannot be used with an application: leave one of them out".into(),
                );
            }
            (true, None) => Mode::Once,
            (false, Some(words)) => Mode::Beside(words.to_vec()),
            (false, None) => Mode::Daemon,
        };
        if mode == Mode::Once && targets.iter().any(|target| target.destroy) {
            let destroy = if typed.destroy {
                "--destroy"
            } else {
                "destroy"
            };
            let text =
                format!("--once would destroy the tickets it has just stored: leave out {destroy}");
            return Err(text.into());
        }
        let timeout = duration(typed.timeout.as_deref(), "--timeout")?
            .or(of_file(typed, file.timeout, "timeout")?)
            .or((mode == Mode::Once).then_some(Duration::from_secs(60)));
        Ok(Self {
            client,
            targets,
            log: log(typed, file.log.as_deref())?,
            listen: listen(typed, file.listen)?,
            hook: hook(typed, file.hook, file.hook_shell)?,
            longest_pause: longest_pause(typed, file.period)?,
            mode,
            timeout,
            exit_on_error: typed.exit_on_error,
        })
    }

    /// The names of the variables that contain secrets.
    pub(super) fn secret_variables(&self) -> Vec<String> {
        let targets = self.targets.iter();
        targets
            .filter_map(|target| target.secret.variable().map(str::to_owned))
            .collect()
    }
}

/// Calls `make` for each ticket. If the tickets come from a file, mistakes name the ticket.
///
/// # Errors
/// The first mistake.
pub(super) fn each<T>(
    typed: &Typed,
    specs: &[Spec],
    make: impl Fn(&Spec) -> Result<T, Mistake>,
) -> Result<Vec<T>, Mistake> {
    let make = |(at, spec): (usize, &Spec)| {
        make(spec).map_err(|mistake| match &typed.config {
            Some(path) => mistake.of_ticket(path, at + 1, spec.named()),
            None => mistake,
        })
    };
    specs.iter().enumerate().map(make).collect()
}

/// The tickets that the command line, or the file named there, asks to keep.
///
/// # Errors
/// In words.
pub(super) fn specs(typed: &Typed) -> Result<Vec<Spec>, String> {
    File::of(typed)?.take_specs(typed)
}

/// A client for the current krb5.conf, with a time limit, so that KDCs cannot make it hang.
///
/// # Errors
/// When krb5.conf cannot be read.
pub(super) fn client() -> Result<Client, Mistake> {
    let client = Client::from_env()?;
    let configured = client.config().krb5().request_timeout();
    let configured = configured.map_err(|error| error.to_string())?;
    Ok(match configured {
        Some(_) => client,
        None => client.with_request_timeout(REQUEST_LIMIT),
    })
}

fn longest_pause(typed: &Typed, file: Option<Seconds>) -> Result<Option<Duration>, String> {
    if let Some(text) = &typed.period_minutes {
        let minutes: Option<u32> = text.parse().ok().filter(|minutes| *minutes > 0);
        let minutes = minutes.ok_or_else(|| format!("-K: {text} is not a number of minutes"))?;
        return Ok(Some(Duration::from_secs(u64::from(minutes) * 60)));
    }
    if let Some(period) = duration(typed.period.as_deref(), "--period")? {
        return Ok(Some(period));
    }
    if let Some(period) = of_file(typed, file, "period")? {
        return Ok(Some(period));
    }
    match &typed.period_of_script {
        Some((name, value)) => duration(Some(value), name),
        None => Ok(None),
    }
}

/// A duration from the file of `--config`.
fn of_file(typed: &Typed, value: Option<Seconds>, name: &str) -> Result<Option<Duration>, String> {
    let value = value.map(Seconds::duration).transpose();
    value.map_err(|error| in_file(typed, &format!("{name}: {error}")))
}

/// A mistake in the file of `--config`.
fn in_file(typed: &Typed, error: &str) -> String {
    let path = typed.config.as_deref().unwrap_or(Path::new(""));
    format!("{}: {error}", path.display())
}

/// The address to listen on. A malformed address is reported now, but an address in use is detected
/// only when listening.
fn listen(typed: &Typed, file: Option<String>) -> Result<Option<String>, String> {
    let address = typed.listen.clone().or(file);
    if let Some(text) = &address {
        let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            return Err(format!(
                "cannot listen on {text}: write the address as 127.0.0.1:9464 or :9464"
            ));
        }
    }
    Ok(address)
}

/// The log for reporting mistakes in the other settings: in the requested format, if that is known.
pub(super) fn log_of(typed: &Typed) -> Log {
    let file = typed.config.as_deref().map(File::read);
    let format = file.and_then(Result::ok).and_then(|file| file.log);
    log(typed, format.as_deref()).unwrap_or(Log {
        format: Format::Text,
        least: Level::Warning,
    })
}

fn log(typed: &Typed, file: Option<&str>) -> Result<Log, String> {
    let format = match typed.log.as_deref().or(file) {
        None | Some("text") => Format::Text,
        Some("json") => Format::Json,
        Some(other) => {
            return Err(format!("{other} is not a log format: use text or json"));
        }
    };
    let least = match (typed.quiet, typed.verbose) {
        (true, _) => Level::Warning,
        (false, true) => Level::Debug,
        (false, false) => Level::Info,
    };
    Ok(Log { format, least })
}

fn hook(
    typed: &Typed,
    words: Option<Words>,
    by_shell: Option<String>,
) -> Result<Option<Hook>, String> {
    let hook = match (&typed.hook, words, by_shell) {
        (Some(text), _, _) => Hook::new(text.clone(), typed.hook_shell),
        (None, Some(_), Some(_)) => {
            return Err(in_file(
                typed,
                "hook and hook-shell cannot be used together",
            ));
        }
        (None, Some(Words::One(text)), None) => Hook::new(text, false),
        (None, Some(Words::Many(words)), None) => Hook { words },
        (None, None, Some(text)) => Hook::new(text, true),
        (None, None, None) => return Ok(None),
    };
    if hook.words.first().is_none_or(String::is_empty) {
        let text = "the hook names no program";
        return Err(match typed.hook {
            Some(_) => format!("--hook: {text}"),
            None => in_file(typed, text),
        });
    }
    Ok(Some(hook))
}

/// The limit for a request, including all KDCs that are tried, unless krb5.conf sets one.
const REQUEST_LIMIT: Duration = Duration::from_secs(60);
