//! The four octets that negotiate the layer (RFC 4752 §3.1, §3.2): a set of layers and the maximum
//! length of a frame.

use crate::{Layers, SaslError};

/// The offer, or the choice, of one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Offer {
    pub(crate) layers: Layers,
    /// The longest frame that this side accepts; 24 bits.
    pub(crate) max_receive: u32,
}

impl Offer {
    pub(crate) fn to_bytes(self) -> [u8; 4] {
        let [_, high, middle, low] = self.max_receive.to_be_bytes();
        [self.layers.0, high, middle, low]
    }

    /// Reads the offer, and returns what follows it: nothing after a server's, the authorization
    /// identity after a client's.
    pub(crate) fn read(message: &[u8]) -> Result<(Self, &[u8]), SaslError> {
        let Some((&[layers, high, middle, low], rest)) = message.split_first_chunk() else {
            return Err(SaslError::OfferLength(message.len()));
        };
        let max_receive = u32::from_be_bytes([0, high, middle, low]);
        let layers = Layers(layers);
        Ok((
            Self {
                layers,
                max_receive,
            },
            rest,
        ))
    }
}
