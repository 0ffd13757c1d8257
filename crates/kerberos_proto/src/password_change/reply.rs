//! Checks the reply of the kpasswd service (RFC 3244 §2).

use alloc::boxed::Box;

use kerberos_asn1::{Decode, KrbError, MessageType};

use super::{
    CHANGE, HEADER, PasswordChange, PasswordChangeError, PasswordRejection, PasswordResult, SET,
};
use crate::{ApError, KdcError, MessageReceiver, Timestamp};

impl PasswordChange {
    /// Checks that `reply`, received at the time `now`, confirms the password change.
    ///
    /// The recipient's address in the reply is not checked: behind NAT it differs from ours, and by
    /// then the password has been changed.
    ///
    /// # Errors
    /// [`PasswordChangeError::Rejected`] if the service rejects the change, and the other variants
    /// as documented there. After [`UnprovenSuccess`](PasswordChangeError::UnprovenSuccess), and
    /// after any error about the reply itself, the password may nevertheless have been changed.
    pub fn check_reply(&self, reply: &[u8], now: Timestamp) -> Result<(), PasswordChangeError> {
        // RFC 3244 §2: an error comes without a frame or, in version 1, in the frame of a reply.
        if MessageType::of_der(reply) == Some(MessageType::KRB_ERROR) {
            return Err(self.refused(reply));
        }
        let (ap_rep, rest) = unframe(reply)?;
        if ap_rep.is_empty() {
            return Err(self.refused(rest));
        }
        let ap_reply = self.initiator.check_reply(ap_rep)?;
        // §2: encrypted in the authenticator's subkey, whatever subkey the AP-REP proposes.
        let mut receiver = MessageReceiver::new(self.key());
        // The number is the AP-REP's, so that our own message is not accepted as its answer.
        receiver.sequence_number = Some(ap_reply.sequence_number.unwrap_or_default());
        let message = receiver.private(rest, now)?;
        match result(&message.data, true)? {
            Ok(()) => Ok(()),
            Err(rejection) => Err(PasswordChangeError::Rejected(rejection)),
        }
    }

    /// The error for a KRB-ERROR.
    fn refused(&self, message: &[u8]) -> PasswordChangeError {
        let error = match KrbError::from_der(message) {
            Ok(error) => error,
            Err(error) => return ApError::decode("the KRB-ERROR")(error).into(),
        };
        match result(error.e_data.unwrap_or_default(), false) {
            Ok(Ok(())) => PasswordChangeError::UnprovenSuccess,
            Ok(Err(rejection)) => PasswordChangeError::Rejected(rejection),
            // It says nothing about the password, so only the code remains.
            Err(_) => {
                let (client, server) = (self.initiator.client(), self.initiator.server());
                PasswordChangeError::Refused(Box::new(KdcError::new(&error, client, server)))
            }
        }
    }
}

/// The AP-REP of a reply, and what follows it.
fn unframe(reply: &[u8]) -> Result<(&[u8], &[u8]), PasswordChangeError> {
    let malformed = PasswordChangeError::Malformed;
    let (numbers, rest) = reply
        .split_first_chunk::<HEADER>()
        .ok_or(malformed("shorter than its header"))?;
    let (pairs, _) = numbers.as_chunks();
    let [length, version, ap_length] = [0, 1, 2].map(|index| {
        let pair = pairs.get(index).copied().unwrap_or_default();
        u16::from_be_bytes(pair)
    });
    if usize::from(length) != reply.len() {
        return Err(malformed("its length is not the one it states"));
    }
    if version != CHANGE && version != SET {
        return Err(PasswordChangeError::Version(version));
    }
    rest.split_at_checked(ap_length.into())
        .ok_or(malformed("the AP-REP is longer than the reply"))
}

/// Parses the result code and what follows it.
fn result(
    data: &[u8],
    is_authentic: bool,
) -> Result<Result<(), PasswordRejection>, PasswordChangeError> {
    let (code, text) = data
        .split_first_chunk()
        .ok_or(PasswordChangeError::Malformed("there is no result"))?;
    let result = PasswordResult(u16::from_be_bytes(*code));
    Ok(match result {
        PasswordResult::SUCCESS => Ok(()),
        // RFC 3244 §2: any other code is a failure.
        result => Err(PasswordRejection {
            result,
            data: text.to_vec(),
            is_authentic,
        }),
    })
}
