//! `Initiation`: a context that a client establishes, starting with the name of the service.

use kerberos_asn1::{Decode, Ticket, TicketFlags};
use kerberos_files::ccache::CcacheName;
use kerberos_gss::{
    Context, Initiator, InitiatorOptions, MechanismOrder, SpnegoInitiator, Step, StepError,
};
use kerberos_proto::{ClockOffset, Credential};

use super::{GssMechanism, rng};
use crate::driver::Driver;
use crate::io::block_on;
use crate::{Client, ClientError, TicketRequest, now, system_rng};

/// How to establish a context.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct InitiateOptions {
    /// Which tokens establish it.
    pub mechanism: GssMechanism,
    /// Which identifiers of Kerberos SPNEGO offers, and in which order.
    pub order: MechanismOrder,
    /// Whether to forward a TGT to the service.
    pub delegation: Delegation,
    /// Whether to ignore tickets in the cache; see [`TicketRequest::fresh`].
    pub fresh: bool,
    /// What the context offers, and the channel that it is bound to. `delegate` takes precedence
    /// over [`delegation`](Self::delegation). Unless it is given, the KDC's clock is taken from the
    /// cache, and `etypes` from krb5.conf (`default_tgs_enctypes`, else `permitted_enctypes`).
    /// `client_aware_channel_bindings` adds its promise.
    pub context: InitiatorOptions,
}

/// Whether to forward a TGT to the service, which can then act as the client anywhere.
///
/// With `enforce_ok_as_delegate` in krb5.conf, only services that the KDC trusts get one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Delegation {
    /// The service gets none.
    #[default]
    None,
    /// The service gets one if the KDC trusts it (`ok-as-delegate`), and if the client's own TGT is
    /// forwardable.
    IfTrusted,
    /// The service gets one. It is an error if there is none to forward; MIT's library continues
    /// without.
    Always,
}

/// A context that a client establishes; see [`Client::initiate`].
#[derive(Debug)]
pub struct Initiation(End);

#[derive(Debug)]
enum End {
    Kerberos(Initiator),
    Spnego(SpnegoInitiator),
}

impl Client {
    /// Starts a context with `service`: finds its principal, gets the ticket as
    /// [`ticket`](Self::ticket) does, and makes the first token.
    ///
    /// `service` is `HTTP/www.example.com` or, in GSS-API's notation, `HTTP@www.example.com`. Its
    /// name is made canonical as in [`service_principal`](Self::service_principal). With a realm,
    /// as in `HTTP/www.example.com@EXAMPLE.COM`, it is used as it is. A name of one component with
    /// a realm, such as `alice@EXAMPLE.COM`, would be read as a service on a host. For such a
    /// principal, use [`ticket`](Self::ticket) and
    /// [`initiate_with_ticket`](Self::initiate_with_ticket).
    ///
    /// # Errors
    /// As [`ticket`](Self::ticket); [`ClientError::Gss`] when the ticket cannot be used, or when
    /// [`DELEG`](kerberos_gss::ContextFlags::DELEG) is asked for and no TGT is forwarded;
    /// [`ClientError::DelegationForbidden`] when krb5.conf forbids to forward it. With
    /// [`Delegation::Always`], also any error in forwarding the TGT.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::kerberos_gss::{AcceptorOptions, Step};
    /// use kerberos_client::{
    ///     Client, Config, GssMechanism, InitiateOptions, Password, Secret, ServiceAcceptor,
    /// };
    ///
    /// # use kerberos_client::kerberos_files;
    /// # let file = |name| std::env::temp_dir().join(format!("{name}_gss_{}", std::process::id()));
    /// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
    /// #     .principal("alice", "password").principal("HTTP/www.example.com", "secret").start()?;
    /// # let krb5_conf = format!(
    /// #     "{}[domain_realm]\n .example.com = EXAMPLE.COM\n[libdefaults]\n\
    /// #      dns_canonicalize_hostname = false\n", kdc.krb5_conf());
    /// # let config = Config::parse(&krb5_conf)?
    /// #     .with_ccache_name(file("cc").display().to_string())
    /// #     .with_keytab_name(file("keytab").display().to_string());
    /// # let client = Client::new(config.clone());
    /// # std::fs::write(file("keytab"), kdc.keytab("HTTP/www.example.com"))?;
    /// // Alice, who is logged in:
    /// let cache = client.config().ccache_name()?;
    /// # let alice = client.as_params(client.principal("alice")?)?;
    /// # client.store(&client.login(alice, Secret::Password(Password::new("password")))?, &cache)?;
    /// let options = InitiateOptions::default();
    /// let (mut alice, step) = client.initiate(&cache, "HTTP/www.example.com", &options)?;
    /// let Step::Continue(to_service) = step else { panic!("an answer is asked for") };
    ///
    /// // The service, with its keytab:
    /// let service = ServiceAcceptor::new(&config)?.with_memory_replay_cache();
    /// let mut connection = service.acceptance(GssMechanism::Spnego, AcceptorOptions::default());
    /// let Step::Done { send: Some(to_alice), context: mut service_end } =
    ///     connection.step(&to_service)?
    /// else { panic!("an answer was asked for") };
    /// assert_eq!(service_end.details.initiator.to_string(), "alice@EXAMPLE.COM");
    ///
    /// // Alice knows the service, too, and they can sign what they say.
    /// let Step::Done { context: mut alice_end, .. } = alice.step(&to_alice)? else {
    ///     panic!("there is nothing more to say")
    /// };
    /// let signature = alice_end.mic(b"hello")?;
    /// service_end.verify_mic(b"hello", &signature)?;
    /// # for name in ["cc", "keytab"] { std::fs::remove_file(file(name))?; }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn initiate(
        &self,
        cache: &CcacheName,
        service: &str,
        options: &InitiateOptions,
    ) -> Result<(Initiation, Step), ClientError> {
        block_on(self.driver.initiate(cache, service, options))
    }

    /// Starts a context with an existing ticket, such as one of [`s4u2proxy`](Self::s4u2proxy), as
    /// the client of `cache` would: the KDC's clock is taken from the cache, and the promise of
    /// channel bindings from krb5.conf. [`InitiateOptions::delegation`] is ignored, because there
    /// is no TGT of a user on whose behalf the ticket was obtained.
    ///
    /// # Errors
    /// [`ClientError::Ccache`] when the cache cannot be read, [`ClientError::Config`] when
    /// krb5.conf allows no encryption type, [`ClientError::DelegationForbidden`] when
    /// [`InitiateOptions::context`] has a TGT to forward and krb5.conf forbids that, and
    /// [`ClientError::Gss`] when the ticket cannot be used.
    pub fn initiate_with_ticket(
        &self,
        cache: &CcacheName,
        ticket: &Credential,
        options: &InitiateOptions,
    ) -> Result<(Initiation, Step), ClientError> {
        block_on(self.driver.initiate_with_ticket(cache, ticket, options))
    }
}

impl Initiation {
    /// Starts a context with nothing but a ticket. If the cache that it was obtained with is
    /// available, [`Client::initiate_with_ticket`] is better: only the cache tells how far the
    /// KDC's clock is ahead, unless [`InitiatorOptions::kdc_offset`] does. Neither
    /// [`InitiateOptions::delegation`] nor krb5.conf has an effect here.
    ///
    /// # Errors
    /// [`ClientError::Gss`] when the ticket cannot be used.
    pub fn start(
        ticket: &Credential,
        options: &InitiateOptions,
    ) -> Result<(Self, Step), ClientError> {
        let (order, context) = (options.order, &options.context);
        let mut rng = system_rng()?;
        Ok(match options.mechanism {
            GssMechanism::Kerberos => {
                let (end, step) = Initiator::start(ticket, context, &mut rng, now())?;
                (Self(End::Kerberos(end)), step)
            }
            GssMechanism::Spnego => {
                let (end, step) = SpnegoInitiator::start(ticket, context, order, &mut rng, now())?;
                (Self(End::Spnego(end)), step)
            }
        })
    }

    /// The context, if it is established without any answer from the service: the client asked for
    /// no mutual authentication, and the service has not begun to answer. In SPNEGO, services must
    /// answer even so, but if the surrounding protocol reports success, the service has accepted
    /// the token.
    pub fn into_unanswered(self) -> Option<Box<Context>> {
        match self.0 {
            // If no answer is wanted, the context is complete when it starts.
            End::Kerberos(_) => None,
            End::Spnego(end) => end.into_unanswered(),
        }
    }

    /// Processes the service's `token`.
    ///
    /// # Errors
    /// As [`Initiator::step`] and [`SpnegoInitiator::step`]. An error is final.
    pub fn step(&mut self, token: &[u8]) -> Result<Step, StepError> {
        match &mut self.0 {
            End::Kerberos(end) => end.step(token, &mut rng(), now()),
            End::Spnego(end) => end.step(token, &mut rng(), now()),
        }
    }
}

impl Driver {
    /// As [`Client::initiate`].
    pub(crate) async fn initiate(
        &self,
        cache: &CcacheName,
        service: &str,
        options: &InitiateOptions,
    ) -> Result<(Initiation, Step), ClientError> {
        let mut request = TicketRequest::new(self.named_service(service).await?);
        request.fresh = options.fresh;
        let mut turns = self
            .tickets_in_turn(cache, std::slice::from_ref(&request))
            .await?;
        let kdc_offset = turns.kdc_offset();
        let mut ticket = turns.next().await.unwrap_or(Err(ClientError::NoResult))?;
        // A cache stores it under the requested name, which may have no realm.
        if ticket.server.realm().is_empty()
            && let Ok(inside) = Ticket::from_der(&ticket.ticket)
        {
            ticket.server = ticket.server.with_realm(inside.realm.0);
        }
        self.begin(cache, &ticket, options.clone(), kdc_offset)
            .await
    }

    /// As [`Client::initiate_with_ticket`].
    pub(crate) async fn initiate_with_ticket(
        &self,
        cache: &CcacheName,
        ticket: &Credential,
        options: &InitiateOptions,
    ) -> Result<(Initiation, Step), ClientError> {
        let kdc_offset = self.kdc_offset(cache).await?;
        let mut options = options.clone();
        options.delegation = Delegation::None;
        self.begin(cache, ticket, options, kdc_offset).await
    }

    /// Starts a context with `ticket`, wherever it is from, with the options and what cache and
    /// krb5.conf add to them.
    async fn begin(
        &self,
        cache: &CcacheName,
        ticket: &Credential,
        mut options: InitiateOptions,
        kdc_offset: Option<ClockOffset>,
    ) -> Result<(Initiation, Step), ClientError> {
        let krb5 = self.config.krb5();
        let context = &mut options.context;
        context.kdc_offset = context.kdc_offset.or(kdc_offset);
        context.announce_bindings |= krb5.client_aware_channel_bindings();
        if context.etypes.is_none() {
            context.etypes = Some(krb5.tgs_enctypes()?);
        }
        let lends = context.delegate.is_some() || options.delegation == Delegation::Always;
        // MIT's library would continue without forwarding; here, whoever asked for it gets an
        // error.
        if lends && krb5.enforce_ok_as_delegate()? && !is_trusted(ticket) {
            let server = ticket.server.clone();
            return Err(ClientError::DelegationForbidden { server });
        }
        if options.context.delegate.is_none() {
            options.context.delegate = self.lent(cache, ticket, options.delegation).await?;
        }
        Initiation::start(ticket, &options)
    }

    async fn lent(
        &self,
        cache: &CcacheName,
        ticket: &Credential,
        delegation: Delegation,
    ) -> Result<Option<Credential>, ClientError> {
        let forwarded = || self.forward(cache, Vec::new(), true);
        match delegation {
            Delegation::IfTrusted if is_trusted(ticket) => match forwarded().await {
                Ok(tgt) => Ok(Some(tgt)),
                Err(error) => {
                    tracing::debug!("no TGT is delegated to {}: {error}", ticket.server);
                    Ok(None)
                }
            },
            Delegation::None | Delegation::IfTrusted => Ok(None),
            Delegation::Always => forwarded().await.map(Some),
        }
    }
}

/// Whether the KDC says that the service may be given a TGT (RFC 4120 §2.8).
fn is_trusted(ticket: &Credential) -> bool {
    ticket.flags.contains(TicketFlags::OK_AS_DELEGATE)
}
