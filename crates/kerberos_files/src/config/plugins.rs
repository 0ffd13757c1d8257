//! `[plugins]`: which built-in modules are disabled.

use super::Krb5Config;

impl Krb5Config {
    /// Whether a built-in module of an interface, such as `spake` of `clpreauth`, is enabled:
    /// `enable_only` is not set or contains it, and `disable` does not contain it.
    ///
    /// Modules in shared objects are never loaded, whatever `module` says.
    pub fn plugin_enabled(&self, interface: &str, module: &str) -> bool {
        let list = |key: &str| -> Vec<&str> {
            self.profile.values(&["plugins", interface, key]).collect()
        };
        let only = list("enable_only");
        (only.is_empty() || only.contains(&module)) && !list("disable").contains(&module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disable_and_enable_only_select_plugin_modules() {
        let config = Krb5Config::parse(
            "[plugins]\nclpreauth = {\ndisable = spake\ndisable = pkinit\nmodule = x:/x.so\n}\n\
             hostrealm = {\nenable_only = profile\nenable_only = dns\ndisable = dns\n}\n",
        )
        .unwrap();
        let on = |interface, module| config.plugin_enabled(interface, module);
        assert!(!on("clpreauth", "spake") && !on("clpreauth", "pkinit"));
        assert!(on("clpreauth", "otp") && on("localauth", "default"));
        assert!(on("hostrealm", "profile") && !on("hostrealm", "dns"));
        assert!(!on("hostrealm", "domain"));
    }
}
