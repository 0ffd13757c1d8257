//! The protocol's assigned numbers (RFC 4120 §7.5) as open newtypes: unknown numbers are preserved.
//! Encryption and checksum types are plain `i32` here; the crypto crate names them.

mod error_code;
mod flags;
mod padata_type;

pub use error_code::ErrorCode;
pub use flags::{ApOptions, KdcOptions, PacOptions, S4uOptions, TicketFlags};
pub use padata_type::PaDataType;

/// Declares an open newtype for a wire integer, with named constants and a `Debug` that shows the
/// names.
macro_rules! open_enum {
    (
        $(#[$doc:meta])*
        pub struct $name:ident;
        $( $(#[$cdoc:meta])* $konst:ident = $value:expr; )*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i32);

        impl $name {
            $( $(#[$cdoc])* pub const $konst: Self = Self($value); )*

            /// The name used in the RFCs, if the number is known here.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $( Self::$konst => Some(stringify!($konst)), )*
                    _ => None,
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{}({})", stringify!($name), self.0),
                }
            }
        }

        impl<'a> $crate::der::Decode<'a> for $name {
            #[inline]
            fn decode(
                reader: &mut $crate::der::Reader<'a>,
            ) -> Result<Self, $crate::der::DecodeError> {
                $crate::der::decode_i32(reader).map(Self)
            }
        }

        impl $crate::der::Encode for $name {
            #[inline]
            fn encode<S: $crate::der::Sink>(&self, sink: &mut S) {
                $crate::der::encode_integer(i64::from(self.0), sink);
            }
        }
    };
}
use open_enum;

open_enum! {
    /// How the components of a principal name are to be understood (RFC 4120 §6.2).
    pub struct NameType;
    /// Name type not known.
    UNKNOWN = 0;
    /// The name of a user.
    PRINCIPAL = 1;
    /// A service and its instance, as in `krbtgt/REALM`.
    SRV_INST = 2;
    /// A service and its host, as in `host/www.example.com`.
    SRV_HST = 3;
    /// A service, its host and further components.
    SRV_XHST = 4;
    /// A unique identifier.
    UID = 5;
    /// An encoded X.509 distinguished name (RFC 4556).
    X500_PRINCIPAL = 6;
    /// A name in the format of a mail address.
    SMTP_NAME = 7;
    /// A name that the KDC maps to a principal, as in `user@company.example` (RFC 6806 §5).
    ENTERPRISE = 10;
    /// A well-known name with a meaning of its own (RFC 6111 §3.1).
    WELLKNOWN = 11;
    /// A service, its host and the domain it serves (RFC 5179).
    SRV_HST_DOMAIN = 12;
    /// Windows 2000 user principal name and security identifier.
    MS_PRINCIPAL = -128;
    /// Windows 2000 user principal name and security identifier, with its domain.
    MS_PRINCIPAL_AND_ID = -129;
    /// Windows 2000 enterprise name and security identifier.
    ENT_PRINCIPAL_AND_ID = -130;
}

open_enum! {
    /// The type of a host address (RFC 4120 §7.5.3).
    pub struct AddressType;
    /// Four octets, network byte order.
    IPV4 = 2;
    /// Directional addresses for KRB-SAFE and KRB-PRIV.
    DIRECTIONAL = 3;
    /// Chaosnet.
    CHAOSNET = 5;
    /// Xerox network services.
    XNS = 6;
    /// ISO addresses.
    ISO = 7;
    /// DECnet phase IV.
    DECNET = 12;
    /// AppleTalk datagram delivery.
    APPLETALK_DDP = 16;
    /// A NetBIOS name of 16 octets, padded with blanks.
    NETBIOS = 20;
    /// Sixteen octets, network byte order.
    IPV6 = 24;
}

open_enum! {
    /// The type of an authorization data element (RFC 4120 §7.5.4 and Microsoft's).
    pub struct AuthorizationDataType;
    /// Elements that a service may ignore if it does not know them (§5.2.6.1).
    IF_RELEVANT = 1;
    /// Reserved by RFC 4120 §7.5.4 without a definition.
    INTENDED_FOR_SERVER = 2;
    /// Reserved by RFC 4120 §7.5.4 without a definition.
    INTENDED_FOR_APPLICATION_CLASS = 3;
    /// Elements signed by the KDC with the session key (§5.2.6.2).
    KDC_ISSUED = 4;
    /// A service must understand as many of these as stated (§5.2.6.3).
    AND_OR = 5;
    /// Reserved by RFC 4120 §7.5.4 without a definition.
    MANDATORY_TICKET_EXTENSIONS = 6;
    /// Reserved by RFC 4120 §7.5.4 without a definition.
    IN_TICKET_EXTENSIONS = 7;
    /// Elements that the KDC must understand (§5.2.6.4).
    MANDATORY_FOR_KDC = 8;
    /// Initial verified CAs (RFC 4556 §3.2.3).
    INITIAL_VERIFIED_CAS = 9;
    /// DCE security of the OSF.
    OSF_DCE = 64;
    /// SESAME.
    SESAME = 65;
    /// DCE certificate identifier of the OSF.
    OSF_DCE_PKI_CERTID = 66;
    /// Strength of the freshness of the armor key (RFC 6113 §6.4.3).
    AUTHENTICATION_STRENGTH = 70;
    /// The ticket was obtained with FAST armor (RFC 6113 §5.4.1.1).
    FX_FAST_ARMOR = 71;
    /// The reply was protected by FAST (RFC 6113 §5.4.2).
    FX_FAST_USED = 72;
    /// A container authenticated by several MACs (RFC 7751).
    CAMMAC = 96;
    /// How strongly the client authenticated (RFC 8129).
    AUTHENTICATION_INDICATOR = 97;
    /// Microsoft's privilege attribute certificate (MS-PAC).
    WIN2K_PAC = 128;
    /// Encryption types for negotiation in an AP exchange (RFC 4537).
    ETYPE_NEGOTIATION = 129;
    /// Restrictions on the use of a ticket (MS-KILE).
    TOKEN_RESTRICTIONS = 141;
    /// Options of an application request (MS-KILE), such as channel binding support.
    AP_OPTIONS = 143;
    /// The name of the service that the client intended to reach (MS-KILE).
    TARGET_PRINCIPAL = 144;
}

open_enum! {
    /// The type of a message (RFC 4120 §7.5.7), which is also its application tag number.
    pub struct MessageType;
    /// Request for initial authentication.
    AS_REQ = 10;
    /// Response to `AS_REQ`.
    AS_REP = 11;
    /// Request for authentication based on a TGT.
    TGS_REQ = 12;
    /// Response to `TGS_REQ`.
    TGS_REP = 13;
    /// Application request to a server.
    AP_REQ = 14;
    /// Response to an `AP_REQ` that asks for mutual authentication.
    AP_REP = 15;
    /// Reserved for user-to-user.
    RESERVED16 = 16;
    /// Reserved for user-to-user.
    RESERVED17 = 17;
    /// Safe (checksummed) application message.
    KRB_SAFE = 20;
    /// Private (encrypted) application message.
    KRB_PRIV = 21;
    /// Private (encrypted) message to forward credentials.
    KRB_CRED = 22;
    /// Error response.
    KRB_ERROR = 30;
}

open_enum! {
    /// What a [`LastReqEntry`](crate::LastReqEntry) states (RFC 4120 §5.4.2).
    ///
    /// Positive values apply to all servers of the realm, negative values to the responding server
    /// only.
    pub struct LastReqType;
    /// Nothing.
    NONE = 0;
    /// When a TGT was last requested.
    LAST_INITIAL_TGT_REQUEST = 1;
    /// When initial authentication was last requested.
    LAST_INITIAL_REQUEST = 2;
    /// When the newest TGT that was used was issued.
    NEWEST_TGT_ISSUED = 3;
    /// When a ticket was last renewed.
    LAST_RENEWAL = 4;
    /// When anything was last requested.
    LAST_REQUEST = 5;
    /// When the password expires.
    PASSWORD_EXPIRATION = 6;
    /// When the account expires.
    ACCOUNT_EXPIRATION = 7;
}

open_enum! {
    /// How the transited realms are encoded (RFC 4120 §7.5.5).
    pub struct TransitedType;
    /// Realm names compressed as in RFC 4120 §3.3.3.2.
    DOMAIN_X500_COMPRESS = 1;
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{AuthorizationDataType, ErrorCode, LastReqType, NameType, PaDataType};
    use crate::der::{Decode, Encode};

    #[test]
    fn debug_shows_names_of_known_numbers() {
        assert_eq!(format!("{:?}", NameType::SRV_INST), "SRV_INST");
        assert_eq!(format!("{:?}", PaDataType(19)), "ETYPE_INFO2");
        assert_eq!(format!("{:?}", ErrorCode(25)), "KDC_ERR_PREAUTH_REQUIRED");
    }

    #[test]
    fn unknown_numbers_round_trip() {
        let unknown = AuthorizationDataType::from_der(b"\x02\x02\xfe\x00").unwrap();
        assert_eq!(format!("{unknown:?}"), "AuthorizationDataType(-512)");
        assert_eq!(unknown.to_der(), b"\x02\x02\xfe\x00");
        assert_eq!(LastReqType(-5).to_der(), b"\x02\x01\xfb");
    }
}
