//! `[libdefaults]`: settings for the whole library, for a realm, and for encryption types.

use crate::ccache::{CcacheKind, CcacheOptions, DEFAULT_KCM_SOCKET, Version};

use super::{CanonicalizeHostname, ConfigError, Krb5Config, LIBDEFAULTS, bad, duration, values};

const DEFAULT_UDP_PREFERENCE_LIMIT: i32 = 1465;
const MAX_UDP_PREFERENCE_LIMIT: i32 = 32_700;

impl Krb5Config {
    /// `default_realm`: the realm of names without one.
    pub fn default_realm(&self) -> Option<&str> {
        self.libdefault("default_realm")
    }

    /// `default_ccache_name`, not expanded. Default: `FILE:/tmp/krb5cc_%{uid}`.
    pub fn default_ccache_name(&self) -> &str {
        self.libdefault("default_ccache_name")
            .unwrap_or("FILE:/tmp/krb5cc_%{uid}")
    }

    /// Whether `default_ccache_name` is set.
    pub fn sets_ccache_name(&self) -> bool {
        self.libdefault("default_ccache_name").is_some()
    }

    /// `default_keytab_name`, not expanded. Default: `FILE:/etc/krb5.keytab`.
    pub fn default_keytab_name(&self) -> &str {
        self.libdefault("default_keytab_name")
            .unwrap_or("FILE:/etc/krb5.keytab")
    }

    /// `default_client_keytab_name`, not expanded. Default:
    /// `FILE:/var/lib/krb5/user/%{euid}/client.keytab`.
    pub fn default_client_keytab_name(&self) -> &str {
        self.libdefault("default_client_keytab_name")
            .unwrap_or("FILE:/var/lib/krb5/user/%{euid}/client.keytab")
    }

    /// `default_rcache_name`, not expanded. Default: `dfl:`.
    pub fn default_rcache_name(&self) -> &str {
        self.libdefault("default_rcache_name").unwrap_or("dfl:")
    }

    /// `ignore_acceptor_hostname`: whether a service accepts tickets for any host. Default: no.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`].
    pub fn ignore_acceptor_hostname(&self) -> Result<bool, ConfigError> {
        self.strict_bool("ignore_acceptor_hostname", false)
    }

    /// `kcm_socket`: where the KCM daemon listens; `None` if it must not be used.
    pub fn kcm_socket(&self) -> Option<&str> {
        let socket = self.libdefault("kcm_socket");
        socket
            .or(Some(DEFAULT_KCM_SOCKET))
            .filter(|&socket| socket != "-")
    }

    /// The settings that caches need in addition to their name: `kcm_socket`.
    pub fn ccache_options(&self) -> CcacheOptions {
        CcacheOptions::default().with_kcm_socket(self.kcm_socket())
    }

    /// `client_aware_channel_bindings`: whether to tell services that we support channel bindings.
    /// Default: no.
    pub fn client_aware_channel_bindings(&self) -> bool {
        self.libdefault("client_aware_channel_bindings")
            .and_then(values::boolean)
            .unwrap_or(false)
    }

    /// `clockskew`: how much clocks may differ, in seconds. Default: 300.
    pub fn clock_skew(&self) -> u32 {
        u32::try_from(self.lenient_int("clockskew", 300)).unwrap_or(0)
    }

    /// `kdc_timesync`: whether the KDC's clock corrects ours. Default: yes.
    pub fn kdc_timesync(&self) -> bool {
        self.lenient_int("kdc_timesync", 1) != 0
    }

    /// `kdc_default_options`: the options of every request to the KDC. Default: `0x10`,
    /// renewable-ok.
    pub fn kdc_default_options(&self) -> u32 {
        // The option word is unsigned, but in MIT's library the key is a signed int.
        self.lenient_int("kdc_default_options", 0x10)
            .cast_unsigned()
    }

    /// `ccache_type`: the format of new caches of type `kind`. This is the newest format if none
    /// has the configured number, and for caches that are not files: no other program reads those
    /// bytes, and only this format stores the KDC's clock offset.
    pub fn ccache_version(&self, kind: CcacheKind) -> Version {
        if !matches!(kind, CcacheKind::File | CcacheKind::Dir) {
            return Version::default();
        }
        let number = u8::try_from(self.lenient_int("ccache_type", 4)).ok();
        number.and_then(Version::from_number).unwrap_or_default()
    }

    /// `udp_preference_limit`: the largest request to send over UDP first, in bytes. Default: 1465;
    /// maximum: 32700.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] if it is not a number.
    pub fn udp_preference_limit(&self) -> Result<usize, ConfigError> {
        let key = "udp_preference_limit";
        let limit = match self.profile.located(&[LIBDEFAULTS, key]).next() {
            None => DEFAULT_UDP_PREFERENCE_LIMIT,
            Some(located) => {
                values::integer(located.value).ok_or_else(|| bad(located, "a whole number"))?
            }
        };
        let limit = if limit < 0 {
            DEFAULT_UDP_PREFERENCE_LIMIT
        } else {
            limit
        };
        Ok(usize::try_from(limit.min(MAX_UDP_PREFERENCE_LIMIT)).unwrap_or(0))
    }

    /// `request_timeout`: the total time for trying to reach a KDC, in seconds; `None` means no
    /// limit besides that of the retry schedule.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] if it is not a duration.
    pub fn request_timeout(&self) -> Result<Option<u32>, ConfigError> {
        let seconds = self
            .profile
            .located(&[LIBDEFAULTS, "request_timeout"])
            .next()
            .map(duration)
            .transpose()?;
        Ok(seconds
            .and_then(|seconds| u32::try_from(seconds).ok())
            .filter(|&seconds| seconds > 0))
    }

    /// `err_fmt`: the format of error messages, where `%M` is the message and `%C` its code.
    pub fn err_fmt(&self) -> Option<&str> {
        self.libdefault("err_fmt")
    }

    /// `dns_lookup_kdc`: whether to ask DNS for KDCs. Default: yes.
    pub fn dns_lookup_kdc(&self) -> bool {
        self.dns("dns_lookup_kdc", true)
    }

    /// `dns_lookup_realm`: whether to ask DNS for realms. Default: no.
    pub fn dns_lookup_realm(&self) -> bool {
        self.dns("dns_lookup_realm", false)
    }

    /// `dns_uri_lookup`: whether to ask DNS for URI records. Default: yes.
    pub fn dns_uri_lookup(&self) -> bool {
        self.libdefault("dns_uri_lookup")
            .and_then(values::boolean)
            .unwrap_or(true)
    }

    /// `dns_canonicalize_hostname`: whether DNS canonicalizes host names. Default: yes.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] if it is not a yes, a no or `fallback`.
    pub fn dns_canonicalize_hostname(&self) -> Result<CanonicalizeHostname, ConfigError> {
        let Some(located) = self
            .profile
            .located(&[LIBDEFAULTS, "dns_canonicalize_hostname"])
            .next()
        else {
            return Ok(CanonicalizeHostname::Yes);
        };
        match values::boolean(located.value) {
            Some(true) => Ok(CanonicalizeHostname::Yes),
            Some(false) => Ok(CanonicalizeHostname::No),
            None if located.value.eq_ignore_ascii_case("fallback") => {
                Ok(CanonicalizeHostname::Fallback)
            }
            None => Err(bad(located, "yes, no or fallback")),
        }
    }

    /// `rdns`: whether the canonical name of a host is determined from its address. Default: yes.
    /// It only matters if DNS canonicalizes names at all.
    pub fn rdns(&self) -> bool {
        self.libdefault("rdns")
            .and_then(values::boolean)
            .unwrap_or(true)
    }

    /// `qualify_shortname`: the domain to append to host names without a dot. An empty one means
    /// none, and `None` means the first search domain of the system's resolver.
    pub fn qualify_shortname(&self) -> Option<&str> {
        self.libdefault("qualify_shortname")
    }

    /// `realm_try_domains`: how many of a host's parent domains to try as its realm, besides the
    /// host's name itself. The default of -1 means none of these.
    pub fn realm_try_domains(&self) -> i32 {
        self.lenient_int("realm_try_domains", -1)
    }

    /// `enforce_ok_as_delegate`: whether to delegate credentials only to services marked for that.
    /// Default: no.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] if it is not a yes or no.
    pub fn enforce_ok_as_delegate(&self) -> Result<bool, ConfigError> {
        self.strict_bool("enforce_ok_as_delegate", false)
    }

    /// `extra_addresses`: addresses for tickets, in addition to those of the host's interfaces.
    pub fn extra_addresses(&self) -> impl Iterator<Item = &str> {
        self.profile
            .values(&[LIBDEFAULTS, "extra_addresses"])
            .flat_map(|value| value.split([',', ' ', '\t']))
            .filter(|address| !address.is_empty())
    }

    // [libdefaults], which a subsection with the realm's name may override

    /// `ticket_lifetime`: the lifetime of new tickets, in seconds; `None` means the default of one
    /// day.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] if it is not a duration.
    pub fn ticket_lifetime(&self, realm: &str) -> Result<Option<i32>, ConfigError> {
        self.realm_located(realm, "ticket_lifetime")
            .map(duration)
            .transpose()
    }

    /// `renew_lifetime`: how long new tickets should be renewable, in seconds; `None` means not at
    /// all.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] if it is not a duration.
    pub fn renew_lifetime(&self, realm: &str) -> Result<Option<i32>, ConfigError> {
        self.realm_located(realm, "renew_lifetime")
            .map(duration)
            .transpose()
    }

    /// `forwardable`: whether new tickets should be forwardable. Default: no.
    pub fn forwardable(&self, realm: &str) -> bool {
        self.realm_bool(realm, "forwardable", false)
    }

    /// `proxiable`: whether new tickets should be proxiable. Default: no.
    pub fn proxiable(&self, realm: &str) -> bool {
        self.realm_bool(realm, "proxiable", false)
    }

    /// `noaddresses`: whether new tickets can be used from any address. Default: yes.
    pub fn no_addresses(&self, realm: &str) -> bool {
        self.realm_bool(realm, "noaddresses", true)
    }

    /// `canonicalize`: whether the KDC may answer with another name. Default: no.
    pub fn canonicalize(&self, realm: &str) -> bool {
        self.realm_bool(realm, "canonicalize", false)
    }

    /// `preferred_preauth_types`: the order in which to try preauthentication types. Default: 17,
    /// 16, 15, 14.
    pub fn preferred_preauth_types(&self, realm: &str) -> Vec<i32> {
        match self.realm_string(realm, "preferred_preauth_types") {
            Some(list) => values::integers(list),
            None => vec![17, 16, 15, 14],
        }
    }

    // Encryption types

    /// `allow_weak_crypto`: whether to allow single DES and export RC4. Default: no.
    pub fn allow_weak_crypto(&self) -> bool {
        self.strict_bool("allow_weak_crypto", false)
            .unwrap_or(false)
    }

    /// `allow_rc4`: whether to use RC4 without calling it deprecated. Default: no.
    pub fn allow_rc4(&self) -> bool {
        self.strict_bool("allow_rc4", false).unwrap_or(false)
    }

    /// `allow_des3`: whether to use triple DES without calling it deprecated. Default: no.
    pub fn allow_des3(&self) -> bool {
        self.strict_bool("allow_des3", false).unwrap_or(false)
    }
}
