//! The third message of DCE style: an AP-REP from the client that repeats the service's sequence
//! number (MS-KILE §3.2.5.2, `GSS_C_DCE_STYLE` in RFC 4757 §7.1).

use alloc::vec::Vec;

use kerberos_asn1::{
    ApRep, Decode, EncApRepPart, Encode, EncryptedData, MessageType, Microseconds,
};
use kerberos_crypto::{CryptoRng, EncryptionType, Key, KeyUsage};
use zeroize::Zeroizing;

use super::{Accepted, AcceptorChoice, ApError, ApInitiator, ApReply};
use crate::Timestamp;
use crate::plain::without_padding;

impl ApInitiator {
    /// Answers `reply`, which [`check_reply`](Self::check_reply) returned. The answer proves to the
    /// service that the client received its reply.
    pub fn confirm(&self, reply: &ApReply, rng: &mut dyn CryptoRng, now: Timestamp) -> Vec<u8> {
        let part = Zeroizing::new(
            EncApRepPart {
                ctime: now.to_kerberos_time(),
                cusec: Microseconds(now.microseconds),
                subkey: None,
                seq_number: reply.sequence_number,
            }
            .to_der(),
        );
        let key = self.session_key();
        let cipher = key.encrypt(KeyUsage::AP_REP_ENC_PART, &part, rng);
        ApRep {
            enc_part: EncryptedData {
                etype: key.etype().0,
                kvno: None,
                cipher: &cipher,
            },
        }
        .to_der()
    }
}

impl Accepted {
    /// Checks that `message` is the client's answer to the AP-REP for which `choice` was made.
    ///
    /// # Errors
    /// [`ApError::UnexpectedMessage`], [`ApError::Decode`], [`ApError::ReplyIntegrity`], and
    /// [`ApError::MutualFailed`] if it answers another AP-REP or is that AP-REP itself.
    pub fn check_confirmation(
        &self,
        message: &[u8],
        choice: &AcceptorChoice,
    ) -> Result<(), ApError> {
        let part = open(message, &self.session_key)?;
        // Key, key usage and sequence number are the same as in the AP-REP, which anyone could send
        // back. But without the key nobody can make a different ciphertext. No rule says that the
        // time must differ.
        let reply = ApRep::from_der(message).map_err(ApError::decode("the AP-REP"))?;
        if reply.enc_part.cipher == choice.cipher {
            return Err(ApError::MutualFailed);
        }
        let part = EncApRepPart::from_der(without_padding(&part, self.session_key.etype()))
            .map_err(ApError::decode("the encrypted part of the AP-REP"))?;
        // The time is the client's own. The sequence number ties the message to the reply.
        if part.seq_number.unwrap_or_default() == choice.sequence_number.unwrap_or_default() {
            Ok(())
        } else {
            Err(ApError::MutualFailed)
        }
    }
}

/// Decrypts an AP-REP.
pub(super) fn open(
    message: &[u8],
    session_key: &Key,
) -> Result<kerberos_crypto::Plaintext, ApError> {
    if MessageType::of_der(message) != Some(MessageType::AP_REP) {
        return Err(ApError::UnexpectedMessage);
    }
    let reply = ApRep::from_der(message).map_err(ApError::decode("the AP-REP"))?;
    // RFC 4120 §3.2.4: encrypted with the session key, even if there is a subkey.
    if EncryptionType(reply.enc_part.etype) != session_key.etype() {
        return Err(ApError::ReplyIntegrity);
    }
    session_key
        .decrypt(KeyUsage::AP_REP_ENC_PART, reply.enc_part.cipher)
        .map_err(|_| ApError::ReplyIntegrity)
}
