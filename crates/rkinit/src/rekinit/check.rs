//! `--check`: whether caches have tickets that last, for probes without a shell.

use std::cell::LazyCell;
use std::ffi::OsStr;
use std::time::{Duration, Instant};

use kerberos_client::{Client, Config, now};
use kerberos_files::config::Krb5Config;
use kerberos_proto::Principal;

use crate::input::ccache_select::SelectError;
use crate::input::{ccache_select, configuration};
use crate::messages::{Program, line};
use crate::rekinit::found::Sought;
use crate::rekinit::setup::args::Typed;
use crate::rekinit::setup::duration::duration;
use crate::rekinit::setup::mistake::Mistake;
use crate::rekinit::setup::service;
use crate::rekinit::setup::service::Service;
use crate::rekinit::setup::spec::Spec;
use crate::rekinit::{found, log, setup};

/// The exit status: 0 if each cache has a ticket that lasts as long as required, else 1.
pub(super) fn run(program: &Program, typed: &Typed) -> u8 {
    match check(typed) {
        Ok(lines) => {
            if typed.verbose {
                for text in lines {
                    line(format_args!("{text}"));
                }
            }
            0
        }
        Err(mistake) => {
            program.error(mistake, "");
            1
        }
    }
}

fn check(typed: &Typed) -> Result<Vec<String>, Mistake> {
    let least = duration(typed.min_life.as_deref(), "--min-life")?.unwrap_or(Duration::ZERO);
    let sought = if typed.config.is_some() {
        let client = setup::client()?;
        let sought = |spec: &Spec| Ok((spec.sought(&client)?, spec.services(&client)?));
        setup::each(typed, &setup::specs(typed)?, sought)?
    } else {
        if let Some(extra) = typed.principals.get(1) {
            return Err(format!("Extra arguments (starting with \"{extra}\").").into());
        }
        let sought = of_options(typed).map_err(|error| error.to_string())?;
        let services = if typed.service.is_empty() {
            Vec::new()
        } else {
            Spec::from_options(typed)?.services(&setup::client()?)?
        };
        vec![(sought, services)]
    };
    let check = |(sought, services): &(Sought, Vec<Service>)| check_one(sought, services, least);
    Ok(sought.iter().map(check).collect::<Result<_, _>>()?)
}

/// The ticket that the command line names. krb5.conf is read only if needed, because the container
/// that runs the probe may not have one.
fn of_options(typed: &Typed) -> Result<Sought, SelectError> {
    let name = typed.principals.first();
    let principal = name.map(|name| ccache_select::principal(name.as_bytes(), typed.enterprise));
    let principal = principal.transpose()?;
    let cache = ccache_select::cache(typed.cache.as_deref().map(OsStr::new))?;
    // As in the sidecar itself: a cache that it gave away belongs to another user.
    let cache = match typed.owner {
        Some(_) => cache.by_choice(),
        None => cache,
    };
    let config = configuration::load().ok().map(Config::krb5);
    let renames = |config| found::may_rename(config, principal.as_ref());
    Ok(Sought {
        caches: ccache_select::of_name(cache)?,
        is_alias: typed.canonicalize || typed.enterprise || config.is_some_and(renames),
        principal,
        by_kdc: config.is_none_or(Krb5Config::kdc_timesync),
    })
}

fn check_one(sought: &Sought, services: &[Service], least: Duration) -> Result<String, String> {
    let found = sought.find()?;
    let (name, end) = (&found.cache, found.until);
    let now = now().seconds;
    let left = end.saturating_sub(now);
    let least = i64::try_from(least.as_secs()).unwrap_or(i64::MAX);
    let until = log::time(end);
    if left <= 0 {
        return Err(format!("the ticket in {name} expired at {until}"));
    }
    if left < least {
        return Err(format!(
            "the ticket in {name} expires at {until}, in {left} s"
        ));
    }
    let dns = Dns::default();
    let time = now.saturating_add(least);
    let missing = found.missing_service(services, time, |service| dns.name(service));
    if let Some(service) = missing.map_err(|error| error.to_string())? {
        let service = service::shown(&service);
        let lasting = if least > 0 {
            " that lasts long enough"
        } else {
            ""
        };
        let doubt = if dns.has_no_time() {
            ", and DNS did not answer in time whether that is an alias of a host"
        } else {
            ""
        };
        return Err(format!(
            "there is no ticket for {service}{lasting} in {name}{doubt}"
        ));
    }
    Ok(format!("the ticket in {name} is valid until {until}"))
}

/// Asks DNS for the canonical names of services whose typed names are not in the cache, for as long
/// as a probe can wait.
struct Dns {
    client: LazyCell<Option<Client>>,
    start: Instant,
}

impl Default for Dns {
    fn default() -> Self {
        let client = || Some(setup::client().ok()?.with_request_timeout(DNS_LIMIT));
        Self {
            client: LazyCell::new(client),
            start: Instant::now(),
        }
    }
}

impl Dns {
    fn name(&self, service: &Service) -> Option<Principal> {
        let client = self.client.as_ref().filter(|_| !self.has_no_time())?;
        service.resolve(client).ok()
    }

    fn has_no_time(&self) -> bool {
        self.start.elapsed() >= DNS_LIMIT
    }
}

/// Probes have about five seconds, and the lookup for one service may begin when the one before has
/// used almost all of its time.
const DNS_LIMIT: Duration = Duration::from_secs(2);
