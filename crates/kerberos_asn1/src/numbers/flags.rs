//! Flag words (RFC 4120 §5.2.8): bit 0 is the most significant of 32.
//!
//! A word keeps all of its 32 bits, known or not. Bits after the 32nd are not defined and are
//! dropped when decoding. Words are always encoded with 32 bits.

/// Declares a flag word with the bit numbers of the RFC.
macro_rules! flag_word {
    (
        $(#[$doc:meta])*
        pub struct $name:ident;
        $( $(#[$cdoc:meta])* $konst:ident = $bit:literal; )*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub u32);

        impl $name {
            $( $(#[$cdoc])* pub const $konst: Self = Self(1 << (31 - $bit)); )*

            /// No flags.
            pub const fn empty() -> Self {
                Self(0)
            }

            /// Whether all flags of `other` are set.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// These flags, except those of `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }

        impl core::ops::BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl core::ops::BitOrAssign for $name {
            fn bitor_assign(&mut self, other: Self) {
                self.0 |= other.0;
            }
        }

        impl core::ops::BitAnd for $name {
            type Output = Self;
            fn bitand(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}({:#010x}", stringify!($name), self.0)?;
                $( if self.contains(Self::$konst) {
                    f.write_str(concat!(" ", stringify!($konst)))?;
                } )*
                f.write_str(")")
            }
        }

        impl<'a> $crate::der::Decode<'a> for $name {
            #[inline]
            fn decode(
                reader: &mut $crate::der::Reader<'a>,
            ) -> Result<Self, $crate::der::DecodeError> {
                $crate::der::decode_flags(reader).map(Self)
            }
        }

        impl $crate::der::Encode for $name {
            #[inline]
            fn encode<S: $crate::der::Sink>(&self, sink: &mut S) {
                $crate::der::encode_flags(self.0, sink);
            }
        }
    };
}

flag_word! {
    /// The flags of a ticket (RFC 4120 §5.3).
    ///
    /// # Example
    /// ```
    /// use kerberos_asn1::TicketFlags;
    /// let flags = TicketFlags::FORWARDABLE | TicketFlags::INITIAL;
    /// assert!(flags.contains(TicketFlags::INITIAL));
    /// assert_eq!(flags.0, 0x4040_0000);
    /// assert_eq!(format!("{flags:?}"), "TicketFlags(0x40400000 FORWARDABLE INITIAL)");
    /// ```
    pub struct TicketFlags;
    /// The client may request a ticket with other addresses.
    FORWARDABLE = 1;
    /// This ticket was forwarded, or was obtained with one that was.
    FORWARDED = 2;
    /// Like forwardable, but for tickets other than the TGT.
    PROXIABLE = 3;
    /// This ticket is a proxy.
    PROXY = 4;
    /// The client may request a ticket with a later start.
    MAY_POSTDATE = 5;
    /// This ticket was postdated.
    POSTDATED = 6;
    /// The KDC must validate this ticket before use.
    INVALID = 7;
    /// The ticket can be renewed until its renew-till time.
    RENEWABLE = 8;
    /// The ticket comes from an AS exchange.
    INITIAL = 9;
    /// The client was preauthenticated.
    PRE_AUTHENT = 10;
    /// The client was preauthenticated with hardware.
    HW_AUTHENT = 11;
    /// The KDC checked the transited realms.
    TRANSITED_POLICY_CHECKED = 12;
    /// The KDC considers the service fit for delegation.
    OK_AS_DELEGATE = 13;
    /// The KDC protects its replies as described in RFC 6806 §11.
    ENC_PA_REP = 15;
    /// The client is anonymous (RFC 8062 §3).
    ANONYMOUS = 16;
}

flag_word! {
    /// A client's options in a request to a KDC (RFC 4120 §5.4.1).
    pub struct KdcOptions;
    /// A ticket that can be forwarded.
    FORWARDABLE = 1;
    /// A forwarded ticket, for the addresses of the request.
    FORWARDED = 2;
    /// A ticket that can be proxied.
    PROXIABLE = 3;
    /// A proxy, for the addresses of the request.
    PROXY = 4;
    /// A ticket with which postdated tickets can be requested.
    ALLOW_POSTDATE = 5;
    /// A postdated ticket.
    POSTDATED = 6;
    /// A renewable ticket.
    RENEWABLE = 8;
    /// Preauthentication with hardware.
    OPT_HARDWARE_AUTH = 11;
    /// Constrained delegation: the ticket in additional-tickets is the evidence (MS-SFU §2.2.3).
    CNAME_IN_ADDL_TKT = 14;
    /// The KDC may return other names (RFC 6806 §3).
    CANONICALIZE = 15;
    /// A ticket without the client's name (RFC 8062 §3).
    REQUEST_ANONYMOUS = 16;
    /// The KDC need not check the transited realms.
    DISABLE_TRANSITED_CHECK = 26;
    /// Accept a renewable ticket if the requested lifetime is not available.
    RENEWABLE_OK = 27;
    /// Encrypt the ticket in the session key of the additional ticket (user-to-user).
    ENC_TKT_IN_SKEY = 28;
    /// Renew the ticket of the request.
    RENEW = 30;
    /// Validate the postdated ticket of the request.
    VALIDATE = 31;
}

flag_word! {
    /// A client's options in a request to a service (RFC 4120 §5.5.1).
    pub struct ApOptions;
    /// The ticket is encrypted in the session key of the server's TGT.
    USE_SESSION_KEY = 1;
    /// The server must prove its identity, too.
    MUTUAL_REQUIRED = 2;
}

flag_word! {
    /// A client's options in a request to a Windows KDC (MS-KILE §2.2.10).
    pub struct PacOptions;
    /// The client supports claims.
    CLAIMS = 0;
    /// The client is branch-aware.
    BRANCH_AWARE = 1;
    /// Forward the request to a full domain controller.
    FORWARD_TO_FULL_DC = 2;
    /// Resource-based constrained delegation (MS-SFU §2.2.5).
    RESOURCE_BASED_CONSTRAINED_DELEGATION = 3;
}

flag_word! {
    /// A service's options in a request on behalf of a user (MS-SFU §2.2.2).
    pub struct S4uOptions;
    /// Check the hours during which the user may log in.
    CHECK_LOGON_HOURS = 1;
    /// Use a separate key usage for the checksum of the reply.
    USE_REPLY_KEY_USAGE = 2;
}

#[cfg(test)]
mod tests {
    use super::{ApOptions, KdcOptions, TicketFlags};
    use crate::der::{Decode, Encode};

    #[track_caller]
    fn check(der: &[u8], flags: TicketFlags, again: &[u8]) {
        assert_eq!(TicketFlags::from_der(der), Ok(flags));
        assert_eq!(flags.to_der(), again);
    }

    #[test]
    fn unknown_flag_bits_round_trip() {
        let der = b"\x03\x05\x00\xfe\xdc\xba\x98";
        check(der, TicketFlags(0xfedc_ba98), der);
    }

    #[test]
    fn shorter_and_longer_flags_are_reencoded_as_32_bits() {
        let der = b"\x03\x05\x00\x40\x00\x00\x00";
        check(b"\x03\x02\x06\x40", TicketFlags::FORWARDABLE, der);
        check(
            b"\x03\x06\x00\x40\x00\x00\x00\xff",
            TicketFlags::FORWARDABLE,
            der,
        );
    }

    #[test]
    fn flag_bit_numbers_and_set_operations_are_correct() {
        assert_eq!(KdcOptions::VALIDATE.0, 1);
        assert_eq!(KdcOptions::CANONICALIZE.0, 0x0001_0000);
        assert_eq!(ApOptions::MUTUAL_REQUIRED.0, 0x2000_0000);
        let mut options = KdcOptions::RENEWABLE | KdcOptions::RENEW;
        options |= KdcOptions::FORWARDABLE;
        assert_eq!(options.without(KdcOptions::RENEW).0, 0x4080_0000);
        assert_eq!(options & KdcOptions::RENEW, KdcOptions::RENEW);
        assert!(!KdcOptions::empty().contains(KdcOptions::RENEW));
    }
}
