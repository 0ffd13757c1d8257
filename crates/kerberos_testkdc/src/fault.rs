//! `Fault`: everything that the KDC can do wrong, and how often.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kerberos_asn1::{ErrorCode, TicketFlags};
use kerberos_crypto::EncryptionType;

use crate::kdc::Transport;

/// Something that the KDC does wrong.
///
/// Several faults can be set at once. A fault that does not apply to a request has no effect:
/// `WrongNonce` waits for a reply with a nonce.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    // Whether an answer reaches the client.
    /// No answer.
    Silence,
    /// No answer over this transport.
    SilenceOn(Transport),
    /// Every answer is delayed by this duration (real time, so only over the network).
    Delay(Duration),
    /// An answer that is not a message.
    Garbage,
    /// Only the first half of the answer.
    Truncated,
    /// KRB_ERR_RESPONSE_TOO_BIG to everything received over UDP.
    TooBigForUdp,
    /// TCP: states this length in bytes, then sends the answer and nothing more.
    TcpLength(u32),
    /// TCP: the connection is closed before the answer.
    TcpCloses,
    /// TCP: the connection is closed in the middle of the answer.
    TcpClosesMidway,
    /// UDP: the answer comes from another port.
    UdpFromOtherPort,

    // Errors instead of tickets.
    /// This error to every request.
    Error(ErrorCode),
    /// This error to every request with preauthentication.
    ErrorAfterPreauth(ErrorCode),
    /// KDC_ERR_PREAUTH_EXPIRED to a request with preauthentication (RFC 6113 §5.2). Most useful
    /// with [`Kdc::set_fault_once`](crate::Kdc::set_fault_once).
    PreauthExpired,
    /// KDC_ERR_PREAUTH_REQUIRED without a list of mechanisms.
    NoMethodData,
    /// KDC_ERR_PREAUTH_REQUIRED with e-data that is not METHOD-DATA.
    MalformedMethodData,
    /// KDC_ERR_PREAUTH_REQUIRED with unknown mechanisms.
    UnknownPreauthOnly,

    // What the KDC says about the client's key.
    /// String-to-key parameters that request this many iterations (0 means 2³²).
    HintedIterations(u32),
    /// These string-to-key parameters.
    HintedS2kParams(Vec<u8>),
    /// This encryption type.
    HintedEtype(EncryptionType),
    /// This salt.
    HintedSalt(Vec<u8>),

    // Faults in a reply.
    /// The KDC's clock is ahead by this many seconds (negative: behind).
    ClockOffset(i64),
    /// The encrypted part has the number of this encryption type.
    ReplyEtype(EncryptionType),
    /// One bit of the encrypted part is flipped.
    CorruptedCiphertext,
    /// A TGS-REP in answer to an AS-REQ.
    WrongMessageType,
    /// An AS-REP whose encrypted part has the tag of a TGS-REP's, as some KDCs send it. Clients
    /// must accept this (RFC 4120 §5.4.2).
    TgsTag,
    /// A wrong nonce.
    WrongNonce,
    /// A nonce of at least 2³¹ is written as the negative INTEGER with the same 32 bits, as some
    /// KDCs do. Clients must accept this. Smaller nonces are not affected.
    NegativeNonce,
    /// A wrong client name.
    WrongClientName,
    /// A wrong client realm.
    WrongClientRealm,
    /// A wrong server name, in the ticket and in the encrypted part.
    WrongServerName,
    /// A server name in the ticket that differs from the encrypted part.
    WrongTicketServer,
    /// A wrong server realm, in the ticket and in the encrypted part.
    WrongServerRealm,
    /// These flags are added.
    AddedFlags(TicketFlags),
    /// These flags are removed.
    RemovedFlags(TicketFlags),
    /// The ticket has already expired.
    EndtimeInPast,
    /// The ticket is not yet valid, although that was not requested.
    StarttimeInFuture,
    /// The ticket lasts longer than requested.
    EndtimeTooLate,
    /// The flag enc-pa-rep is set, but the checksum of the request is missing (RFC 6806 §11).
    MissingRequestChecksum,
    /// The checksum of the request is wrong, as if the request had been altered.
    WrongRequestChecksum,
    /// A fault in a ticket on behalf of a user.
    S4u(S4uFault),
    /// A fault of the kpasswd service.
    Password(PasswordFault),
}

/// A fault of the kpasswd service (RFC 3244).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PasswordFault {
    /// The password is not changed. The result has this code and this explanation.
    Rejects(u16, Vec<u8>),
    /// The same in the e-data of a KRB-ERROR, which proves nothing. With the code 0 the password is
    /// changed, as by Windows Server 2025.
    Error(u16, Vec<u8>),
    /// The same in the frame of a reply, as in version 1 of the protocol.
    FramedError(u16, Vec<u8>),
    /// A KRB-ERROR with this code and no e-data.
    BareError(ErrorCode),
    /// The result is encrypted in the ticket's session key instead of the subkey.
    SessionKey,
    /// The result is encrypted in an unrelated key.
    WrongKey,
    /// The AP-REP does not repeat the time of the request.
    WrongTime,
    /// The sequence numbers of the result and of the AP-REP differ.
    WrongNumber,
    /// The request's own KRB-PRIV is sent back instead of a result.
    Echo,
    /// The reply states this version of the protocol.
    Version(u16),
    /// The reply states this length.
    Length(u16),
    /// The reply states this length of its AP-REP.
    ApLength(u16),
    /// The result has only one octet.
    ShortResult,
}

/// A fault in a reply to a request on behalf of a user (MS-SFU).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum S4uFault {
    /// The KDC does not know the extension, and issues a ticket to the service itself.
    Ignored,
    /// The reply does not contain PA-S4U-X509-USER, as from a KDC that only knows PA-FOR-USER.
    NoPadata,
    /// The reply has a wrong nonce.
    WrongNonce,
    /// The reply names another user, with a matching checksum.
    OtherUser,
    /// The KDC claims that its own user belongs to the service's realm or, if that is its own, to
    /// `OTHER.TEST`.
    OtherRealm,
    /// The reply does not name a user.
    NoUser,
    /// The reply has a wrong checksum.
    WrongChecksum,
    /// The reply has an unkeyed checksum, which anyone can compute.
    UnkeyedChecksum,
    /// With old encryption types: the checksums are not repeated in the encrypted part.
    NotRepeated,
    /// The KDC does not announce that it supports resource-based constrained delegation.
    NotResourceBased,
}

/// The faults that are set, and how many more times each applies.
pub(crate) struct Faults(Mutex<Vec<(Fault, Option<u32>)>>);

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(
            faults.into_iter().map(|fault| (fault, None)).collect(),
        ))
    }

    pub(crate) fn set(&self, fault: Fault, times: Option<u32>) {
        self.list().push((fault, times));
    }

    pub(crate) fn clear(&self) {
        self.list().clear();
    }

    /// Whether this fault applies now. If so, this counts as one occurrence.
    pub(crate) fn strikes(&self, fault: &Fault) -> bool {
        self.find(|set| (set == fault).then_some(())).is_some()
    }

    /// The result of `pick` for the first fault that it accepts. This counts as one occurrence of
    /// that fault.
    pub(crate) fn find<T>(&self, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let mut list = self.list();
        let (index, picked) = list
            .iter()
            .enumerate()
            .find_map(|(index, (fault, _))| pick(fault).map(|picked| (index, picked)))?;
        if let Some((_, Some(times))) = list.get_mut(index) {
            *times = times.saturating_sub(1);
            if *times == 0 {
                list.remove(index);
            }
        }
        Some(picked)
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<(Fault, Option<u32>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_it_was_set() {
        let faults = Faults::new(vec![Fault::Garbage]);
        faults.set(Fault::WrongNonce, Some(2));
        for expected in [true, true, false] {
            assert_eq!(faults.strikes(&Fault::WrongNonce), expected);
            assert!(faults.strikes(&Fault::Garbage));
        }
        faults.clear();
        assert!(!faults.strikes(&Fault::Garbage));
    }
}
