//! Settings in a cache: entries whose server is in the realm `X-CACHECONF:`.
//!
//! Known keys are `fast_avail`, `pa_type`, `pa_config_data`, `refresh_time`, `start_realm` and
//! `proxy_impersonator`. Their meaning is up to the reader.

use kerberos_proto::Principal;

/// A setting to write to a cache.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigEntry {
    /// Its name.
    pub key: Vec<u8>,
    /// The text form of the principal that it applies to, usually a `krbtgt`; `None` for the whole
    /// cache.
    pub principal: Option<Vec<u8>>,
    /// Its value.
    pub value: Vec<u8>,
}

/// A setting, borrowed from the reader's buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConfigEntryView<'a> {
    /// Its name.
    pub key: &'a [u8],
    /// The text form of the principal that it applies to; `None` for the whole cache.
    pub principal: Option<&'a [u8]>,
    /// Its value.
    pub value: &'a [u8],
}

impl ConfigEntry {
    /// The setting `key = value`, for `principal` or for the whole cache.
    pub fn new(
        key: impl Into<Vec<u8>>,
        principal: Option<&Principal>,
        value: impl Into<Vec<u8>>,
    ) -> Self {
        let principal = principal.map(|principal| {
            let mut text = Vec::new();
            principal.unparse_into(&mut text);
            text
        });
        Self {
            key: key.into(),
            principal,
            value: value.into(),
        }
    }
}

impl ConfigEntryView<'_> {
    /// An owned copy.
    pub fn to_entry(&self) -> ConfigEntry {
        ConfigEntry {
            key: self.key.to_vec(),
            principal: self.principal.map(<[u8]>::to_vec),
            value: self.value.to_vec(),
        }
    }
}
