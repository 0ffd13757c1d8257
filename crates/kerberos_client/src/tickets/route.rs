//! `TicketRoute`: what callers must have in common to share the answer to one request.

use kerberos_files::ccache::CcacheName;
use kerberos_proto::Principal;

use super::TicketRequest;
use crate::flights::Route;

/// A wanted ticket, and its client: a cache may suddenly belong to another client.
#[derive(Clone, Debug)]
pub(crate) struct TicketRoute {
    /// The cache itself, not a name that refers to it.
    pub(super) cache: CcacheName,
    pub(super) client: Principal,
    /// The realm where the path to other realms starts.
    pub(super) start_realm: Vec<u8>,
    pub(super) request: TicketRequest,
}

impl Route for TicketRoute {
    fn is_same(&self, other: &Self) -> bool {
        self.cache == other.cache
            && self.client == other.client
            && self.start_realm == other.start_realm
            && self.request.no_store == other.request.no_store
            && self.request.wants_the_same(&other.request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_differ_by_cache_client_start_realm_or_service() {
        let route = |path, client, realm: &str, server| TicketRoute {
            cache: CcacheName::file(path),
            client: Principal::parse(client).unwrap(),
            start_realm: realm.into(),
            request: TicketRequest::new(Principal::parse(server).unwrap()),
        };
        let one = route("/c", "u@R", "R", "http/a@R");
        assert!(one.is_same(&one.clone()));
        for other in [
            route("/d", "u@R", "R", "http/a@R"),
            route("/c", "v@R", "R", "http/a@R"),
            route("/c", "u@R", "S", "http/a@R"),
            route("/c", "u@R", "R", "http/b@R"),
        ] {
            assert!(!one.is_same(&other), "{other:?}");
        }
    }
}
