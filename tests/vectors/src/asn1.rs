//! All types of `kerberos_asn1` that can be encoded on their own, by name, with a common function
//! type.

use kerberos_asn1::{
    AdAndOr, AdAuthenticationIndicator, AdCammac, AdKdcIssued, ApRep, ApReq, AsRep, AsReq,
    Authenticator, AuthorizationData, ChangePasswdData, Decode, DecodeError, EncApRepPart,
    EncAsRepPart, EncKdcRepPart, EncKrbCredPart, EncKrbPrivPart, EncTgsRepPart, EncTicketPart,
    Encode, EncryptedData, EncryptionKey, EtypeInfo, EtypeInfo2, HostAddresses, KdcProxyMessage,
    KdcReq, KdcReqBody, KerbErrorData, KrbCred, KrbError, KrbPriv, KrbSafe, MethodData, PaEncTsEnc,
    PaForUser, PaPacOptions, PaPacRequest, PaS4uX509User, PrincipalName, RawTicket, S4uUserId,
    TgsRep, TgsReq, Ticket, TransitedEncoding, TypedData,
};

/// Decodes its input and encodes the value again.
pub type RoundTrip = fn(&[u8]) -> Result<Vec<u8>, DecodeError>;

/// A type by name.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The name of the type.
    pub name: &'static str,
    /// Decodes and encodes it.
    pub round_trip: RoundTrip,
}

/// The kind called `name`.
pub fn kind(name: &str) -> Option<Kind> {
    KINDS.iter().copied().find(|kind| kind.name == name)
}

/// Decodes `bytes` as `kind`. If that succeeds, its encoding must decode to the same value.
///
/// Encoding is injective, so equal encodings mean equal values, including keys.
///
/// # Errors
/// When `bytes` do not decode.
///
/// # Panics
/// When the encoding of a decoded value does not decode, or encodes to something else.
pub fn check(kind: Kind, bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let once = (kind.round_trip)(bytes)?;
    let twice = (kind.round_trip)(&once);
    assert_eq!(
        twice.as_ref(),
        Ok(&once),
        "{} does not round-trip: {bytes:02x?}",
        kind.name
    );
    Ok(once)
}

/// The table of kinds: each type decodes with `from_der` and encodes with `to_der`.
macro_rules! kinds {
    ($($name:ident),* $(,)?) => {
        /// All types that can be encoded on their own.
        pub const KINDS: &[Kind] = &[
            $( Kind {
                name: stringify!($name),
                round_trip: |bytes| $name::from_der(bytes).map(|value| value.to_der()),
            }, )*
            Kind {
                name: "EncKdcRepPart::from_der_any_tag",
                round_trip: |bytes| {
                    let part = EncKdcRepPart::from_der_any_tag(bytes)?;
                    Ok(EncAsRepPart(part).to_der())
                },
            },
            Kind {
                name: "KdcReq::req_body_der",
                round_trip: |bytes| {
                    let body = KdcReq::req_body_der(bytes)?;
                    let request = KdcReq::from_der(bytes)?;
                    let decoded = KdcReqBody::from_der(body)?;
                    assert_eq!(decoded, request.req_body);
                    Ok(request.to_der())
                },
            },
            Kind {
                name: "PaS4uX509User::user_id_der",
                round_trip: |bytes| {
                    let user_id = S4uUserId::from_der(PaS4uX509User::user_id_der(bytes)?)?;
                    let padata = PaS4uX509User::from_der(bytes)?;
                    assert_eq!(user_id, padata.user_id);
                    Ok(padata.to_der())
                },
            },
            Kind {
                name: "KrbSafe::safe_body_der",
                round_trip: |bytes| {
                    KrbSafe::safe_body_der(bytes)?;
                    Ok(KrbSafe::from_der(bytes)?.to_der())
                },
            },
        ];
    };
}

kinds! {
    AdAndOr, AdAuthenticationIndicator, AdCammac, AdKdcIssued, ApRep, ApReq, AsRep, AsReq,
    Authenticator, AuthorizationData, ChangePasswdData, EncApRepPart, EncAsRepPart, EncKrbCredPart, EncKrbPrivPart, EncTgsRepPart, EncTicketPart,
    EncryptedData, EncryptionKey, EtypeInfo, EtypeInfo2, HostAddresses, KdcReq, KdcReqBody,
    KdcProxyMessage, KerbErrorData, KrbCred, KrbError, KrbPriv, KrbSafe, MethodData, PaEncTsEnc,
    PaForUser, PaPacOptions, PaPacRequest, PaS4uX509User, PrincipalName, RawTicket, S4uUserId, TgsRep, TgsReq,
    Ticket, TransitedEncoding, TypedData,
}
