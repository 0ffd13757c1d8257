//! `ResolvConf`: which servers to ask, and how (resolv.conf(5)).

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

/// The settings of a stub resolver.
///
/// # Example
/// ```
/// use kerberos_client::dns::ResolvConf;
/// let conf = ResolvConf::parse("nameserver 192.0.2.53\nsearch example.com\noptions ndots:2\n");
/// assert_eq!(conf.servers, ["192.0.2.53:53".parse()?]);
/// assert_eq!(conf.search, ["example.com"]);
/// assert_eq!(conf.ndots, 2);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ResolvConf {
    /// The servers, in the order in which to ask them; a file gives three at most.
    pub servers: Vec<SocketAddr>,
    /// The domains in which names are searched.
    pub search: Vec<String>,
    /// A name with at least this many dots is first tried as it is.
    pub ndots: usize,
    /// How long the last server of a pass is waited for.
    pub timeout: Duration,
    /// How many passes over the servers there are.
    pub attempts: u32,
    /// Whether the servers take turns at being first.
    pub rotate: bool,
    /// Whether only TCP is used.
    pub use_vc: bool,
    /// Whether to ask for UDP answers of more than 512 octets.
    pub edns0: bool,
}

/// The limits of glibc's resolver.
const MAX_SERVERS: usize = 3;
const MAX_NDOTS: usize = 15;
const MAX_TIMEOUT: u64 = 30;
const MAX_ATTEMPTS: u32 = 5;
const PORT: u16 = 53;
/// glibc's search list is unlimited; a file that lists more than this is a mistake.
const MAX_SEARCH: usize = 32;

impl ResolvConf {
    /// Settings with these servers, in this order, and no search domains.
    pub fn new(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            servers: servers.into_iter().collect(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
            rotate: false,
            use_vc: false,
            edns0: false,
        }
    }

    /// Reads the settings from a file. If it is missing, the server on this machine is asked. If it
    /// names no domain, the domain of this machine's name is searched.
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        let text = match fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let mut conf = Self::parse(&text);
        if conf.search.is_empty() {
            let node = rustix::system::uname();
            let domain = node
                .nodename()
                .to_str()
                .ok()
                .and_then(|name| name.split_once('.'));
            conf.search
                .extend(domain.map(|(_, domain)| domain.to_owned()));
        }
        Ok(conf)
    }

    /// Parses the text of a file. Unknown lines and options are ignored, as resolvers do.
    pub fn parse(text: &str) -> Self {
        let mut conf = Self::new([]);
        for line in text.lines() {
            if line.starts_with(['#', ';']) {
                continue;
            }
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("nameserver") => conf.servers.extend(words.next().and_then(server)),
                // Both replace the list: the last line counts.
                Some("search") => {
                    conf.search = words.take(MAX_SEARCH).map(domain).collect();
                }
                Some("domain") => conf.search = words.take(1).map(domain).collect(),
                Some("options") => words.for_each(|option| conf.option(option)),
                _ => {}
            }
        }
        conf.search.retain(|domain| !domain.is_empty());
        conf.servers.truncate(MAX_SERVERS);
        if conf.servers.is_empty() {
            conf.servers.push((Ipv4Addr::LOCALHOST, PORT).into());
        }
        conf
    }

    /// The absolute names that `name` may mean, in the order in which to try them.
    pub(super) fn candidates(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let mut candidates: Vec<String> = self
            .search
            .iter()
            .map(|domain| format!("{name}.{domain}"))
            .collect();
        let dots = name.bytes().filter(|&byte| byte == b'.').count();
        let place = if dots >= self.ndots {
            0
        } else {
            candidates.len()
        };
        candidates.insert(place, name.to_owned());
        candidates
    }

    fn option(&mut self, option: &str) {
        let (name, value) = option.split_once(':').unwrap_or((option, ""));
        let number = value.parse::<u32>().ok();
        match (name, number) {
            ("ndots", Some(number)) => {
                self.ndots = usize::try_from(number).map_or(MAX_NDOTS, |n| n.min(MAX_NDOTS));
            }
            ("timeout", Some(number)) => {
                self.timeout = Duration::from_secs(u64::from(number).clamp(1, MAX_TIMEOUT));
            }
            ("attempts", Some(number)) => self.attempts = number.clamp(1, MAX_ATTEMPTS),
            ("rotate", _) => self.rotate = true,
            ("use-vc" | "usevc" | "tcp", _) => self.use_vc = true,
            ("edns0", _) => self.edns0 = true,
            _ => {}
        }
    }
}

/// An address; one of IPv6 may have a zone.
fn server(word: &str) -> Option<SocketAddr> {
    if let Ok(address) = word.parse::<IpAddr>() {
        return Some(SocketAddr::new(address, PORT));
    }
    // `fe80::1%eth0`: the zone is a number or the name of an interface.
    let (address, zone) = word.split_once('%')?;
    let scope = match zone.parse() {
        Ok(number) => number,
        Err(_) => interface(zone)?,
    };
    let address = SocketAddrV6::new(address.parse().ok()?, PORT, 0, scope);
    Some(address.into())
}

/// The number of a network interface.
fn interface(name: &str) -> Option<u32> {
    if name.contains('/') {
        return None;
    }
    let number = fs::read_to_string(format!("/sys/class/net/{name}/ifindex")).ok()?;
    number.trim().parse().ok()
}

fn domain(word: &str) -> String {
    word.strip_suffix('.').unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_known_settings_are_parsed() {
        let conf = ResolvConf::parse(
            "# comment\n; comment\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # home\n\
             nameserver fe80::1%7\nnameserver 192.0.2.4\nnameserver nonsense\n\
             domain ignored.example\nsearch a.example. b.example .\nsortlist 1.2.3.4\n\
             options ndots:3 timeout:2 attempts:4 rotate use-vc edns0 inet6 x:y ndots:z\n",
        );
        let servers: Vec<_> = conf.servers.iter().map(ToString::to_string).collect();
        assert_eq!(
            servers,
            ["192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%7]:53"]
        );
        assert_eq!(conf.search, ["a.example", "b.example"]);
        assert_eq!((conf.ndots, conf.attempts), (3, 4));
        assert_eq!(conf.timeout, Duration::from_secs(2));
        assert!(conf.rotate && conf.use_vc && conf.edns0);
    }

    #[test]
    fn no_nameserver_means_localhost() {
        for text in [
            "",
            "nameserver\n",
            "options\n",
            "nameserver host.example\n",
            "\0\u{fffd}",
        ] {
            let conf = ResolvConf::parse(text);
            let mut expected = ResolvConf::new(["127.0.0.1:53".parse().unwrap()]);
            expected.search.clear();
            assert_eq!(conf, expected, "{text:?}");
        }
        assert!(ResolvConf::load("/nonexistent/resolv.conf").is_ok());
        assert!(ResolvConf::load("/").is_err());
    }

    #[test]
    fn out_of_range_values_are_clamped() {
        let conf = ResolvConf::parse("options ndots:99 timeout:0 attempts:4294967295\n");
        assert_eq!((conf.ndots, conf.attempts), (15, 5));
        assert_eq!(conf.timeout, Duration::from_secs(1));
        assert_eq!(
            ResolvConf::parse("options timeout:99999999\n").timeout,
            Duration::from_secs(30)
        );
        let many = "nameserver 192.0.2.1\n".repeat(1000);
        assert_eq!(ResolvConf::parse(&many).servers.len(), 3);
        let long = format!("search {}\n", "a.example ".repeat(1000));
        assert_eq!(ResolvConf::parse(&long).search.len(), 32);
    }

    #[test]
    fn last_search_or_domain_line_wins() {
        let search = |text| ResolvConf::parse(text).search;
        assert_eq!(search("search a b\ndomain c\n"), ["c"]);
        assert_eq!(search("domain c d\nsearch a b\n"), ["a", "b"]);
        assert_eq!(search("search\n"), [""; 0]);
    }
}
