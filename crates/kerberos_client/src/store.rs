//! Storing a login: the ticket and MIT's settings, in a credential cache that is replaced as a
//! whole.

use kerberos_files::ccache::{Ccache, CcacheBuilder, CcacheName, ConfigEntry, Header, Version};
use kerberos_files::config::Krb5Config;
use kerberos_proto::{Credential, Login};

use crate::{Client, ClientError};

impl Client {
    /// Replaces the content of `cache` with `login` alone.
    ///
    /// The new content appears at once and whole, or the old content stays, as far as the cache's
    /// type can guarantee that: see [`Ccache::replace_with`]. A file has the format that
    /// `ccache_type` asks for.
    ///
    /// # Errors
    /// [`ClientError::Ccache`] when it cannot be written, [`ClientError::Encode`] when a name or
    /// the ticket is too long for the format.
    pub fn store(&self, login: &Login, cache: &CcacheName) -> Result<(), ClientError> {
        store_at(login, cache, self.config().krb5())
    }

    /// Replaces the content of `cache` with `credential` alone, and creates the cache if necessary.
    /// With a TGT that a client has forwarded, for example, tickets can then be got on the client's
    /// behalf.
    ///
    /// A MEMORY cache lives until it is destroyed;
    /// [`TemporaryCcache`](kerberos_files::ccache::TemporaryCcache) ends with its owner.
    ///
    /// # Errors
    /// As [`store`](Self::store).
    ///
    /// # Example
    /// ```
    /// use kerberos_client::kerberos_files::ccache::TemporaryCcache;
    /// use kerberos_client::{Client, Config, Password, Secret, TicketRequest};
    ///
    /// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
    /// #     .principal("alice", "password").service("ldap/back.example.com").start()?;
    /// # let client = Client::new(Config::parse(&kdc.krb5_conf())?);
    /// # let params = client.as_params(client.principal("alice")?)?;
    /// # let lent = client.login(params, Secret::Password(Password::new("password")))?.credential;
    /// // What alice lends stands in `Details::delegated` of a context.
    /// let cache = TemporaryCcache::new();
    /// client.store_credential(&lent, cache.name())?;
    /// let request = TicketRequest::new(client.principal("ldap/back.example.com")?);
    /// let ticket = client.ticket(cache.name(), &request)?;
    /// assert_eq!(ticket.client.to_string(), "alice@EXAMPLE.COM");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn store_credential(
        &self,
        credential: &Credential,
        cache: &CcacheName,
    ) -> Result<(), ClientError> {
        store_credential_at(credential, cache, self.config().krb5())
    }
}

pub(crate) fn store_credential_at(
    credential: &Credential,
    name: &CcacheName,
    krb5: &Krb5Config,
) -> Result<(), ClientError> {
    let header = Header::new(krb5.ccache_version(name.kind()), None);
    let cache = cache_of_primary(&header, credential, &[])?;
    Ok(Ccache::resolve(name, &krb5.ccache_options())?.replace_with(&cache)?)
}

pub(crate) fn store_at(
    login: &Login,
    name: &CcacheName,
    krb5: &Krb5Config,
) -> Result<(), ClientError> {
    let cache = cache_of(login, krb5.ccache_version(name.kind()))?;
    Ok(Ccache::resolve(name, &krb5.ccache_options())?.replace_with(&cache)?)
}

/// The content of a cache that holds `login` alone, in the order in which MIT's library writes it:
/// the settings `fast_avail`, `pa_type`, our own `pa_etype` and `start_realm`, as far as they
/// apply, then the ticket.
///
/// # Errors
/// [`ClientError::Encode`] when a name or the ticket is too long for the format.
pub fn cache_of(login: &Login, version: Version) -> Result<CcacheBuilder, ClientError> {
    let server = Some(&login.credential.server);
    let mut settings = Vec::new();
    if login.fast_avail {
        settings.push(ConfigEntry::new("fast_avail", server, "yes"));
    }
    if let Some(pa_type) = login.pa_type {
        settings.push(ConfigEntry::new("pa_type", server, pa_type.to_string()));
    }
    if let Some(etype) = login.pa_etype {
        settings.push(ConfigEntry::new("pa_etype", server, etype.0.to_string()));
    }
    let header = Header::new(version, login.kdc_offset);
    cache_of_primary(&header, &login.credential, &settings)
}

/// The content of a cache that holds these settings, `start_realm` where it applies, and the ticket
/// that is used to get others.
pub(crate) fn cache_of_primary(
    header: &Header,
    credential: &Credential,
    settings: &[ConfigEntry],
) -> Result<CcacheBuilder, ClientError> {
    let mut cache = CcacheBuilder::new(header, &credential.client)?;
    for setting in settings {
        cache.config(setting)?;
    }
    // For a TGT of a realm other than the client's: look-ups have to start there.
    if let Some(realm) = credential.server.tgt_realm()
        && realm != credential.client.realm()
    {
        cache.config(&ConfigEntry::new("start_realm", None, realm))?;
    }
    cache.credential(credential)?;
    Ok(cache)
}
