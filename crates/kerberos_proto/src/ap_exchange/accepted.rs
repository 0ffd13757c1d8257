//! What a service knows of a client that it has authenticated, and the AP-REP by which the client
//! knows the service (RFC 4120 §3.2.4).

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use kerberos_asn1::{
    ApOptions, ApRep, AuthorizationData, AuthorizationDataEntry, EncApRepPart, Encode,
    EncryptedData, Microseconds, TicketFlags,
};
use kerberos_crypto::{CryptoRng, Key, KeyUsage};
use zeroize::Zeroizing;

use super::initiator::wire_key;
use super::{ApChecksum, ApError, Subkey, sequence_number};
use crate::pac::{Pac, PacCheck, PacError, VerifiedPac};
use crate::trace::{KeyTrace, trace};
use crate::{
    AuthorizationDataElement, Credential, HostAddress, Principal, TicketTimes, Timestamp,
    authentication_indicators,
};

/// A client that was authenticated, and what its ticket and its request say.
#[derive(Debug)]
#[non_exhaustive]
pub struct Accepted {
    /// Who the client is.
    pub client: Principal,
    /// The service whose key opened the ticket; the ticket may name an alias of it. For a ticket
    /// that the session key of a TGT opened, the TGT's client.
    pub server: Principal,
    /// The ticket, as the client sent it; see [`Accepted::evidence`].
    pub ticket: Vec<u8>,
    /// The key that opened the ticket, with which a KDC signs a PAC, too.
    pub ticket_key: Arc<Key>,
    /// The ticket's session key.
    pub session_key: Key,
    /// The key that the client chose.
    pub subkey: Option<Key>,
    /// The first sequence number of the client's messages.
    pub sequence_number: Option<u32>,
    /// What the client asks for.
    pub options: ApOptions,
    /// The ticket's flags.
    pub flags: TicketFlags,
    /// The ticket's times.
    pub times: TicketTimes,
    /// The addresses that the ticket is bound to.
    pub addresses: Vec<HostAddress>,
    /// The realms that the ticket passed through, as RFC 4120 §3.3.3.2 writes them.
    pub transited: Vec<u8>,
    /// The ticket's authorization data; for the PAC in it, see [`Accepted::pac`]. RFC 4120 §5.2.6
    /// wants a service to refuse a ticket with an element that it does not know, unless that is
    /// within AD-IF-RELEVANT.
    pub authorization_data: Vec<AuthorizationDataElement>,
    /// The client's own restrictions, from its authenticator.
    pub client_authorization_data: Vec<AuthorizationDataElement>,
    /// The checksum of application data. Whether it is right, the application knows.
    pub checksum: Option<ApChecksum>,
    /// The client's time, which the AP-REP repeats.
    pub time: Timestamp,
}

/// What goes into an AP-REP besides the proof. By default nothing does.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AcceptorReply {
    /// A key of the service's choice.
    pub subkey: Subkey,
    /// Whether to choose a first sequence number.
    pub sequence_number: bool,
}

/// What the service chose in its AP-REP.
#[derive(Debug)]
#[non_exhaustive]
pub struct AcceptorChoice {
    /// The key, which goes before the client's.
    pub subkey: Option<Key>,
    /// The first sequence number of the service's messages.
    pub sequence_number: Option<u32>,
    /// The encrypted part of the AP-REP, so that it is not taken back as the confirmation of
    /// itself.
    pub(super) cipher: Vec<u8>,
}

impl Accepted {
    /// Whether the client waits for an AP-REP.
    pub fn mutual_required(&self) -> bool {
        self.options.contains(ApOptions::MUTUAL_REQUIRED)
    }

    /// What the ticket's PAC says of the client, verified with the key of the ticket; `None` when
    /// there is no PAC, for not every KDC makes them.
    ///
    /// The client is authenticated either way. MIT's library, too, ignores a PAC that it cannot
    /// verify; a caller that decides by the PAC must refuse the client then.
    ///
    /// # Errors
    /// As [`Pac::from_authorization_data`] and [`Pac::verify`].
    pub fn pac(&self) -> Result<Option<VerifiedPac<'_>>, PacError> {
        let Some(pac) = Pac::from_authorization_data(&self.authorization_data)? else {
            return Ok(None);
        };
        let check = PacCheck::new(&self.client, self.times.authtime, &self.ticket_key);
        pac.verify(&check).map(Some)
    }

    /// How the client has logged in, as far as its KDC vouches for it: the authentication
    /// indicators of RFC 8129, whose meaning is up to the realm, such as `otp`. See
    /// [`authentication_indicators`].
    pub fn indicators(&self) -> Vec<String> {
        let elements = self.authorization_data.iter();
        let elements: AuthorizationData<'_> = elements.map(AuthorizationDataEntry::from).collect();
        authentication_indicators(&elements, &self.ticket_key)
    }

    /// The ticket as a credential of the client's: the evidence with which the service may ask its
    /// KDC for tickets on the client's behalf (S4U2Proxy, MS-SFU §3.2.5.2), such as
    /// [`S4u2Proxy`](crate::S4u2Proxy) takes.
    ///
    /// The KDC decides. As a rule it wants the ticket to be forwardable, and encrypted in the
    /// service's key: one of user-to-user authentication is not.
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

    /// Makes the AP-REP, which proves to the client that this is its service (RFC 4120 §3.2.4).
    ///
    /// # Errors
    /// [`ApError::Crypto`] when a given subkey is of no supported type.
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
        // RFC 4120 §3.2.4: in the ticket's session key, whatever subkeys there are.
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
