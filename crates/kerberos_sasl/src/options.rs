//! `SaslOptions`: what one side of an exchange wants.

use std::fmt;
use std::ops::BitOr;

use kerberos_client::kerberos_gss::{ContextFlags, Protection};
use kerberos_client::{GssMechanism, InitiateOptions};

/// Which mechanism of SASL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SaslMechanism {
    /// `GSSAPI`: Kerberos, and then the layers are agreed on (RFC 4752).
    Gssapi,
    /// `GSS-SPNEGO`: SPNEGO, whose flags say what the layer is (MS-ADTS §5.1.1.1).
    GssSpnego,
}

/// A set of security layers (RFC 4752 §3.3).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Layers(pub u8);

/// What one side of an exchange wants.
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
    /// The layers that will do. The strongest that both sides have is chosen.
    pub layers: Layers,
    /// The longest frame to be received, its four octets of length not counted; at most
    /// 16 777 215. What a peer sends beyond that is refused before it takes memory.
    pub max_receive: u32,
    /// As a client of `GSSAPI`: whom to act as, if it is not the ticket's client.
    pub authorization_id: Option<String>,
}

impl SaslMechanism {
    /// Its name in the messages of other protocols.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gssapi => "GSSAPI",
            Self::GssSpnego => "GSS-SPNEGO",
        }
    }

    /// The tokens that it carries.
    pub const fn gss(self) -> GssMechanism {
        match self {
            Self::Gssapi => GssMechanism::Kerberos,
            Self::GssSpnego => GssMechanism::Spnego,
        }
    }
}

impl Layers {
    /// No protection.
    pub const NONE: Self = Self(1);
    /// Messages are signed.
    pub const INTEGRITY: Self = Self(2);
    /// Messages are encrypted.
    pub const CONFIDENTIALITY: Self = Self(4);

    /// Whether one of these is among them.
    pub const fn has(self, layer: Self) -> bool {
        self.0 & layer.0 != 0
    }

    /// Those that both have.
    pub(crate) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The strongest of them.
    pub(crate) fn strongest(self) -> Option<Self> {
        let strongest_first = [Self::CONFIDENTIALITY, Self::INTEGRITY, Self::NONE];
        strongest_first.into_iter().find(|layer| self.has(*layer))
    }

    /// What a context with these flags can do.
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

    /// What the one layer that this is does to messages.
    pub(crate) fn protection(self) -> Option<Protection> {
        match self {
            Self::INTEGRITY => Some(Protection::Sign),
            Self::CONFIDENTIALITY => Some(Protection::Seal),
            _ => None,
        }
    }
}

impl SaslOptions {
    /// Encryption, and frames of 64 KiB at most, as most peers have it.
    pub fn new(mechanism: SaslMechanism) -> Self {
        Self {
            mechanism,
            layers: Layers::CONFIDENTIALITY,
            max_receive: 0x1_0000,
            authorization_id: None,
        }
    }

    /// What [`Client::initiate`](kerberos_client::Client::initiate) has to ask for; channel bindings
    /// and delegation can be added.
    pub fn initiate_options(&self) -> InitiateOptions {
        let mut options = InitiateOptions::default();
        options.mechanism = self.mechanism.gss();
        let mut flags = ContextFlags::MUTUAL | ContextFlags::REPLAY | ContextFlags::SEQUENCE;
        // RFC 4752 §3.1: the layers of GSSAPI are agreed on with signed messages.
        let signed = Layers::INTEGRITY | Layers::CONFIDENTIALITY;
        if self.layers.has(signed) || self.mechanism == SaslMechanism::Gssapi {
            flags |= ContextFlags::INTEG;
        }
        if self.layers.has(Layers::CONFIDENTIALITY) {
            flags |= ContextFlags::CONF;
        }
        options.context.flags = flags;
        options
    }

    /// The longest frame that this side takes, in the 24 bits that there are for it.
    pub(crate) fn receive_limit(&self) -> u32 {
        self.max_receive.min(0xff_ffff)
    }
}

impl BitOr for Layers {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::NONE, "no layer"),
            (Self::INTEGRITY, "integrity"),
            (Self::CONFIDENTIALITY, "confidentiality"),
        ];
        let mut separator = "";
        for (layer, name) in names {
            if self.has(layer) {
                write!(f, "{separator}{name}")?;
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
