//! `cargo xtask test`: all levels of tests, from unit tests to real KDCs.

use test_support::parts;

use crate::install;
use crate::process::{self, Outcome};

/// Installs what is missing, then runs everything; `arguments` are passed to `cargo nextest run`.
///
/// # Errors
/// When a test fails, or, in CI, when a real server is missing.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let ci = parts::in_ci();
    if let Err(error) = install::everything() {
        if ci || !process::in_path("cargo-nextest") {
            return Err(error);
        }
        eprintln!("xtask: {error}\nxtask: tests that need them are shown as skipped.\n");
    }
    let profile = if ci { "ci" } else { "default" };
    // The tests run the tools as executable files, so they are built first.
    process::run(&mut process::cargo(["build", "--package", "rkinit"]))?;
    if parts::docker() {
        // The static binary, for an image without any libraries.
        test_support::static_rkinit();
    }
    let mut nextest = process::cargo([
        "nextest",
        "run",
        "--workspace",
        process::ALL_FEATURES,
        "--no-tests=fail",
        "--profile",
        profile,
    ]);
    process::run(nextest.args(arguments))?;
    if arguments.is_empty() {
        // Tests without these features, which the tools enable for the whole workspace.
        process::run(&mut process::cargo([
            "nextest",
            "run",
            "--package=kerberos_client",
            "--no-tests=fail",
            "--profile",
            profile,
        ]))?;
        if parts::root() {
            // Ignored by default, because they mount file systems and change users, which requires
            // root.
            process::run(&mut process::cargo([
                "nextest",
                "run",
                "--package=kerberos_files",
                "--run-ignored=only",
                "--no-tests=fail",
                "--profile",
                profile,
            ]))?;
        }
        process::run(&mut process::cargo([
            "test",
            "--workspace",
            process::ALL_FEATURES,
            "--doc",
            "--quiet",
        ]))?;
    }
    Ok(())
}
