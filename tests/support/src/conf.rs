//! `Krb5Conf`: the krb5.conf of a test, which does not depend on the machine's own settings.

use std::fmt;

/// A krb5.conf under construction; `to_string` returns its text.
#[derive(Clone, Debug)]
pub struct Krb5Conf {
    libdefaults: Vec<(String, String)>,
    realms: Vec<(String, Vec<String>)>,
    more: String,
}

impl Krb5Conf {
    /// A configuration whose default realm is `realm`, without DNS.
    pub fn new(realm: &str) -> Self {
        let conf = Self {
            libdefaults: Vec::new(),
            realms: Vec::new(),
            more: String::new(),
        };
        conf.set("default_realm", realm)
            .set("dns_lookup_kdc", "false")
            .set("dns_lookup_realm", "false")
            .set("dns_canonicalize_hostname", "false")
            .set("rdns", "false")
    }

    /// Adds a KDC, as `host:port`, to `realm`.
    pub fn kdc(self, realm: &str, address: impl fmt::Display) -> Self {
        self.in_realm(realm, &format!("kdc = {address}"))
    }

    /// Adds a line to the section of `realm`.
    pub fn in_realm(mut self, realm: &str, line: &str) -> Self {
        match self.realms.iter_mut().find(|(name, _)| name == realm) {
            Some((_, lines)) => lines.push(line.to_owned()),
            None => self.realms.push((realm.to_owned(), vec![line.to_owned()])),
        }
        self
    }

    /// Adds `text` unchanged, after everything else.
    pub fn text(mut self, text: &str) -> Self {
        self.more.push_str(text);
        self
    }

    /// Sets a key of `[libdefaults]`.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.libdefaults.retain(|(name, _)| name != key);
        self.libdefaults.push((key.to_owned(), value.to_owned()));
        self
    }
}

impl fmt::Display for Krb5Conf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[libdefaults]")?;
        for (key, value) in &self.libdefaults {
            writeln!(f, "    {key} = {value}")?;
        }
        writeln!(f, "[realms]")?;
        for (realm, lines) in &self.realms {
            writeln!(f, "    {realm} = {{")?;
            for line in lines {
                writeln!(f, "        {line}")?;
            }
            writeln!(f, "    }}")?;
        }
        f.write_str(&self.more)
    }
}
