//! A ticket exchanged for a similar one: renewed, validated (RFC 4120 §2.3, §2.4), or forwarded
//! (§2.6).

use kerberos_asn1::TicketFlags;
use kerberos_files::ccache::{Ccache, CcacheName, CcacheOptions};
use kerberos_proto::{Credential, HostAddress, Principal, TgsOutcome, TgsParams};

use super::TicketRequest;
use super::look_up::Hit;
use crate::driver::Driver;
use crate::io::block_on;
use crate::store::cache_of_primary;
use crate::trace::trace;
use crate::{Client, ClientError};

impl Client {
    /// Renews the ticket for `server` in `cache`, or the TGT if `server` is `None`.
    ///
    /// The cache is not changed: see [`store_renewed`](Self::store_renewed).
    ///
    /// # Errors
    /// As [`ticket`](Self::ticket). If the ticket is not renewable, or no longer is, the KDC says
    /// so.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{Client, Config, Password, Secret};
    ///
    /// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM").principal("user", "password").start()?;
    /// # let krb5_conf = kdc.krb5_conf();
    /// # let path = std::env::temp_dir().join(format!("renew_doc_{}", std::process::id()));
    /// # let config = Config::parse(&krb5_conf)?.with_ccache_name(path.display().to_string());
    /// # let client = Client::new(config);
    /// let cache = client.config().ccache_name()?;
    /// let mut params = client.as_params(client.principal("user")?)?;
    /// params.renew_lifetime = Some(7 * 24 * 3600);
    /// let login = client.login(params, Secret::Password(Password::new("password")))?;
    /// client.store(&login, &cache)?;
    /// let renewed = client.renew(&cache, None)?;
    /// client.store_renewed(&renewed, &cache)?;
    /// assert!(renewed.times.renew_till.is_some());
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn renew(
        &self,
        cache: &CcacheName,
        server: Option<Principal>,
    ) -> Result<Credential, ClientError> {
        block_on(self.driver.again(cache, server, TgsParams::renew))
    }

    /// Validates the postdated ticket for `server` in `cache`, or the TGT if `server` is `None`.
    ///
    /// The cache is not changed: see [`store_renewed`](Self::store_renewed).
    ///
    /// # Errors
    /// As [`ticket`](Self::ticket). If the ticket's time has not come, or it is already valid, the
    /// KDC says so.
    pub fn validate(
        &self,
        cache: &CcacheName,
        server: Option<Principal>,
    ) -> Result<Credential, ClientError> {
        block_on(self.driver.again(cache, server, TgsParams::validate))
    }

    /// Replaces the content of `cache` with `ticket` alone, as MIT's `kinit -R` does: other tickets
    /// and settings are removed, but the offset of the KDC's clock is kept.
    ///
    /// The new content appears at once and whole, or the old content stays.
    ///
    /// # Errors
    /// [`ClientError::Ccache`] when the cache cannot be read or written, [`ClientError::Encode`]
    /// when the ticket is too long for the format.
    pub fn store_renewed(
        &self,
        ticket: &Credential,
        cache: &CcacheName,
    ) -> Result<(), ClientError> {
        store_renewed_at(ticket, cache, &self.config().krb5().ccache_options())
    }

    /// A TGT like the one in `cache`, for use on another host: bound to `addresses`, or to none.
    ///
    /// It is not stored. `forwardable` says whether that host may forward it in turn.
    ///
    /// # Errors
    /// As [`ticket`](Self::ticket). If the TGT is not forwardable, the KDC says so.
    pub fn forward(
        &self,
        cache: &CcacheName,
        addresses: Vec<HostAddress>,
        forwardable: bool,
    ) -> Result<Credential, ClientError> {
        block_on(self.driver.forward(cache, addresses, forwardable))
    }
}

impl Driver {
    /// As [`Client::forward`].
    pub(crate) async fn forward(
        &self,
        cache: &CcacheName,
        addresses: Vec<HostAddress>,
        forwardable: bool,
    ) -> Result<Credential, ClientError> {
        let params = |tgt: &Credential| {
            let mut params = TgsParams::new(tgt.server.clone());
            params.options.forwarded = true;
            params.options.inherit = false;
            // Asks for what the TGT allows, as always, with the exception of one flag.
            let kept = if forwardable {
                INHERITED
            } else {
                INHERITED.without(TicketFlags::FORWARDABLE)
            };
            params.options.more = (tgt.flags & kept).0;
            params.renew_till = tgt.times.renew_till;
            params.addresses = addresses;
            params
        };
        self.again(cache, None, params).await
    }

    /// Runs the exchange that `params` describe on the client's ticket for `server`.
    pub(crate) async fn again(
        &self,
        cache: &CcacheName,
        server: Option<Principal>,
        params: impl FnOnce(&Credential) -> TgsParams,
    ) -> Result<Credential, ClientError> {
        let name = cache;
        let cache = self.ccache(name).await?;
        let opened = cache.clone();
        let client = self.io.run(move || opened.principal()).await??;
        let server = match server {
            // As in MIT's library: a ticket of the client's own realm, whatever realm was typed.
            Some(server) => server.with_realm(client.realm()),
            None => Principal::krbtgt(client.realm(), client.realm()),
        };
        let mut request = TicketRequest::new(server.clone());
        request.expired_too = true;
        let found = self.look_up(&cache, vec![request]).await?;
        let hit = found.hits.into_iter().next().unwrap_or(Hit::Nothing);
        let ticket = hit.ticket(&server, &cache)?;
        trace!("Retrieving {client} -> {server} from {name} with result: 0/Success");
        let mut params = params(&ticket);
        params.kdc_offset = found.kdc_offset;
        params.policy = self.config.tgs_policy(client.realm())?;
        trace!("Get cred via TGT {server} after requesting {server} (canonicalize off)");
        match self.exchange_tgs(params, &ticket).await? {
            TgsOutcome::Ticket(ticket) => Ok(ticket),
            // The exchange accepts only a ticket of the same kind.
            _ => Err(ClientError::NoResult),
        }
    }
}

pub(crate) fn store_renewed_at(
    ticket: &Credential,
    name: &CcacheName,
    options: &CcacheOptions,
) -> Result<(), ClientError> {
    let cache = Ccache::resolve(name, options)?;
    let header = cache.open()?.header().clone();
    cache.replace_with(&cache_of_primary(&header, ticket, &[])?)?;
    let (client, server) = (&ticket.client, &ticket.server);
    trace!("Initializing {name} with default princ {client}");
    trace!("Storing {client} -> {server} in {name}");
    Ok(())
}

/// The flags of a TGT that MIT's library asks for in every ticket obtained with it. They have the
/// same numbers as the options that ask for them (RFC 4120 §5.3, §5.4.1).
const INHERITED: TicketFlags = TicketFlags(
    TicketFlags::FORWARDABLE.0
        | TicketFlags::PROXIABLE.0
        | TicketFlags::MAY_POSTDATE.0
        | TicketFlags::RENEWABLE.0,
);
