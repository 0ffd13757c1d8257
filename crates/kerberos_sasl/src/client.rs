//! `SaslClient`: the client's side of `GSSAPI` (RFC 4752 §3.1) and of `GSS-SPNEGO`.
//!
//! ```text
//! GSSAPI      AP-REQ ──►  ◄── AP-REP  (nothing) ──►  ◄── layers, signed   choice, signed ──►
//! GSS-SPNEGO  NegTokenInit ──►  ◄── NegTokenResp     the layer is what the flags say
//! ```

use kerberos_client::Initiation;
use kerberos_client::kerberos_gss::{Context, Protection, Step};

use crate::layer::{SecurityLayer, rng};
use crate::offer::Offer;
use crate::{Layer, Layers, Outcome, SaslError, SaslMechanism, SaslOptions, SaslStep};

/// A client that logs in; see the [crate](crate).
#[derive(Debug)]
pub struct SaslClient {
    options: SaslOptions,
    state: State,
}

#[derive(Debug)]
enum State {
    ExpectToken(Initiation),
    ExpectOffer(Box<Context>),
    Finished,
}

impl SaslClient {
    /// Starts with the result of [`Client::initiate`](kerberos_client::Client::initiate) with
    /// [`SaslOptions::initiate_options`]. Also returns the first response. Send it as SASL's
    /// initial response, together with the name of the mechanism, or else as the answer to a first,
    /// empty challenge.
    ///
    /// # Errors
    /// [`SaslError::Finished`] if the context is already established: without mutual authentication
    /// there is no exchange.
    pub fn start(
        options: SaslOptions,
        (initiation, step): (Initiation, Step),
    ) -> Result<(Self, Vec<u8>), SaslError> {
        let Step::Continue(token) = step else {
            return Err(SaslError::Finished);
        };
        let state = State::ExpectToken(initiation);
        Ok((Self { options, state }, token))
    }

    /// Takes the server's `challenge`, or the data that accompanies its success.
    ///
    /// # Errors
    /// Every error is final. [`SaslError::NoCommonLayer`] means that the server protects less than
    /// required.
    pub fn step(&mut self, challenge: &[u8]) -> Result<SaslStep, SaslError> {
        match std::mem::replace(&mut self.state, State::Finished) {
            State::ExpectToken(mut initiation) => match initiation.step(challenge)? {
                Step::Continue(token) => {
                    self.state = State::ExpectToken(initiation);
                    Ok(SaslStep::Continue(token))
                }
                Step::Done { send, context } => match self.options.mechanism {
                    SaslMechanism::Gssapi => {
                        self.state = State::ExpectOffer(context);
                        // RFC 4752 §3.1: if there is no token, the response is empty.
                        Ok(SaslStep::Continue(send.unwrap_or_default()))
                    }
                    SaslMechanism::GssSpnego => implied(&self.options, send, *context),
                },
            },
            State::ExpectOffer(context) => self.choose(challenge, *context),
            State::Finished => Err(SaslError::Finished),
        }
    }

    /// Chooses from the server's offer.
    fn choose(&self, challenge: &[u8], mut context: Context) -> Result<SaslStep, SaslError> {
        let message = context.unwrap(challenge)?.message;
        let (peer, rest) = Offer::read(&message)?;
        if !rest.is_empty() {
            return Err(SaslError::OfferLength(message.len()));
        }
        // RFC 4752 §3.1: the client verifies that the size is 0 if there is no layer. The size is
        // meaningless then, and servers in Java and with older versions of Cyrus SASL send another
        // one, so this is not checked.
        let layer = choose(&self.options, peer.layers, &context)?;
        let max_receive = match layer {
            // RFC 4752 §3.1: without a layer, the size is 0.
            Layer::None => 0,
            _ => self.options.receive_limit(),
        };
        let choice = Offer {
            layers: layer.into(),
            max_receive,
        };
        let mut response = choice.to_bytes().to_vec();
        if let Some(name) = &self.options.authorization_id {
            if name.contains('\0') {
                return Err(SaslError::AuthorizationId);
            }
            response.extend_from_slice(name.as_bytes());
        }
        let send = Some(context.wrap(Protection::Sign, &response, &mut rng()?)?);
        let (details, layer) = SecurityLayer::new(context, layer, max_receive, peer.max_receive)?;
        Ok(done(send, details, layer))
    }
}

/// The strongest layer that the peer offers, the options allow and the context supports.
fn choose(options: &SaslOptions, offered: Layers, context: &Context) -> Result<Layer, SaslError> {
    let possible = offered.common(Layers::of_flags(context.details.flags));
    let wanted = options.layers;
    let chosen = possible.common(wanted).strongest();
    chosen.ok_or(SaslError::NoCommonLayer {
        offered: possible,
        wanted,
    })
}

/// The end of GSS-SPNEGO, on either side: the flags of the context determine the layer.
pub(crate) fn implied(
    options: &SaslOptions,
    send: Option<Vec<u8>>,
    context: Context,
) -> Result<SaslStep, SaslError> {
    let offered = Layers::of_flags(context.details.flags);
    // MS-ADTS §5.1.1.1: whoever requests confidentiality or integrity gets it, without a choice.
    let implied = offered.strongest().unwrap_or(Layer::None);
    let wanted = options.layers;
    if !wanted.has(implied) {
        return Err(SaslError::NoCommonLayer {
            offered: implied.into(),
            wanted,
        });
    }
    let limit = options.receive_limit();
    let (details, layer) = SecurityLayer::new(context, implied, limit, SPNEGO_FRAME)?;
    Ok(done(send, details, layer))
}

fn done(
    send: Option<Vec<u8>>,
    details: kerberos_client::kerberos_gss::Details,
    layer: SecurityLayer,
) -> SaslStep {
    let outcome = Box::new(Outcome {
        details,
        authorization_id: None,
        layer,
    });
    SaslStep::Done { send, outcome }
}

/// GSS-SPNEGO negotiates no frame size. All known peers accept frames of this size, though they may
/// send larger ones.
const SPNEGO_FRAME: u32 = 0x1_0000;
