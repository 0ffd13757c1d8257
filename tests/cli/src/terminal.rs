//! A terminal, provided by script(1), on which a test types.

use std::fmt::Write as _;

use test_support::{Finished, Place};

/// Runs `command` on a terminal and types each text with a line feed once the screen shows its
/// prompt: before that, the terminal's own echo might still be on. Returns the exit status and the
/// screen's text.
///
/// # Panics
/// When script(1) is not installed.
#[expect(clippy::expect_used, reason = "only tests use this")]
pub fn type_into(place: &Place, command: &str, typed: &[(&str, &str)]) -> (Finished, String) {
    let mut feed = String::new();
    for (prompt, text) in typed {
        // With a limit, in case it never comes.
        let _ = writeln!(
            feed,
            "n=0; until grep -qF '{prompt}' screen 2>/dev/null || [ $((n += 1)) -gt 400 ]; do \
             sleep 0.05; done; printf '%s\\n' '{text}'"
        );
    }
    // That of an earlier call would show the prompt at once.
    let _ = std::fs::remove_file(place.path("screen"));
    let run = place
        .program("/usr/bin/script")
        .args(["-q", "-f", "-e", "-c", command, "screen"])
        .through(["sh", "-c", &format!("{{ {feed} }} | exec \"$0\" \"$@\"")])
        .run();
    let screen = std::fs::read(place.path("screen")).expect("script writes it");
    (run, String::from_utf8_lossy(&screen).into_owned())
}
