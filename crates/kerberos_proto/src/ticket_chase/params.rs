//! `ChaseParams`: which ticket to get, and what is known about the way.

use alloc::vec::Vec;

use crate::{Credential, TgsParams};

/// Which ticket to get, and what is known about the way.
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
    /// The ticket. If its realm is empty, the KDCs are asked where the service is.
    pub tgs: TgsParams,
    /// How to reach other realms from that of the first TGT. A realm that is not listed is reached
    /// directly or through the common ancestors in the hierarchy of names.
    pub routes: Vec<Route>,
    /// TGTs for other realms that the caller already has.
    pub tgts: Vec<Credential>,
    /// The realm to try if the service's realm is empty and the first KDC does not know the
    /// service.
    pub fallback_realm: Option<Vec<u8>>,
}

/// How to reach a realm (`[capaths]` of krb5.conf).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Route {
    /// The realm.
    pub realm: Vec<u8>,
    /// The realms on the way, in order; empty means a direct way.
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
    /// A route to `realm` through the realms `through`.
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
