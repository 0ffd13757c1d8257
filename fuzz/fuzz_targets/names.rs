//! Names as people write them: what parses can be written and parses as the same again. Principals,
//! caches, keytabs, durations, points in time, identity files, servers and resolv.conf.
//!
//! The first byte chooses.
#![no_main]

use kerberos_client::dns::ResolvConf;
use kerberos_files::ccache::{CcacheName, K5Identity};
use kerberos_files::config::Server;
use kerberos_files::deltat::parse_deltat;
use kerberos_files::keytab::KeytabName;
use kerberos_files::timestamp_text::TimestampText;
use kerberos_proto::{ParseOptions, Principal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(bytes);
    match choice % 9 {
        0 => principal(bytes, false),
        1 => principal(bytes, true),
        2 => {
            if let Ok(name) = CcacheName::parse(&text) {
                assert_eq!(CcacheName::parse(&name.to_string()).as_ref(), Ok(&name));
            }
        }
        3 => {
            if let Ok(name) = KeytabName::parse(&text) {
                assert_eq!(KeytabName::parse(&name.to_string()).as_ref(), Ok(&name));
            }
        }
        4 => duration(&text),
        6 => point_of_time(&text),
        7 => resolver(&text),
        8 => {
            if let Some(server) = Server::parse(&text, 88) {
                assert_eq!(Server::parse(&server.to_string(), 1), Some(server));
            }
        }
        _ => {
            let server = Principal::parse("HTTP/www.example@R").expect("valid name");
            let options = ParseOptions::with_default_realm(b"R");
            let _ = K5Identity::parse(text).principal_for(&server, &options);
        }
    }
});

fn principal(text: &[u8], enterprise: bool) {
    let options = ParseOptions::with_default_realm(b"R").enterprise(enterprise);
    let Ok(principal) = Principal::parse_bytes(text, &options) else {
        return;
    };
    let mut written = Vec::new();
    principal.unparse_into(&mut written);
    // Written in full and quoted, it needs no default realm and no guesses.
    let again = Principal::parse_bytes(&written, &ParseOptions::with_default_realm(b"other"));
    let again = again.expect("a name that was written parses");
    assert_eq!(again.realm(), principal.realm());
    assert!(again.components().eq(principal.components()));
}

/// Written in each of its units, all with the same sign, it is as long.
fn duration(text: &str) {
    let Ok(seconds) = parse_deltat(text) else {
        return;
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (s, m, h, d) = (seconds % 60, minutes % 60, hours % 24, hours / 24);
    assert_eq!(parse_deltat(&format!("{d}d {h}h {m}m {s}s")), Ok(seconds));
}

/// Its parts are within their ranges, and writing all of them gives the same point in time.
fn point_of_time(text: &str) {
    let Some(time) = TimestampText::parse(text) else {
        return;
    };
    let date = (time.year.zip(time.month)).zip(time.day);
    let clock = format!("{:02}:{:02}", time.hour, time.minute);
    let clock = time
        .second
        .map_or(clock.clone(), |second| format!("{clock}:{second:02}"));
    let written = match date {
        Some(((year, month), day)) => {
            let month = MONTHS
                .get(usize::from(month) - 1)
                .expect("months are from 1 to 12");
            format!("{day:02}-{month}-{year}:{clock}")
        }
        None => clock,
    };
    assert_eq!(TimestampText::parse(&written), Some(time), "{written}");
}

/// Whatever the file says, there is a server to ask, and the timeouts are short.
fn resolver(text: &str) {
    let conf = ResolvConf::parse(text);
    assert!((1..=3).contains(&conf.servers.len()) && conf.search.len() <= 32);
    assert!(conf.search.iter().all(|domain| !domain.is_empty()));
    assert!((1..=30).contains(&conf.timeout.as_secs()) && (1..=5).contains(&conf.attempts));
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
