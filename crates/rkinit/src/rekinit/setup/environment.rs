//! Settings from the environment, as used by existing scripts: this makes it a drop-in replacement
//! for kinit-sidecar's `rekinit.sh`, without any other settings.

use std::ffi::OsString;
use std::path::Path;

/// The words in `OPTIONS` and `APPEND_OPTIONS`. If `OPTIONS` is empty, the mounted keytab is used.
pub(crate) fn words() -> Vec<OsString> {
    let is_there = |path: &str| Path::new(path).exists();
    words_of(&variable("OPTIONS"), &variable("APPEND_OPTIONS"), &is_there)
}

/// How long the scripts slept, and the variable that sets this.
pub(crate) fn period() -> Option<(&'static str, String)> {
    let values = ["PERIOD_SECONDS", "DELAY_SECONDS"].map(|name| (name, variable(name)));
    values.into_iter().find(|(_, value)| !value.is_empty())
}

/// Where these words come from, for messages about mistakes in them.
pub(crate) fn origin() -> String {
    let is_set = |name: &&str| !variable(name).trim().is_empty();
    let set: Vec<&str> = ["OPTIONS", "APPEND_OPTIONS"]
        .into_iter()
        .filter(is_set)
        .collect();
    format!("in {} of the environment", set.join(" or "))
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn words_of(options: &str, appended: &str, is_there: &dyn Fn(&str) -> bool) -> Vec<OsString> {
    let mut words: Vec<OsString> = options.split_whitespace().map(Into::into).collect();
    if words.is_empty() {
        // As in the script, the client keytab takes precedence if both exist.
        let keytab = KEYTABS.iter().find(|path| is_there(path));
        words.extend(
            keytab
                .iter()
                .flat_map(|path| ["-k", "-t", **path])
                .map(Into::into),
        );
        // If none is mounted yet, the one named in krb5.conf is waited for.
        if words.is_empty() && !appended.trim().is_empty() {
            words.push("-k".into());
        }
    }
    words.extend(appended.split_whitespace().map(OsString::from));
    words
}

/// The places where keytabs are mounted.
const KEYTABS: [&str; 2] = ["/krb5/client.keytab", "/krb5/krb5.keytab"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_from_variables_and_mounted_keytabs() {
        let check = |options: &str, appended: &str, mounted: &[&str], expected: &str| {
            let words = words_of(options, appended, &|path| mounted.contains(&path));
            let expected: Vec<OsString> = expected.split_whitespace().map(Into::into).collect();
            assert_eq!(words, expected);
        };
        let [client, server] = KEYTABS;
        check("-k example@REALM", "", &[client], "-k example@REALM");
        check("", "svc", &[server], "-k -t /krb5/krb5.keytab svc");
        check(
            "",
            "svc",
            &[server, client],
            "-k -t /krb5/client.keytab svc",
        );
        check("", "svc", &[], "-k svc");
        check("  ", "", &[], "");
    }
}
