//! `ChaseParams`: which ticket to chase, and what is known of the way.

use alloc::vec::Vec;

use crate::{Credential, TgsParams};

/// Which ticket to chase, and what is known of the way.
///
/// # Example
/// ```
/// use kerberos_proto::{ChaseParams, Principal, Route, TgsParams};
/// let service = Principal::parse("host/www.far.example@FAR.EXAMPLE")?;
/// let mut params = ChaseParams::new(TgsParams::new(service));
/// params.routes.push(Route::new("FAR.EXAMPLE", ["MIDDLE.EXAMPLE"]));
/// assert_eq!(params.routes[0].through, [b"MIDDLE.EXAMPLE".to_vec()]);
/// # Ok::<(), kerberos_proto::PrincipalError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChaseParams {
    /// The ticket. With an empty realm the KDCs are asked where the service lives.
    pub tgs: TgsParams,
    /// How to reach realms from that of the first TGT; what is not here is reached directly or
    /// through the realms above both.
    pub routes: Vec<Route>,
    /// TGTs of other realms that are at hand.
    pub tgts: Vec<Credential>,
    /// Where the service may live if its realm is empty and the first KDC does not know it.
    pub fallback_realm: Option<Vec<u8>>,
}

/// How to reach a realm (`[capaths]` of krb5.conf).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Route {
    /// The realm.
    pub realm: Vec<u8>,
    /// The realms on the way, the first to the last; none means directly.
    pub through: Vec<Vec<u8>>,
}

impl ChaseParams {
    /// Parameters for a chase without any knowledge of the way.
    pub fn new(tgs: TgsParams) -> Self {
        Self {
            tgs,
            routes: Vec::new(),
            tgts: Vec::new(),
            fallback_realm: None,
        }
    }
}

impl Route {
    /// The way to `realm` through these.
    pub fn new<R: Into<Vec<u8>>>(
        realm: impl Into<Vec<u8>>,
        through: impl IntoIterator<Item = R>,
    ) -> Self {
        Self {
            realm: realm.into(),
            through: through.into_iter().map(Into::into).collect(),
        }
    }
}
