//! `SaslServer`: the server's side of `GSSAPI` (RFC 4752 §3.2) and of `GSS-SPNEGO`.

use kerberos_client::kerberos_gss::{AcceptorOptions, Context, Protection, Step};
use kerberos_client::{Acceptance, ServiceAcceptor};

use crate::client::implied;
use crate::layer::{SecurityLayer, rng};
use crate::offer::Offer;
use crate::{Layers, Outcome, SaslError, SaslMechanism, SaslOptions, SaslStep};

/// A server that lets one client log in.
///
/// # Example
/// ```no_run
/// use kerberos_client::kerberos_gss::AcceptorOptions;
/// use kerberos_client::{Config, ServiceAcceptor};
/// use kerberos_sasl::{SaslMechanism, SaslOptions, SaslServer, SaslStep};
/// # fn receive() -> Vec<u8> { unimplemented!() }
/// # fn send(challenge: &[u8]) {}
/// let service = ServiceAcceptor::new(&Config::from_env()?)?;
/// let options = SaslOptions::new(SaslMechanism::Gssapi);
/// let mut sasl = SaslServer::new(&service, options, AcceptorOptions::default());
/// let outcome = loop {
///     match sasl.step(&receive())? {
///         SaslStep::Continue(challenge) => send(&challenge),
///         SaslStep::Done { outcome, .. } => break outcome,
///     }
/// };
/// println!("{} has logged in", outcome.details.initiator);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SaslServer {
    options: SaslOptions,
    state: State,
}

#[derive(Debug)]
enum State {
    ExpectToken(Box<Acceptance>),
    /// The AP-REP was sent.
    ExpectNothing(Box<Context>),
    ExpectChoice(Box<Context>, Layers),
    Finished,
}

impl SaslServer {
    /// A server that lets a single client of `service` log in.
    pub fn new(service: &ServiceAcceptor, options: SaslOptions, context: AcceptorOptions) -> Self {
        let acceptance = service.acceptance(options.mechanism.gss(), context);
        let state = State::ExpectToken(Box::new(acceptance));
        Self { options, state }
    }

    /// Takes the client's `response`, which may be the initial one. A client that sends no initial
    /// response must first get an empty challenge.
    ///
    /// This may block on files; see [`Acceptance::step`]. Async code awaits `step_async` (feature
    /// `tokio`).
    ///
    /// # Errors
    /// Every error is final. The client must then be refused.
    pub fn step(&mut self, response: &[u8]) -> Result<SaslStep, SaslError> {
        match std::mem::replace(&mut self.state, State::Finished) {
            State::ExpectToken(mut acceptance) => {
                let step = acceptance.step(response)?;
                self.after_token(acceptance, step)
            }
            state => self.go_on(state, response),
        }
    }

    /// The same as [`step`](Self::step) for async code. If the future is dropped before it
    /// completes, the client must start over.
    ///
    /// # Errors
    /// The same as [`step`](Self::step).
    #[cfg(feature = "tokio")]
    pub async fn step_async(&mut self, response: &[u8]) -> Result<SaslStep, SaslError> {
        match std::mem::replace(&mut self.state, State::Finished) {
            State::ExpectToken(mut acceptance) => {
                let step = acceptance.step_async(response).await?;
                self.after_token(acceptance, step)
            }
            state => self.go_on(state, response),
        }
    }

    fn after_token(
        &mut self,
        acceptance: Box<Acceptance>,
        step: Step,
    ) -> Result<SaslStep, SaslError> {
        match step {
            Step::Continue(token) => {
                self.state = State::ExpectToken(acceptance);
                Ok(SaslStep::Continue(token))
            }
            Step::Done { send, context } => match (self.options.mechanism, send) {
                (SaslMechanism::GssSpnego, send) => implied(&self.options, send, *context),
                (SaslMechanism::Gssapi, Some(token)) => {
                    self.state = State::ExpectNothing(context);
                    Ok(SaslStep::Continue(token))
                }
                (SaslMechanism::Gssapi, None) => self.offer(context),
            },
        }
    }

    /// The part of the exchange after the tokens.
    fn go_on(&mut self, state: State, response: &[u8]) -> Result<SaslStep, SaslError> {
        match state {
            State::ExpectNothing(context) => match response.len() {
                0 => self.offer(context),
                length => Err(SaslError::NotEmpty(length)),
            },
            State::ExpectChoice(context, offered) => self.conclude(response, *context, offered),
            State::ExpectToken(_) | State::Finished => Err(SaslError::Finished),
        }
    }

    fn offer(&mut self, mut context: Box<Context>) -> Result<SaslStep, SaslError> {
        let possible = Layers::of_flags(context.details.flags);
        let layers = self.options.layers.common(possible);
        if layers.strongest().is_none() {
            return Err(SaslError::NoCommonLayer {
                offered: possible,
                wanted: self.options.layers,
            });
        }
        // RFC 4752 §3.2: 0 if no layer is available.
        let max_receive = match layers {
            Layers::NONE => 0,
            _ => self.options.receive_limit(),
        };
        let offer = Offer {
            layers,
            max_receive,
        };
        let challenge = context.wrap(Protection::Sign, &offer.to_bytes(), &mut rng()?)?;
        self.state = State::ExpectChoice(context, layers);
        Ok(SaslStep::Continue(challenge))
    }

    fn conclude(
        &self,
        response: &[u8],
        mut context: Context,
        offered: Layers,
    ) -> Result<SaslStep, SaslError> {
        let message = context.unwrap(response)?.message;
        let (peer, name) = Offer::read(&message)?;
        let chosen = peer.layers.single().filter(|layer| offered.has(*layer));
        let chosen = chosen.ok_or(SaslError::Choice {
            chosen: peer.layers,
            offered,
        })?;
        // RFC 4752 §3.2: the server verifies that the size is 0 if there is no layer. Older clients
        // in Java send another size, so this is not checked.
        let name = std::str::from_utf8(name).map_err(|_| SaslError::AuthorizationId)?;
        if name.contains('\0') {
            return Err(SaslError::AuthorizationId);
        }
        let limit = self.options.receive_limit();
        let (details, layer) = SecurityLayer::new(context, chosen, limit, peer.max_receive)?;
        let authorization_id = (!name.is_empty()).then(|| name.to_owned());
        let outcome = Box::new(Outcome {
            details,
            authorization_id,
            layer,
        });
        let send = None;
        Ok(SaslStep::Done { send, outcome })
    }
}
