//! `Fault`: everything that the KDC can do wrong, and how it keeps count.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kerberos_asn1::{ErrorCode, TicketFlags};
use kerberos_crypto::EncryptionType;

use crate::kdc::Transport;

/// Something that the KDC does wrong.
///
/// Several can be set at once. One that has no effect on a request stays silent: `WrongNonce`
/// waits for a reply with a nonce.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    // What reaches the client at all.
    /// No answer.
    Silence,
    /// No answer over this transport.
    SilenceOn(Transport),
    /// Every answer comes this late (real time, so only over the network).
    Delay(Duration),
    /// An answer that is no message.
    Garbage,
    /// The first half of the answer.
    Truncated,
    /// KRB_ERR_RESPONSE_TOO_BIG to whatever comes by UDP.
    TooBigForUdp,
    /// TCP: a length of this many bytes, then the answer, then nothing more.
    TcpLength(u32),
    /// TCP: the connection is closed before the answer.
    TcpCloses,
    /// TCP: the connection is closed in the midst of the answer.
    TcpClosesMidway,
    /// UDP: the answer comes from another port.
    UdpFromOtherPort,

    // Errors instead of tickets.
    /// This error to every request.
    Error(ErrorCode),
    /// This error to every request with pre-authentication.
    ErrorAfterPreauth(ErrorCode),
    /// KDC_ERR_PREAUTH_EXPIRED to a request with pre-authentication (RFC 6113 §5.2); most useful
    /// with [`Kdc::set_fault_once`](crate::Kdc::set_fault_once).
    PreauthExpired,
    /// KDC_ERR_PREAUTH_REQUIRED without saying how.
    NoMethodData,
    /// KDC_ERR_PREAUTH_REQUIRED with e-data that is not METHOD-DATA.
    MalformedMethodData,
    /// KDC_ERR_PREAUTH_REQUIRED with unknown mechanisms.
    UnknownPreauthOnly,

    // What the client is told about its key.
    /// String-to-key parameters that ask for this many iterations (0 means 2³²).
    HintedIterations(u32),
    /// String-to-key parameters of this form.
    HintedS2kParams(Vec<u8>),
    /// This encryption type.
    HintedEtype(EncryptionType),
    /// This salt.
    HintedSalt(Vec<u8>),

    // What is wrong with a reply.
    /// The KDC's clock is ahead by this many seconds (negative: behind).
    ClockOffset(i64),
    /// The number of this encryption type on the encrypted part.
    ReplyEtype(EncryptionType),
    /// One bit of the encrypted part is flipped.
    CorruptedCiphertext,
    /// A TGS-REP in answer to an AS-REQ.
    WrongMessageType,
    /// An AS-REP whose encrypted part has the tag of a TGS-REP's, as some KDCs send it; clients
    /// accept that (RFC 4120 §5.4.2).
    TgsTag,
    /// Another nonce.
    WrongNonce,
    /// A nonce from 2³¹ on is written as the negative INTEGER of the same 32 bits, as some KDCs
    /// do; clients accept that. Smaller nonces have no such form.
    NegativeNonce,
    /// Another client name.
    WrongClientName,
    /// Another client realm.
    WrongClientRealm,
    /// Another server name, in the ticket and in the encrypted part.
    WrongServerName,
    /// Another server name on the ticket than in the encrypted part.
    WrongTicketServer,
    /// Another server realm, in the ticket and in the encrypted part.
    WrongServerRealm,
    /// These flags, too.
    AddedFlags(TicketFlags),
    /// Without these flags.
    RemovedFlags(TicketFlags),
    /// The ticket has ended already.
    EndtimeInPast,
    /// The ticket is not yet valid, though that was not asked for.
    StarttimeInFuture,
    /// The ticket lives longer than was asked for.
    EndtimeTooLate,
    /// The enc-pa-rep flag is set but the checksum of the request is missing (RFC 6806 §11).
    MissingRequestChecksum,
    /// The checksum of the request is wrong, as if someone had altered the request.
    WrongRequestChecksum,
    /// Something about a ticket on behalf of a user.
    S4u(S4uFault),
    /// Something about a change of a password.
    Password(PasswordFault),
}

/// What can be wrong when a password is to be changed (RFC 3244).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PasswordFault {
    /// The password is not changed, with this result code and this explanation.
    Rejects(u16, Vec<u8>),
    /// The same in the e-data of a KRB-ERROR, which proves nothing; with the code 0 the password is
    /// changed, as Windows Server 2025 does it.
    Error(u16, Vec<u8>),
    /// The same in the frame of a reply, as version 1 of the protocol has it.
    FramedError(u16, Vec<u8>),
    /// A KRB-ERROR with this code and no e-data.
    BareError(ErrorCode),
    /// The result is encrypted in the ticket's session key instead of the subkey.
    SessionKey,
    /// In some other key.
    WrongKey,
    /// The AP-REP repeats another time than the request's.
    WrongTime,
    /// The result has another sequence number than the AP-REP.
    WrongNumber,
    /// The request's own KRB-PRIV comes back instead of a result.
    Echo,
    /// The reply states another version of the protocol.
    Version(u16),
    /// It states another length.
    Length(u16),
    /// It states another length of its AP-REP.
    ApLength(u16),
    /// The result is no longer than one octet.
    ShortResult,
}

/// What can be wrong with a reply about a user on whose behalf a service asks (MS-SFU).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum S4uFault {
    /// The KDC knows nothing of it and gives the service a ticket of its own.
    Ignored,
    /// The reply comes without PA-S4U-X509-USER, as from a KDC that knows PA-FOR-USER only.
    NoPadata,
    /// With another nonce.
    WrongNonce,
    /// It names another user, with a checksum that fits.
    OtherUser,
    /// The KDC takes a user of its own for one of the service's realm, or where that is its own,
    /// of `OTHER.TEST`.
    OtherRealm,
    /// It does not name a user.
    NoUser,
    /// With another checksum.
    WrongChecksum,
    /// With a checksum that anyone can make.
    UnkeyedChecksum,
    /// With old encryption types: the checksums are not in the encrypted part.
    NotRepeated,
    /// The KDC does not say that it knows resource-based constrained delegation.
    NotResourceBased,
}

/// The faults that are set, and how often each has yet to strike.
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

    /// Whether this fault strikes now; it counts as struck then.
    pub(crate) fn strikes(&self, fault: &Fault) -> bool {
        self.find(|set| (set == fault).then_some(())).is_some()
    }

    /// What `pick` makes of the first fault that it takes; that one counts as struck.
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
