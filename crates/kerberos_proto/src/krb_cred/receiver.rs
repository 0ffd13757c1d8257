//! `CredReceiver`: reads and checks a KRB-CRED (RFC 4120 §3.6.3).

use alloc::vec::Vec;

use kerberos_asn1::{Decode, EncKrbCredPart, EncryptedData, KrbCred, KrbCredInfo, RawTicket};
use kerberos_crypto::{EncryptionType, Key, KeyBlock, KeyUsage, Plaintext};

use super::{CredError, ETYPE_NULL};
use crate::plain::without_padding;
use crate::session_message::{ExpectedOrigin, Origin};
use crate::{Credential, HostAddress, Principal, TicketTimes, Timestamp};

/// The requirements for a KRB-CRED. By default there are no keys and no further requirements.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CredReceiver<'k> {
    /// The keys that may have encrypted it, tried in this order. Peers differ in whether they use
    /// the subkey or the session key.
    pub keys: Vec<&'k Key>,
    /// Accept an unencrypted message (RFC 6448): for callers that found it inside something
    /// encrypted, such as an authenticator.
    pub accept_unprotected: bool,
    /// How much the sender's clock may differ, in seconds; `None` accepts a message of any age.
    pub clock_skew: Option<u32>,
    /// The required sequence number, if the session numbers its messages.
    pub sequence_number: Option<u32>,
    /// The address it came from. A message that states another sender is refused.
    pub sender: Option<HostAddress>,
    /// The address where it was received. A message that states another recipient is refused.
    pub recipient: Option<HostAddress>,
}

/// The contents of a KRB-CRED.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedCredentials {
    /// The credentials, at least one.
    pub credentials: Vec<Credential>,
    /// When the message was made.
    pub time: Option<Timestamp>,
    /// Its sequence number.
    pub sequence_number: Option<u32>,
}

impl CredReceiver<'_> {
    /// A receiver without keys and requirements.
    pub fn new() -> Self {
        Self::default()
    }

    /// The credentials in `message`, a KRB-CRED received at the time `now`.
    ///
    /// # Errors
    /// A separate error for each possible fault. Its [`CredError::code`] may be sent to the sender.
    pub fn credentials(
        &self,
        message: &[u8],
        now: Timestamp,
    ) -> Result<ReceivedCredentials, CredError> {
        let message = KrbCred::from_der(message).map_err(CredError::decode("the KRB-CRED"))?;
        let EncryptedData { etype, cipher, .. } = message.enc_part;
        let plain = self.open(etype, cipher)?;
        let part = without_padding(plain.as_deref().unwrap_or(cipher), EncryptionType(etype));
        let part = EncKrbCredPart::from_der(part)
            .map_err(CredError::decode("the encrypted part of the KRB-CRED"))?;

        let time = Origin::time(part.timestamp, part.usec);
        let expected = ExpectedOrigin {
            clock_skew: self.clock_skew,
            sequence_number: self.sequence_number,
            sender: self.sender.as_ref(),
            recipient: self.recipient.as_ref(),
        };
        let origin = Origin {
            time,
            sequence_number: part.nonce,
            sender: part.s_address,
            recipient: part.r_address,
        };
        origin.check(&expected, now)?;

        let (tickets, infos) = (message.tickets.len(), part.ticket_info.len());
        if tickets != infos {
            return Err(CredError::Counts { tickets, infos });
        }
        // An empty list has crashed other implementations, which took its first element.
        if tickets == 0 {
            return Err(CredError::NoTickets);
        }
        let pairs = message.tickets.iter().zip(&part.ticket_info);
        let credentials = pairs
            .enumerate()
            .map(|(index, (ticket, info))| {
                credential(&ticket, &info).ok_or(CredError::NoName(index))
            })
            .collect::<Result<_, _>>()?;
        Ok(ReceivedCredentials {
            credentials,
            time,
            sequence_number: part.nonce,
        })
    }

    /// Decrypts the message; `None` if it is not encrypted.
    fn open(&self, etype: i32, cipher: &[u8]) -> Result<Option<Plaintext>, CredError> {
        if etype == ETYPE_NULL {
            return if self.accept_unprotected {
                Ok(None)
            } else {
                Err(CredError::Unprotected)
            };
        }
        let fitting = self.keys.iter().filter(|key| key.etype().0 == etype);
        fitting
            .into_iter()
            .find_map(|key| key.decrypt(KeyUsage::KRB_CRED_ENC_PART, cipher).ok())
            .map(Some)
            .ok_or(CredError::Integrity)
    }
}

/// Returns `None` if a name is missing: RFC 4120 §5.8.1 makes names optional, but a credential
/// needs them.
fn credential(ticket: &RawTicket<'_>, info: &KrbCredInfo<'_>) -> Option<Credential> {
    Some(Credential {
        client: Principal::from_wire(info.pname.as_ref()?, info.prealm?),
        server: Principal::from_wire(info.sname.as_ref()?, info.srealm?),
        session_key: KeyBlock::new(EncryptionType(info.key.keytype), info.key.keyvalue.to_vec()),
        times: TicketTimes {
            authtime: info.authtime.unwrap_or_default(),
            starttime: info.starttime,
            endtime: info.endtime.unwrap_or_default(),
            renew_till: info.renew_till,
        },
        is_skey: false,
        flags: info.flags.unwrap_or_default(),
        addresses: HostAddress::list(info.caddr.as_ref()),
        authorization_data: Vec::new(),
        ticket: ticket.as_bytes().to_vec(),
        second_ticket: Vec::new(),
    })
}
