//! `SecurityLayer`: the protection of messages after the exchange (RFC 4422 §3.7). Each frame
//! consists of a length of four octets and a token.

use kerberos_client::kerberos_crypto::CryptoRng;
use kerberos_client::kerberos_gss::{Context, Details, Protection, Receiver, Sender};
use kerberos_client::system_rng;

use crate::{Layer, Layers, SaslError};

/// The protection of all messages after the exchange. The two halves are independent of each other.
///
/// If no layer was negotiated, both halves pass messages on unchanged.
#[derive(Debug)]
#[non_exhaustive]
pub struct SecurityLayer {
    /// The layer in use.
    pub layer: Layer,
    /// Protects outgoing messages.
    pub sender: LayerSender,
    /// Verifies incoming messages.
    pub receiver: LayerReceiver,
}

/// Protects outgoing messages.
#[derive(Debug)]
pub struct LayerSender {
    sender: Sender,
    protection: Option<Protection>,
    /// The maximum length of a piece of a message.
    piece: usize,
}

/// Verifies incoming messages.
#[derive(Debug)]
pub struct LayerReceiver {
    receiver: Receiver,
    protection: Option<Protection>,
    limit: u32,
}

impl SecurityLayer {
    /// The layer for a context without a SASL exchange, for example PostgreSQL, which frames its
    /// messages in the same way. It is the strongest layer of `wanted` that the context supports.
    /// Frames of up to `max_receive` octets are accepted, and frames of up to `max_send` octets are
    /// made. Also returns the details of the context.
    ///
    /// # Errors
    /// [`SaslError::PeerTakesTooLittle`] if no message fits into `max_send` octets, and
    /// [`SaslError::NoCommonLayer`] if the context supports none of the layers.
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

    /// The given layer of `context`, which must support it.
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
            // RFC 4752 §3.1: the limit applies to the token; GSS_Wrap_size_limit gives that of the
            // message.
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
    /// Appends the protected `message` to `out`, in several frames if it is longer than the peer
    /// accepts.
    ///
    /// # Errors
    /// [`SaslError::Gss`], with keys of older types only, and [`SaslError::NoRandomness`]. `out`
    /// may then contain an incomplete message, which must not be sent.
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
            // The token is no longer than the peer accepts, which fits into 24 bits.
            let length = u32::try_from(out.len() - start - LENGTH).unwrap_or(u32::MAX);
            if let Some(place) = out.get_mut(start..start + LENGTH) {
                place.copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(())
    }
}

impl LayerReceiver {
    /// Removes the first complete frame from `received` and appends its message to `messages`.
    /// Returns whether there was one; if not, more data must be read first.
    ///
    /// # Errors
    /// [`SaslError::FrameTooLong`] as soon as the length has arrived, [`SaslError::NotSealed`], and
    /// [`SaslError::Gss`]. The connection must then be closed.
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

    /// The length of the token at the start of `received`, if the length has arrived.
    fn frame_length(&self, received: &[u8]) -> Result<Option<usize>, SaslError> {
        let Some((length, _)) = received.split_first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length);
        let limit = self.limit;
        if length > limit {
            return Err(SaslError::FrameTooLong { length, limit });
        }
        // The limit has 24 bits.
        Ok(usize::try_from(length).ok())
    }
}

/// The system's random source.
pub(crate) fn rng() -> Result<impl CryptoRng, SaslError> {
    system_rng().map_err(SaslError::NoRandomness)
}

/// The size of the length before a token.
const LENGTH: usize = 4;
