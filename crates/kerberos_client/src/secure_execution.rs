//! Whether the environment may be trusted: glibc's `secure_getenv`, which MIT's library uses to
//! read the environment.
//!
//! A program with rights that its user does not have (setuid, setgid, the capabilities of its file)
//! must not read or write files that this user names. The kernel tells each program when it starts:
//! `AT_SECURE` of getauxval(3). There is no safe call for that, so it is read from `/proc`.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::sync::OnceLock;

use rustix::process::{getegid, geteuid, getgid, getuid};

/// Whether the program runs with rights that its user does not have, so that the environment must
/// be ignored ("secure-execution mode" of ld.so(8)).
pub fn secure_execution() -> bool {
    // Asked for each variable, and never changes.
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(ask)
}

fn ask() -> bool {
    let by_kernel = vector().ok().as_deref().and_then(secure);
    // It cannot be read without `/proc`. Nor can it by a program with capabilities that nobody may
    // inspect, not even the program itself.
    by_kernel.unwrap_or_else(|| {
        let by_capability = fs::read_to_string("/proc/self/status").is_ok_and(|status| {
            let is_root = geteuid().is_root();
            !is_root && has_capabilities_of_its_file(&status)
        });
        getuid() != geteuid() || getgid() != getegid() || by_capability
    })
}

/// The auxiliary vector, some 400 bytes, read at once: each system call matters to a tool that runs
/// for a millisecond.
fn vector() -> io::Result<Vec<u8>> {
    let mut vector = Vec::with_capacity(1024);
    let file = File::open("/proc/self/auxv")?;
    file.take(64 * 1024).read_to_end(&mut vector)?;
    Ok(vector)
}

/// Reads `AT_SECURE` from an auxiliary vector: pairs of machine words, a type and its value.
fn secure(vector: &[u8]) -> Option<bool> {
    const AT_SECURE: usize = 23;
    let words = vector.as_chunks().0.iter().copied();
    let words: Vec<usize> = words.map(usize::from_ne_bytes).collect();
    let mut pairs = words.as_chunks().0.iter();
    pairs.find_map(|&[kind, value]| (kind == AT_SECURE).then_some(value != 0))
}

/// Whether `/proc/self/status` shows capabilities that the program did not get from its parent
/// (ambient ones, as systemd sets them).
fn has_capabilities_of_its_file(status: &str) -> bool {
    let set = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| u64::from_str_radix(line.trim(), 16).ok())
    };
    let (permitted, ambient) = (set("CapPrm:"), set("CapAmb:"));
    permitted.unwrap_or(0) & !ambient.unwrap_or(0) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_secure_is_read_from_the_auxiliary_vector() {
        let check = |words: &[usize], expected| {
            let vector: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            assert_eq!(secure(&vector), expected, "{words:?}");
        };
        check(&[], None);
        check(&[6, 4096, 0, 0], None);
        // Here 23 is a value, and not a type.
        check(&[6, 23, 1, 1], None);
        check(&[6, 4096, 23, 0, 0, 0], Some(false));
        check(&[6, 4096, 23, 1, 0, 0], Some(true));
        let ours = vector().unwrap();
        assert_eq!(secure(&ours), Some(false));
        assert!(!secure_execution());
    }

    #[test]
    fn file_capabilities_are_told_from_ambient_ones() {
        let check = |permitted: &str, ambient: &str, expected| {
            let status = format!("Name:\tcat\nCapPrm:\t{permitted}\nCapAmb:\t{ambient}\n");
            assert_eq!(has_capabilities_of_its_file(&status), expected, "{status}");
        };
        check("0000000000000000", "0000000000000000", false);
        check("0000000000000400", "0000000000000000", true);
        check("0000000000000400", "0000000000000400", false);
        check("0000000000000401", "0000000000000400", true);
        check("what?", "0000000000000400", false);
        assert!(!has_capabilities_of_its_file(""));
    }
}
