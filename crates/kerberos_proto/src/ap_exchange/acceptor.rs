//! The service's side: reads and checks the AP-REQ (RFC 4120 §3.2.3). The result and the AP-REP are
//! in `accepted.rs`.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kerberos_asn1::{
    ApOptions, ApReq, Authenticator, Decode, EncTicketPart, EncryptionKey, MessageType, Ticket,
    TicketFlags,
};
use kerberos_crypto::{EncryptionType, Key, KeyUsage};

use super::accepted::Accepted;
use super::checks::{check_address, check_authenticator, check_etype, check_times};
use super::ticket_key::{self, OpenedTicket};
use super::{ApChecksum, ApError, KeySource, OwnTgt, Replay, ReplayCache, WantedKey, owned};
use crate::plain::without_padding;
use crate::trace::{Error, Etype, trace};
use crate::{HostAddress, Principal, TicketTimes, Timestamp, TransitPolicy};

/// A service that authenticates its clients.
///
/// # Example
/// ```
/// use kerberos_asn1::KerberosTime;
/// # use kerberos_asn1::{KerberosString, TicketFlags};
/// # use kerberos_crypto::{EncryptionType, Key, KeyBlock};
/// use kerberos_proto::{
///     Acceptor, AcceptorReply, ApError, ApInitiator, ApRequestOptions, MemoryReplayCache,
///     ServiceKeys, Subkey, Timestamp,
/// };
/// # use kerberos_proto::{Credential, KeyEntry, Principal, TicketTimes};
/// # use kerberos_testkdc::forge;
/// # let mut rng = kerberos_testkdc::Repeatable(7);
/// # let now = Timestamp::new(1_767_225_600, 0);
/// # let etype = EncryptionType::AES256_CTS_HMAC_SHA1_96;
/// # let service_key = KeyEntry { kvno: 1, key: KeyBlock::new(etype, vec![1; 32]) };
/// # let client = Principal::parse("alice@EXAMPLE.COM")?;
/// # let server = Principal::parse("host/www.example.com@EXAMPLE.COM")?;
/// # let key = Key::new(&service_key.key)?;
/// # let session = Key::from_bytes(etype, &[2; 32])?;
/// # let (realm, sname) = (KerberosString(server.realm()), server.to_wire());
/// # let crealm = KerberosString(client.realm());
/// # let part = forge::enc_ticket_part(crealm, client.to_wire(), &session, now.seconds);
/// # let ticket = forge::seal(&part, realm, sname, (&key, Some(1)), &mut rng);
/// # let credential = Credential {
/// #     client, server: server.clone(), session_key: session.to_block(),
/// #     times: TicketTimes::default(),
/// #     is_skey: false, flags: TicketFlags::PRE_AUTHENT, addresses: vec![],
/// #     authorization_data: vec![], ticket, second_ticket: vec![],
/// # };
/// // The client, with a credential for the service:
/// let mut options = ApRequestOptions::default();
/// options.mutual = true;
/// options.subkey = Subkey::Generate;
/// let (initiator, ap_req) = ApInitiator::start(&credential, &options, &mut rng, now)?;
///
/// // The service, with the keys of its keytab:
/// let acceptor = Acceptor::new(ServiceKeys::new([(server, service_key)])?);
/// let mut replays = MemoryReplayCache::default();
/// let accepted = acceptor.accept(&ap_req, None, &mut replays, now)?;
/// assert_eq!(accepted.client.to_string(), "alice@EXAMPLE.COM");
/// assert!(accepted.mutual_required());
/// let (ap_rep, _) = accepted.reply(&AcceptorReply::default(), &mut rng)?;
///
/// // The client again: now it knows the service, too.
/// initiator.check_reply(&ap_rep)?;
///
/// // What was recorded on the way is good for nothing.
/// let replayed = acceptor.accept(&ap_req, None, &mut replays, now);
/// assert!(matches!(replayed, Err(ApError::Replay)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Acceptor<K> {
    /// The source of the service's keys.
    pub keys: K,
    /// The only service whose keys may be used; `None` means all services in `keys`.
    ///
    /// As in MIT's library, the ticket may name another service (an alias) if one of those keys
    /// decrypts it. A principal of type [`NameType::SRV_HST`](kerberos_asn1::NameType::SRV_HST)
    /// without a host, or without a realm, stands for that service on any host or in any realm.
    pub server: Option<Principal>,
    /// Ignore the host of such a [`server`](Self::server) (`ignore_acceptor_hostname`).
    pub ignore_hostname: bool,
    /// The maximum difference between clocks, in seconds.
    pub clock_skew: u32,
    /// The encryption types allowed for tickets, session keys and subkeys (`permitted_enctypes`).
    pub etypes: Vec<EncryptionType>,
    /// The service's own TGT, for user-to-user authentication.
    pub tgt: Option<OwnTgt>,
    /// The realms through which clients may come if no KDC has checked that. By default these are
    /// the realms on the path implied by the realms' names.
    pub transit: TransitPolicy,
    /// Accept tickets that came through any realms, for a caller that checks
    /// [`Accepted::transited`] itself.
    pub accept_unchecked_transit: bool,
    /// Accept anonymous tickets, which do not name their holder. A KDC with anonymous PKINIT issues
    /// them to anyone (RFC 8062), so they authenticate nobody. [`Accepted::client`] is then usually
    /// `WELLKNOWN/ANONYMOUS`.
    pub accept_anonymous: bool,
}

impl<K: KeySource> Acceptor<K> {
    /// An acceptor for all services in `keys`, with five minutes of clock skew and all supported
    /// encryption types.
    pub fn new(keys: K) -> Self {
        Self {
            keys,
            server: None,
            ignore_hostname: false,
            clock_skew: 300,
            etypes: EncryptionType::SUPPORTED.to_vec(),
            tgt: None,
            transit: TransitPolicy::default(),
            accept_unchecked_transit: false,
            accept_anonymous: false,
        }
    }

    /// Authenticates the sender of the AP-REQ `message` at the time `now`.
    ///
    /// `peer` is the sender's address, if known, since tickets may be bound to addresses.
    ///
    /// # Errors
    /// A separate error for each check of RFC 4120 §3.2.3. Send the client [`ApError::to_message`].
    pub fn accept(
        &self,
        message: &[u8],
        peer: Option<&HostAddress>,
        replays: &mut dyn ReplayCache,
        now: Timestamp,
    ) -> Result<Accepted, ApError> {
        // RFC 4120 §3.2.3: it must be an AP-REQ.
        if MessageType::of_der(message) != Some(MessageType::AP_REQ) {
            return Err(ApError::UnexpectedMessage);
        }
        let request = ApReq::from_der(message).map_err(ApError::decode("the AP-REQ"))?;
        let ticket = request.ticket.ticket();
        let opened = self.open_ticket(&request, ticket).inspect_err(|error| {
            trace!("Failed to decrypt AP-REQ ticket: {}", Error(error.code().0));
        })?;
        let etype = EncryptionType(ticket.enc_part.etype);
        let part = EncTicketPart::from_der(without_padding(&opened.plain, etype))
            .map_err(ApError::decode("the encrypted part of the ticket"))?;

        check_etype(part.key.keytype, &self.etypes)?;
        let session_key = received_key(part.key)?;
        let cipher = request.authenticator.cipher;
        // An authenticator of another type cannot have been made with this key.
        if EncryptionType(request.authenticator.etype) != session_key.etype() {
            return Err(ApError::AuthenticatorIntegrity);
        }
        let plain = session_key
            .decrypt(KeyUsage::AP_REQ_AUTHENTICATOR, cipher)
            .map_err(|_| ApError::AuthenticatorIntegrity)?;
        let authenticator = Authenticator::from_der(without_padding(&plain, session_key.etype()))
            .map_err(ApError::decode("the authenticator"))?;

        check_authenticator(&part, &authenticator, self.clock_skew, now)?;
        check_address(&part, peer)?;
        check_times(&part, self.clock_skew, now)?;
        // RFC 4120 §2.7. The realm is that of the key, because the realm outside the encrypted part
        // is not protected.
        if !self.accept_unchecked_transit && !self.transit.accepts(&part, opened.server.realm()) {
            return Err(ApError::PathNotAccepted);
        }
        let client = Principal::from_wire(&part.cname, part.crealm);
        // RFC 8062 §3: indicated by the flag, and by the well-known name.
        let anonymous = part.flags.contains(TicketFlags::ANONYMOUS) || client.is_anonymous();
        if anonymous && !self.accept_anonymous {
            return Err(ApError::Anonymous { client });
        }
        let subkey = match authenticator.subkey {
            Some(key) => {
                check_etype(key.keytype, &self.etypes)?;
                trace!(
                    "Authenticator contains subkey: {}",
                    Etype(EncryptionType(key.keytype))
                );
                Some(received_key(key)?)
            }
            None => None,
        };
        let accepted = Accepted {
            client,
            server: opened.server,
            ticket: request.ticket.as_bytes().to_vec(),
            ticket_key: opened.key,
            subkey,
            sequence_number: authenticator.seq_number,
            options: request.ap_options,
            flags: part.flags,
            times: TicketTimes {
                authtime: part.authtime,
                starttime: Some(part.starttime.unwrap_or(part.authtime)),
                endtime: part.endtime,
                renew_till: part.renew_till,
            },
            addresses: HostAddress::list(part.caddr.as_ref()),
            transited: part.transited.contents.to_vec(),
            authorization_data: owned(part.authorization_data.as_ref()),
            client_authorization_data: owned(authenticator.authorization_data.as_ref()),
            checksum: authenticator.cksum.map(ApChecksum::from),
            time: Timestamp::new(authenticator.ctime.unix(), authenticator.cusec.0),
            session_key,
        };
        trace!(
            "AP-REQ ticket: {} -> {}, session key {}",
            accepted.client,
            accepted.server,
            Etype(accepted.session_key.etype()),
        );
        self.check_replay(&accepted, cipher, replays, now)?;
        Ok(accepted)
    }

    /// Decrypts the ticket of `request`.
    fn open_ticket(
        &self,
        request: &ApReq<'_>,
        ticket: &Ticket<'_>,
    ) -> Result<OpenedTicket, ApError> {
        if ticket.tkt_vno != Ticket::VERSION {
            return Err(ApError::TicketVersion(ticket.tkt_vno));
        }
        check_etype(ticket.enc_part.etype, &self.etypes)?;
        let server = Principal::from_wire(&ticket.sname, ticket.realm);
        let etype = EncryptionType(ticket.enc_part.etype);
        // RFC 4120 §3.2.3: with USE-SESSION-KEY, the ticket is encrypted in the session key of
        // the service's TGT.
        if request.ap_options.contains(ApOptions::USE_SESSION_KEY) {
            let tgt = self.tgt.as_ref().ok_or(ApError::NoTgt)?;
            let key = &tgt.session_key;
            if key.etype() != etype {
                return Err(ApError::TicketIntegrity);
            }
            let plain = key
                .decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher)
                .map_err(|_| ApError::TicketIntegrity)?;
            // The owner of the key is certain. The name in the ticket is not protected and may
            // differ: Active Directory knows the owner of a TGT by many service names.
            return Ok(OpenedTicket {
                plain,
                key: Arc::clone(key),
                server: tgt.client.clone(),
            });
        }
        let wanted = WantedKey {
            server: &server,
            etype,
            // Key versions start at 1. As in MIT's library (IGNORE_VNO), 0 means unknown.
            kvno: ticket.enc_part.kvno.filter(|&kvno| kvno != 0),
        };
        let keys = self.keys.keys(&wanted).map_err(ApError::Keys)?;
        let opened = ticket_key::open(&keys, &wanted, ticket, self.audience())?;
        trace!(
            "Decrypted AP-REQ with server principal {}: {}",
            opened.server,
            Etype(etype)
        );
        Ok(opened)
    }

    /// RFC 4120 §3.2.3: the authenticator must not have been seen before. This is the last check,
    /// so that requests that are refused anyway are not remembered.
    fn check_replay(
        &self,
        accepted: &Accepted,
        cipher: &[u8],
        replays: &mut dyn ReplayCache,
        now: Timestamp,
    ) -> Result<(), ApError> {
        let start = cipher
            .len()
            .saturating_sub(accepted.session_key.checksum_len());
        let replay = Replay::new(
            &accepted.client,
            &accepted.server,
            accepted.time,
            cipher.get(start..).unwrap_or(cipher),
            self.clock_skew,
        );
        match replays.store(&replay, now) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ApError::Replay),
            Err(error) => Err(ApError::ReplayCache(error)),
        }
    }
}

fn received_key(key: EncryptionKey<'_>) -> Result<Key, ApError> {
    Ok(Key::from_bytes(EncryptionType(key.keytype), key.keyvalue)?)
}
