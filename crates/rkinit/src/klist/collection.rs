//! `klist -l` and `klist -A`: the caches of the collection.

use std::ffi::OsStr;
use std::io;

use kerberos_files::ccache::Ccache;

use crate::input::ccache_select;
use crate::input::ccache_select::SelectError;
use crate::klist::args::Form;
use crate::klist::{cache_listing, fail, status};
use crate::messages::Program;
use crate::output::Output;
use crate::output::json::Object;

const NO_CACHE: u8 = 1;

/// Lists each cache with its principal. Returns 1 if there is none.
pub(super) fn list(
    program: &Program,
    name: Option<&OsStr>,
    json: bool,
    out: &mut Output,
) -> io::Result<u8> {
    let caches = match all(name) {
        Ok(caches) => caches,
        Err(error) => return fail(program, out, &error.into_refusal(CONTEXT)),
    };
    if json {
        return list_as_document(&caches, out);
    }
    out.put(format!("{:30} Cache name\n", "Principal name").as_bytes());
    out.put(format!("{:30} ----------\n", "--------------").as_bytes());
    let mut status = NO_CACHE;
    for cache in &caches {
        // A cache without contents is skipped.
        let Ok(principal) = cache.principal() else {
            continue;
        };
        let mut owner = Vec::new();
        principal.unparse_into(&mut owner);
        owner.resize(30, b' ');
        out.put(&owner);
        let expired = if status::is_valid(cache) {
            ""
        } else {
            " (Expired)"
        };
        out.put(format!(" {}{expired}\n", cache.name()).as_bytes());
        out.flush_if_full()?;
        status = 0;
    }
    Ok(status)
}

/// The list as a document, whose fields are listed in `docs/JSON.md`.
fn list_as_document(caches: &[Ccache], out: &mut Output) -> io::Result<u8> {
    let mut status = NO_CACHE;
    out.put(b"{\"caches\": [");
    for cache in caches {
        let Ok(principal) = cache.principal() else {
            continue;
        };
        out.put(if status == 0 { b",\n  " } else { b"\n  " });
        let mut object = Object::begin(out.buffer());
        object.text("cache", &cache.name().to_string());
        object.name("principal", |out| principal.unparse_into(out));
        object.literal("valid", status::is_valid(cache));
        object.end();
        out.flush_if_full()?;
        status = 0;
    }
    out.put(if status == 0 { b"\n]}\n" } else { b"]}\n" });
    Ok(status)
}

/// Shows all caches. Returns 0 if at least one could be shown.
pub(super) fn show_all(
    program: &Program,
    name: Option<&OsStr>,
    form: &Form,
    out: &mut Output,
) -> io::Result<u8> {
    let caches = match all(name) {
        Ok(caches) => caches,
        Err(error) => return fail(program, out, &error.into_refusal(CONTEXT)),
    };
    let is_document = matches!(form, Form::Json { .. });
    let mut status = NO_CACHE;
    if is_document {
        out.put(b"{\"caches\": [");
    }
    // The document omits caches that cannot be opened: KCM has caches that were never filled, and
    // so has a DIR after a failed login.
    let mut shown = false;
    for (index, cache) in caches.iter().enumerate() {
        if !is_document && index > 0 {
            out.put(b"\n");
        }
        let Ok(reader) = cache_listing::open(program, cache, out)? else {
            continue;
        };
        if is_document && shown {
            out.put(b",\n");
        }
        shown = true;
        status &= cache_listing::show_opened(program, cache, reader, form, out)?;
    }
    if is_document {
        out.put(b"]}\n");
    }
    Ok(status)
}

/// The exit status of `klist -A -s`: 0 if one of the caches is usable.
pub(super) fn exit_status(name: Option<&OsStr>) -> u8 {
    let caches = all(name).unwrap_or_default();
    u8::from(!caches.iter().any(status::is_valid))
}

fn all(name: Option<&OsStr>) -> Result<Vec<Ccache>, SelectError> {
    Ok(ccache_select::collection(name)?.all()?)
}

const CONTEXT: &str = "while listing ccache collection";
