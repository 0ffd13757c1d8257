//! The service's side: AP-REQ read and checked, AP-REP made (RFC 4120 §3.2.3, §3.2.4).

use alloc::{sync::Arc, vec::Vec};

use kerberos_asn1::{
    ApOptions, ApRep, ApReq, Authenticator, Decode, EncApRepPart, EncTicketPart, Encode,
    EncryptedData, EncryptionKey, MessageType, Microseconds, Ticket, TicketFlags,
};
use kerberos_crypto::{CryptoRng, EncryptionType, Key, KeyUsage};
use zeroize::Zeroizing;

use super::checks::{check_address, check_authenticator, check_etype, check_times};
use super::initiator::wire_key;
use super::ticket_key::{self, Audience, OpenedTicket};
use super::{
    ApChecksum, ApError, KeySource, OwnTgt, Replay, ReplayCache, Subkey, WantedKey, owned,
    sequence_number,
};
use crate::pac::{Pac, PacCheck, PacError, VerifiedPac};
use crate::plain::without_padding;
use crate::trace::{Error, Etype, KeyTrace, trace};
use crate::{
    AuthorizationDataElement, Credential, HostAddress, Principal, TicketTimes, Timestamp,
    TransitPolicy,
};

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
    /// Where the keys come from.
    pub keys: K,
    /// The one service whose keys may be used; `None` means all that there are keys of.
    ///
    /// As in MIT's library the ticket may have another name, an alias, if one of those keys opens
    /// it. And a principal of type [`NameType::SRV_HST`](kerberos_asn1::NameType::SRV_HST) without
    /// host, or without realm, means those of any.
    pub server: Option<Principal>,
    /// Take the host of such a [`server`](Self::server) for any host
    /// (`ignore_acceptor_hostname`).
    pub ignore_hostname: bool,
    /// How far clocks may differ, in seconds.
    pub clock_skew: u32,
    /// The encryption types that tickets, session keys and subkeys may have
    /// (`permitted_enctypes`).
    pub etypes: Vec<EncryptionType>,
    /// The service's own TGT, for user-to-user authentication.
    pub tgt: Option<OwnTgt>,
    /// Which realms clients may come through where no KDC has checked them; by default those that
    /// the names of the realms lay down.
    pub transit: TransitPolicy,
    /// Take tickets that came through any realms: for a caller that looks at
    /// [`Accepted::transited`] itself.
    pub accept_unchecked_transit: bool,
    /// Take tickets that do not say who has them. A KDC with anonymous PKINIT gives them to anybody
    /// who asks (RFC 8062), so that they authenticate nobody:
    /// [`Accepted::client`] is `WELLKNOWN/ANONYMOUS` then, as a rule.
    pub accept_anonymous: bool,
}

/// A client that was authenticated, and what its ticket and its request say.
#[derive(Debug)]
#[non_exhaustive]
pub struct Accepted {
    /// Who the client is.
    pub client: Principal,
    /// The service whose key opened the ticket; the ticket may have an alias of it. Where that is
    /// the session key of a TGT, the TGT's client.
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
    /// The encrypted part of the AP-REP, which is no answer to itself.
    pub(super) cipher: Vec<u8>,
}

impl<K: KeySource> Acceptor<K> {
    /// An acceptor for the services that `keys` has keys of, with five minutes of clock skew and
    /// every supported encryption type.
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

    /// Authenticates the sender of `message`, an AP-REQ, at `now`.
    ///
    /// `peer` is where it came from, if that is known: tickets may be bound to addresses.
    ///
    /// # Errors
    /// One for each check of RFC 4120 §3.2.3. The client gets
    /// [`ApError::to_message`].
    pub fn accept(
        &self,
        message: &[u8],
        peer: Option<&HostAddress>,
        replays: &mut dyn ReplayCache,
        now: Timestamp,
    ) -> Result<Accepted, ApError> {
        // RFC 4120 §3.2.3: first of all it is an AP-REQ.
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
        // An authenticator of another type cannot be by this key.
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
        // RFC 4120 §2.7; the realm is that of the key, for nothing protects the one outside.
        if !self.accept_unchecked_transit && !self.transit.accepts(&part, opened.server.realm()) {
            return Err(ApError::PathNotAccepted);
        }
        let client = Principal::from_wire(&part.cname, part.crealm);
        // RFC 8062 §3: the flag says it, and the name that stands for all.
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
            // Whose key it is, is certain. What the ticket says is not protected, and need not be
            // the same: Active Directory knows the owner of a TGT by many service names.
            return Ok(OpenedTicket {
                plain,
                key: Arc::clone(key),
                server: tgt.client.clone(),
            });
        }
        let wanted = WantedKey {
            server: &server,
            etype,
            // Keys are counted from 1; as in MIT's library (IGNORE_VNO), 0 says nothing.
            kvno: ticket.enc_part.kvno.filter(|&kvno| kvno != 0),
        };
        let keys = self.keys.keys(&wanted).map_err(ApError::Keys)?;
        let audience = Audience {
            server: self.server.as_ref(),
            ignore_hostname: self.ignore_hostname,
        };
        let opened = ticket_key::open(&keys, &wanted, ticket, audience)?;
        trace!(
            "Decrypted AP-REQ with server principal {}: {}",
            opened.server,
            Etype(etype)
        );
        Ok(opened)
    }

    /// RFC 4120 §3.2.3: the authenticator was not seen before. This comes last, so that nothing
    /// is remembered that is refused anyway.
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

impl Accepted {
    /// Whether the client waits for an AP-REP.
    pub fn mutual_required(&self) -> bool {
        self.options.contains(ApOptions::MUTUAL_REQUIRED)
    }

    /// What the ticket's PAC says of the client, verified with the key of the ticket; `None` when
    /// there is no PAC, for not every KDC makes them.
    ///
    /// The client is authenticated either way. MIT's library, too, ignores a PAC that it cannot
    /// verify, and whoever decides by one must refuse the client then.
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

fn received_key(key: EncryptionKey<'_>) -> Result<Key, ApError> {
    Ok(Key::from_bytes(EncryptionType(key.keytype), key.keyvalue)?)
}
