//! Runs a query on a PostgreSQL server:
//! `postgres_query ADDRESS SERVICE USER encrypted|login QUERY`.
//!
//! `encrypted` uses its GSS encryption: the context is established first, and also authenticates
//! the user. `login` uses its GSS authentication on an unencrypted connection.
#![forbid(unsafe_code)]

use std::error::Error;

use kerberos_client::kerberos_gss::{Context, Step};
use kerberos_client::{Client, GssMechanism, InitiateOptions, Initiation};
use kerberos_sasl::{Layers, SecurityLayer};
use services::Wire;

type Failed = Box<dyn Error>;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, service, user, how, query] = &arguments[..] else {
        return Err("postgres_query ADDRESS SERVICE USER encrypted|login QUERY".into());
    };
    let client = Client::from_env()?;
    let mut options = InitiateOptions::default();
    options.mechanism = GssMechanism::Kerberos;
    let begun = client.initiate(&client.config().ccache_name()?, service, &options)?;
    let mut wire = Wire::connect(address)?;
    let begun = if how == "encrypted" {
        let context = encrypt(&mut wire, begun)?;
        let sealed = Layers::CONFIDENTIALITY;
        let (_, layer) = SecurityLayer::framed(*context, sealed, PACKET, PACKET)?;
        wire.protect(layer);
        None
    } else {
        Some(begun)
    };
    log_in(&mut wire, user, begun)?;
    wire.send(&message(Some(b'Q'), &[query.as_bytes(), b"\0"])?)?;
    loop {
        match receive(&mut wire)? {
            (b'D', row) => println!("{}", String::from_utf8_lossy(row.get(6..).unwrap_or(&[]))),
            (b'Z', _) => return Ok(()),
            _ => {}
        }
    }
}

/// Sends GSSENCRequest, and establishes the context with packets in their own format.
fn encrypt(
    wire: &mut Wire,
    (mut initiation, mut step): (Initiation, Step),
) -> Result<Box<Context>, Failed> {
    wire.send(&message(None, &[&80_877_104_u32.to_be_bytes()])?)?;
    if wire.receive(|_| Ok(Some(1)))? != b"G" {
        return Err("the server has no GSS encryption".into());
    }
    loop {
        let token = match step {
            Step::Continue(token) => token,
            Step::Done { context, .. } => return Ok(context),
        };
        let length = u32::try_from(token.len())?;
        wire.send(&[&length.to_be_bytes()[..], &token].concat())?;
        let packet = wire.receive(|bytes| Ok(length_at(bytes, 0)?.map(|length| length + 4)))?;
        step = initiation.step(packet.get(4..).unwrap_or(&[]))?;
    }
}

/// Sends StartupMessage, and answers the server's authentication requests.
fn log_in(wire: &mut Wire, user: &str, begun: Option<(Initiation, Step)>) -> Result<(), Failed> {
    let version = 196_608_u32.to_be_bytes();
    let names = ["user\0", user, "\0database\0postgres\0\0"].concat();
    wire.send(&message(None, &[&version, names.as_bytes()])?)?;
    let (mut initiation, mut step) = begun.unzip();
    let mut context = None;
    loop {
        let (kind, body) = receive(wire)?;
        let code = body.first_chunk().map(|code| u32::from_be_bytes(*code));
        match (kind, code) {
            (b'R', Some(0)) if initiation.is_none() || context.is_some() => {}
            (b'R', Some(0)) => return Err("the server has not proved itself".into()),
            // AuthenticationGSS asks for the first token, AuthenticationGSSContinue contains one.
            (b'R', Some(code @ (7 | 8))) => {
                let initiation = initiation.as_mut().ok_or("the server asks once more")?;
                if code == 8 {
                    step = Some(initiation.step(body.get(4..).unwrap_or(&[]))?);
                }
                match step.take() {
                    Some(Step::Continue(token)) => wire.send(&message(Some(b'p'), &[&token])?)?,
                    Some(Step::Done { context: done, .. }) => context = Some(done),
                    None => return Err("the server goes on asking".into()),
                }
            }
            (b'R', _) => return Err("the server wants another authentication".into()),
            (b'Z', _) => return Ok(()),
            _ => {}
        }
    }
}

/// A message: its type, except for the first messages, then its length and its contents.
fn message(kind: Option<u8>, parts: &[&[u8]]) -> Result<Vec<u8>, Failed> {
    let body = parts.concat();
    let length = u32::try_from(body.len() + 4)?;
    let mut message: Vec<u8> = kind.into_iter().collect();
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(&body);
    Ok(message)
}

fn receive(wire: &mut Wire) -> Result<(u8, Vec<u8>), Failed> {
    let message = wire.receive(|bytes| Ok(length_at(bytes, 1)?.map(|length| length + 1)))?;
    let (kind, rest) = message.split_first().ok_or("an empty message")?;
    let body = rest.get(4..).unwrap_or(&[]).to_vec();
    if *kind == b'E' {
        return Err(String::from_utf8_lossy(&body).replace('\0', " ").into());
    }
    Ok((*kind, body))
}

/// The length field at `position`, once it has been received.
fn length_at(bytes: &[u8], position: usize) -> Result<Option<usize>, Failed> {
    let length = bytes.get(position..).and_then(|rest| rest.first_chunk());
    let length = length.map(|length| u32::from_be_bytes(*length));
    match length {
        Some(length) if length > 0x10_0000 => Err("a message that is too long".into()),
        length => Ok(length.map(usize::try_from).transpose()?),
    }
}

/// The maximum length of a token in a packet: 16 KiB minus the four octets of its length.
const PACKET: u32 = 16_384 - 4;
