//! `rkinit --check-config [REALM]`: shows which file sets what, what has no effect, where the
//! realm's KDCs are, and whether each of them answers.
//!
//! The output is for people or, with `--json`, for programs. Nobody is logged in, and nothing is
//! changed.

mod json;
mod report;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use kerberos_files::config::{DEFAULT_CONFIG_FILES, split_file_list};

use crate::input::ccache_select::SelectError;
use crate::input::configuration;
use crate::messages::Program;
use crate::output;
use report::Report;

/// How long to wait for a KDC's answer.
const LIMIT: Duration = Duration::from_secs(3);

/// Checks and prints. The exit status is 0 if the configuration has no mistakes and, if a realm is
/// named or there is a default realm, one of its KDCs answers.
pub(crate) fn run(program: &Program, realm: Option<&OsStr>, as_json: bool) -> u8 {
    let client = match configuration::client() {
        Ok(client) => client,
        Err(error) => {
            let context = "while initializing Kerberos 5 library";
            return SelectError::from(error)
                .into_refusal(context)
                .report(program);
        }
    };
    let realm = realm.map(|realm| realm.to_string_lossy().into_owned());
    let report = Report::make(client, &listed_files(), realm, LIMIT);
    let text = if as_json {
        json::write(&report)
    } else {
        report.to_string()
    };
    match output::write_all(text.as_bytes()) {
        Ok(()) => u8::from(!report.is_fine()),
        Err(error) => output::failure(program, &error),
    }
}

/// The files and folders that may contain the configuration.
fn listed_files() -> Vec<PathBuf> {
    match configuration::variable("KRB5_CONFIG") {
        Some(list) => {
            let home = configuration::variable("HOME").map(PathBuf::from);
            split_file_list(&list, home.as_deref())
        }
        None => DEFAULT_CONFIG_FILES.map(PathBuf::from).to_vec(),
    }
}
