//! The change-password protocol: a new password for oneself or, with RFC 3244, for another
//! principal.
//!
//! ```text
//! AsParams::to_change_password ──► AsExchange ──► a ticket for kadmin/changepw
//!      │
//!      ▼
//! PasswordChange::change, ::set ──message(own address)──► AP-REQ, KRB-PRIV ──► kpasswd service
//!                                                                                  │
//!                     Ok, or why not ◄──check_reply◄── AP-REP, KRB-PRIV, or KRB-ERROR
//! ```
//! Left to the caller: finding the service and carrying the messages. Try TCP first, like MIT's
//! changepw.c, because a retransmitted datagram looks like a replay to the service. Each connection
//! needs a message of its own, because the message contains the sender's address.

use alloc::vec::Vec;

use kerberos_asn1::{ChangePasswdData, Encode, KerberosString, NameType};
use kerberos_crypto::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    ApInitiator, ApRequestOptions, AsParams, ClockOffset, Credential, HostAddress, MessageSender,
    Password, Principal, Subkey, Timestamp,
};

mod error;
mod policy;
mod reply;
mod result;

pub use error::PasswordChangeError;
pub use policy::PasswordPolicy;
pub use result::{PasswordRejection, PasswordResult};

/// A password change in progress.
///
/// # Example
/// ```
/// use core::net::{IpAddr, Ipv4Addr};
/// use kerberos_proto::{
///     AsExchange, AsParams, Password, PasswordChange, Principal, Secret, Step, Timestamp,
/// };
/// # use kerberos_testkdc::{Kdc, Transport};
/// # let mut rng = kerberos_testkdc::Repeatable(7);
/// # let kdc = Kdc::builder("EXAMPLE.COM")
/// #     .principal("alice", "correct horse").service("kadmin/changepw").build()?;
/// # let now = Timestamp::new(1_767_225_600, 0);
/// # let time = std::time::Duration::from_secs(1_767_225_600);
/// // A ticket for the service, which the old password is good for even when it has expired.
/// let params = AsParams::new(Principal::parse("alice@EXAMPLE.COM")?).to_change_password();
/// let secret = Secret::Password(Password::new("correct horse"));
/// let (mut exchange, mut request) = AsExchange::start(params, secret, &mut rng, now)?;
/// let login = loop {
///     let reply = kdc.answer(&request.payload, Transport::Tcp, time).expect("an answer");
///     match exchange.step(&reply, &mut rng, now)? {
///         Step::Send(next) => request = next,
///         Step::Done(login) => break login,
///     }
/// };
///
/// let new = Password::new("battery staple");
/// let offset = login.kdc_offset;
/// let change = PasswordChange::change(&login.credential, &new, offset, &mut rng, now)?;
/// // For each connection, by the address of its own end.
/// let address = IpAddr::V4(Ipv4Addr::LOCALHOST).into();
/// let message = change.message(address, &mut rng, now)?;
/// let reply = kdc.answer_password_change(&message, Transport::Tcp, time).expect("an answer");
/// change.check_reply(&reply, now)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PasswordChange {
    initiator: ApInitiator,
    ap_req: Vec<u8>,
    version: u16,
    /// The data sent to the service: the new password and, for [`set`](Self::set), whose it is.
    data: Zeroizing<Vec<u8>>,
}

impl PasswordChange {
    /// Changes the password of the client of `credential` to `new`. `credential` is a ticket for
    /// `kadmin/changepw` from a login (an AS exchange).
    ///
    /// `kdc_offset` is the offset of the KDC's clock that the login found.
    ///
    /// # Errors
    /// [`PasswordChangeError::Ap`] when the credential's key or ticket cannot be used.
    pub fn change(
        credential: &Credential,
        new: &Password,
        kdc_offset: Option<ClockOffset>,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Self, PasswordChangeError> {
        let data = Zeroizing::new(new.expose_bytes().to_vec());
        Self::start(credential, CHANGE, data, kdc_offset, rng, now)
    }

    /// Sets the password of `target` to `new` (RFC 3244), if the client of `credential` is allowed
    /// to. Here the ticket for `kadmin/changepw` may also come from a TGS exchange.
    ///
    /// # Errors
    /// The same as [`change`](Self::change).
    pub fn set(
        credential: &Credential,
        target: &Principal,
        new: &Password,
        kdc_offset: Option<ClockOffset>,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Self, PasswordChangeError> {
        let data = ChangePasswdData {
            new_password: new.expose_bytes(),
            target_name: Some(target.to_wire()),
            target_realm: Some(KerberosString(target.realm())),
        };
        let data = Zeroizing::new(data.to_der());
        Self::start(credential, SET, data, kdc_offset, rng, now)
    }

    fn start(
        credential: &Credential,
        version: u16,
        data: Zeroizing<Vec<u8>>,
        kdc_offset: Option<ClockOffset>,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Self, PasswordChangeError> {
        let options = ApRequestOptions {
            // RFC 3244 §2: the authenticator has its own subkey and a sequence number.
            subkey: Subkey::Generate,
            sequence_number: true,
            kdc_offset,
            ..ApRequestOptions::default()
        };
        let (initiator, ap_req) = ApInitiator::start(credential, &options, rng, now)?;
        Ok(Self {
            initiator,
            ap_req,
            version,
            data,
        })
    }

    /// The realm whose kpasswd service is to receive the message.
    pub fn realm(&self) -> &[u8] {
        self.initiator.server().realm()
    }

    /// The message to send from `address`, the local address of the connection.
    ///
    /// # Errors
    /// [`PasswordChangeError::TooLong`] when the new password, or the ticket, is too long.
    pub fn message(
        &self,
        address: HostAddress,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Vec<u8>, PasswordChangeError> {
        let mut sender = MessageSender::new(self.key(), address);
        // RFC 3244 §2: the sequence number is the one in the authenticator.
        sender.sequence_number = self.initiator.sequence_number();
        let private = sender.private(&self.data, rng, now);
        frame(self.version, &self.ap_req, &private).ok_or(PasswordChangeError::TooLong)
    }

    /// The authenticator's subkey, which encrypts the messages in both directions (RFC 3244 §2).
    fn key(&self) -> &kerberos_crypto::Key {
        let session_key = self.initiator.session_key();
        self.initiator.subkey().unwrap_or(session_key)
    }
}

/// Does not show the password.
impl core::fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PasswordChange")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl AsParams {
    /// Parameters for a ticket with which to change the client's password: for `kadmin/changepw`,
    /// valid for five minutes and not usable for anything else, like the one MIT's library asks
    /// for. The settings that decide how the client authenticates are kept.
    pub fn to_change_password(&self) -> Self {
        let mut params = Self::new(self.client.clone());
        params.server = Some(Principal::new(
            NameType::PRINCIPAL,
            ["kadmin", "changepw"],
            self.client.realm(),
        ));
        params.lifetime = Some(5 * 60);
        params.options.canonicalize = self.options.canonicalize;
        params.options.more = self.options.more;
        params.options.renewable_ok = false;
        params.request_pac = self.request_pac;
        params.policy = self.policy.clone();
        params
    }
}

/// The lengths, the version and the two parts (RFC 3244 §2); `None` if a length does not fit.
fn frame(version: u16, ap_message: &[u8], private: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(HEADER + ap_message.len() + private.len()).ok()?;
    let ap_length = u16::try_from(ap_message.len()).ok()?;
    let mut message = Vec::with_capacity(length.into());
    for field in [length, version, ap_length] {
        message.extend_from_slice(&field.to_be_bytes());
    }
    message.extend_from_slice(ap_message);
    message.extend_from_slice(private);
    Some(message)
}

/// Three 16-bit numbers.
const HEADER: usize = 6;
/// The version number of the original protocol, which changes one's own password. Every reply has
/// it.
const CHANGE: u16 = 1;
/// The version number of RFC 3244, which sets any principal's password.
const SET: u16 = 0xff80;
