//! `CredentialView`: an entry of a cache, read in place.
//!
//! A [`Layout`] contains the positions of the parts, and each accessor returns a slice. Nothing is
//! copied before [`CredentialView::to_credential`].

mod lists;

use core::fmt;
use core::ops::Range;

use kerberos_asn1::{KerberosTime, TicketFlags};
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_proto::{AuthorizationDataElement, Credential, HostAddress, Principal, TicketTimes};

use crate::ccache::config::{ConfigEntry, ConfigEntryView};
use crate::ccache::layout::{Layout, Misfit, NameLayout, Span, read_name};
use crate::ccache::{CONFIG_NAME, CONFIG_REALM, REMOVED_CONFIG_REALM, Version};
use crate::wire::{Cursor, DecodeError, PrincipalView, Style};
use lists::List;
pub use lists::{AddressView, Addresses, Authdata, AuthdataView};

/// An entry of a cache, borrowed from the reader's buffer.
///
/// Times are the file's raw seconds since 1970, where 0 means "not set".
#[derive(Clone, Copy)]
pub struct CredentialView<'a> {
    record: &'a [u8],
    layout: Layout,
    style: Style,
    version: Version,
}

impl<'a> CredentialView<'a> {
    /// Parses `record`, which must be exactly one entry in the encoding of files, or of KCM and
    /// KEYRING caches (which use version 4).
    ///
    /// # Errors
    /// When it is truncated, has trailing bytes, or consists of zeros.
    ///
    /// # Example
    /// ```
    /// use kerberos_files::ccache::{CredentialView, Version};
    /// let error = CredentialView::parse(&[0, 0, 0, 1, 0, 0], Version::V4).unwrap_err();
    /// assert_eq!(error.problem, "number of name components");
    /// ```
    pub fn parse(record: &'a [u8], version: Version) -> Result<Self, DecodeError> {
        let style = version.style();
        let layout = Layout::of(record, version, style)?;
        if layout.length != record.len() {
            return Err(DecodeError {
                problem: "bytes behind the end",
            });
        }
        Ok(Self::new(record, layout, version, style))
    }

    /// The view of `record`, from which `layout` must have been made.
    pub(super) fn new(record: &'a [u8], layout: Layout, version: Version, style: Style) -> Self {
        Self {
            record,
            layout,
            style,
            version,
        }
    }

    /// The format version of the cache that contains the entry.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The entry's bytes, including the session key, in the encoding of its version.
    pub fn expose_record(&self) -> &'a [u8] {
        self.record
    }

    /// The client named in the ticket.
    pub fn client(&self) -> PrincipalView<'a> {
        self.name(self.layout.client)
    }

    /// The service that the ticket is for.
    pub fn server(&self) -> PrincipalView<'a> {
        self.name(self.layout.server)
    }

    /// The encryption type of the session key.
    pub fn key_etype(&self) -> EncryptionType {
        EncryptionType(self.layout.etype)
    }

    /// A copy of the session key.
    pub fn session_key(&self) -> KeyBlock {
        KeyBlock::new(self.key_etype(), self.slice(self.layout.key).to_vec())
    }

    /// When the client first authenticated.
    pub fn authtime(&self) -> u32 {
        self.layout.times[0]
    }

    /// When the ticket becomes valid; 0 means at [`authtime`](Self::authtime).
    pub fn starttime(&self) -> u32 {
        self.layout.times[1]
    }

    /// When the ticket expires. For settings this is 0.
    pub fn endtime(&self) -> u32 {
        self.layout.times[2]
    }

    /// Until when the ticket can be renewed; 0 if it cannot.
    pub fn renew_till(&self) -> u32 {
        self.layout.times[3]
    }

    /// Whether the ticket is encrypted in the session key of the second ticket.
    pub fn is_skey(&self) -> bool {
        self.layout.is_skey
    }

    /// The flags of the ticket.
    pub fn flags(&self) -> TicketFlags {
        TicketFlags(self.layout.flags)
    }

    /// The addresses from which the ticket may be used; empty means any.
    pub fn addresses(&self) -> Addresses<'a> {
        Addresses(self.list(self.layout.address_count, self.layout.addresses))
    }

    /// Authorization data that the client asked for.
    pub fn authorization_data(&self) -> Authdata<'a> {
        Authdata(self.list(self.layout.authdata_count, self.layout.authdata))
    }

    /// The DER encoding of the ticket, or the value of a setting.
    pub fn ticket(&self) -> &'a [u8] {
        self.slice(self.layout.ticket)
    }

    /// The DER encoding of the second ticket, if any.
    pub fn second_ticket(&self) -> &'a [u8] {
        self.slice(self.layout.second_ticket)
    }

    /// Whether the entry was removed in place.
    ///
    /// MIT sets the end time to 0 and the authentication time to -1, Heimdal only the former. Valid
    /// entries without an end time (settings, gssproxy's entries) have no authentication time
    /// either. The realm of a removed setting is also changed.
    pub fn is_removed(&self) -> bool {
        (self.endtime() == 0 && self.authtime() != 0)
            || self.slice(self.layout.server.realm) == REMOVED_CONFIG_REALM
    }

    /// Whether the entry is a setting, not a ticket.
    pub fn is_config(&self) -> bool {
        self.slice(self.layout.server.realm) == CONFIG_REALM
            && self.server().components().next() == Some(CONFIG_NAME)
    }

    /// The entry as a setting, if it is one.
    pub fn config(&self) -> Option<ConfigEntryView<'a>> {
        if !self.is_config() {
            return None;
        }
        let mut components = self.server().components().skip(1);
        Some(ConfigEntryView {
            key: components.next()?,
            principal: components.next(),
            value: self.ticket(),
        })
    }

    /// Whether the entry is a setting with the same key and principal as `entry`.
    pub(super) fn is_setting(&self, entry: &ConfigEntry) -> bool {
        self.config().is_some_and(|config| {
            config.key == entry.key && config.principal == entry.principal.as_deref()
        })
    }

    /// An owned copy.
    pub fn to_credential(&self) -> Credential {
        let time = |seconds: u32| KerberosTime::from_unix(i64::from(seconds));
        let optional = |seconds: u32| (seconds != 0).then(|| time(seconds));
        Credential {
            client: self.client().to_principal(),
            server: self.server().to_principal(),
            session_key: self.session_key(),
            times: TicketTimes {
                authtime: time(self.authtime()),
                starttime: optional(self.starttime()),
                endtime: time(self.endtime()),
                renew_till: optional(self.renew_till()),
            },
            is_skey: self.is_skey(),
            flags: self.flags(),
            addresses: self
                .addresses()
                .map(|view| HostAddress {
                    address_type: view.address_type,
                    address: view.address.to_vec(),
                })
                .collect(),
            authorization_data: self
                .authorization_data()
                .map(|view| AuthorizationDataElement {
                    ad_type: view.ad_type,
                    ad_data: view.ad_data.to_vec(),
                })
                .collect(),
            ticket: self.ticket().to_vec(),
            second_ticket: self.second_ticket().to_vec(),
        }
    }

    /// The bytes to overwrite in order to remove the entry: their position in the record, and the
    /// new bytes of the same length. See [`is_removed`](Self::is_removed).
    pub(crate) fn removal(&self) -> (usize, Vec<u8>) {
        let realm = self.layout.server.realm;
        let start = if self.is_config() {
            realm.start
        } else {
            self.layout.times_at
        };
        let times_end = self.layout.times_at + 12;
        let mut bytes = self
            .record
            .get(start..times_end)
            .unwrap_or_default()
            .to_vec();
        if let Some(realm) = bytes.first_chunk_mut::<12>().filter(|_| self.is_config()) {
            realm.copy_from_slice(REMOVED_CONFIG_REALM);
        }
        // authtime becomes -1, starttime is unchanged, endtime becomes 0; the same in either byte
        // order.
        if let Some(times) = bytes.last_chunk_mut::<12>() {
            times[..4].fill(0xff);
            times[8..].fill(0);
        }
        (start, bytes)
    }

    fn name(&self, layout: NameLayout) -> PrincipalView<'a> {
        PrincipalView {
            name_type: layout.name_type,
            realm: self.slice(layout.realm),
            count: layout.count,
            components: self.slice(layout.components),
            style: self.style,
        }
    }

    fn list(&self, count: u32, span: Span) -> List<'a> {
        List {
            cursor: Cursor::new(self.slice(span), self.style),
            left: count,
        }
    }

    fn slice(&self, span: Span) -> &'a [u8] {
        // All spans were checked to be within the record.
        self.record.get(Range::from(span)).unwrap_or_default()
    }
}

/// Does not show the session key and the tickets.
impl fmt::Debug for CredentialView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialView")
            .field("client", &self.client())
            .field("server", &self.server())
            .field("key_etype", &self.key_etype())
            .field("authtime", &self.authtime())
            .field("starttime", &self.starttime())
            .field("endtime", &self.endtime())
            .field("renew_till", &self.renew_till())
            .field("is_skey", &self.is_skey())
            .field("flags", &self.flags())
            .finish_non_exhaustive()
    }
}

/// Decodes a principal from a KCM or KEYRING cache (which use version 4).
///
/// # Errors
/// When it is truncated.
pub fn decode_principal(version: Version, bytes: &[u8]) -> Result<Principal, DecodeError> {
    let mut cursor = Cursor::new(bytes, version.style());
    let name = read_name(&mut cursor, version)?;
    Ok(name.to_principal())
}

impl From<Misfit> for DecodeError {
    fn from(misfit: Misfit) -> Self {
        let problem = match misfit {
            Misfit::Short(short) => short.field,
            Misfit::Bad(problem) => problem,
            Misfit::Zeros => "zeros",
        };
        Self { problem }
    }
}

#[cfg(test)]
mod tests;
