//! `InitiatorOptions`: what an initiator asks for, and the AP-REQ that says so (RFC 4121 §4.1.1).

use alloc::vec::Vec;

use kerberos_crypto::{CryptoRng, EncryptionType, Key};
use kerberos_proto::{
    ApRequestOptions, ClockOffset, CredProtection, CredSender, Credential, Subkey, Timestamp,
};
use zeroize::Zeroizing;

use crate::authenticator::{GssChecksum, bindings_promise, etype_negotiation};
use crate::{ChannelBindings, ContextFlags, GssError};

/// What an initiator asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InitiatorOptions {
    /// The services. By default [`MUTUAL`](ContextFlags::MUTUAL), [`REPLAY`](ContextFlags::REPLAY),
    /// [`SEQUENCE`](ContextFlags::SEQUENCE), [`CONF`](ContextFlags::CONF) and
    /// [`INTEG`](ContextFlags::INTEG). [`DELEG`](ContextFlags::DELEG) is set where there is
    /// something to [delegate](Self::delegate), and is an error where there is not;
    /// [`DCE_STYLE`](ContextFlags::DCE_STYLE) brings `MUTUAL` with it.
    pub flags: ContextFlags,
    /// The channel that the context is established over.
    pub channel_bindings: Option<ChannelBindings>,
    /// Promise the acceptor that this client always sends bindings where it has a channel, so that
    /// it refuses a context without them (`client_aware_channel_bindings` of krb5.conf).
    pub announce_bindings: bool,
    /// A forwarded TGT to lend. The acceptor can act as the client then: it must be trusted
    /// (`ok-as-delegate`).
    pub delegate: Option<Credential>,
    /// The encryption types that subkeys may have besides the session key's, best first: those
    /// before the session key's are offered to the acceptor (RFC 4537), and an acceptor that
    /// chooses another one is refused. `None` means those of krb5.conf where it is read, else
    /// [all](EncryptionType::SUPPORTED).
    pub etypes: Option<Vec<EncryptionType>>,
    /// The ticket is encrypted in the session key of the service's TGT (user-to-user).
    pub use_session_key: bool,
    /// How far the KDC's clock is ahead, as the login found.
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
    /// The flags of the context, with those that others bring with them.
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

    /// The KRB-CRED with the TGT to lend, if there is one.
    pub(super) fn lent(
        &self,
        credential: &Credential,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, GssError> {
        let Some(tgt) = &self.delegate else {
            return Ok(None);
        };
        // RFC 4121 §4.1.1: in the session key, whatever subkeys there are.
        let key = Key::new(&credential.session_key)?;
        let sender = CredSender::new(CredProtection::Key(&key));
        // By the clock of the authenticator around it.
        let time = now.by_kdc(self.kdc_offset);
        Ok(Some(sender.message(
            core::slice::from_ref(tgt),
            rng,
            time,
        )?))
    }

    /// What the AP-REQ is to be like; `etypes` are those that subkeys may have besides that of the
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
