//! `/etc/hosts`: names and addresses for which DNS is not asked (hosts(5)).

use std::fs;
use std::net::IpAddr;
use std::path::Path;

/// The lines of a hosts file. Each question searches the text: most programs ask only once.
///
/// # Example
/// ```
/// use kerberos_client::dns::HostsFile;
/// let hosts = HostsFile::parse("192.0.2.7 db.example.com db # the database\n");
/// let address = "192.0.2.7".parse()?;
/// assert_eq!(hosts.find("DB"), Some(("db.example.com", address)));
/// assert_eq!(hosts.name_of(address), Some("db.example.com"));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct HostsFile {
    text: String,
}

impl HostsFile {
    /// Reads the file at `path`; a file that cannot be read has no lines.
    pub fn load(path: impl AsRef<Path>) -> Self {
        let bytes = fs::read(path).unwrap_or_default();
        Self {
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// The lines of `text`.
    pub fn parse(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The canonical name and the address of `host`, from the first line that contains it.
    pub fn find(&self, host: &str) -> Option<(&str, IpAddr)> {
        self.lines_of(host).next()
    }

    /// All addresses of `host`, in the order of the file.
    pub fn addresses(&self, host: &str) -> Vec<IpAddr> {
        self.lines_of(host).map(|(_, address)| address).collect()
    }

    /// The canonical name of `address`.
    pub fn name_of(&self, address: IpAddr) -> Option<&str> {
        self.lines()
            .find(|&(other, _)| other == address)
            .and_then(|(_, mut names)| names.next())
    }

    fn lines_of(&self, host: &str) -> impl Iterator<Item = (&str, IpAddr)> {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.lines().filter_map(move |(address, mut names)| {
            let canonical = names.clone().next()?;
            names
                .any(|name| name.eq_ignore_ascii_case(host))
                .then_some((canonical, address))
        })
    }

    /// The address and the names of each line; other lines are skipped.
    fn lines(&self) -> impl Iterator<Item = (IpAddr, std::str::SplitWhitespace<'_>)> {
        self.text.lines().filter_map(|line| {
            let line = line.split_once('#').map_or(line, |(line, _)| line);
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# hosts
127.0.0.1 localhost
10.0.0.7\tdb.example.com db  # the database
fe80::1%eth0 link.example.com
nonsense db
::1 ip6-localhost localhost
";

    #[test]
    fn address_lookup_returns_the_first_name() {
        let hosts = HostsFile::parse(FILE);
        let name = |address: &str| hosts.name_of(address.parse().unwrap());
        assert_eq!(name("127.0.0.1"), Some("localhost"));
        assert_eq!(name("10.0.0.7"), Some("db.example.com"));
        assert_eq!(name("::1"), Some("ip6-localhost"));
        assert_eq!(name("10.0.0.8"), None);
    }

    #[test]
    fn name_lookup_ignores_case_comments_and_bad_lines() {
        let hosts = HostsFile::parse(FILE);
        let db = Some(("db.example.com", "10.0.0.7".parse().unwrap()));
        assert_eq!(hosts.find("DB"), db);
        assert_eq!(hosts.find("db.example.com."), db);
        assert_eq!(hosts.find("database"), None);
        assert_eq!(hosts.find("link.example.com"), None);
        let expected: [IpAddr; 2] = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(hosts.addresses("LOCALHOST"), expected);
    }

    #[test]
    fn missing_file_counts_as_empty() {
        assert_eq!(
            HostsFile::load("/nonexistent/hosts").find("localhost"),
            None
        );
    }
}
