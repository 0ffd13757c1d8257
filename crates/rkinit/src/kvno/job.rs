//! What a command line needs before the first ticket (caches, keytab, user, second ticket), and
//! then gets the tickets.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use kerberos_asn1::NameType;
use kerberos_client::{Client, ClientError, TicketRequest};
use kerberos_crypto::EncryptionType;
use kerberos_files::ccache::{Ccache, CcacheName};
use kerberos_files::keytab::KeytabFile;
use kerberos_proto::{Credential, Principal, TransitPolicy};

use crate::input::ccache_select::SelectError;
use crate::input::{ccache_select, configuration, keytab_select};
use crate::kvno::advice::advice;
use crate::kvno::args::Plan;
use crate::kvno::on_behalf::OnBehalf;
use crate::kvno::{message, out_cache};
use crate::messages::refusal::Refusal;

/// A command line with everything that it names, found and parsed.
pub(super) struct Job {
    pub(super) client: &'static Client,
    pub(super) cache: CcacheName,
    keytab: Option<KeytabFile>,
    out_cache: Option<Ccache>,
    /// The base for the request of each ticket.
    request: RequestOptions,
    pub(super) behalf: Option<OnBehalf>,
}

struct RequestOptions {
    service: Option<OsString>,
    unknown: bool,
    canonicalize: bool,
    etypes: Vec<EncryptionType>,
    second_ticket: Option<Vec<u8>>,
    cached_only: bool,
    no_store: bool,
}

/// The result for a name.
pub(super) enum Outcome {
    /// It is not a valid name.
    NoName(SelectError),
    Refused(Refusal),
    Got {
        /// As named in the command line.
        server: Principal,
        credential: Box<Credential>,
    },
}

impl Job {
    /// Finds and parses everything that `plan` names, in MIT's order.
    ///
    /// # Errors
    /// When something does not exist or is not valid.
    pub(super) fn prepare(plan: &Plan) -> Result<Self, Refusal> {
        let client = configuration::client().map_err(|error| {
            SelectError::from(error).into_refusal("while initializing krb5 library")
        })?;
        let etypes = plan.etype.as_deref().map(etype).transpose()?;
        let cache = ccache_select::cache(plan.cache.as_deref())
            .and_then(|name| Ok(ccache_select::open(&name)?.name().clone()))
            .map_err(|error| error.into_refusal("while opening ccache"))?;
        let out_cache = plan.out_cache.as_deref().map(|name| {
            ccache_select::cache(Some(name))
                .and_then(|name| ccache_select::open(&name))
                .map_err(|error| error.into_refusal("while resolving output ccache"))
        });
        let out_cache = out_cache.transpose()?;
        let keytab = plan.keytab.as_deref().map(keytab).transpose()?;
        let behalf = plan.behalf.as_ref().map(OnBehalf::new).transpose()?;
        let second_ticket = plan
            .user_to_user
            .as_deref()
            .map(|name| second_ticket(client, name))
            .transpose()?;
        Ok(Self {
            client,
            cache,
            keytab,
            request: RequestOptions {
                service: plan.service.clone(),
                unknown: plan.unknown,
                canonicalize: plan.canonicalize,
                etypes: etypes.into_iter().collect(),
                second_ticket,
                cached_only: plan.cached_only,
                no_store: plan.no_store || out_cache.is_some(),
            },
            out_cache,
            behalf,
        })
    }

    /// The keytab that must be able to decrypt the tickets.
    pub(super) fn keytab(&self) -> Option<&KeytabFile> {
        self.keytab.as_ref()
    }

    /// The realms that the clients of those tickets may have come through.
    pub(super) fn transit_policy(&self) -> TransitPolicy {
        self.client.config().transit_policy()
    }

    /// Gets the tickets, and calls `tell` with each result as soon as it is known.
    ///
    /// # Errors
    /// When the cache cannot be read. The inner errors are those of `tell`, which end the loop.
    pub(super) fn for_each(
        &self,
        names: &[OsString],
        mut tell: impl FnMut(&OsStr, Outcome) -> io::Result<()>,
    ) -> Result<io::Result<()>, Refusal> {
        let servers: Vec<_> = names.iter().map(|name| self.server(name)).collect();
        if let Some(behalf) = &self.behalf {
            let me = self.owner()?;
            let mut all = names.iter().zip(servers);
            return Ok(all.try_for_each(|(name, server)| {
                let outcome = match server {
                    Ok(server) => self.on_behalf(behalf, &me, server),
                    Err(error) => Outcome::NoName(error),
                };
                tell(name, outcome)
            }));
        }
        let wanted = servers.iter().flatten();
        let requests: Vec<_> = wanted.map(|server| self.request(server)).collect();
        let tickets = self.client.tickets_in_turn(&self.cache, &requests);
        let mut tickets: Box<dyn Iterator<Item = _>> = match tickets {
            Ok(tickets) => Box::new(tickets),
            // A mistake in krb5.conf is in the way of the tickets, not of the client's name.
            Err(error @ ClientError::Config(_)) => {
                Box::new(std::iter::repeat_with(move || Err(error.clone())))
            }
            Err(error) => return Err(no_client(&error)),
        };
        let mut outcome = |server: Result<Principal, SelectError>| match server {
            Err(error) => Some(Outcome::NoName(error)),
            Ok(server) => tickets.next().map(|got| self.outcome(server, got)),
        };
        let outcomes = servers.into_iter().filter_map(&mut outcome);
        let mut all = names.iter().zip(outcomes);
        Ok(all.try_for_each(|(name, outcome)| tell(name, outcome)))
    }

    pub(super) fn outcome(
        &self,
        server: Principal,
        got: Result<Credential, ClientError>,
    ) -> Outcome {
        match got {
            Ok(credential) => Outcome::Got {
                server,
                credential: Box::new(credential),
            },
            Err(error) => {
                let context = format!("while getting credentials for {server}");
                Outcome::Refused(self.refusal(&error, &context))
            }
        }
    }

    /// With `--out-cache`, creates that cache with `tickets`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write_out_cache(&self, tickets: &[Credential]) -> Result<(), Refusal> {
        match &self.out_cache {
            Some(file) => out_cache::write(self.client, &self.cache, file, tickets),
            None => Ok(()),
        }
    }

    /// The service for a `name` from the command line.
    fn server(&self, name: &OsStr) -> Result<Principal, SelectError> {
        let options = &self.request;
        if let Some(service) = &options.service {
            let text = |text: &OsStr| {
                let text = text.to_str().map(ToOwned::to_owned);
                text.ok_or_else(|| SelectError::NotText(name.to_owned()))
            };
            let (service, host) = (text(service)?, text(name)?);
            return Ok(self.client.service_principal(&service, Some(&host))?);
        }
        let server = ccache_select::principal(name.as_bytes(), false)?;
        Ok(if options.unknown {
            server.with_name_type(NameType::UNKNOWN)
        } else {
            server
        })
    }

    pub(super) fn refusal(&self, error: &ClientError, context: &str) -> Refusal {
        Refusal {
            hint: advice(error, self.request.cached_only),
            ..refusal(error, context)
        }
    }

    pub(super) fn request(&self, server: &Principal) -> TicketRequest {
        let options = &self.request;
        let mut request = TicketRequest::new(server.clone());
        request.options.canonicalize = options.canonicalize;
        request.etypes.clone_from(&options.etypes);
        request.second_ticket.clone_from(&options.second_ticket);
        request.cached_only = options.cached_only;
        request.no_store = options.no_store;
        request
    }
}

fn etype(name: &OsStr) -> Result<EncryptionType, Refusal> {
    // MIT's library does not know the names of types that it does not support.
    let known = name.to_str().and_then(EncryptionType::from_name);
    known
        .filter(|etype| etype.is_supported())
        .ok_or_else(|| Refusal {
            hint: Some(format!(
                "{} is not a known encryption type; use one such as aes256-cts",
                name.display()
            )),
            ..Refusal::new("Invalid argument", "while converting etype")
        })
}

fn keytab(name: &OsStr) -> Result<KeytabFile, Refusal> {
    let context = format!("resolving keytab {}", name.display());
    keytab_select::file(Some(name), keytab_select::Default::Server, &context)
}

/// The TGT of the owner of the cache called `name`, for user-to-user.
fn second_ticket(client: &Client, name: &OsStr) -> Result<Vec<u8>, Refusal> {
    let context = format!("while getting user-to-user ticket from {}", name.display());
    let cache = ccache_select::cache(Some(name))
        .and_then(|name| ccache_select::open(&name))
        .map_err(|error| error.into_refusal(&context))?;
    let found = cache.principal().map_err(ClientError::from);
    let found = found.and_then(|owner| {
        let realm = owner.realm();
        let mut request = TicketRequest::new(Principal::krbtgt(realm, realm));
        request.cached_only = true;
        client.ticket(cache.name(), &request)
    });
    found
        .map(|tgt| tgt.ticket)
        .map_err(|error| refusal(&error, &context))
}

fn refusal(error: &ClientError, context: &str) -> Refusal {
    Refusal {
        message: message(error),
        hint: advice(error, false),
        ..Refusal::of(error, context)
    }
}

pub(super) fn no_client(error: &ClientError) -> Refusal {
    refusal(error, CLIENT_CONTEXT)
}

pub(super) const CLIENT_CONTEXT: &str = "while getting client principal name";
