//! Logs in to an LDAP directory and reads one entry:
//! `ldap_search ADDRESS SERVICE MECHANISM LAYER DN`.
//!
//! The messages are those of `rasn-ldap` (RFC 4511). The security layer is between them and the
//! connection.
#![forbid(unsafe_code)]

use std::error::Error;

use kerberos_client::Client;
use kerberos_sasl::{Layers, SaslClient, SaslMechanism, SaslOptions, SaslStep, SecurityLayer};
use rasn_ldap::{
    AuthenticationChoice, BindRequest, BindResponse, Filter, LdapMessage, ProtocolOp, ResultCode,
    SaslCredentials, SearchRequest, SearchRequestDerefAliases, SearchRequestScope,
};
use services::Wire;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, service, mechanism, layer, dn] = &arguments[..] else {
        return Err("ldap_search ADDRESS SERVICE MECHANISM LAYER DN".into());
    };
    let mut options = SaslOptions::new(match mechanism.as_str() {
        "GSS-SPNEGO" => SaslMechanism::GssSpnego,
        _ => SaslMechanism::Gssapi,
    });
    options.layers = match layer.as_str() {
        "none" => Layers::NONE,
        "integrity" => Layers::INTEGRITY,
        _ => Layers::CONFIDENTIALITY,
    };
    let mut directory = Directory {
        wire: Wire::connect(address)?,
        last_id: 0,
    };
    let layer = directory.log_in(service, options)?;
    println!("logged in with {}", layer.layer);
    directory.wire.protect(layer);
    directory.read(dn)
}

struct Directory {
    wire: Wire,
    last_id: u32,
}

impl Directory {
    /// The SASL exchange, in bind requests (RFC 4513 §5.2).
    fn log_in(
        &mut self,
        service: &str,
        options: SaslOptions,
    ) -> Result<SecurityLayer, Box<dyn Error>> {
        let mechanism = options.mechanism;
        let client = Client::from_env()?;
        let cache = client.config().ccache_name()?;
        let begun = client.initiate(&cache, service, &options.initiate_options())?;
        let (mut sasl, mut response) = SaslClient::start(options, begun)?;
        let mut layer = None;
        loop {
            let answer = self.bind(mechanism, response)?;
            let in_progress = match answer.result_code {
                ResultCode::Success => false,
                ResultCode::SaslBindInProgress => true,
                code => return Err(format!("{code:?}: {}", *answer.diagnostic_message).into()),
            };
            let challenge = answer.server_sasl_creds.unwrap_or_default();
            response = match layer {
                Some(layer) if !in_progress => return Ok(layer),
                Some(_) => return Err("the directory wants more than there is to say".into()),
                None => match sasl.step(&challenge)? {
                    SaslStep::Continue(response) if in_progress => response,
                    SaslStep::Continue(_) => {
                        return Err("the directory has not proved itself".into());
                    }
                    SaslStep::Done { outcome, .. } if !in_progress => return Ok(outcome.layer),
                    SaslStep::Done { send, outcome } => {
                        layer = Some(outcome.layer);
                        send.unwrap_or_default()
                    }
                },
            };
        }
    }

    fn bind(
        &mut self,
        mechanism: SaslMechanism,
        response: Vec<u8>,
    ) -> Result<BindResponse, Box<dyn Error>> {
        let credentials = SaslCredentials::new(mechanism.name().into(), Some(response.into()));
        let choice = AuthenticationChoice::Sasl(credentials);
        self.send(ProtocolOp::BindRequest(BindRequest::new(
            3,
            "".into(),
            choice,
        )))?;
        match self.receive()? {
            ProtocolOp::BindResponse(response) => Ok(response),
            other => Err(format!("an answer to a bind expected, found {other:?}").into()),
        }
    }

    fn read(&mut self, dn: &str) -> Result<(), Box<dyn Error>> {
        self.send(ProtocolOp::SearchRequest(SearchRequest::new(
            dn.into(),
            SearchRequestScope::BaseObject,
            SearchRequestDerefAliases::NeverDerefAliases,
            0,
            0,
            false,
            Filter::Present("objectClass".into()),
            Vec::new(),
        )))?;
        loop {
            match self.receive()? {
                ProtocolOp::SearchResEntry(entry) => println!("found {}", *entry.object_name),
                ProtocolOp::SearchResDone(done) if done.0.result_code == ResultCode::Success => {
                    return Ok(());
                }
                other => return Err(format!("{other:?}").into()),
            }
        }
    }

    fn send(&mut self, operation: ProtocolOp) -> Result<(), Box<dyn Error>> {
        self.last_id += 1;
        let message = LdapMessage::new(self.last_id, operation);
        let message = rasn::ber::encode(&message).map_err(|error| error.to_string())?;
        self.wire.send(&message)
    }

    fn receive(&mut self) -> Result<ProtocolOp, Box<dyn Error>> {
        let message = self.wire.receive(length)?;
        let message: LdapMessage =
            rasn::ber::decode(&message).map_err(|error| error.to_string())?;
        Ok(message.protocol_op)
    }
}

/// The length of the message at the start of `bytes`: a SEQUENCE of definite length (RFC 4511
/// §5.1).
fn length(bytes: &[u8]) -> Result<Option<usize>, Box<dyn Error>> {
    let Some((&[_, first], rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let octets = usize::from(first & 0x7f);
    if first & 0x80 == 0 {
        return Ok(Some(2 + octets));
    }
    if !(1..=3).contains(&octets) {
        return Err("a message that is too long".into());
    }
    let length = rest.get(..octets);
    let value = |octets: &[u8]| {
        octets
            .iter()
            .fold(0, |sum, octet| sum << 8 | usize::from(*octet))
    };
    Ok(length.map(|length| 2 + octets + value(length)))
}
