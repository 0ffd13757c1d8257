//! kdestroy: what it removes, its output and its exit code, compared with MIT's.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use interop::{assert_same, check_same_usage};
use test_support::raw::{self, RawCredential, RawPrincipal};
use test_support::{MitRealm, Place};

/// Runs `kdestroy arguments` with MIT's tool and with ours, each on a cache with the bytes
/// `content`.
#[track_caller]
fn check(place: &Place, arguments: &str, content: Option<&[u8]>) {
    let mut runs = Vec::new();
    for tool in [place.mit("kdestroy"), place.ours("kdestroy")] {
        let _ = fs::remove_file(place.cache());
        if let Some(content) = content {
            let path = place.write("cache", content);
            let set = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
            assert!(set.is_ok(), "the permissions can be changed");
        }
        let run = tool.line(arguments).run();
        runs.push((run, place.cache().exists()));
    }
    if let [(theirs, left_by_mit), (ours, left_by_us)] = &runs[..] {
        assert_same(ours, theirs);
        assert_eq!(left_by_us, left_by_mit, "kdestroy {arguments}: {ours}");
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's kdestroy: cargo xtask install")]
fn destroyed_and_kept_caches_match_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    let alice = RawPrincipal::new("alice", "MIT.TEST");
    let tgt = RawCredential::new(&alice, &RawPrincipal::new("krbtgt/MIT.TEST", "MIT.TEST"));
    let cache = raw::cache(4, None, &alice, &[tgt]);
    let path = place.text("cache");
    for arguments in [
        "",
        "-q",
        "-A",
        "-p alice",
        "-p bob",
        "-c cache",
        &format!("-c FILE:{path}"),
    ] {
        check(&place, arguments, Some(&cache));
        check(&place, arguments, None);
    }
    for content in [&b""[..], b"no cache at all", &cache[..30]] {
        check(&place, "", Some(content));
        check(&place, "-A", Some(content));
    }
    check(&place, "-c FUNNY:x", None);
    check(&place, "-p a@b@c", Some(&cache));
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's kdestroy: cargo xtask install")]
fn usage_errors_match_mit() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    for arguments in ["-Z", "-A -p alice", "-c", "-c a -c b", "one"] {
        check_same_usage(&place, "kdestroy", arguments);
    }
}
