//! `CredSender`: makes a KRB-CRED (RFC 4120 §3.6.2).

use alloc::vec::Vec;

use kerberos_asn1::{
    Decode, EncKrbCredPart, Encode, EncryptedData, EncryptionKey, KerberosString, KerberosTime,
    KrbCred, KrbCredInfo, Microseconds, RawTicket, SequenceOf,
};
use kerberos_crypto::{CryptoRng, Key, KeyUsage};
use zeroize::Zeroizing;

use super::{CredError, ETYPE_NULL};
use crate::{Credential, HostAddress, Timestamp};

/// How the session keys in a KRB-CRED are protected.
#[derive(Clone, Copy, Debug)]
pub enum CredProtection<'k> {
    /// Encrypted with the subkey or session key shared with the recipient.
    Key(&'k Key),
    /// Not protected (RFC 6448): only inside something that is itself encrypted, such as an
    /// authenticator, and only for peers that require this.
    DangerousNone,
}

/// How to protect a KRB-CRED, and what it contains besides the credentials.
///
/// # Example
/// ```
/// use kerberos_crypto::{EncryptionType, Key};
/// use kerberos_proto::{CredError, CredProtection, CredReceiver, CredSender, Timestamp};
/// # use kerberos_asn1::{
/// #     Encode, EncryptedData, KerberosString, KerberosTime, Ticket, TicketFlags,
/// # };
/// # use kerberos_crypto::KeyBlock;
/// # use kerberos_proto::{Credential, Principal, TicketTimes};
/// # let mut rng = kerberos_testkdc::Repeatable(7);
/// # let now = Timestamp::new(1_767_225_600, 0);
/// # let server = Principal::parse("krbtgt/EXAMPLE.COM@EXAMPLE.COM")?;
/// # let ticket = Ticket {
/// #     tkt_vno: 5, realm: KerberosString(server.realm()), sname: server.to_wire(),
/// #     enc_part: EncryptedData { etype: 18, kvno: Some(1), cipher: b"opaque" },
/// # }.to_der();
/// # let tgt = Credential {
/// #     client: Principal::parse("alice@EXAMPLE.COM")?, server: server.clone(),
/// #     session_key: KeyBlock::new(EncryptionType(18), vec![2; 32]),
/// #     times: TicketTimes::default(), is_skey: false, flags: TicketFlags::FORWARDED,
/// #     addresses: vec![], authorization_data: vec![], ticket, second_ticket: vec![],
/// # };
/// let etype = EncryptionType::AES256_CTS_HMAC_SHA1_96;
/// let session_key = Key::from_bytes(etype, &[1; 32])?;
/// // The client sends the TGT that its KDC gave it to forward …
/// let protection = CredProtection::Key(&session_key);
/// let message = CredSender::new(protection).message(&[tgt], &mut rng, now)?;
///
/// // … and the service, which has the session key from the AP exchange, takes it.
/// let mut receiver = CredReceiver::new();
/// receiver.keys = vec![&session_key];
/// let received = receiver.credentials(&message, now)?;
/// assert_eq!(received.credentials[0].client.to_string(), "alice@EXAMPLE.COM");
///
/// let stranger = CredReceiver::new().credentials(&message, now);
/// assert_eq!(stranger.unwrap_err(), CredError::Integrity);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CredSender<'k> {
    /// How the session keys are protected.
    pub protection: CredProtection<'k>,
    /// The sequence number of the message, if the session numbers its messages.
    pub sequence_number: Option<u32>,
    /// The sender's address.
    pub sender: Option<HostAddress>,
    /// The recipient's address.
    pub recipient: Option<HostAddress>,
}

impl<'k> CredSender<'k> {
    /// A sender without sequence number and addresses.
    pub fn new(protection: CredProtection<'k>) -> Self {
        Self {
            protection,
            sequence_number: None,
            sender: None,
            recipient: None,
        }
    }

    /// The KRB-CRED that contains `credentials`, made at the time `now`. Like MIT's it always
    /// includes the time.
    ///
    /// Without protection the message contains session keys in the clear, so it is wiped on drop.
    ///
    /// # Errors
    /// [`CredError::NoTickets`] if `credentials` is empty, and [`CredError::Decode`] if the ticket
    /// of a credential is not valid DER.
    pub fn message(
        &self,
        credentials: &[Credential],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Zeroizing<Vec<u8>>, CredError> {
        if credentials.is_empty() {
            return Err(CredError::NoTickets);
        }
        let tickets: Vec<_> = credentials
            .iter()
            .map(|one| RawTicket::from_der(&one.ticket))
            .collect::<Result<_, _>>()
            .map_err(CredError::decode("the ticket"))?;
        let part = EncKrbCredPart {
            ticket_info: credentials.iter().map(info).collect(),
            nonce: self.sequence_number,
            timestamp: Some(now.to_kerberos_time()),
            usec: Some(Microseconds(now.microseconds)),
            s_address: self.sender.as_ref().map(HostAddress::to_wire),
            r_address: self.recipient.as_ref().map(HostAddress::to_wire),
        };
        let part = Zeroizing::new(part.to_der());
        let (etype, cipher) = match self.protection {
            CredProtection::Key(key) => {
                // RFC 4120 §5.8.1: key usage 14.
                let cipher = key.encrypt(KeyUsage::KRB_CRED_ENC_PART, &part, rng);
                (key.etype().0, Zeroizing::new(cipher))
            }
            CredProtection::DangerousNone => (ETYPE_NULL, part),
        };
        let message = KrbCred {
            tickets: SequenceOf::from(tickets),
            enc_part: EncryptedData {
                etype,
                kvno: None,
                cipher: &cipher,
            },
        };
        Ok(Zeroizing::new(message.to_der()))
    }
}

fn info(credential: &Credential) -> KrbCredInfo<'_> {
    let Credential {
        client,
        server,
        session_key,
        times,
        flags,
        addresses,
        ..
    } = credential;
    KrbCredInfo {
        key: EncryptionKey {
            keytype: session_key.etype().0,
            keyvalue: session_key.expose_bytes(),
        },
        prealm: Some(KerberosString(client.realm())),
        pname: Some(client.to_wire()),
        flags: Some(*flags),
        // As in MIT's messages, unknown times are left out.
        authtime: Some(times.authtime).filter(|time| *time != KerberosTime::default()),
        starttime: times.starttime,
        endtime: Some(times.endtime).filter(|time| *time != KerberosTime::default()),
        renew_till: times.renew_till,
        srealm: Some(KerberosString(server.realm())),
        sname: Some(server.to_wire()),
        caddr: HostAddress::list_to_wire(addresses),
    }
}
