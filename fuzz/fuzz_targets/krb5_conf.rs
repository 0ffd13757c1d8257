//! krb5.conf: files that include each other, split at NUL bytes. Every listed relation is found by
//! its name, and every key can be looked up.
#![no_main]

use std::io;
use std::path::Path;

use kerberos_files::config::{Krb5Config, ServerKind};
use kerberos_files::profile::{Loader, Located, Profile, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut files = Files(input.split(|&byte| byte == 0).collect());
    let Ok(profile) = Profile::load_with(["0", "1"], &mut files) else {
        return;
    };
    for section in profile.subsections(&[]).take(100) {
        for relation in profile.relations(&[section]).take(100) {
            let path = [section, relation.name];
            // A final relation hides those with the same name in later files.
            let found = |other: Located<'_>| other.is_final || other.value == relation.value;
            assert!(profile.located(&path).any(found));
        }
    }
    let Ok(config) = Krb5Config::new(profile) else {
        return;
    };
    let realm = config.default_realm().unwrap_or("R");
    for kind in [ServerKind::Kdc, ServerKind::PrimaryKdc, ServerKind::Admin] {
        for server in config.servers(realm, kind).into_iter().flatten() {
            let again = kerberos_files::config::Server::parse(&server.to_string(), 1);
            assert_eq!(again.as_ref(), Some(&server));
        }
    }
    let _ = (
        config.tkt_enctypes(),
        config.ticket_lifetime(realm),
        config.udp_preference_limit(),
    );
    let _ = (
        config.preferred_preauth_types(realm),
        config.domain_realm(realm),
    );
});

/// The parts of the input, by number; `d` is a folder with all of them.
struct Files<'a>(Vec<&'a [u8]>);

impl Loader for Files<'_> {
    fn open(&mut self, path: &Path) -> io::Result<Source> {
        if path == Path::new("d") {
            return Ok(Source::Directory(
                (0..self.0.len()).map(|n| n.to_string()).collect(),
            ));
        }
        path.file_name()
            .and_then(|name| name.to_str()?.parse::<usize>().ok())
            .and_then(|number| self.0.get(number))
            .map(|bytes| Source::File(bytes.to_vec()))
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
