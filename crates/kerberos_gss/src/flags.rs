//! `ContextFlags`: the services of a context, as encoded in the checksum of RFC 4121 §4.1.1.1.

use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign, Not};

/// Services of a security context (RFC 2743 §1.2.1, RFC 4121 §4.1.1.1). Unknown flags are
/// preserved.
///
/// # Example
/// ```
/// use kerberos_gss::ContextFlags;
/// let flags = ContextFlags::MUTUAL | ContextFlags::CONF;
/// assert!(flags.contains(ContextFlags::MUTUAL));
/// assert!(!flags.contains(ContextFlags::MUTUAL | ContextFlags::DELEG));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ContextFlags(pub u32);

impl ContextFlags {
    /// The initiator delegates a TGT to the acceptor.
    pub const DELEG: Self = Self(1);
    /// The acceptor proves its identity, too.
    pub const MUTUAL: Self = Self(2);
    /// Repeated messages are detected.
    pub const REPLAY: Self = Self(4);
    /// Missing and reordered messages are detected.
    pub const SEQUENCE: Self = Self(8);
    /// Messages can be encrypted.
    pub const CONF: Self = Self(0x10);
    /// Messages can be signed.
    pub const INTEG: Self = Self(0x20);
    /// Three tokens without frames, as in DCE RPC (RFC 4757 §7.1).
    pub const DCE_STYLE: Self = Self(0x1000);
    /// The acceptor may identify the initiator, but not act on its behalf (RFC 4757 §7.1).
    pub const IDENTIFY: Self = Self(0x2000);
    /// Errors may be reported in Windows' format (RFC 4757 §7.1).
    pub const EXTENDED_ERROR: Self = Self(0x4000);

    /// No flag.
    pub const fn empty() -> Self {
        Self(0)
    }

    /// Whether all of `flags` are set.
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl BitOr for ContextFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for ContextFlags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for ContextFlags {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for ContextFlags {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl fmt::Debug for ContextFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = *self;
        let mut separator = "ContextFlags(";
        for (flag, name) in NAMES {
            if rest.contains(flag) {
                write!(f, "{separator}{name}")?;
                separator = " | ";
                rest = rest & !flag;
            }
        }
        if rest.0 != 0 || separator != " | " {
            write!(f, "{separator}{:#x}", rest.0)?;
        }
        f.write_str(")")
    }
}

const NAMES: [(ContextFlags, &str); 9] = [
    (ContextFlags::DELEG, "DELEG"),
    (ContextFlags::MUTUAL, "MUTUAL"),
    (ContextFlags::REPLAY, "REPLAY"),
    (ContextFlags::SEQUENCE, "SEQUENCE"),
    (ContextFlags::CONF, "CONF"),
    (ContextFlags::INTEG, "INTEG"),
    (ContextFlags::DCE_STYLE, "DCE_STYLE"),
    (ContextFlags::IDENTIFY, "IDENTIFY"),
    (ContextFlags::EXTENDED_ERROR, "EXTENDED_ERROR"),
];

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn debug_output_names_the_flags() {
        let shown = |flags| format!("{:?}", ContextFlags(flags));
        assert_eq!(shown(0), "ContextFlags(0x0)");
        assert_eq!(shown(0x32), "ContextFlags(MUTUAL | CONF | INTEG)");
        assert_eq!(shown(0x8000_0002), "ContextFlags(MUTUAL | 0x80000000)");
    }
}
