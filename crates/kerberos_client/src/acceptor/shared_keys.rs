//! `SharedKeys`: a service's keys, wherever they come from.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use kerberos_proto::{KeySource, ServiceKeys, WantedKey};

/// Where the keys of a [`ServiceAcceptor`](crate::ServiceAcceptor) come from: a keytab, or whatever
/// [`from_keys`](crate::ServiceAcceptor::from_keys) was given. Clones share it.
#[derive(Clone)]
pub struct SharedKeys(Arc<dyn KeySource + Send + Sync>);

impl SharedKeys {
    pub(super) fn new(keys: impl KeySource + Send + Sync + 'static) -> Self {
        Self(Arc::new(keys))
    }
}

impl KeySource for SharedKeys {
    fn keys(&self, wanted: &WantedKey<'_>) -> Result<ServiceKeys, Box<dyn Error + Send + Sync>> {
        self.0.keys(wanted)
    }

    fn present(&self) -> Result<ServiceKeys, Box<dyn Error + Send + Sync>> {
        self.0.present()
    }
}

/// Shows nothing of the keys.
impl fmt::Debug for SharedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedKeys").finish_non_exhaustive()
    }
}
