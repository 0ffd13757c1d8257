//! `InitiatorOptions`: what an initiator requests, and the AP-REQ for it (RFC 4121 §4.1.1).

use alloc::vec::Vec;

use kerberos_crypto::{CryptoRng, EncryptionType, Key};
use kerberos_proto::{
    ApRequestOptions, ClockOffset, CredProtection, CredSender, Credential, Subkey, Timestamp,
};
use zeroize::Zeroizing;

use crate::authenticator::{GssChecksum, bindings_promise, etype_negotiation};
use crate::{ChannelBindings, ContextFlags, GssError};

/// What an initiator requests.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InitiatorOptions {
    /// The requested services. The default is [`MUTUAL`](ContextFlags::MUTUAL),
    /// [`REPLAY`](ContextFlags::REPLAY), [`SEQUENCE`](ContextFlags::SEQUENCE),
    /// [`CONF`](ContextFlags::CONF) and [`INTEG`](ContextFlags::INTEG).
    /// [`DELEG`](ContextFlags::DELEG) is set automatically if there is a TGT to
    /// [delegate](Self::delegate); setting it without a TGT is an error.
    /// [`DCE_STYLE`](ContextFlags::DCE_STYLE) implies `MUTUAL`.
    pub flags: ContextFlags,
    /// The channel over which the context is established.
    pub channel_bindings: Option<ChannelBindings>,
    /// Promise the acceptor that this client always sends bindings if it has a channel, so that the
    /// acceptor refuses a context without them (`client_aware_channel_bindings` of krb5.conf).
    pub announce_bindings: bool,
    /// A forwarded TGT to delegate. With it the acceptor can act as the client, so the acceptor
    /// must be trusted (`ok-as-delegate`).
    pub delegate: Option<Credential>,
    /// The encryption types allowed for subkeys besides that of the session key, best first. Those
    /// listed before the session key's type are offered to the acceptor (RFC 4537). An acceptor
    /// that chooses a type that is not allowed is refused. `None` means the types of krb5.conf if
    /// that is read, otherwise [all](EncryptionType::SUPPORTED).
    pub etypes: Option<Vec<EncryptionType>>,
    /// State that the ticket is encrypted in the session key of the service's TGT (user-to-user).
    pub use_session_key: bool,
    /// How far the KDC's clock is ahead, as determined by the login.
    pub kdc_offset: Option<ClockOffset>,
}

impl Default for InitiatorOptions {
    fn default() -> Self {
        Self {
            flags: ContextFlags::MUTUAL
                | ContextFlags::REPLAY
                | ContextFlags::SEQUENCE
                | ContextFlags::CONF
                | ContextFlags::INTEG,
            channel_bindings: None,
            announce_bindings: false,
            delegate: None,
            etypes: None,
            use_session_key: false,
            kdc_offset: None,
        }
    }
}

impl InitiatorOptions {
    /// The flags of the context, including implied ones.
    pub(super) fn context_flags(&self) -> Result<ContextFlags, GssError> {
        let mut flags = self.flags;
        if self.delegate.is_some() {
            flags |= ContextFlags::DELEG;
        } else if flags.contains(ContextFlags::DELEG) {
            return Err(GssError::NothingToDelegate);
        }
        if flags.contains(ContextFlags::DCE_STYLE) {
            flags |= ContextFlags::MUTUAL;
        }
        Ok(flags)
    }

    /// The KRB-CRED with the TGT to delegate, if there is one.
    pub(super) fn lent(
        &self,
        credential: &Credential,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, GssError> {
        let Some(tgt) = &self.delegate else {
            return Ok(None);
        };
        // RFC 4121 §4.1.1: encrypted with the session key, even if there are subkeys.
        let key = Key::new(&credential.session_key)?;
        let sender = CredSender::new(CredProtection::Key(&key));
        // The time is that of the enclosing authenticator.
        let time = now.by_kdc(self.kdc_offset);
        Ok(Some(sender.message(
            core::slice::from_ref(tgt),
            rng,
            time,
        )?))
    }

    /// The options of the AP-REQ. `etypes` are the types allowed for subkeys besides that of the
    /// `session` key.
    pub(super) fn request(
        &self,
        flags: ContextFlags,
        checksum: &GssChecksum<'_>,
        etypes: &[EncryptionType],
        session: EncryptionType,
    ) -> Result<ApRequestOptions, GssError> {
        let mut request = ApRequestOptions::default();
        // The flags of the AP-REQ and those of the checksum always agree.
        request.mutual = flags.contains(ContextFlags::MUTUAL);
        request.use_session_key = self.use_session_key;
        request.subkey = Subkey::Generate;
        request.sequence_number = true;
        request.checksum = Some(checksum.to_checksum()?);
        request.kdc_offset = self.kdc_offset;
        let promise = self.announce_bindings.then(bindings_promise);
        let wishes = etype_negotiation(etypes, session);
        request.authorization_data = wishes.into_iter().chain(promise).collect();
        Ok(request)
    }
}
