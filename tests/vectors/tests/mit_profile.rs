//! MIT's profile test files (`src/util/profile` of krb5), with the queries of MIT's own test
//! programs.
//!
//! The data is not part of this repository; without it the tests are listed as ignored.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use kerberos_files::profile::Profile;
use libtest_mimic::{Arguments, Failed, Trial};

const DIRECTORY: &str = "mit-profile";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = vectors::is_missing(&format!("{DIRECTORY}/test.ini"));
    if missing && !arguments.list {
        eprintln!(
            "{DIRECTORY} was not found, so its tests are ignored: `cargo xtask install` fetches it"
        );
    }
    // These answers are newer than Debian 12's version.
    let newer = vectors::published(&format!("{DIRECTORY}/final6.ini")).is_some();
    let mut trials = vec![Trial::test("final.expected", final_expected).with_ignored_flag(!newer)];
    trials.extend(QUERIES.iter().map(|&(file, path, values)| {
        let name = format!("{file}/{}", path.join("/"));
        Trial::test(name, move || {
            let found = query(&[file], path)?;
            if found == values {
                Ok(())
            } else {
                Err(format!("{found:?}").into())
            }
        })
    }));
    let trials = trials
        .into_iter()
        .map(|trial| {
            if missing {
                trial.with_ignored_flag(true)
            } else {
                trial
            }
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The queries in MIT's `Makefile.in`, in the same order, compared with MIT's expected answers.
fn final_expected() -> Result<(), Failed> {
    let key = ["section", "subsection", "key"].as_slice();
    let queries: [(&[&str], &[&str]); 12] = [
        (&["final1.ini", "final1.ini"], key),
        (&["final2.ini", "final1.ini"], key),
        (&["final3.ini", "final1.ini"], key),
        (&["final4.ini", "final1.ini"], key),
        (&["final5.ini", "final1.ini"], key),
        (&["final6.ini"], &["a", "ab"]),
        (&["final6.ini"], &["a", "ac"]),
        (&["final6.ini"], &["b", "ba"]),
        (&["final6.ini"], &["b", "bb", "bba"]),
        (&["final6.ini"], &["c", "ca", "caa"]),
        (&["final6.ini"], &["c", "cb", "cba"]),
        (&["final6.ini"], &["c", "cc"]),
    ];
    let mut answers = String::new();
    for (files, path) in queries {
        // Each run of MIT's program starts with an empty line.
        answers.push('\n');
        for value in query(files, path)? {
            answers.push_str(&value);
            answers.push('\n');
        }
    }
    let expected = fs::read_to_string(published("final.expected")?)?;
    if answers == expected {
        Ok(())
    } else {
        Err(format!("{answers:?} instead of {expected:?}").into())
    }
}

fn query(files: &[&str], path: &[&str]) -> Result<Vec<String>, Failed> {
    let files = files
        .iter()
        .map(|file| published(file))
        .collect::<Result<Vec<_>, _>>()?;
    let profile = Profile::load(files)?;
    Ok(profile.values(path).map(str::to_owned).collect())
}

fn published(name: &str) -> Result<PathBuf, Failed> {
    let path = vectors::published(&format!("{DIRECTORY}/{name}"));
    path.ok_or_else(|| "not found: `cargo xtask install` fetches it".into())
}

/// A file, a path in it, and all its values.
type Query = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const QUERIES: [Query; 10] = [
    ("test.ini", &["test section 1", "bar"], &["foo"]),
    (
        "test.ini",
        &["test section 1", "foo"],
        &["bar ", "bar2", "bar3"],
    ),
    (
        "test.ini",
        &["test section 1", "child_section", "child"],
        &["slick", "harry", "john"],
    ),
    ("test.ini", &["test section 1", "child_section"], &["foo"]),
    (
        "test.ini",
        &["test section 2", "child_section2", "child"],
        &["slick", "harry", "john\tb ", "ron"],
    ),
    (
        "test.ini",
        &["test section 2", "child_section2", "chores"],
        &["cleaning"],
    ),
    ("test.ini", &["test section 2", "test_child"], &["foo\nbar"]),
    (
        "krb5.conf",
        &["libdefaults", "default_realm"],
        &["ATHENA.MIT.EDU"],
    ),
    (
        "krb5.conf",
        &["realms", "ATHENA.MIT.EDU", "kdc"],
        &[
            "kerberos.mit.edu",
            "kerberos-1.mit.edu",
            "kerberos-2.mit.edu",
            "kerberos-3.mit.edu",
        ],
    ),
    (
        "krb5.conf",
        &["domain_realm", "csail.mit.edu"],
        &["CSAIL.MIT.EDU"],
    ),
];
