//! `[realms]`, `[domain_realm]` and `[capaths]`: the servers of realms, the hosts in them, and the
//! paths between them.

use std::collections::BTreeSet;

use super::{
    ConfigError, Krb5Config, REALMS, Server, ServerKind, bad, clean_host, is_numeric_address,
    values,
};

impl Krb5Config {
    /// The servers of `realm` that the file lists, in order; empty if it lists none.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] for an entry that does not name a server.
    pub fn servers(&self, realm: &str, kind: ServerKind) -> Result<Vec<Server>, ConfigError> {
        let mut servers = Vec::new();
        for key in kind.keys() {
            for located in self.profile.located(&[REALMS, realm, key]) {
                let server =
                    Server::parse(located.value, kind.default_port()).ok_or_else(|| {
                        bad(
                            located,
                            "host, host:port, [address]:port, https://host/path or /path",
                        )
                    })?;
                servers.push(server);
            }
            if !servers.is_empty() {
                break;
            }
        }
        Ok(servers)
    }

    /// `sitename` of `realm`: the site whose servers to look up in DNS first.
    pub fn sitename(&self, realm: &str) -> Option<&str> {
        self.profile.first(&[REALMS, realm, "sitename"])
    }

    /// `http_anchors` of `realm`: the certificates with which to verify KDC proxies, in the forms
    /// `FILE:`, `DIR:` and `ENV:`.
    pub fn http_anchors(&self, realm: &str) -> Vec<&str> {
        let path = [REALMS, realm, "http_anchors"];
        self.profile.values(&path).collect()
    }

    /// `disable_encrypted_timestamp` of `realm`: whether not to use that mechanism. Default: no.
    pub fn disable_encrypted_timestamp(&self, realm: &str) -> bool {
        self.profile
            .first(&[REALMS, realm, "disable_encrypted_timestamp"])
            .and_then(values::boolean)
            .unwrap_or(false)
    }

    /// The realm that `[domain_realm]` assigns to `host`: by an entry for the host itself,
    /// otherwise for its longest suffix, with or without a leading dot. Numeric addresses have no
    /// realm.
    pub fn domain_realm(&self, host: &str) -> Option<&str> {
        let host = clean_host(host);
        if is_numeric_address(&host) {
            return None;
        }
        let mut rest = host.as_str();
        loop {
            if let Some(realm) = self.profile.first(&["domain_realm", rest]) {
                return Some(realm);
            }
            rest = match rest.strip_prefix('.') {
                Some(suffix) => suffix,
                None => rest.get(rest.find('.')?..)?,
            };
        }
    }

    /// The realms on the path from realm `client` to realm `server` in `[capaths]`, in order; empty
    /// if the path is direct (`.`), `None` if it is not listed.
    ///
    /// # Example
    /// ```
    /// use kerberos_files::config::Krb5Config;
    /// let config = Krb5Config::parse(
    ///     "[capaths]\n A = {\n  D = B\n  D = C\n  E = .\n }\n",
    /// )?;
    /// assert_eq!(config.capath("A", "D"), Some(vec!["B", "C"]));
    /// assert_eq!(config.capath("A", "E"), Some(vec![]));
    /// assert_eq!(config.capath("D", "A"), None);
    /// # Ok::<(), kerberos_files::config::ConfigError>(())
    /// ```
    pub fn capath(&self, client: &str, server: &str) -> Option<Vec<&str>> {
        let names = ["capaths", client, server];
        let first = self.profile.first(&names)?;
        // As in MIT's library, any value that begins with a dot means a direct path, and a realm
        // ends at a blank.
        if first.starts_with('.') {
            return Some(Vec::new());
        }
        let values = self.profile.values(&names);
        Some(
            values
                .map(|value| value.split([' ', '\t']).next().unwrap_or_default())
                .collect(),
        )
    }

    /// All paths in `[capaths]`: the first and last realm of each, and the realms on it as from
    /// [`capath`](Self::capath).
    ///
    /// # Example
    /// ```
    /// use kerberos_files::config::Krb5Config;
    /// let config = Krb5Config::parse("[capaths]\n A = {\n  D = B\n  D = C\n  E = .\n }\n")?;
    /// assert_eq!(config.capaths(), [("A", "D", vec!["B", "C"]), ("A", "E", vec![])]);
    /// # Ok::<(), kerberos_files::config::ConfigError>(())
    /// ```
    pub fn capaths(&self) -> Vec<(&str, &str, Vec<&str>)> {
        let mut ends = BTreeSet::new();
        for client in self.profile.subsections(&["capaths"]) {
            let path = ["capaths", client];
            let servers = self.profile.relations(&path);
            ends.extend(servers.map(|located| (client, located.name)));
        }
        let path = |(client, server)| Some((client, server, self.capath(client, server)?));
        ends.into_iter().filter_map(path).collect()
    }

    // How keys are looked up
}
