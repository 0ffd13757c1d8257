//! `SaslOptions`: what one side of an exchange requires.

use std::fmt;
use std::ops::BitOr;

use kerberos_client::kerberos_gss::{ContextFlags, Protection};
use kerberos_client::{GssMechanism, InitiateOptions};

/// The SASL mechanism.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SaslMechanism {
    /// `GSSAPI`: Kerberos, followed by a negotiation of the layer (RFC 4752).
    Gssapi,
    /// `GSS-SPNEGO`: SPNEGO, whose flags determine the layer (MS-ADTS §5.1.1.1).
    GssSpnego,
}

/// A security layer (RFC 4752 §3.3): the one in use, as opposed to a set of [`Layers`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Layer {
    /// No protection.
    None,
    /// Messages are signed.
    Integrity,
    /// Messages are encrypted.
    Confidentiality,
}

/// A set of security layers (RFC 4752 §3.3), for example all acceptable ones.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Layers(pub u8);

/// What one side of an exchange requires.
///
/// # Example
/// ```
/// use kerberos_sasl::{Layers, SaslMechanism, SaslOptions};
/// let mut options = SaslOptions::new(SaslMechanism::Gssapi);
/// assert_eq!(options.layers, Layers::CONFIDENTIALITY);
/// // Inside TLS none is needed.
/// options.layers = Layers::NONE;
/// assert_eq!(options.mechanism.name(), "GSSAPI");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SaslOptions {
    /// The mechanism.
    pub mechanism: SaslMechanism,
    /// The acceptable layers. The strongest one that both sides support is chosen.
    pub layers: Layers,
    /// The longest frame to accept, not counting the four octets of its length; at most 16 777 215.
    /// A longer frame is refused before any memory is allocated for it.
    ///
    /// A `GSSAPI` peer is told this limit. It defaults to 64 KiB, which is common. A `GSS-SPNEGO`
    /// peer cannot be told, and OpenLDAP sends frames of 64 KiB plus the protection, so the default
    /// is the maximum of 24 bits. Only set a lower limit if you know the peer.
    pub max_receive: u32,
    /// For a client of `GSSAPI`: the identity to act as, if not the ticket's client.
    pub authorization_id: Option<String>,
}

impl SaslMechanism {
    /// The mechanism's name in other protocols.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gssapi => "GSSAPI",
            Self::GssSpnego => "GSS-SPNEGO",
        }
    }

    /// The GSS-API mechanism whose tokens it carries.
    pub const fn gss(self) -> GssMechanism {
        match self {
            Self::Gssapi => GssMechanism::Kerberos,
            Self::GssSpnego => GssMechanism::Spnego,
        }
    }
}

impl Layer {
    /// How it protects messages.
    pub(crate) const fn protection(self) -> Option<Protection> {
        match self {
            Self::None => None,
            Self::Integrity => Some(Protection::Sign),
            Self::Confidentiality => Some(Protection::Seal),
        }
    }

    const STRONGEST_FIRST: [Self; 3] = [Self::Confidentiality, Self::Integrity, Self::None];
}

impl Layers {
    /// No protection.
    pub const NONE: Self = Self(1);
    /// Messages are signed.
    pub const INTEGRITY: Self = Self(2);
    /// Messages are encrypted.
    pub const CONFIDENTIALITY: Self = Self(4);

    /// The set of this layer only.
    pub(crate) const fn only(layer: Layer) -> Self {
        match layer {
            Layer::None => Self::NONE,
            Layer::Integrity => Self::INTEGRITY,
            Layer::Confidentiality => Self::CONFIDENTIALITY,
        }
    }

    /// Whether the set contains `layer`.
    pub const fn has(self, layer: Layer) -> bool {
        self.0 & Self::only(layer).0 != 0
    }

    /// The layers in both sets.
    pub(crate) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The strongest layer of the set.
    pub(crate) fn strongest(self) -> Option<Layer> {
        let mut layers = Layer::STRONGEST_FIRST.into_iter();
        layers.find(|layer| self.has(*layer))
    }

    /// The only layer of the set; `None` if there are none or several.
    pub(crate) fn single(self) -> Option<Layer> {
        self.strongest().filter(|layer| self == Self::only(*layer))
    }

    /// The layers that a context with these flags supports.
    pub(crate) fn of_flags(flags: ContextFlags) -> Self {
        let mut layers = Self::NONE;
        if flags.contains(ContextFlags::INTEG) {
            layers = layers | Self::INTEGRITY;
        }
        if flags.contains(ContextFlags::CONF) {
            layers = layers | Self::CONFIDENTIALITY;
        }
        layers
    }
}

impl SaslOptions {
    /// Options that require encryption and accept frames as long as peers usually make them.
    pub fn new(mechanism: SaslMechanism) -> Self {
        Self {
            mechanism,
            layers: Layers::CONFIDENTIALITY,
            max_receive: match mechanism {
                SaslMechanism::Gssapi => 0x1_0000,
                SaslMechanism::GssSpnego => LONGEST_FRAME,
            },
            authorization_id: None,
        }
    }

    /// The options to call [`Client::initiate`](kerberos_client::Client::initiate) with. Channel
    /// bindings and delegation can be added.
    pub fn initiate_options(&self) -> InitiateOptions {
        let mut options = InitiateOptions::default();
        options.mechanism = self.mechanism.gss();
        let mut flags = ContextFlags::MUTUAL | ContextFlags::REPLAY | ContextFlags::SEQUENCE;
        // RFC 4752 §3.1: GSSAPI negotiates the layer with signed messages.
        let signed = self.mechanism == SaslMechanism::Gssapi || self.layers.has(Layer::Integrity);
        let sealed = self.layers.has(Layer::Confidentiality);
        if signed || sealed {
            flags |= ContextFlags::INTEG;
        }
        if sealed {
            flags |= ContextFlags::CONF;
        }
        options.context.flags = flags;
        options
    }

    /// The longest frame that this side accepts, limited to 24 bits.
    pub(crate) fn receive_limit(&self) -> u32 {
        self.max_receive.min(LONGEST_FRAME)
    }
}

impl BitOr for Layers {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl From<Layer> for Layers {
    fn from(layer: Layer) -> Self {
        Self::only(layer)
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no layer",
            Self::Integrity => "integrity",
            Self::Confidentiality => "confidentiality",
        })
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for layer in Layer::STRONGEST_FIRST.into_iter().rev() {
            if self.has(layer) {
                write!(f, "{separator}{layer}")?;
                separator = " or ";
            }
        }
        if separator.is_empty() {
            write!(f, "nothing known ({:#04x})", self.0)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layers({self})")
    }
}

/// RFC 4752 §3.3: the sizes of frames have 24 bits.
const LONGEST_FRAME: u32 = 0xff_ffff;
