//! `Wanted`: finds which of many requests want a ticket of a given name, with one hash of that
//! name.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};

use kerberos_files::ccache::CredentialView;
use kerberos_proto::Principal;

use crate::tickets::TicketRequest;

/// The names of wanted tickets, by their hash.
pub(super) struct Wanted {
    state: RandomState,
    /// The name, the index of the request, and the index of the name among the request's names.
    names: HashMap<u64, Vec<(Principal, usize, usize)>>,
}

impl Wanted {
    pub(super) fn new(requests: &[TicketRequest], client: &Principal) -> Self {
        let mut wanted = Self {
            state: RandomState::new(),
            names: HashMap::new(),
        };
        let looks = |request: &TicketRequest| request.may_be_cached() && !request.fresh;
        let cacheable = requests.iter().enumerate();
        for (index, request) in cacheable.filter(|(_, request)| looks(request)) {
            wanted.add(request.server.clone(), index, 0);
            if request.server.realm().is_empty() {
                // As in MIT's library, a request without a realm also matches the client's realm.
                let server = request.server.clone().with_realm(client.realm());
                wanted.add(server, index, 1);
            }
        }
        wanted
    }

    fn add(&mut self, name: Principal, index: usize, rank: usize) {
        let hash = self.hash(name.realm(), name.components());
        self.names
            .entry(hash)
            .or_default()
            .push((name, index, rank));
    }

    /// The requests that want tickets of this name.
    pub(super) fn named<'a>(
        &'a self,
        view: &CredentialView<'a>,
    ) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        let server = view.server();
        let candidates = self
            .names
            .get(&self.hash(server.realm(), server.components()));
        candidates
            .into_iter()
            .flatten()
            .filter(move |(name, ..)| server.matches(name))
            .map(|(_, index, rank)| (*index, *rank))
    }

    fn hash<'n>(&self, realm: &[u8], components: impl Iterator<Item = &'n [u8]>) -> u64 {
        let mut hasher = self.state.build_hasher();
        realm.hash(&mut hasher);
        components.for_each(|component| component.hash(&mut hasher));
        hasher.finish()
    }
}
