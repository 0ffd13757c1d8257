//! What krb5.conf means for an exchange: `Policy` and `AsParams`.
//!
//! The engine never sees krb5.conf; everything that it needs from there is converted here.

use kerberos_asn1::KdcOptions;
use kerberos_crypto::EncryptionType;
use kerberos_proto::{AsParams, Policy, Principal, TransitPolicy};

use crate::{ClientError, Config};

impl Config {
    /// What krb5.conf allows and prefers for logins of clients of `realm`.
    ///
    /// # Errors
    /// [`ClientError::Config`] when a list of encryption types contains no known type.
    pub fn policy(&self, realm: &[u8]) -> Result<Policy, ClientError> {
        let etypes = self.krb5().tkt_enctypes()?;
        Ok(self.policy_with(etypes, realm))
    }

    /// The same for service tickets, to which `default_tkt_enctypes` does not apply.
    pub(crate) fn tgs_policy(&self, realm: &[u8]) -> Result<Policy, ClientError> {
        let etypes = self.krb5().tgs_enctypes()?;
        Ok(self.policy_with(etypes, realm))
    }

    fn policy_with(&self, etypes: Vec<EncryptionType>, realm: &[u8]) -> Policy {
        let krb5 = self.krb5();
        let realm = String::from_utf8_lossy(realm);
        let mut policy = Policy::default();
        policy.clock_skew = krb5.clock_skew();
        policy.etypes = etypes;
        policy.preferred_preauth_types = krb5.preferred_preauth_types(&realm);
        policy.disable_encrypted_timestamp = krb5.disable_encrypted_timestamp(&realm)
            || !krb5.plugin_enabled("clpreauth", "encrypted_timestamp");
        policy.kdc_timesync = krb5.kdc_timesync();
        policy
    }

    /// The realms that a service lets clients come through: those on the paths of `[capaths]`, or
    /// else those on the paths that the realms' names form.
    pub fn transit_policy(&self) -> TransitPolicy {
        let paths = self.krb5().capaths().into_iter();
        paths.fold(TransitPolicy::default(), |policy, (from, to, through)| {
            policy.with_path(from, to, through)
        })
    }

    /// A request for an initial ticket of `client` with the settings of krb5.conf.
    ///
    /// `noaddresses = false` is left to the caller, who has to list the addresses.
    ///
    /// # Errors
    /// As [`policy`](Self::policy), [`ticket_lifetime`](Self::ticket_lifetime) and
    /// [`renew_lifetime`](Self::renew_lifetime).
    pub fn as_params(&self, client: Principal) -> Result<AsParams, ClientError> {
        let mut params = self.as_params_without_lifetimes(client)?;
        params.lifetime = self.ticket_lifetime(params.client.realm())?;
        params.renew_lifetime = self.renew_lifetime(params.client.realm())?;
        Ok(params)
    }

    /// The same without the lifetimes of krb5.conf, for a caller that has its own: a mistake in
    /// those does not matter then.
    ///
    /// # Errors
    /// As [`policy`](Self::policy).
    pub fn as_params_without_lifetimes(&self, client: Principal) -> Result<AsParams, ClientError> {
        let krb5 = self.krb5();
        let policy = self.policy(client.realm())?;
        let realm = String::from_utf8_lossy(client.realm()).into_owned();
        let mut params = AsParams::new(client);
        params.policy = policy;
        let default_options = krb5.kdc_default_options();
        let renewable_ok = KdcOptions::RENEWABLE_OK.0;
        params.options.renewable_ok = default_options & renewable_ok != 0;
        params.options.more = default_options & !renewable_ok;
        params.options.forwardable = krb5.forwardable(&realm);
        params.options.proxiable = krb5.proxiable(&realm);
        params.options.canonicalize = krb5.canonicalize(&realm);
        Ok(params)
    }

    /// How long tickets of clients of `realm` shall be valid, in seconds.
    ///
    /// # Errors
    /// [`ClientError::Config`] when `ticket_lifetime` is not a duration.
    pub fn ticket_lifetime(&self, realm: &[u8]) -> Result<Option<i32>, ClientError> {
        let realm = String::from_utf8_lossy(realm);
        let seconds = self.krb5().ticket_lifetime(&realm)?;
        Ok(seconds.filter(|&seconds| seconds > 0))
    }

    /// How long they shall be renewable, in seconds.
    ///
    /// # Errors
    /// [`ClientError::Config`] when `renew_lifetime` is not a duration.
    pub fn renew_lifetime(&self, realm: &[u8]) -> Result<Option<u32>, ClientError> {
        let realm = String::from_utf8_lossy(realm);
        let seconds = self.krb5().renew_lifetime(&realm)?;
        let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
        Ok(seconds.filter(|&seconds| seconds > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(text: &str) -> AsParams {
        let config = Config::parse(text).unwrap();
        config.as_params(Principal::parse("u@R").unwrap()).unwrap()
    }

    #[test]
    fn empty_krb5_conf_gives_the_default_parameters() {
        let (ours, default) = (params(""), AsParams::new(Principal::parse("u@R").unwrap()));
        assert_eq!(ours.policy, default.policy);
        assert_eq!(ours.options, default.options);
        assert_eq!((ours.lifetime, ours.renew_lifetime), (None, None));
    }

    #[test]
    fn krb5_conf_settings_reach_the_parameters() {
        let params = params(
            "[libdefaults]\nticket_lifetime = 10h\nrenew_lifetime = 7d\nclockskew = 60\n\
             kdc_timesync = 0\npermitted_enctypes = aes256-cts\nkdc_default_options = 1073741824\n\
             R = {\nforwardable = true\nproxiable = true\ncanonicalize = true\n\
             preferred_preauth_types = 2\n}\n[realms]\nR = {\ndisable_encrypted_timestamp = true\n}\n",
        );
        assert_eq!(
            (params.lifetime, params.renew_lifetime),
            (Some(36_000), Some(604_800))
        );
        assert_eq!(
            (params.policy.clock_skew, params.policy.kdc_timesync),
            (60, false)
        );
        assert_eq!(
            params
                .policy
                .etypes
                .iter()
                .map(|etype| etype.0)
                .collect::<Vec<_>>(),
            [18]
        );
        assert_eq!(params.policy.preferred_preauth_types, [2]);
        assert!(params.policy.disable_encrypted_timestamp);
        let options = params.options;
        assert!(options.forwardable && options.proxiable && options.canonicalize);
        assert!(!options.renewable_ok);
        assert_eq!(options.more, KdcOptions::FORWARDABLE.0);
    }

    #[test]
    fn as_and_tgs_exchanges_have_separate_enctype_lists() {
        let config = |text: &str| Config::parse(&format!("[libdefaults]\n{text}")).unwrap();
        let logins_only = config("default_tkt_enctypes = bogus\n");
        assert!(logins_only.policy(b"R").is_err());
        assert!(logins_only.tgs_policy(b"R").is_ok());
        let tickets_only = config("default_tgs_enctypes = bogus\n");
        assert!(tickets_only.policy(b"R").is_ok());
        assert!(tickets_only.tgs_policy(b"R").is_err());
    }

    #[test]
    fn capaths_section_becomes_the_transit_policy() {
        let config = "[capaths]\nA = {\nD = B\nD = C\nE = .\n}\nB = {\nD = .\n}\n";
        let expected = TransitPolicy::default()
            .with_path("A", "D", ["B", "C"])
            .with_path("A", "E", [""; 0])
            .with_path("B", "D", [""; 0]);
        assert_eq!(Config::parse(config).unwrap().transit_policy(), expected);
        let none = Config::parse("").unwrap().transit_policy();
        assert_eq!(none, TransitPolicy::default());
    }

    #[test]
    fn invalid_lifetimes_are_ignored_or_refused() {
        assert_eq!(
            params("[libdefaults]\nrenew_lifetime = 0\n").renew_lifetime,
            None
        );
        assert_eq!(
            params("[libdefaults]\nticket_lifetime = -5\n").lifetime,
            None
        );
        let config = Config::parse("[libdefaults]\nticket_lifetime = soon\n").unwrap();
        let error = config
            .as_params(Principal::parse("u@R").unwrap())
            .unwrap_err();
        assert!(matches!(error, ClientError::Config(_)));
    }
}
