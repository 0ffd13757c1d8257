//! `CredReceiver`: KRB-CRED read and checked (RFC 4120 §3.6.3).

use alloc::vec::Vec;

use kerberos_asn1::{Decode, EncKrbCredPart, EncryptedData, KrbCred, KrbCredInfo, RawTicket};
use kerberos_crypto::{EncryptionType, Key, KeyBlock, KeyUsage, Plaintext};

use super::{CredError, ETYPE_NULL};
use crate::plain::without_padding;
use crate::session_message::{ExpectedOrigin, Origin};
use crate::{Credential, HostAddress, Principal, TicketTimes, Timestamp};

/// What a KRB-CRED has to be like. By default there is no key and nothing more is asked for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CredReceiver<'k> {
    /// The keys that it may be encrypted in: peers differ in whether that is the subkey or the
    /// session key. They are tried in this order.
    pub keys: Vec<&'k Key>,
    /// Take one that is not encrypted (RFC 6448): for callers that found it inside something
    /// encrypted, such as an authenticator.
    pub accept_unprotected: bool,
    /// How far the sender's clock may differ, in seconds; `None` takes a message of any age.
    pub clock_skew: Option<u32>,
    /// The number that it must have, where messages of a session are numbered.
    pub sequence_number: Option<u32>,
    /// Where it came from; a message that says something else is refused.
    pub sender: Option<HostAddress>,
    /// Where it was received; a message that says something else is refused.
    pub recipient: Option<HostAddress>,
}

/// What was in a KRB-CRED.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedCredentials {
    /// The credentials, at least one.
    pub credentials: Vec<Credential>,
    /// When the message was made.
    pub time: Option<Timestamp>,
    /// Its number.
    pub sequence_number: Option<u32>,
}

impl CredReceiver<'_> {
    /// One without keys that asks for nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The credentials in `message`, a KRB-CRED that is received at `now`.
    ///
    /// # Errors
    /// One for each thing that can be wrong with it; [`CredError::code`] is what the sender may be
    /// told.
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
        // A list that is empty has crashed those who took its first element.
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

    /// Decrypts; `None` when there is nothing to decrypt.
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

/// `None` when a name is missing, which RFC 4120 §5.8.1 leaves optional and a credential needs.
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
