//! The listing of a keytab, with one line per key.

use std::ffi::OsStr;
use std::io;
use std::io::Write as _;

use kerberos_files::keytab::{KeytabEntryView, KeytabError, KeytabFile, KeytabName, KeytabReader};

use crate::input::keytab_select;
use crate::input::keytab_select::Default;
use crate::klist::args::KeytabDetail;
use crate::klist::etype_names::push_etype;
use crate::klist::fail;
use crate::messages::Program;
use crate::messages::refusal::Refusal;
use crate::output::json::keytab::Document;
use crate::output::time_format::TimeFormat;
use crate::output::{Output, hex};

/// Shows the keytab called `name`, or the default one, and returns the exit status.
pub(super) fn show(
    program: &Program,
    name: Option<&OsStr>,
    detail: KeytabDetail,
    out: &mut Output,
) -> io::Result<u8> {
    let default = if detail.client_keytab {
        Default::Client
    } else {
        Default::Server
    };
    let opening = match name {
        Some(name) => format!("while resolving keytab {}", name.display()),
        None if detail.client_keytab => "while getting default client keytab".into(),
        None => "while getting default keytab".into(),
    };
    let name = match keytab_select::keytab(name, default) {
        Ok(name) => name,
        Err(error) => return fail(program, out, &error.into_refusal(&opening)),
    };
    let path = match name.file_path() {
        Ok(path) => path,
        Err(error) => return fail(program, out, &Refusal::of(&error, &opening)),
    };
    let keytab = KeytabFile::new(path);
    if detail.json {
        return show_document(program, &name, &keytab, detail.keys, out);
    }
    // As in MIT, the name of a WRFILE: keytab is shown as FILE:.
    out.put(format!("Keytab name: FILE:{}\n", name.residual()).as_bytes());
    let mut reader = match keytab.open() {
        Ok(reader) => reader,
        Err(error) => return refuse(program, &error, STARTING, out),
    };
    let mut times = detail.timestamps.then(TimeFormat::from_env);
    out.put(header(times.as_ref().map(TimeFormat::width)).as_bytes());
    let error = scan(&mut reader, out, |entry, out| {
        push_entry(entry, detail, times.as_mut(), out);
    })?;
    match error {
        Some(error) => refuse(program, &error, SCANNING, out),
        None => Ok(0),
    }
}

/// Shows the intact entries. Returns the error that ended this, or else that of the first damaged
/// entry.
fn scan(
    reader: &mut KeytabReader,
    out: &mut Output,
    mut show: impl FnMut(&KeytabEntryView<'_>, &mut Vec<u8>),
) -> io::Result<Option<KeytabError>> {
    let mut damage = None;
    loop {
        match reader.next() {
            Ok(Some(entry)) => show(&entry, out.buffer()),
            Ok(None) => return Ok(damage),
            Err(error) if error.is_of_an_entry() => {
                damage.get_or_insert(error);
            }
            Err(error) => return Ok(Some(error)),
        }
        out.flush_if_full()?;
    }
}

/// The keytab as a document, whose fields are listed in `docs/JSON.md`.
fn show_document(
    program: &Program,
    name: &KeytabName,
    keytab: &KeytabFile,
    keys: bool,
    out: &mut Output,
) -> io::Result<u8> {
    let mut reader = match keytab.open() {
        Ok(reader) => reader,
        Err(error) => return refuse(program, &error, STARTING, out),
    };
    let mut document = Document::begin(name, keys, out.buffer());
    let error = scan(&mut reader, out, |entry, out| {
        document.entry(&entry.to_entry(), out);
    })?;
    document.end(
        error.as_ref().map(ToString::to_string).as_deref(),
        out.buffer(),
    );
    match error {
        Some(error) => refuse(program, &error, SCANNING, out),
        None => Ok(0),
    }
}

const STARTING: &str = "while starting keytab scan";
const SCANNING: &str = "while scanning keytab";

fn refuse(
    program: &Program,
    error: &KeytabError,
    context: &str,
    out: &mut Output,
) -> io::Result<u8> {
    fail(program, out, &Refusal::of_keytab(error, context))
}

/// The titles and the dashes below them; `width` is the width of times, if they are shown.
fn header(width: Option<usize>) -> String {
    match width {
        None => format!("KVNO Principal\n---- {:-<74}\n", ""),
        Some(width) => {
            let rest = 73_usize.saturating_sub(width);
            format!(
                "KVNO {:width$} Principal\n---- {:-<width$} {:-<rest$}\n",
                "Timestamp", "", ""
            )
        }
    }
}

fn push_entry(
    entry: &KeytabEntryView<'_>,
    detail: KeytabDetail,
    times: Option<&mut TimeFormat>,
    out: &mut Vec<u8>,
) {
    // MIT shows the number as signed.
    let _ = write!(out, "{:4} ", entry.kvno().cast_signed());
    if let Some(times) = times {
        out.extend_from_slice(times.format(entry.timestamp()));
        out.push(b' ');
    }
    entry.principal().unparse_into(out);
    if detail.etypes {
        out.extend_from_slice(b" (");
        push_etype(entry.etype(), out);
        out.extend_from_slice(b") ");
    }
    if detail.keys {
        out.extend_from_slice(b" (0x");
        hex::push(entry.expose_key(), out);
        out.push(b')');
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_fits_the_timestamp_width() {
        let check = |width, expected: &str| assert_eq!(header(width), expected);
        check(
            None,
            "KVNO Principal\n---- \
             --------------------------------------------------------------------------\n",
        );
        check(
            Some(17),
            "KVNO Timestamp         Principal\n---- ----------------- \
             --------------------------------------------------------\n",
        );
        check(
            Some(19),
            "KVNO Timestamp           Principal\n---- ------------------- \
             ------------------------------------------------------\n",
        );
    }
}
