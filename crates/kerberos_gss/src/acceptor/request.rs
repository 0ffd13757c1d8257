//! `Request`: an accepted AP-REQ, the contents of its GSS-API checksum (RFC 4121 §4.1.1), and the
//! context that results from it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_crypto::KeyUsage;
use kerberos_proto::{Accepted, AcceptorChoice, CredReceiver, Credential, KeySource, Timestamp};

use super::Acceptor;
use crate::authenticator::{GSS_CHECKSUM, GssChecksum, promises_bindings};
use crate::context::{Clock, Context, Details, Keys};
use crate::message::Side;
use crate::{ContextFlags, GssError};

/// An accepted AP-REQ.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) accepted: Accepted,
    pub(super) flags: ContextFlags,
    channel_bound: bool,
    delegated: Vec<Credential>,
    clock_skew: u32,
}

impl<K: KeySource> Acceptor<K> {
    /// Interprets the checksum in the authenticator.
    pub(super) fn examine(&self, accepted: Accepted, now: Timestamp) -> Result<Request, GssError> {
        let mut flags = ContextFlags::empty();
        let mut bindings = [0; 16];
        let mut delegated = Vec::new();
        match &accepted.checksum {
            // MS-KILE §3.4.5: without a checksum, no flags are set and there are no bindings.
            None => {}
            Some(checksum) if checksum.checksum_type == GSS_CHECKSUM => {
                let checksum = GssChecksum::read(&checksum.checksum)?;
                flags = checksum.flags & INITIATOR_FLAGS;
                bindings = checksum.bindings;
                if let Some(message) = checksum.delegated.filter(|_| self.wants_delegation()) {
                    delegated = borrow(&accepted, message, now)?;
                    flags |= ContextFlags::DELEG;
                }
            }
            // Samba's client sends an ordinary checksum over an empty message. Verifying it ensures
            // that this is not an authenticator of another protocol.
            Some(checksum) => {
                let verified = accepted.session_key.verify_checksum_as(
                    checksum.checksum_type,
                    KeyUsage::AP_REQ_AUTHENTICATOR_CHECKSUM,
                    &[],
                    &checksum.checksum,
                );
                verified.map_err(|_| GssError::Checksum("it is not the one of GSS-API"))?;
                flags = ContextFlags::REPLAY | ContextFlags::SEQUENCE;
                if accepted.mutual_required() {
                    flags |= ContextFlags::MUTUAL;
                }
            }
        }
        if flags.contains(ContextFlags::DCE_STYLE) {
            flags |= ContextFlags::MUTUAL;
        }
        let channel_bound = self.check_bindings(&accepted, &bindings)?;
        let missing = self.options.require & !flags;
        if missing != ContextFlags::empty() {
            return Err(GssError::Required(missing));
        }
        Ok(Request {
            accepted,
            flags,
            channel_bound,
            delegated,
            clock_skew: self.service.clock_skew,
        })
    }

    fn wants_delegation(&self) -> bool {
        self.options.delegation || self.options.require.contains(ContextFlags::DELEG)
    }

    /// Checks the channel bindings, and returns whether the context is bound to the channel.
    fn check_bindings(&self, accepted: &Accepted, bindings: &[u8; 16]) -> Result<bool, GssError> {
        let own = &self.options.channel_bindings;
        if own.iter().any(|own| own.hash() == *bindings) {
            return Ok(true);
        }
        // RFC 4121 §4.1.1.2: zeros mean no bindings.
        if !own.is_empty() && *bindings != [0; 16] {
            return Err(GssError::BindingsMismatch);
        }
        let promised = promises_bindings(&accepted.client_authorization_data);
        if self.options.require_bindings || (promised && !own.is_empty()) {
            return Err(GssError::BindingsMissing);
        }
        Ok(false)
    }
}

impl Request {
    pub(super) fn establish(self, choice: Option<AcceptorChoice>) -> Context {
        let Self {
            accepted,
            flags,
            channel_bound,
            delegated,
            clock_skew,
        } = self;
        let theirs = accepted.sequence_number.unwrap_or_default();
        // Without an AP-REP, both sides start with the same sequence number, as in MIT's library.
        let (subkey, own) = match choice {
            Some(choice) => (choice.subkey, choice.sequence_number.unwrap_or_default()),
            None => (None, theirs),
        };
        let key = accepted.subkey.as_ref().unwrap_or(&accepted.session_key);
        let dce_style = flags.contains(ContextFlags::DCE_STYLE);
        let keys = Keys::with_acceptor(key.clone(), subkey, dce_style);
        let (sender, receiver) = keys.directions(Side::Acceptor, flags, (theirs, own));
        Context {
            details: Details {
                initiator: accepted.client.clone(),
                acceptor: accepted.server.clone(),
                flags,
                channel_bound,
                times: accepted.times,
                accepted: Some(Box::new(accepted)),
                delegated,
                clock: Clock::Skew(clock_skew),
                keys,
            },
            sender,
            receiver,
        }
    }
}

/// The credentials that the initiator delegates.
fn borrow(
    accepted: &Accepted,
    message: &[u8],
    now: Timestamp,
) -> Result<Vec<Credential>, GssError> {
    let mut receiver = CredReceiver::new();
    // RFC 4121 §4.1.1 requires the session key. Others use the subkey, and older versions of MIT's
    // library rely on the enclosing authenticator, which is encrypted and fresh.
    receiver.keys.push(&accepted.session_key);
    receiver.keys.extend(&accepted.subkey);
    receiver.accept_unprotected = true;
    Ok(receiver.credentials(message, now)?.credentials)
}

/// The flags that an initiator may set on its own.
const INITIATOR_FLAGS: ContextFlags = ContextFlags(
    ContextFlags::MUTUAL.0
        | ContextFlags::REPLAY.0
        | ContextFlags::SEQUENCE.0
        | ContextFlags::CONF.0
        | ContextFlags::INTEG.0
        | ContextFlags::DCE_STYLE.0
        | ContextFlags::IDENTIFY.0
        | ContextFlags::EXTENDED_ERROR.0,
);
