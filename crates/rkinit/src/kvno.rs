//! `kvno`: gets tickets for services and prints the version numbers of their keys.
//!
//! All names of a command line are looked up in one pass over the cache. As with MIT, results are
//! printed in the order of the names, and a failure does not end the list.

pub(crate) mod advice;
mod args;
mod certificate;
mod document;
mod job;
mod keytab_check;
mod on_behalf;
mod out_cache;

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io;
use std::io::Write as _;

use kerberos_asn1::{Decode as _, Ticket};
use kerberos_client::ClientError;
use kerberos_files::ccache::CcacheName;
use kerberos_proto::{Credential, Principal};
use rustix::stdio::stdout;
use rustix::termios::isatty;

use crate::input::{arguments, configuration};
use crate::kvno::args::Plan;
use crate::kvno::document::Document;
use crate::kvno::job::{Job, Outcome};
use crate::messages::refusal::Refusal;
use crate::messages::{Program, line};
use crate::output;
use crate::output::Output;

/// The certificate parser of `-F`, for the fuzz target.
pub(crate) mod fuzzing {
    /// The certificate in a PEM text.
    ///
    /// # Errors
    /// A description of what is wrong with the text.
    pub fn pem_certificate(text: &[u8]) -> Result<Vec<u8>, String> {
        super::certificate::from_pem(text).map_err(|error| error.to_string())
    }
}

/// The tool's clap definition, for manual pages and completions.
pub(crate) fn definition(name: &str) -> clap::Command {
    arguments::definition::<args::Typed>(name)
}

/// Runs `kvno` and returns its exit status.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let plan = match args::plan(program, arguments) {
        Ok(plan) => plan,
        Err(status) => return status,
    };
    let done = Job::prepare(&plan).and_then(|job| {
        let mut report = Report::new(program, &plan, &job.cache);
        let told = job.for_each(&plan.names, |name, outcome| {
            report.tell(&job, name, outcome)
        })?;
        if let Some(document) = report.document.take() {
            document.end(report.out.buffer());
        }
        if let Err(error) = told.and_then(|()| report.out.flush()) {
            return Ok(output::failure(program, &error));
        }
        if report.failed {
            return Ok(1);
        }
        job.write_out_cache(&report.got)?;
        Ok(0)
    });
    done.unwrap_or_else(|refusal| refusal.report(program))
}

/// Prints the results, one name after the other.
struct Report<'a> {
    program: &'a Program,
    quiet: bool,
    /// The JSON document, printed instead of the lines about successes.
    document: Option<Document>,
    /// Whether a person watches the output.
    interactive: bool,
    out: Output,
    /// The tickets for `--out-cache`.
    got: Vec<Credential>,
    failed: bool,
    /// The hint that was printed last.
    hinted: Option<String>,
}

impl<'a> Report<'a> {
    fn new(program: &'a Program, plan: &Plan, cache: &CcacheName) -> Self {
        let mut out = Output::new();
        let now = kerberos_client::now().seconds;
        let begin = || Document::begin(cache, now, out.buffer());
        let document = plan.json.then(begin);
        Self {
            program,
            quiet: plan.quiet || plan.json,
            document,
            interactive: plan.names.len() > 1 && isatty(stdout()),
            out,
            got: Vec::new(),
            failed: false,
            hinted: None,
        }
    }

    /// Prints the `outcome` for `name`.
    ///
    /// # Errors
    /// When standard output cannot be written.
    fn tell(&mut self, job: &Job, name: &OsStr, outcome: Outcome) -> io::Result<()> {
        match outcome {
            Outcome::NoName(_) if self.quiet && self.document.is_none() => {
                self.failed = true;
                Ok(())
            }
            Outcome::NoName(error) => {
                let context = format!("while parsing principal name {}", name.display());
                self.refuse(name, error.into_refusal(&context))
            }
            Outcome::Refused(refusal) => self.refuse(name, refusal),
            Outcome::Got { server, credential } => {
                self.tell_ticket(job, name, &server, *credential)
            }
        }
    }

    fn tell_ticket(
        &mut self,
        job: &Job,
        name: &OsStr,
        server: &Principal,
        credential: Credential,
    ) -> io::Result<()> {
        let ticket = match Ticket::from_der(&credential.ticket) {
            Ok(ticket) => ticket,
            Err(error) => {
                let context = format!("while decoding ticket for {server}");
                return self.refuse(name, Refusal::new(error, &context));
            }
        };
        let kvno = ticket.enc_part.kvno.unwrap_or(0);
        let verdict = match job
            .keytab()
            .map(|keytab| keytab_check::check(keytab, &ticket, &job.transit_policy()))
        {
            Some(Err(error)) => {
                self.out.flush()?;
                if !self.quiet {
                    line(format_args!(
                        "{server}: kvno = {kvno}, keytab entry invalid"
                    ));
                }
                let refusal = Refusal {
                    hint: error.hint(&ticket),
                    ..Refusal::new(&error, &format!("while decrypting ticket for {server}"))
                };
                return self.refuse(name, refusal);
            }
            Some(Ok(())) => ", keytab entry valid",
            None => "",
        };
        if !self.quiet {
            server.unparse_into(self.out.buffer());
            // Writing to a vector cannot fail.
            let _ = writeln!(self.out.buffer(), ": kvno = {kvno}{verdict}");
            if self.interactive {
                self.out.flush()?;
            }
            self.out.flush_if_full()?;
        }
        let has_keytab = job.keytab().is_some();
        match job.proxy(server, credential) {
            Ok(credential) => {
                if let Some(document) = &mut self.document {
                    let (keytab, out) = (has_keytab.then_some(true), self.out.buffer());
                    document.ticket(name, kvno, keytab, &credential, out);
                    self.out.flush_if_full()?;
                }
                self.got.push(credential);
            }
            Err(refusal) => self.refuse(name, refusal)?,
        }
        Ok(())
    }

    /// Prints an error, after any output that is still buffered.
    fn refuse(&mut self, name: &OsStr, mut refusal: Refusal) -> io::Result<()> {
        self.failed = true;
        if let Some(document) = &mut self.document {
            document.error(name, &refusal.message, self.out.buffer());
        }
        self.out.flush()?;
        // The same hint is printed only once, even for fifty unknown names.
        if refusal.hint == self.hinted {
            refusal.hint = None;
        } else if refusal.hint.is_some() {
            self.hinted.clone_from(&refusal.hint);
        }
        refusal.report(self.program);
        Ok(())
    }
}

/// The text of `error` as in MIT's kvno, and in MIT's kinit for renewing and validating a ticket.
pub(crate) fn message(error: &ClientError) -> Cow<'static, str> {
    match error {
        ClientError::Exchange(error) => error.mit_tgs_message(),
        ClientError::Config(_) => configuration::mit_message(error).into(),
        error => error.to_string().into(),
    }
}
