//! RFC 4120 messages, faithful to the wire.
//!
//! ```text
//!   bytes from a peer ──from_der──▶ AsRep, KrbError, Ticket, … ──to_der──▶ bytes to a peer
//!                     borrows, no allocation                one allocation
//! ```
//!
//! Every structure of RFC 4120 is here under the RFC's own name and with its fields, beside its
//! ASN.1, and so are the few of Microsoft's (MS-KILE, MS-KKDCP, MS-SFU) that a client meets.
//! Decoding borrows from the input and allocates nothing; lists are read lazily ([`SequenceOf`]).
//! Encoding allocates once, exactly.
//!
//! **What this crate never does:** no cryptography, no policy, no IO, no clock, no randomness; no
//! recursion by what the input says, no panic on any input, no unsafe code. It does not know what
//! an encryption type is, whether a time has come, or which peer to trust.
//!
//! # Strict where it is safe, lenient where peers need it
//!
//! DER has one encoding for each value, and anything else is refused ([`der`]): lengths and
//! integers in too many octets, indefinite lengths, octets after the end, times that do not exist,
//! another protocol version, a message type that contradicts the tag.
//!
//! Accepted is what real peers send though a purist would not:
//!
//! * unknown numbers: name types, padata types, error codes and flags survive as they are;
//! * `UInt32` sent as a negative INTEGER: the same 32 bits. Nonces and sequence numbers are written
//!   as RFC 4120 says, key versions as everybody writes them (see [`EncryptedData`]);
//! * the encrypted part of an AS-REP under the tag of a TGS-REP's
//!   ([`EncKdcRepPart::from_der_any_tag`]);
//! * a KRB-ERROR without its microseconds, and an empty SEQUENCE OF where RFC 4120 wants none;
//! * strings with any bytes, since Kerberos has never agreed on their character set;
//! * flag words shorter or longer than 32 bits: the first 32 are kept, and 32 are written;
//! * fields added at the end of a SEQUENCE by a later document: skipped, not kept.
//!
//! So a value encodes to the bytes it was decoded from, but for unsigned numbers sent as negative
//! ones (or key versions the other way round), other lengths of flag words, and later fields. Where
//! every octet counts, because a checksum or a peer depends on it, the bytes themselves are at
//! hand: [`RawTicket`], [`KdcReq::req_body_der`], [`KrbSafe::safe_body_der`].
//!
//! # Secrets
//!
//! A decoded key borrows from the buffer it came in, and an encoded one is in the returned `Vec`
//! and nowhere else: both are the caller's to wipe. `Debug` never shows a key.
//!
//! # Example
//!
//! A request, and the error that a KDC answers it with:
//!
//! ```
//! use kerberos_asn1::{
//!     AsReq, Decode, Encode, ErrorCode, EtypeInfo2, EtypeInfo2Entry, KdcOptions, KdcReqBody,
//!     KerberosString, KerberosTime, KrbError, MessageType, MethodData, Microseconds, NameType,
//!     PaData, PaDataType, PrincipalName, SequenceOf,
//! };
//!
//! let client = PrincipalName {
//!     name_type: NameType::PRINCIPAL,
//!     name_string: SequenceOf::from(vec!["alice".into()]),
//! };
//! let server = PrincipalName {
//!     name_type: NameType::SRV_INST,
//!     name_string: SequenceOf::from(vec!["krbtgt".into(), "EXAMPLE.COM".into()]),
//! };
//! let request = AsReq::new(
//!     None,
//!     KdcReqBody {
//!         kdc_options: KdcOptions::FORWARDABLE | KdcOptions::RENEWABLE_OK,
//!         cname: Some(client.clone()),
//!         realm: "EXAMPLE.COM".into(),
//!         sname: Some(server.clone()),
//!         from: None,
//!         till: KerberosTime::from_unix(1_700_086_400),
//!         rtime: None,
//!         nonce: 0x1234_5678,
//!         etype: SequenceOf::from(vec![20, 18, 17]),
//!         addresses: None,
//!         enc_authorization_data: None,
//!         additional_tickets: None,
//!     },
//! );
//! let bytes = request.to_der();
//!
//! // The KDC reads it …
//! let AsReq(received) = AsReq::from_der(&bytes)?;
//! assert_eq!(received.req_body.etype.first(), Some(20));
//! assert_eq!(received.req_body.cname, Some(client));
//!
//! // … and wants to see proof first.
//! let info = SequenceOf::from(vec![EtypeInfo2Entry {
//!     etype: 18,
//!     salt: Some("EXAMPLE.COMalice".into()),
//!     s2kparams: None,
//! }])
//! .to_der();
//! let methods = SequenceOf::from(vec![
//!     PaData { padata_type: PaDataType::ENC_TIMESTAMP, padata_value: &[] },
//!     PaData { padata_type: PaDataType::ETYPE_INFO2, padata_value: &info },
//! ])
//! .to_der();
//! let answer = KrbError {
//!     ctime: None,
//!     cusec: None,
//!     stime: KerberosTime::from_unix(1_700_000_000),
//!     susec: Some(Microseconds(42)),
//!     error_code: ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
//!     crealm: None,
//!     cname: None,
//!     realm: "EXAMPLE.COM".into(),
//!     sname: server,
//!     e_text: Some("NEEDED_PREAUTH".into()),
//!     e_data: Some(&methods),
//! }
//! .to_der();
//!
//! // The client finds the salt.
//! assert_eq!(MessageType::of_der(&answer), Some(MessageType::KRB_ERROR));
//! let error = KrbError::from_der(&answer)?;
//! assert_eq!(error.error_code, ErrorCode::KDC_ERR_PREAUTH_REQUIRED);
//! let methods = MethodData::from_der(error.e_data.unwrap_or_default())?;
//! let hint = methods
//!     .iter()
//!     .find(|method| method.padata_type == PaDataType::ETYPE_INFO2)
//!     .expect("it is there");
//! let info = EtypeInfo2::from_der(hint.padata_value)?;
//! assert_eq!(info.first().and_then(|entry| entry.salt), Some(KerberosString(b"EXAMPLE.COMalice")));
//!
//! // Anything cut short or added to is refused, and the error says where.
//! let cut = KrbError::from_der(&answer[..answer.len() - 1]).unwrap_err();
//! assert_eq!(cut.to_string(), "input ends in the middle of an element at byte 0");
//! # Ok::<(), kerberos_asn1::DecodeError>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ap;
mod authorization_data;
mod change_password;
mod cred;
pub mod der;
mod encrypted;
mod kdc_rep;
mod kdc_req;
mod kkdcp;
mod krb_error;
mod message;
mod numbers;
mod padata;
mod principal;
mod s4u;
mod safe_priv;
mod strings;
mod ticket;
mod time;
mod transited;

pub use ap::{ApRep, ApReq, Authenticator, EncApRepPart};
pub use authorization_data::{
    AdAndOr, AdAuthenticationIndicator, AdCammac, AdIfRelevant, AdKdcIssued, AdMandatoryForKdc,
    AuthorizationData, AuthorizationDataEntry, VerifierMac,
};
pub use change_password::ChangePasswdData;
pub use cred::{EncKrbCredPart, KrbCred, KrbCredInfo};
pub use der::{Decode, DecodeError, DecodeErrorKind, Encode, SequenceOf};
pub use encrypted::{Checksum, EncryptedData, EncryptionKey};
pub use kdc_rep::{
    AsRep, EncAsRepPart, EncKdcRepPart, EncTgsRepPart, KdcRep, LastReq, LastReqEntry, TgsRep,
};
pub use kdc_req::{AsReq, KdcReq, KdcReqBody, TgsReq};
pub use kkdcp::KdcProxyMessage;
pub use krb_error::{KerbErrorData, KrbError, TypedData, TypedDataEntry};
pub use numbers::{
    AddressType, ApOptions, AuthorizationDataType, ErrorCode, KdcOptions, LastReqType, MessageType,
    NameType, PaDataType, PacOptions, S4uOptions, TicketFlags, TransitedType,
};
pub use padata::{
    EtypeInfo, EtypeInfo2, EtypeInfo2Entry, EtypeInfoEntry, MethodData, PaData, PaEncTimestamp,
    PaEncTsEnc, PaPacOptions, PaPacRequest,
};
pub use principal::{HostAddress, HostAddresses, PrincipalName};
pub use s4u::{PaForUser, PaS4uX509User, S4uUserId};
pub use safe_priv::{EncKrbPrivPart, KrbPriv, KrbSafe, KrbSafeBody};
pub use strings::{KerberosString, Realm, Utf8String};
pub use ticket::{EncTicketPart, RawTicket, Ticket};
pub use time::{KerberosTime, Microseconds};
pub use transited::TransitedEncoding;
