//! `[appdefaults]` and `[plugins]`: what applications may be told, and which built-in modules are off.

use super::{Krb5Config, values};

impl Krb5Config {
    /// An option of `[appdefaults]` for `application` in `realm`: the application's own setting for
    /// the realm counts before its general one, and both before those for all applications.
    ///
    /// # Example
    /// ```
    /// use kerberos_files::config::Krb5Config;
    /// let config = Krb5Config::parse(
    ///     "[appdefaults]\n forwardable = yes\n rsh = {\n  R = {\n   forwardable = no\n  }\n }\n",
    /// )?;
    /// assert_eq!(config.appdefault("rsh", "R", "forwardable"), Some("no"));
    /// assert_eq!(config.appdefault("rsh", "Q", "forwardable"), Some("yes"));
    /// # Ok::<(), kerberos_files::config::ConfigError>(())
    /// ```
    pub fn appdefault(&self, application: &str, realm: &str, option: &str) -> Option<&str> {
        let places: [&[&str]; 4] = [
            &[APPDEFAULTS, application, realm, option],
            &[APPDEFAULTS, application, option],
            &[APPDEFAULTS, realm, option],
            &[APPDEFAULTS, option],
        ];
        places.iter().find_map(|path| self.profile.first(path))
    }

    /// The same for a yes or no; a mistake is a no, as in MIT's library.
    pub fn appdefault_bool(
        &self,
        application: &str,
        realm: &str,
        option: &str,
        default: bool,
    ) -> bool {
        self.appdefault(application, realm, option)
            .map_or(default, |value| values::boolean(value).unwrap_or(false))
    }

    /// Whether `[plugins]` leaves a built-in module of an interface on, such as `spake` of
    /// `clpreauth`: `enable_only` does not leave it out and `disable` does not name it.
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

const APPDEFAULTS: &str = "appdefaults";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_setting_counts() {
        let config = Krb5Config::parse(
            "[appdefaults]\na = all\nb = all\nc = all\nd = all\n\
             R = {\na = realm\nb = realm\nc = realm\n}\n\
             app = {\na = app\nb = app\nR = {\na = both\n}\n}\n",
        )
        .unwrap();
        let check = |option: &str, expected: [Option<&str>; 4]| {
            let places = [("app", "R"), ("app", "Q"), ("other", "R"), ("other", "Q")];
            let found = places.map(|(app, realm)| config.appdefault(app, realm, option));
            assert_eq!(found, expected, "{option}");
        };
        check("a", [Some("both"), Some("app"), Some("realm"), Some("all")]);
        check("b", [Some("app"), Some("app"), Some("realm"), Some("all")]);
        check(
            "c",
            [Some("realm"), Some("all"), Some("realm"), Some("all")],
        );
        check("d", [Some("all"); 4]);
        check("e", [None; 4]);
    }

    #[test]
    fn yes_and_no() {
        let config = Krb5Config::parse("[appdefaults]\na = on\nb = off\nc = perhaps\n").unwrap();
        let check = |option: &str, default: bool| config.appdefault_bool("x", "R", option, default);
        assert!(check("a", false) && !check("b", true) && !check("c", true));
        assert!(check("d", true) && !check("d", false));
    }

    #[test]
    fn modules_that_are_off() {
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
