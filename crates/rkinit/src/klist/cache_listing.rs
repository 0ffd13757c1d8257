//! The listing of one cache: its principal, then each ticket.

use std::ffi::OsStr;
use std::io;

use kerberos_files::ccache::{Ccache, CcacheName, CcacheReader};
use kerberos_files::keytab::KeytabFile;
use kerberos_proto::Principal;

use crate::Tool;
use crate::input::{ccache_select, keytab_select};
use crate::klist::args::Form;
use crate::klist::credential_lines::Lines;
use crate::klist::{cache_document, fail};
use crate::messages::Program;
use crate::messages::refusal::Refusal;
use crate::output::Output;
use crate::output::time_format::TimeFormat;

/// Shows the cache called `name`, or the default one, and returns the exit status.
pub(super) fn show_named(
    program: &Program,
    name: Option<&OsStr>,
    form: &Form,
    out: &mut Output,
) -> io::Result<u8> {
    let cache = ccache_select::cache(name).and_then(|name| ccache_select::open(&name));
    match cache {
        Ok(cache) => {
            let status = show(program, &cache, form, out)?;
            if matches!(form, Form::Json { .. }) && !out.buffer().is_empty() {
                out.put(b"\n");
            }
            Ok(status)
        }
        Err(error) => fail(program, out, &error.into_refusal("while resolving ccache")),
    }
}

/// Shows `cache`, and returns the exit status.
fn show(program: &Program, cache: &Ccache, form: &Form, out: &mut Output) -> io::Result<u8> {
    match open(program, cache, out)? {
        Ok(reader) => show_opened(program, cache, reader, form, out),
        Err(status) => Ok(status),
    }
}

/// Opens `cache`; otherwise prints the error and returns the exit status.
pub(super) fn open(
    program: &Program,
    cache: &Ccache,
    out: &mut Output,
) -> io::Result<Result<CcacheReader, u8>> {
    cache.open().map(Ok).or_else(|error| {
        let name = cache.name();
        let mut refusal = Refusal::of(&error, "");
        refusal.hint.get_or_insert_with(|| {
            format!(
                "get a ticket with {}, or name a cache other than {name}",
                Tool::Kinit
            )
        });
        fail(program, out, &refusal).map(Err)
    })
}

/// Shows `cache` with the contents from `reader`, and returns the exit status.
pub(super) fn show_opened(
    program: &Program,
    cache: &Ccache,
    mut reader: CcacheReader,
    form: &Form,
    out: &mut Output,
) -> io::Result<u8> {
    let detail = match form {
        Form::Text(detail) => detail,
        Form::Json { keys } => {
            return match cache_document::push(cache, reader, *keys, out)? {
                Some(error) => fail(program, out, &Refusal::of(&error, RETRIEVING)),
                None => Ok(0),
            };
        }
    };
    let owner = reader.default_principal().clone();
    let mut times = TimeFormat::from_env();
    header(cache.name(), &owner, times.width(), out);

    let keytab = match detail
        .indicators
        .as_deref()
        .map(indicator_keytab)
        .transpose()
    {
        Ok(keytab) => keytab,
        Err(refusal) => return fail(program, out, &refusal),
    };
    let mut lines = Lines::new(&owner, detail, keytab, &mut times);
    loop {
        match reader.next() {
            Ok(Some(credential)) => lines.show(&credential, out.buffer()),
            Ok(None) => return Ok(0),
            Err(error) => return fail(program, out, &Refusal::of(&error, RETRIEVING)),
        }
        out.flush_if_full()?;
    }
}

/// The keytab of `-I`.
fn indicator_keytab(name: &OsStr) -> Result<KeytabFile, Refusal> {
    let name = Some(name).filter(|name| *name != "-");
    let default = keytab_select::Default::Server;
    keytab_select::file(name, default, "while resolving keytab")
}

const RETRIEVING: &str = "while retrieving a ticket";

fn header(name: &CcacheName, owner: &Principal, width: usize, out: &mut Output) {
    out.put(format!("Ticket cache: {name}\nDefault principal: ").as_bytes());
    owner.unparse_into(out.buffer());
    // Two blanks separate the columns.
    let column = width + 2;
    let titles = format!(
        "\n\n{:column$}{:column$}Service principal\n",
        "Valid starting", "Expires"
    );
    out.put(titles.as_bytes());
}
