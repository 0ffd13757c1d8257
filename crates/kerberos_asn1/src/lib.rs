//! The messages of RFC 4120, faithful to the wire.
//!
//! ```text
//!   bytes from a peer ──from_der──▶ AsRep, KrbError, Ticket, … ──to_der──▶ bytes to a peer
//!                     borrows, no allocation                one allocation
//! ```
//!
//! All structures of RFC 4120 are here, with the RFC's names and fields, next to their ASN.1;
//! likewise the few of Microsoft's (MS-KILE, MS-KKDCP, MS-SFU) that clients encounter. Decoding
//! borrows from the input and allocates nothing; lists are decoded lazily ([`SequenceOf`]).
//! Encoding allocates exactly once.
//!
//! **What this crate never does:** no cryptography, no policy, no IO, no clock, no randomness; no
//! recursion controlled by the input, no panic on any input, no unsafe code. It does not know the
//! meaning of an encryption type, whether a time has passed, or which peer to trust.
//!
//! # Strict where it is safe, lenient where peers need it
//!
//! DER has exactly one encoding for each value, and anything else is refused ([`der`]): lengths and
//! integers in too many octets, indefinite lengths, trailing data, times that do not exist, other
//! protocol versions, and message types that contradict the tag.
//!
//! The following deviations are accepted because real peers send them:
//!
//! * unknown numbers: name types, padata types, error codes and flags are preserved;
//! * `UInt32` sent as a negative INTEGER with the same 32 bits. Nonces and sequence numbers are
//!   written as RFC 4120 says, key versions as all implementations write them (see
//!   [`EncryptedData`]);
//! * the encrypted part of an AS-REP with the tag of a TGS-REP's
//!   ([`EncKdcRepPart::from_der_any_tag`]);
//! * a KRB-ERROR without its microseconds, and an empty SEQUENCE OF where RFC 4120 forbids it;
//! * strings with any bytes, since implementations have never agreed on their character set;
//! * flag words shorter or longer than 32 bits: the first 32 are kept, and 32 are written;
//! * fields that a later document added at the end of a SEQUENCE: they are skipped and not kept.
//!
//! So a value encodes to the bytes from which it was decoded, with these exceptions: unsigned
//! numbers sent as negative ones (or key versions the other way round), flag words of other
//! lengths, and later fields. Where every octet matters, because of a checksum or a peer, the
//! original bytes are available: [`RawTicket`], [`KdcReq::req_body_der`],
//! [`KrbSafe::safe_body_der`].
//!
//! # Secrets
//!
//! A decoded key borrows from the input buffer, and an encoded key exists only in the returned
//! `Vec`. The caller must wipe both. `Debug` never shows a key.
//!
//! # Example
//!
//! A request, and a KDC's error in response:
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
