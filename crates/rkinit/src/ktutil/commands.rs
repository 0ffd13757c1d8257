//! A single command on a keytab, as in Heimdal's `ktutil`: for scripts and for administrators.

mod add;
mod age;
pub(super) mod args;
mod change;
pub(super) mod import;

use std::ffi::{OsStr, OsString};

use kerberos_files::keytab::{KeytabEntry, KeytabError, KeytabFile, KeytabName};

use crate::input::keytab_select;
use crate::input::keytab_select::Default;
use crate::ktutil::commands::args::{Command, ListOptions};
use crate::ktutil::keylist::{Detail, KeyList};
use crate::messages::refusal::Refusal;
use crate::messages::{Program, line};
use crate::output;
use crate::output::json::keytab::Document;

/// Executes `arguments` and returns the exit status.
pub(super) fn run(program: &Program, arguments: &[OsString]) -> u8 {
    let typed = match args::parse(program, arguments) {
        Ok(typed) => typed,
        Err(status) => return status,
    };
    let keytab = match &typed.command {
        Command::Merge(options) => options.destination.as_ref().or(typed.keytab.as_ref()),
        _ => typed.keytab.as_ref(),
    };
    let done = Target::open(keytab.map(OsString::as_os_str)).and_then(|target| {
        let target = &target;
        match &typed.command {
            Command::List(options) => list(program, target, *options),
            Command::Add(options) => add::run(target, options),
            Command::Remove(options) => change::remove(target, options),
            Command::Rename(options) => change::rename(target, options),
            Command::Merge(options) => change::merge(target, options),
            Command::Purge(options) => change::purge(target, options),
            Command::Import { file } => import::run(target, file.as_deref()),
        }
    });
    match done {
        Ok(Done::Count(count, what)) => {
            if typed.verbose {
                let plural = if count == 1 { "entry" } else { "entries" };
                line(format_args!("{}: {count} {plural} {what}", program.name()));
            }
            0
        }
        Ok(Done::Status(status)) => status,
        Err(refusal) => refusal.report(program),
    }
}

/// How a command ended.
enum Done {
    /// The number of entries that were added, removed, and so on.
    Count(usize, &'static str),
    /// Everything has been printed already.
    Status(u8),
}

/// A keytab and its name in messages.
struct Target {
    name: KeytabName,
    file: KeytabFile,
}

impl Target {
    /// The keytab called `name`, or the default one.
    fn open(name: Option<&OsStr>) -> Result<Self, Refusal> {
        let context = match name {
            Some(name) => format!("while resolving keytab {}", name.display()),
            None => "while getting default keytab".into(),
        };
        let name = keytab_select::keytab(name, Default::Server)
            .map_err(|error| error.into_refusal(&context))?;
        let path = name
            .file_path()
            .map_err(|error| Refusal::new(error, &context))?;
        Ok(Self {
            name,
            file: KeytabFile::new(path),
        })
    }

    /// All entries.
    fn entries(&self) -> Result<Vec<KeytabEntry>, Refusal> {
        self.file
            .entries()
            .map_err(|error| Refusal::of_keytab(&error, &self.reading()))
    }

    /// All entries; none if the file does not exist yet.
    fn entries_if_any(&self) -> Result<Vec<KeytabEntry>, Refusal> {
        match self.file.path().try_exists() {
            Ok(false) => Ok(Vec::new()),
            _ => self.entries(),
        }
    }

    fn add(&self, entries: &[KeytabEntry]) -> Result<(), Refusal> {
        if entries.is_empty() {
            return Ok(());
        }
        self.file
            .add(entries)
            .map_err(|error| Refusal::of_keytab(&error, &self.writing()))
    }

    fn reading(&self) -> String {
        format!("while reading keytab {}", self.name)
    }

    /// The error text for a keytab that was read in order to rewrite it.
    fn rewriting(&self, error: &KeytabError) -> String {
        match error {
            KeytabError::NotFound { .. }
            | KeytabError::Version { .. }
            | KeytabError::TornEntry { .. }
            | KeytabError::Format { .. } => self.reading(),
            _ => self.writing(),
        }
    }

    fn writing(&self) -> String {
        format!("while writing keytab {}", self.name)
    }
}

/// Whether both entries are for the same principal, version and encryption type.
fn same_slot(one: &KeytabEntry, other: &KeytabEntry) -> bool {
    one.kvno == other.kvno
        && one.key.etype() == other.key.etype()
        && one.principal == other.principal
}

fn list(program: &Program, target: &Target, options: ListOptions) -> Result<Done, Refusal> {
    let mut list = KeyList::default();
    let read = list.read(&target.file);
    // Readable entries are shown before the error about the rest.
    let mut out = Vec::new();
    if options.json {
        let mut document = Document::begin(&target.name, options.keys, &mut out);
        for entry in list.entries() {
            document.entry(entry, &mut out);
        }
        let error = read.as_ref().err().map(ToString::to_string);
        document.end(error.as_deref(), &mut out);
    } else if read.is_ok() || !list.entries().is_empty() {
        let detail = Detail {
            timestamps: options.timestamps,
            keys: options.keys,
            etypes: true,
        };
        list.list(detail, &mut out);
    }
    let context = target.reading();
    let refused = read.map_err(|error| Refusal::of_keytab(&error, &context));
    if let (Err(refusal), true) = (&refused, list.entries().is_empty()) {
        return Ok(Done::Status(refusal.report(program)));
    }
    match output::show(&out) {
        Ok(()) => refused.map(|()| Done::Status(0)),
        Err(error) => Ok(Done::Status(output::failure(program, &error))),
    }
}
