//! What a service knows about an authenticated client, and the AP-REP that authenticates the
//! service to the client (RFC 4120 §3.2.4).

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use kerberos_asn1::{
    ApOptions, ApRep, AuthorizationData, AuthorizationDataEntry, EncApRepPart, Encode,
    EncryptedData, Microseconds, TicketFlags,
};
use kerberos_crypto::{CryptoRng, Key, KeyUsage};
use zeroize::Zeroizing;

use super::initiator::wire_key;
use super::{ApChecksum, ApError, Subkey, sequence_number};
use crate::pac::{Pac, PacCheck, PacError, VerifiedPac};
use crate::shown::Length;
use crate::trace::{KeyTrace, trace};
use crate::{
    AuthorizationDataElement, Credential, HostAddress, Principal, TicketTimes, Timestamp,
    authentication_indicators,
};

/// An authenticated client, with the contents of its ticket and its request.
#[non_exhaustive]
pub struct Accepted {
    /// The client.
    pub client: Principal,
    /// The service whose key decrypted the ticket; the ticket itself may name an alias. If the
    /// session key of a TGT decrypted the ticket, this is the TGT's client.
    pub server: Principal,
    /// The ticket, as the client sent it. See [`Accepted::evidence`].
    pub ticket: Vec<u8>,
    /// The key that decrypted the ticket. A KDC signs the PAC with the same key.
    pub ticket_key: Arc<Key>,
    /// The ticket's session key.
    pub session_key: Key,
    /// The key that the client chose.
    pub subkey: Option<Key>,
    /// The initial sequence number of the client's messages.
    pub sequence_number: Option<u32>,
    /// The client's AP options.
    pub options: ApOptions,
    /// The ticket's flags.
    pub flags: TicketFlags,
    /// The ticket's times.
    pub times: TicketTimes,
    /// The addresses that the ticket is bound to.
    pub addresses: Vec<HostAddress>,
    /// The realms that the ticket passed through, encoded as in RFC 4120 §3.3.3.2.
    pub transited: Vec<u8>,
    /// The ticket's authorization data. For the PAC in it, see [`Accepted::pac`]. According to
    /// RFC 4120 §5.2.6, a service must refuse a ticket with an unknown element that is not within
    /// AD-IF-RELEVANT. This is left to the caller.
    pub authorization_data: Vec<AuthorizationDataElement>,
    /// Additional restrictions by the client, from its authenticator.
    pub client_authorization_data: Vec<AuthorizationDataElement>,
    /// The checksum of application data. The application must verify it.
    pub checksum: Option<ApChecksum>,
    /// The time in the client's authenticator, which the AP-REP repeats.
    pub time: Timestamp,
}

impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted")
            .field("client", &self.client)
            .field("server", &self.server)
            .field("ticket", &Length(self.ticket.len()))
            .field("options", &self.options)
            .field("flags", &self.flags)
            .field("times", &self.times)
            .field("addresses", &self.addresses)
            .field("authorization_data", &self.authorization_data)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

/// What an AP-REP contains besides the proof. By default nothing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AcceptorReply {
    /// The subkey to choose, if any.
    pub subkey: Subkey,
    /// Whether to choose an initial sequence number.
    pub sequence_number: bool,
}

/// What the service chose in its AP-REP.
#[derive(Debug)]
#[non_exhaustive]
pub struct AcceptorChoice {
    /// The service's subkey, which takes precedence over the client's.
    pub subkey: Option<Key>,
    /// The initial sequence number of the service's messages.
    pub sequence_number: Option<u32>,
    /// The encrypted part of the AP-REP, to detect it being sent back as its own confirmation.
    pub(super) cipher: Vec<u8>,
}

impl Accepted {
    /// Whether the client expects an AP-REP.
    pub fn mutual_required(&self) -> bool {
        self.options.contains(ApOptions::MUTUAL_REQUIRED)
    }

    /// The verified contents of the ticket's PAC; `None` if there is no PAC, because not every KDC
    /// creates them. It is verified with the key that decrypted the ticket.
    ///
    /// The client is authenticated even if this fails: MIT's library ignores a PAC that it cannot
    /// verify. A caller that bases decisions on the PAC must refuse the client in that case.
    ///
    /// # Errors
    /// The same as [`Pac::from_authorization_data`] and [`Pac::verify`].
    pub fn pac(&self) -> Result<Option<VerifiedPac<'_>>, PacError> {
        let Some(pac) = Pac::from_authorization_data(&self.authorization_data)? else {
            return Ok(None);
        };
        let check = PacCheck::new(&self.client, self.times.authtime, &self.ticket_key);
        pac.verify(&check).map(Some)
    }

    /// How the client logged in, as far as its KDC vouches for it: the authentication indicators of
    /// RFC 8129, such as `otp`, whose meaning is up to the realm. See
    /// [`authentication_indicators`].
    pub fn indicators(&self) -> Vec<String> {
        let elements = self.authorization_data.iter();
        let elements: AuthorizationData<'_> = elements.map(AuthorizationDataEntry::from).collect();
        authentication_indicators(&elements, &self.ticket_key)
    }

    /// The ticket as a credential of the client. With it as evidence, the service can ask its KDC
    /// for tickets on the client's behalf (S4U2Proxy, MS-SFU §3.2.5.2; see
    /// [`S4u2Proxy`](crate::S4u2Proxy)).
    ///
    /// The KDC decides. It usually requires the ticket to be forwardable and encrypted with the
    /// service's long-term key, so a user-to-user ticket does not work.
    pub fn evidence(&self) -> Credential {
        Credential {
            client: self.client.clone(),
            server: self.server.clone(),
            session_key: self.session_key.to_block(),
            times: self.times,
            is_skey: self.options.contains(ApOptions::USE_SESSION_KEY),
            flags: self.flags,
            addresses: self.addresses.clone(),
            authorization_data: Vec::new(),
            ticket: self.ticket.clone(),
            second_ticket: Vec::new(),
        }
    }

    /// Makes the AP-REP, which proves the service's identity to the client (RFC 4120 §3.2.4).
    ///
    /// # Errors
    /// [`ApError::Crypto`] if a given subkey is of an unsupported type.
    pub fn reply(
        &self,
        reply: &AcceptorReply,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Vec<u8>, AcceptorChoice), ApError> {
        let subkey = reply.subkey.make(&self.session_key, rng)?;
        let sequence_number = sequence_number(reply.sequence_number, rng);
        trace!(
            "Creating AP-REP, time {}.{}, subkey {}, seqnum {}",
            self.time.seconds,
            self.time.microseconds,
            KeyTrace(subkey.as_ref().map(Key::etype)),
            sequence_number.unwrap_or(0),
        );
        let part = Zeroizing::new(
            EncApRepPart {
                ctime: self.time.to_kerberos_time(),
                cusec: Microseconds(self.time.microseconds),
                subkey: subkey.as_ref().map(wire_key),
                seq_number: sequence_number,
            }
            .to_der(),
        );
        // RFC 4120 §3.2.4: encrypted with the ticket's session key, even if there are subkeys.
        let cipher = self
            .session_key
            .encrypt(KeyUsage::AP_REP_ENC_PART, &part, rng);
        let message = ApRep {
            enc_part: EncryptedData {
                etype: self.session_key.etype().0,
                kvno: None,
                cipher: &cipher,
            },
        }
        .to_der();
        let choice = AcceptorChoice {
            subkey,
            sequence_number,
            cipher,
        };
        Ok((message, choice))
    }
}
