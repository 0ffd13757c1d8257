//! The client's side: makes the AP-REQ and checks the AP-REP (RFC 4120 §3.2.2, §3.2.5).

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::{
    ApOptions, ApReq, Authenticator, AuthorizationDataEntry, Decode, EncApRepPart, Encode,
    EncryptedData, EncryptionKey, KerberosString, KrbError, MessageType, Microseconds, RawTicket,
    SequenceOf,
};
use kerberos_crypto::{CryptoRng, EncryptionType, Key, KeyBlock, KeyUsage};
use zeroize::Zeroizing;

use super::{ApChecksum, ApError, Subkey, dce, sequence_number};
use crate::plain::without_padding;
use crate::trace::{KeyTrace, trace};
use crate::{AuthorizationDataElement, ClockOffset, Credential, KdcError, Principal, Timestamp};

/// What an AP-REQ contains besides the ticket. By default nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApRequestOptions {
    /// Request an AP-REP, in which the service proves its identity.
    pub mutual: bool,
    /// State that the ticket is encrypted in the session key of the service's TGT (user-to-user).
    pub use_session_key: bool,
    /// The subkey to choose, if any.
    pub subkey: Subkey,
    /// Whether to choose an initial sequence number.
    pub sequence_number: bool,
    /// A checksum of application data.
    pub checksum: Option<ApChecksum>,
    /// Restrictions in addition to those in the ticket.
    pub authorization_data: Vec<AuthorizationDataElement>,
    /// How far the KDC's clock is ahead, as determined by the login. Services follow that clock.
    pub kdc_offset: Option<ClockOffset>,
    /// The key usage of the authenticator: [`KeyUsage::AP_REQ_AUTHENTICATOR`], except in requests
    /// to a KDC.
    pub authenticator_usage: KeyUsage,
}

impl Default for ApRequestOptions {
    fn default() -> Self {
        Self {
            mutual: false,
            use_session_key: false,
            subkey: Subkey::None,
            sequence_number: false,
            checksum: None,
            authorization_data: Vec::new(),
            kdc_offset: None,
            authenticator_usage: KeyUsage::AP_REQ_AUTHENTICATOR,
        }
    }
}

/// A client that has made an AP-REQ and can check the AP-REP.
#[derive(Debug)]
pub struct ApInitiator {
    client: Principal,
    server: Principal,
    session_key: Key,
    subkey: Option<Key>,
    sequence_number: Option<u32>,
    /// The authenticator's time, which the AP-REP must repeat.
    time: Timestamp,
}

/// What the AP-REP contains besides the proof of the service's identity.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApReply {
    /// The service's subkey, which takes precedence over the client's.
    pub subkey: Option<KeyBlock>,
    /// The initial sequence number of the service's messages.
    pub sequence_number: Option<u32>,
}

impl ApInitiator {
    /// Makes an AP-REQ for the service of `credential`. `now` is the time by the caller's clock.
    ///
    /// A service that compares times takes two requests in the same microsecond for the same one
    /// (RFC 4120 §3.2.3), so the caller's clock should not stand still between them.
    ///
    /// # Errors
    /// [`ApError::Crypto`] if a key is of an unsupported type, and [`ApError::Decode`] if the
    /// credential's ticket is not valid DER.
    pub fn start(
        credential: &Credential,
        options: &ApRequestOptions,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Self, Vec<u8>), ApError> {
        let session_key = Key::new(&credential.session_key)?;
        let initiator = Self {
            subkey: options.subkey.make(&session_key, rng)?,
            sequence_number: sequence_number(options.sequence_number, rng),
            time: now.by_kdc(options.kdc_offset),
            client: credential.client.clone(),
            server: credential.server.clone(),
            session_key,
        };
        let message = initiator.message(&credential.ticket, options, rng)?;
        Ok((initiator, message))
    }

    /// The client.
    pub fn client(&self) -> &Principal {
        &self.client
    }

    /// The service.
    pub fn server(&self) -> &Principal {
        &self.server
    }

    /// The ticket's session key.
    pub fn session_key(&self) -> &Key {
        &self.session_key
    }

    /// The subkey that the client chose.
    pub fn subkey(&self) -> Option<&Key> {
        self.subkey.as_ref()
    }

    /// The initial sequence number that the client chose.
    pub fn sequence_number(&self) -> Option<u32> {
        self.sequence_number
    }

    /// Checks that `reply` is the AP-REP to this AP-REQ, which only the genuine service can make
    /// (RFC 4120 §3.2.5).
    ///
    /// # Errors
    /// [`ApError::Refused`] if it is a KRB-ERROR, otherwise [`ApError::ReplyIntegrity`],
    /// [`ApError::MutualFailed`], [`ApError::UnexpectedMessage`] or [`ApError::Decode`].
    pub fn check_reply(&self, reply: &[u8]) -> Result<ApReply, ApError> {
        if MessageType::of_der(reply) == Some(MessageType::KRB_ERROR) {
            let error = KrbError::from_der(reply).map_err(ApError::decode("the KRB-ERROR"))?;
            let error = KdcError::new(&error, &self.client, &self.server);
            return Err(ApError::Refused(Box::new(error)));
        }
        let plain = dce::open(reply, &self.session_key)?;
        let etype = self.session_key.etype();
        let part = EncApRepPart::from_der(without_padding(&plain, etype))
            .map_err(ApError::decode("the encrypted part of the AP-REP"))?;
        trace!(
            "Read AP-REP, time {}.{}, subkey {}, seqnum {}",
            part.ctime.unix(),
            part.cusec.0,
            KeyTrace(part.subkey.map(|key| EncryptionType(key.keytype))),
            part.seq_number.unwrap_or(0),
        );
        // RFC 4120 §3.2.5: the reply repeats the authenticator's time, or else answers another
        // request.
        if Timestamp::new(part.ctime.unix(), part.cusec.0) != self.time {
            return Err(ApError::MutualFailed);
        }
        let subkey = part
            .subkey
            .map(|key| KeyBlock::new(EncryptionType(key.keytype), key.keyvalue.to_vec()));
        if let Some(block) = &subkey {
            // Report a bad key now, and not when the key is first used.
            Key::new(block)?;
        }
        Ok(ApReply {
            subkey,
            sequence_number: part.seq_number,
        })
    }

    fn message(
        &self,
        ticket: &[u8],
        options: &ApRequestOptions,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, ApError> {
        let restrictions: Vec<AuthorizationDataEntry<'_>> = options
            .authorization_data
            .iter()
            .map(AuthorizationDataEntry::from)
            .collect();
        let authenticator = Zeroizing::new(
            Authenticator {
                crealm: KerberosString(self.client.realm()),
                cname: self.client.to_wire(),
                cksum: options.checksum.as_ref().map(ApChecksum::to_wire),
                cusec: Microseconds(self.time.microseconds),
                ctime: self.time.to_kerberos_time(),
                subkey: self.subkey.as_ref().map(wire_key),
                seq_number: self.sequence_number,
                authorization_data: (!restrictions.is_empty())
                    .then(|| SequenceOf::from(restrictions)),
            }
            .to_der(),
        );
        let cipher = self
            .session_key
            .encrypt(options.authenticator_usage, &authenticator, rng);
        let mut ap_options = ApOptions::empty();
        if options.use_session_key {
            ap_options |= ApOptions::USE_SESSION_KEY;
        }
        if options.mutual {
            ap_options |= ApOptions::MUTUAL_REQUIRED;
        }
        let request = ApReq {
            ap_options,
            ticket: RawTicket::from_der(ticket).map_err(ApError::decode("the ticket"))?,
            // RFC 4120 §5.2.9: only long-term keys have a version.
            authenticator: EncryptedData {
                etype: self.session_key.etype().0,
                kvno: None,
                cipher: &cipher,
            },
        };
        Ok(request.to_der())
    }
}

pub(super) fn wire_key(key: &Key) -> EncryptionKey<'_> {
    EncryptionKey {
        keytype: key.etype().0,
        keyvalue: key.expose_bytes(),
    }
}
