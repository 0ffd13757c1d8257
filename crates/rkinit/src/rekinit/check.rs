//! `--check`: whether caches have tickets that last, for probes without a shell.

use std::ffi::OsStr;
use std::time::Duration;

use kerberos_client::now;
use kerberos_files::ccache::Ccache;
use kerberos_files::ccache::CcacheName;

use crate::ccache_select;
use crate::klist;
use crate::messages::Program;
use crate::messages::line;
use crate::rekinit::args::Typed;
use crate::rekinit::log;
use crate::rekinit::setup::Setup;
use crate::rekinit::setup::duration;

/// The exit status: 0 if each cache has a ticket that lasts for as long as asked, else 1.
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
        Err(text) => {
            program.error(text, "");
            1
        }
    }
}

fn check(typed: &Typed) -> Result<Vec<String>, String> {
    let least = duration(typed.min_life.as_deref(), "--min-life")?.unwrap_or(Duration::ZERO);
    let names = if typed.config.is_some() {
        let setup = Setup::new(typed, None)?;
        let caches = setup.targets.iter().map(|target| target.cache.clone());
        caches.collect()
    } else {
        let name = typed.cache.as_deref().map(OsStr::new);
        vec![ccache_select::cache(name).map_err(|error| error.to_string())?]
    };
    names.iter().map(|name| check_one(name, least)).collect()
}

fn check_one(name: &CcacheName, least: Duration) -> Result<String, String> {
    let cache = ccache_select::open(name).map_err(|error| error.to_string())?;
    let end = end_of(&cache)?;
    let left = end.saturating_sub(now().seconds);
    let least = i64::try_from(least.as_secs()).unwrap_or(i64::MAX);
    let until = log::time(end);
    if left <= 0 {
        return Err(format!("the ticket in {name} ended at {until}"));
    }
    if left < least {
        return Err(format!("the ticket in {name} ends at {until}, in {left} s"));
    }
    Ok(format!("the ticket in {name} is good until {until}"))
}

fn end_of(cache: &Ccache) -> Result<i64, String> {
    let end = klist::valid_until(cache).map_err(|error| error.to_string())?;
    end.map(i64::from)
        .ok_or_else(|| format!("there is no ticket in {}", cache.name()))
}
