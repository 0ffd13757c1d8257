//! Names and numbers of hosts from `/etc/hosts`, and this host's own name.
//!
//! What it leaves out: DNS. A name that the file does not have stays as it is, an address is
//! shown as numbers.

use std::net::IpAddr;

/// The host's name in its canonical form: lower case, and with its domain when the hosts file
/// knows it.
pub(crate) fn local() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let file = std::fs::read_to_string(HOSTS).unwrap_or_default();
    canonical(&file, &name)
        .unwrap_or(&name)
        .to_ascii_lowercase()
}

/// The hosts file, read once for a listing.
pub(crate) struct Hosts {
    file: String,
}

impl Hosts {
    pub(crate) fn read() -> Self {
        Self {
            file: std::fs::read_to_string(HOSTS).unwrap_or_default(),
        }
    }

    /// The name of `address`, or its numbers.
    pub(crate) fn name_of(&self, address: IpAddr) -> String {
        lines(&self.file)
            .find(|(number, _)| number.parse() == Ok(address))
            .and_then(|(_, mut names)| names.next())
            .map_or_else(|| address.to_string(), Into::into)
    }
}

const HOSTS: &str = "/etc/hosts";

/// The first name of the first line that has `name`.
fn canonical<'a>(file: &'a str, name: &str) -> Option<&'a str> {
    lines(file)
        .find(|(_, names)| names.clone().any(|other| other.eq_ignore_ascii_case(name)))
        .and_then(|(_, mut names)| names.next())
}

/// The address and the names of each line.
fn lines(file: &str) -> impl Iterator<Item = (&str, std::str::SplitWhitespace<'_>)> {
    file.lines().filter_map(|line| {
        let mut words = line
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace();
        Some((words.next()?, words))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# hosts
127.0.0.1 localhost
10.0.0.7\tdb.example.com db  # the database
::1 ip6-localhost
";

    #[test]
    fn names_and_numbers() {
        let check = |address: &str, expected: &str| {
            let hosts = Hosts { file: FILE.into() };
            assert_eq!(hosts.name_of(address.parse().unwrap()), expected);
        };
        check("127.0.0.1", "localhost");
        check("10.0.0.7", "db.example.com");
        check("::1", "ip6-localhost");
        check("10.0.0.8", "10.0.0.8");
        check("2001:db8::1", "2001:db8::1");
    }

    #[test]
    fn an_alias_leads_to_the_canonical_name() {
        assert_eq!(canonical(FILE, "DB"), Some("db.example.com"));
        assert_eq!(canonical(FILE, "database"), None);
    }
}
