//! `klist -l` and `klist -A`: the caches of the collection.
//!
//! The collection of a file cache has at most that one cache; other kinds are not supported yet.

use std::ffi::OsStr;
use std::io;

use kerberos_files::ccache::CcacheName;

use crate::ccache_select;
use crate::klist::args::Detail;
use crate::klist::cache_listing;
use crate::klist::cache_name;
use crate::klist::fail;
use crate::klist::status;
use crate::messages::Program;
use crate::output::Output;

const NO_CACHE: u8 = 1;

/// Lists each cache with its principal; 1 when there is none.
pub(super) fn list(program: &Program, name: Option<&OsStr>, out: &mut Output) -> io::Result<u8> {
    let name = match cache_name(name) {
        Ok(name) => name,
        Err(error) => {
            return fail(
                program,
                out,
                &error,
                "while listing ccache collection",
                error.hint(),
            );
        }
    };
    let file = match ccache_select::file(&name) {
        Ok(file) => file,
        Err(error) => return fail(program, out, &error, "", error.hint()),
    };
    out.put(format!("{:30} Cache name\n", "Principal name").as_bytes());
    out.put(format!("{:30} ----------\n", "--------------").as_bytes());
    let Ok(reader) = file.open() else {
        return Ok(NO_CACHE);
    };
    let mut owner = Vec::new();
    reader.default_principal().unparse_into(&mut owner);
    owner.resize(30, b' ');
    out.put(&owner);
    let expired = if status::is_valid(&name) {
        ""
    } else {
        " (Expired)"
    };
    out.put(format!(" {name}{expired}\n").as_bytes());
    Ok(0)
}

/// Shows every cache in turn; 0 when one could be shown.
pub(super) fn show_all(
    program: &Program,
    name: Option<&OsStr>,
    detail: &Detail,
    out: &mut Output,
) -> io::Result<u8> {
    match cache_name(name) {
        Ok(name) if is_missing(&name) => Ok(NO_CACHE),
        Ok(name) => cache_listing::show(program, &name, detail, out),
        Err(error) => fail(
            program,
            out,
            &error,
            "while listing ccache collection",
            error.hint(),
        ),
    }
}

fn is_missing(name: &CcacheName) -> bool {
    name.file_path().is_ok_and(|path| !path.exists())
}
