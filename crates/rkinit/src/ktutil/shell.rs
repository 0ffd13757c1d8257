//! The interactive shell: reads requests and executes each as MIT's does, until the input ends.
//!
//! The exit status is always 0, so a script learns about failures only from standard error.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use kerberos_files::keytab::{KeytabError, KeytabFile};

use crate::input::keytab_select;
use crate::ktutil::addent::{AddEnt, Misused, NotAdded};
use crate::ktutil::keylist::{Detail, KeyList};
use crate::ktutil::lines::{Input, Lines};
use crate::ktutil::requests::Request;
use crate::ktutil::{addent, requests, words};
use crate::messages::refusal::Refusal;
use crate::messages::{Program, hint, line};
use crate::output;

/// Runs the shell and returns the exit status.
pub(super) fn run(program: &Program) -> u8 {
    let mut list = KeyList::default();
    let mut lines = Lines::new();
    loop {
        let next = lines.next().and_then(|input| match input {
            Input::Line(line) => {
                if is_request(&line) {
                    lines.remember(&line);
                }
                execute(&line, &mut list)
            }
            Input::TooLong => {
                line(format_args!("ktutil: The line is too long"));
                Ok(Next::Line)
            }
            Input::End => Ok(Next::End),
        });
        match next {
            Ok(Next::Line) => {}
            Ok(Next::End) => return 0,
            Err(error) => return output::failure(program, &error),
        }
    }
}

/// Whether the line begins with the name of a request.
fn is_request(line: &[u8]) -> bool {
    let words = words::split(line).unwrap_or_default();
    words
        .first()
        .is_some_and(|name| Request::from_name(name).is_some())
}

/// What comes after a request.
enum Next {
    Line,
    End,
}

/// Executes the request in `text`, and prints its errors. Fails only if standard output cannot be
/// written.
fn execute(text: &[u8], list: &mut KeyList) -> io::Result<Next> {
    let text = text.trim_ascii_start();
    if text.starts_with(b"!") {
        line(format_args!("ktutil: Shell commands are not supported"));
        return Ok(Next::Line);
    }
    let Ok(words) = words::split(text) else {
        line(format_args!("ktutil: Unbalanced quotes in command line"));
        return Ok(Next::Line);
    };
    let Some((name, arguments)) = words.split_first() else {
        return Ok(Next::Line);
    };
    let Some(request) = Request::from_name(name) else {
        // As in MIT, only the first part of a word with blanks is used.
        let mut parts = name.split(|byte| matches!(byte, b' ' | b'\t'));
        let typed = parts.find(|part| !part.is_empty()).unwrap_or_default();
        line(format_args!(
            "ktutil: Unknown request \"{}\".  Type \"?\" for a request list.",
            String::from_utf8_lossy(typed)
        ));
        return Ok(Next::Line);
    };
    let name = String::from_utf8_lossy(name);
    let complain = |text: &str| line(format_args!("{name}: {text}"));
    match request {
        Request::Clear if arguments.is_empty() => list.clear(),
        Request::Clear => complain("invalid arguments"),
        Request::ReadSrvtab => complain("reading srvtabs is no longer supported"),
        Request::WriteSrvtab => complain("writing srvtabs is no longer supported"),
        Request::Read => match arguments {
            [file] => read(file, list).unwrap_or_else(|refusal| say(&name, &refusal)),
            _ => complain("must specify keytab to read"),
        },
        Request::Write => match arguments {
            [file] => write(file, list).unwrap_or_else(|refusal| say(&name, &refusal)),
            _ => complain("must specify keytab to write"),
        },
        Request::Delete => match arguments {
            [slot] => delete(slot, list).unwrap_or_else(|refusal| say(&name, &refusal)),
            _ => complain("must specify entry to delete"),
        },
        Request::Add => add(&name, arguments, list),
        Request::List => match detail(arguments) {
            Some(detail) => {
                let mut out = Vec::new();
                list.list(detail, &mut out);
                output::show(&out)?;
            }
            None => complain(&format!("usage: {name} [-t] [-k] [-e]")),
        },
        Request::ListRequests => output::write_all(requests::listing().as_bytes())?,
        Request::Quit => return Ok(Next::End),
    }
    Ok(Next::Line)
}

fn read(name: &[u8], list: &mut KeyList) -> Result<(), Refusal> {
    let context = format!("while reading keytab \"{}\"", shown(name));
    let keytab = keytab(name, &context)?;
    list.read(&keytab)
        .map_err(|error| refusal(&error, &context))
}

fn write(name: &[u8], list: &KeyList) -> Result<(), Refusal> {
    let context = format!("while writing keytab \"{}\"", shown(name));
    let keytab = keytab(name, &context)?;
    list.write(&keytab, crate::ktutil::now())
        .map_err(|error| refusal(&error, &context))
}

fn delete(slot: &[u8], list: &mut KeyList) -> Result<(), Refusal> {
    let number = str::from_utf8(slot).ok().and_then(|text| text.parse().ok());
    match number.filter(|slot| list.delete(*slot)) {
        Some(_) => Ok(()),
        None => Err(Refusal::new(
            "Invalid argument",
            &format!("while deleting entry {}", shown(slot)),
        )),
    }
}

fn add(name: &str, arguments: &[Vec<u8>], list: &mut KeyList) {
    match AddEnt::parse(arguments).map(|request| request.entry()) {
        Ok(Ok(entry)) => list.push(entry),
        // MIT always prints the short name here, even if the request was called by another name.
        Ok(Err(NotAdded::Digits(error))) => line(format_args!("addent: {error}")),
        Ok(Err(NotAdded::Refused(refusal))) => say(name, &refusal),
        Err(Misused::Usage) => line(format_args!("usage: {name} {}", addent::USAGE)),
        Err(Misused::NoEtype) => line(format_args!("enctype must be specified if not using -f")),
    }
}

/// What `list` should show; `None` for an unknown option.
fn detail(arguments: &[Vec<u8>]) -> Option<Detail> {
    let mut detail = Detail::default();
    for argument in arguments {
        match argument.as_slice() {
            b"-t" => detail.timestamps = true,
            b"-k" => detail.keys = true,
            b"-e" => detail.etypes = true,
            _ => return None,
        }
    }
    Some(detail)
}

fn keytab(name: &[u8], context: &str) -> Result<KeytabFile, Refusal> {
    let name = Some(OsStr::from_bytes(name));
    let name = keytab_select::keytab(name, keytab_select::Default::Server)
        .map_err(|error| error.into_refusal(context))?;
    name.file_path()
        .map(KeytabFile::new)
        .map_err(|error| Refusal::new(error, context))
}

/// The error in the words of MIT's ktutil: the system's text, if the system refused.
fn refusal(error: &KeytabError, context: &str) -> Refusal {
    let text = match error {
        KeytabError::NotFound { .. } => Some("No such file or directory"),
        KeytabError::NotAFile { path } if path.is_dir() => Some("Is a directory"),
        _ => None,
    };
    let refusal = Refusal::of_keytab(error, context);
    match text {
        Some(text) => Refusal {
            message: text.into(),
            ..refusal
        },
        None => refusal,
    }
}

fn say(name: &str, refusal: &Refusal) {
    let Refusal {
        message, context, ..
    } = refusal;
    line(format_args!("{name}: {message} {context}"));
    refusal.hint.iter().for_each(hint);
}

fn shown(text: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(text)
}
