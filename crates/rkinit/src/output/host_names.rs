//! Host names for addresses from `/etc/hosts`, for listings.
//!
//! It does not use DNS. Addresses that are not in the file are shown as numbers.

use std::net::IpAddr;

use kerberos_client::dns::HostsFile;

/// The hosts file, read once per listing.
pub(crate) struct Hosts {
    file: HostsFile,
}

impl Hosts {
    pub(crate) fn read() -> Self {
        Self {
            file: HostsFile::load(HOSTS),
        }
    }

    /// The name of `address`, or otherwise the address in numbers.
    pub(crate) fn name_of(&self, address: IpAddr) -> String {
        self.file
            .name_of(address)
            .map_or_else(|| address.to_string(), Into::into)
    }
}

const HOSTS: &str = "/etc/hosts";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_addresses_become_names_others_stay_numeric() {
        let file = HostsFile::parse("10.0.0.7 db.example.com db\n");
        let check = |address: &str, expected: &str| {
            let hosts = Hosts { file: file.clone() };
            assert_eq!(hosts.name_of(address.parse().unwrap()), expected);
        };
        check("10.0.0.7", "db.example.com");
        check("10.0.0.8", "10.0.0.8");
        check("2001:db8::1", "2001:db8::1");
    }
}
