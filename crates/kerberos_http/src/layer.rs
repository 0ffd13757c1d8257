//! `NegotiateLayer`: a tower layer that lets only clients with a ticket use a service.
//!
//! Every request carries its own token. A negotiation of several rounds would have to belong to a
//! connection, which HTTP does not model; no client with a ticket needs one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use kerberos_client::kerberos_gss::{
    AcceptorOptions, ChannelBindings, Context, Details, GssError, Step, StepError,
};
use kerberos_client::kerberos_proto::HostAddress;
use kerberos_client::kerberos_proto::pac::{PacError, PacSummary};
use kerberos_client::{GssMechanism, Principal, ServiceAcceptor};
use tower_layer::Layer;
use tower_service::Service;

use crate::header::{decode, encode, negotiate};
use crate::{HttpError, Party};

/// Lets requests through that carry a valid ticket, and adds [`Authenticated`] to their extensions.
/// Answers all others with 401.
///
/// The channel can be bound. [`AcceptorOptions::channel_bindings`] applies to all connections, and
/// suits a server whose certificate is never renewed; otherwise there is
/// [`with_bindings`](NegotiateLayer::with_bindings). Where the bindings depend on the connection,
/// put [`ChannelBindings`] into the extensions of each request, which take precedence.
///
/// If bindings are required and the service has none to compare with, the answer is 500, as it is
/// when the keytab cannot be read. In both cases the log says why.
///
/// Tickets that are bound to addresses are accepted from anywhere, unless the extensions of a
/// request contain the [`HostAddress`] that it comes from.
///
/// Anonymous clients are refused, as by a [`ServiceAcceptor`] without
/// [`accept_anonymous`](kerberos_client::kerberos_proto::Acceptor::accept_anonymous).
///
/// # Example
/// ```no_run
/// use kerberos_client::{Config, ServiceAcceptor};
/// use kerberos_http::NegotiateLayer;
/// let service = ServiceAcceptor::new(&Config::from_env()?)?;
/// let layer = NegotiateLayer::new(service);
/// // let app = axum::Router::new().route("/", get(hello)).layer(layer);
/// # Ok::<(), kerberos_client::ClientError>(())
/// ```
#[derive(Clone, Debug)]
pub struct NegotiateLayer {
    service: ServiceAcceptor,
    options: AcceptorOptions,
    bindings: Option<Bindings>,
    is_optional: bool,
}

/// Returns the present bindings.
#[derive(Clone)]
struct Bindings(Arc<dyn Fn() -> Vec<ChannelBindings> + Send + Sync>);

impl fmt::Debug for Bindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bindings").finish_non_exhaustive()
    }
}

/// The service that [`NegotiateLayer`] creates.
#[derive(Clone, Debug)]
pub struct NegotiateService<S> {
    inner: S,
    layer: NegotiateLayer,
}

/// The client that sent a request; an extension of the request.
#[derive(Clone, Debug)]
pub struct Authenticated(Arc<Details>);

impl NegotiateLayer {
    /// A layer with the keytab and the replay cache of `service`.
    pub fn new(service: ServiceAcceptor) -> Self {
        Self {
            service,
            options: AcceptorOptions::default(),
            bindings: None,
            is_optional: false,
        }
    }

    /// Sets further requirements for a context, such as channel bindings.
    #[must_use = "the other one stays as it was"]
    pub fn with_options(mut self, options: AcceptorOptions) -> Self {
        self.options = options;
        self
    }

    /// Asks for channel bindings at each request, for a server whose certificate is renewed while
    /// it runs. After a renewal, return the bindings of both certificates for a while, since a
    /// connection keeps the certificate that it began with. If there are none, and the request has
    /// none of its own, clients get 500: the server has to know its certificate.
    #[must_use = "the other one stays as it was"]
    pub fn with_bindings(
        mut self,
        bindings: impl Fn() -> Vec<ChannelBindings> + Send + Sync + 'static,
    ) -> Self {
        self.bindings = Some(Bindings(Arc::new(bindings)));
        self
    }

    /// Also lets requests without a ticket through, without [`Authenticated`] in their extensions:
    /// for pages that everybody may see, and where other layers handle other schemes (`Bearer`). An
    /// invalid ticket still gets 401. A handler that wants a ticket answers with 401 and
    /// `WWW-Authenticate: Negotiate`.
    #[must_use = "the other one stays as it was"]
    pub fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }
}

impl Authenticated {
    /// A client without a ticket, for tests of what is behind the layer.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::Principal;
    /// use kerberos_client::kerberos_gss::Details;
    /// use kerberos_http::Authenticated;
    ///
    /// fn greeting(client: &Authenticated) -> String {
    ///     format!("hello {}", client.principal())
    /// }
    ///
    /// let alice = Principal::parse("alice@EXAMPLE.COM")?;
    /// let service = Principal::parse("HTTP/www.example.com@EXAMPLE.COM")?;
    /// let client = Authenticated::for_tests(Details::for_tests(alice, service)?);
    /// assert_eq!(greeting(&client), "hello alice@EXAMPLE.COM");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_tests(details: Details) -> Self {
        Self(Arc::new(details))
    }

    /// The client. Decisions should compare principals, not their text: two different principals
    /// may be displayed alike.
    pub fn principal(&self) -> &Principal {
        &self.0.initiator
    }

    /// What else was negotiated: whether the channel is bound, and the TGT that the client
    /// forwarded.
    pub fn details(&self) -> &Details {
        &self.0
    }

    /// Who the client is in Active Directory: its SID and its groups. `None` when its KDC sends no
    /// such data.
    ///
    /// # Errors
    /// As [`Accepted::pac`](kerberos_client::kerberos_proto::Accepted::pac) and
    /// [`VerifiedPac::summary`](kerberos_client::kerberos_proto::pac::VerifiedPac::summary). A
    /// service that decides by groups then refuses the client.
    pub fn pac(&self) -> Result<Option<PacSummary>, PacError> {
        self.0.pac()
    }
}

impl<S> Layer<S> for NegotiateLayer {
    type Service = NegotiateService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let layer = self.clone();
        NegotiateService { inner, layer }
    }
}

impl<S, B, R> Service<Request<B>> for NegotiateService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The instance that is ready must be used; its clone may not be ready.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let service = self.layer.service.clone();
        let asked = self.layer.read(&request);
        Box::pin(async move {
            let established = match asked {
                Ok(Some((token, options))) => establish(service, options, token).await,
                Ok(None) => return inner.call(request).await,
                Err(refusal) => Err(refusal),
            };
            let (context, token) = match established {
                Ok(established) => established,
                Err(refusal) => return Ok(refusal.response()),
            };
            let Context { details, .. } = *context;
            let authenticated = Authenticated(Arc::new(details));
            request.extensions_mut().insert(authenticated);
            let mut response = inner.call(request).await?;
            if let Some(token) = token {
                let header = Party::Server.response_header();
                response.headers_mut().append(header, encode(&token));
            }
            Ok(response)
        })
    }
}

/// Why a request is not let through.
enum Refusal {
    /// There is no ticket, or no valid one.
    Unauthorized(HeaderValue),
    /// The service has no keys, no usable replay cache, or no channel bindings although it requires
    /// them.
    Broken,
}

impl NegotiateLayer {
    /// The token of a request, and the requirements for its context; `None` if no ticket is needed.
    fn read<B>(&self, request: &Request<B>) -> Result<Option<(Vec<u8>, AcceptorOptions)>, Refusal> {
        let credentials = request.headers().get(AUTHORIZATION);
        let text = credentials.and_then(|value| negotiate(value.as_bytes()));
        let Some(token) = text.filter(|text| !text.is_empty()) else {
            return if self.is_optional {
                Ok(None)
            } else {
                Err(Refusal::Unauthorized(ASK))
            };
        };
        let token = decode(token).map_err(|error| Refusal::of(&error))?;
        let mut options = self.options.clone();
        if let Some(bindings) = request.extensions().get::<ChannelBindings>() {
            options.channel_bindings = vec![bindings.clone()];
        } else if let Some(Bindings(bindings)) = &self.bindings {
            options.channel_bindings = bindings();
            // Without bindings, a client could come through any channel.
            if options.channel_bindings.is_empty() {
                let missing = StepError::from(GssError::OwnBindingsMissing);
                return Err(Refusal::of(&missing.into()));
            }
        }
        if let Some(peer) = request.extensions().get::<HostAddress>() {
            options.peer = Some(peer.clone());
        }
        Ok(Some((token, options)))
    }
}

/// The context of a request, and the token that proves to the client who we are.
async fn establish(
    service: ServiceAcceptor,
    options: AcceptorOptions,
    token: Vec<u8>,
) -> Result<(Box<Context>, Option<Vec<u8>>), Refusal> {
    let mut acceptance = service.acceptance(GssMechanism::Spnego, options);
    match acceptance.step_async(&token).await {
        Ok(Step::Done { send, context }) => Ok((context, send)),
        // The layer does not know connections, by which a second request would continue this.
        Ok(Step::Continue(_)) => {
            tracing::info!(
                "a client was refused: it would rather use another mechanism than Kerberos"
            );
            Err(Refusal::Unauthorized(ASK))
        }
        Err(error) => Err(Refusal::of(&error.into())),
    }
}

impl Refusal {
    fn of(error: &HttpError) -> Self {
        let HttpError::Context(failed) = error else {
            tracing::info!("a client was refused: {error}");
            return Self::Unauthorized(ASK);
        };
        let hint = ServiceAcceptor::gss_hint(&failed.error);
        let hint = hint.map_or_else(String::new, |hint| format!(" ({hint})"));
        if failed.error.is_own_fault() {
            tracing::error!("clients cannot be authenticated: {error}{hint}");
            return Self::Broken;
        }
        tracing::info!("a client was refused: {error}{hint}");
        // The token contains the reason, so that the client can say what to do about it.
        Self::Unauthorized(failed.send.as_deref().map_or(ASK, encode))
    }

    fn response<R: Default>(self) -> Response<R> {
        let mut response = Response::new(R::default());
        match self {
            Self::Unauthorized(challenge) => {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                let header = Party::Server.response_header();
                response.headers_mut().insert(header, challenge);
            }
            Self::Broken => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
        }
        response
    }
}

/// Asks for a ticket.
const ASK: HeaderValue = HeaderValue::from_static("Negotiate");
