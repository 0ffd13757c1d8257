//! `SecurityLayer`: what protects the messages after the exchange (RFC 4422 §3.7): each frame is
//! four octets of length and a token.

use kerberos_client::kerberos_crypto::CryptoRng;
use kerberos_client::kerberos_gss::{Context, Details, Protection, Receiver, Sender};
use kerberos_client::system_rng;

use crate::{Layer, Layers, SaslError};

/// The protection of all messages after the exchange; its halves are independent of one another.
///
/// Where no layer was agreed on, both halves pass on what they get.
#[derive(Debug)]
#[non_exhaustive]
pub struct SecurityLayer {
    /// Which one it is.
    pub layer: Layer,
    /// What goes out.
    pub sender: LayerSender,
    /// What comes in.
    pub receiver: LayerReceiver,
}

/// Protects what goes out.
#[derive(Debug)]
pub struct LayerSender {
    sender: Sender,
    protection: Option<Protection>,
    /// How long a piece of a message may be.
    piece: usize,
}

/// Takes what comes in.
#[derive(Debug)]
pub struct LayerReceiver {
    receiver: Receiver,
    protection: Option<Protection>,
    limit: u32,
}

impl SecurityLayer {
    /// The layer of a context that no SASL has agreed on: PostgreSQL frames its messages in the
    /// same way. It is the strongest of `wanted` that the context has what it takes for. Frames of
    /// `max_receive` octets are taken, and of `max_send` octets made. Beside it is what the context
    /// says of the peers.
    ///
    /// # Errors
    /// [`SaslError::PeerTakesTooLittle`] when no message fits into `max_send` octets, and
    /// [`SaslError::NoCommonLayer`] when the context has what it takes for none.
    pub fn framed(
        context: Context,
        wanted: Layers,
        max_receive: u32,
        max_send: u32,
    ) -> Result<(Details, Self), SaslError> {
        let offered = Layers::of_flags(context.details.flags);
        let layer = offered.common(wanted).strongest();
        let layer = layer.ok_or(SaslError::NoCommonLayer { offered, wanted })?;
        Self::new(context, layer, max_receive, max_send)
    }

    /// The layer of `context`, which has what it takes.
    pub(crate) fn new(
        context: Context,
        layer: Layer,
        max_receive: u32,
        max_send: u32,
    ) -> Result<(Details, Self), SaslError> {
        let Context {
            details,
            sender,
            receiver,
            ..
        } = context;
        let protection = layer.protection();
        let mut piece = usize::MAX;
        if let Some(protection) = protection {
            // RFC 4752 §3.1: the limit is that of the token, GSS_Wrap_size_limit tells the rest.
            let limit = usize::try_from(max_send).unwrap_or(usize::MAX);
            piece = sender.wrap_size_limit(protection, limit);
            if piece == 0 {
                return Err(SaslError::PeerTakesTooLittle(max_send));
            }
        }
        let layer = Self {
            layer,
            sender: LayerSender {
                sender,
                protection,
                piece,
            },
            receiver: LayerReceiver {
                receiver,
                protection,
                limit: max_receive,
            },
        };
        Ok((details, layer))
    }
}

impl LayerSender {
    /// Appends `message`, protected, to `out`: in several frames, if it is longer than the peer
    /// takes.
    ///
    /// # Errors
    /// [`SaslError::Gss`], with keys of older types only, and [`SaslError::NoRandomness`]. `out`
    /// may hold a part then, which is not to be sent.
    pub fn protect(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), SaslError> {
        let Some(protection) = self.protection else {
            out.extend_from_slice(message);
            return Ok(());
        };
        let mut rng = rng()?;
        for piece in message.chunks(self.piece) {
            let start = out.len();
            out.extend_from_slice(&[0; LENGTH]);
            self.sender.wrap_into(out, protection, piece, &mut rng)?;
            // The token is no longer than the peer takes, which has 24 bits.
            let length = u32::try_from(out.len() - start - LENGTH).unwrap_or(u32::MAX);
            if let Some(place) = out.get_mut(start..start + LENGTH) {
                place.copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(())
    }
}

impl LayerReceiver {
    /// Takes the first whole frame out of `received` and appends its message to `messages`. Returns
    /// whether there was one; when not, more is to be read first.
    ///
    /// # Errors
    /// [`SaslError::FrameTooLong`] as soon as the length is there, [`SaslError::NotSealed`], and
    /// [`SaslError::Gss`]. The connection is to be closed then.
    pub fn receive(
        &mut self,
        received: &mut Vec<u8>,
        messages: &mut Vec<u8>,
    ) -> Result<bool, SaslError> {
        let Some(protection) = self.protection else {
            let some = !received.is_empty();
            messages.append(received);
            return Ok(some);
        };
        let Some(length) = self.frame_length(received)? else {
            return Ok(false);
        };
        let end = LENGTH + length;
        let Some(token) = received.get_mut(LENGTH..end) else {
            return Ok(false);
        };
        let message = self.receiver.unwrap_in_place(token)?;
        if protection == Protection::Seal && message.protection != Protection::Seal {
            return Err(SaslError::NotSealed);
        }
        messages.extend_from_slice(message.message);
        received.drain(..end);
        Ok(true)
    }

    /// The length of the token that `received` begins with, if that is there.
    fn frame_length(&self, received: &[u8]) -> Result<Option<usize>, SaslError> {
        let Some((length, _)) = received.split_first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length);
        let limit = self.limit;
        if length > limit {
            return Err(SaslError::FrameTooLong { length, limit });
        }
        // A limit has 24 bits.
        Ok(usize::try_from(length).ok())
    }
}

/// The system's random numbers.
pub(crate) fn rng() -> Result<impl CryptoRng, SaslError> {
    system_rng().map_err(SaslError::NoRandomness)
}

/// The octets in front of a token.
const LENGTH: usize = 4;
