//! PA-ENC-TIMESTAMP: the time, encrypted with the client's long-term key (RFC 4120 §5.2.7.2).

use alloc::vec;

use kerberos_asn1::{Encode, EncryptedData, Microseconds, PaDataType, PaEncTsEnc};
use kerberos_crypto::KeyUsage;
use zeroize::Zeroizing;

use super::{Answer, Context, Mechanism, OwnedPaData};
use crate::ExchangeError;
use crate::trace::{Etype, trace};

/// The mechanism; it keeps no state.
pub(crate) struct EncryptedTimestamp;

impl Mechanism for EncryptedTimestamp {
    fn name(&self) -> &'static str {
        "encrypted_timestamp"
    }

    fn pa_type(&self) -> PaDataType {
        PaDataType::ENC_TIMESTAMP
    }

    fn needs_no_hint(&self) -> bool {
        true
    }

    fn respond(&mut self, _hint: &[u8], cx: &mut Context<'_>) -> Result<Answer, ExchangeError> {
        if cx.policy.disable_encrypted_timestamp {
            trace!("Ignoring encrypted timestamp because it is disabled");
            return Err(ExchangeError::TimestampDisabled);
        }
        cx.long_term_key()?;
        // The time may come from an unauthenticated error. An attacker who forges one only gains an
        // encrypted time in the future, which does no more than confuse the KDC's logs.
        let now = cx.now();
        let timestamp = PaEncTsEnc {
            patimestamp: now.to_kerberos_time(),
            pausec: Some(Microseconds(now.microseconds)),
        };
        let plain = Zeroizing::new(timestamp.to_der());
        let Some(made) = cx.key.made() else {
            return Err(ExchangeError::Finished);
        };
        trace!(
            "AS key obtained for encrypted timestamp: {}",
            Etype(made.salt.etype)
        );
        let cipher = made
            .key
            .encrypt(KeyUsage::AS_REQ_PA_ENC_TIMESTAMP, &plain, cx.rng);
        trace!(
            "Encrypted timestamp (for {}.{})",
            now.seconds, now.microseconds
        );
        let encrypted = EncryptedData {
            etype: made.salt.etype.0,
            kvno: None,
            cipher: &cipher,
        };
        Ok(Answer {
            padata: vec![OwnedPaData::new(self.pa_type(), encrypted.to_der())],
            may_fall_back: false,
        })
    }
}
