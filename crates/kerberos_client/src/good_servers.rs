//! `GoodServers`: which server of a realm answered last, so that it is asked first the next time.
//!
//! So a dead KDC at the head of the list costs time once in a client's life, and not once for each
//! request. MIT's library has no such memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kerberos_files::config::{Server, ServerKind};

use crate::delivery::Address;
use crate::delivery::driver::Answered;
use crate::locate::Located;

/// The most realms to remember; a hostile KDC can refer to any number of them.
const CAPACITY: usize = 64;

/// The servers that answered last.
#[derive(Debug, Default)]
pub(crate) struct GoodServers {
    known: Mutex<HashMap<(Vec<u8>, ServerKind), Good>>,
}

#[derive(Clone, Debug)]
struct Good {
    server: Server,
    address: Address,
    /// Whether it was asked by UDP before without success.
    udp_is_silent: bool,
}

impl GoodServers {
    /// Moves the server that answered last, and the address of it that did, to the front. DNS has
    /// an entry of the server for each transport; all of them are moved. Returns whether it had to
    /// be asked by TCP.
    pub(crate) fn put_first(
        &self,
        realm: &[u8],
        kind: ServerKind,
        servers: &mut [Located],
    ) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(good) = known.get(&(realm.to_vec(), kind)) else {
            return false;
        };
        let is_good = |located: &Located| located.server == good.server;
        if !servers.iter().any(is_good) {
            return false;
        }
        servers.sort_by_key(|located| !is_good(located));
        for located in servers.iter_mut().take_while(|located| is_good(located)) {
            located.answered_at = Some(good.address.clone());
        }
        good.udp_is_silent
    }

    /// Records who answered.
    pub(crate) fn remember(
        &self,
        realm: &[u8],
        kind: ServerKind,
        located: &Located,
        answered: &Answered,
        udp_is_silent: bool,
    ) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (realm.to_vec(), kind);
        let before = known.get(&key).filter(|good| good.server == located.server);
        // If TCP was used for another reason, the server's silence by UDP is not forgotten.
        let was_silent = before.is_some_and(|good| good.udp_is_silent);
        let good = Good {
            server: located.server.clone(),
            address: answered.endpoint.address.clone(),
            udp_is_silent: udp_is_silent || (was_silent && answered.is_by_tcp()),
        };
        if known.len() < CAPACITY || known.contains_key(&key) {
            known.insert(key, good);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Endpoint, Transport};
    use std::net::SocketAddr;

    fn located(host: &str) -> Located {
        Located::from(Server::Host {
            host: host.to_owned(),
            port: 88,
        })
    }

    fn answered(transport: Transport) -> Answered {
        let address = SocketAddr::from(([192, 0, 2, 1], 88));
        Answered {
            server: 0,
            endpoint: Endpoint::new(transport, address),
        }
    }

    #[test]
    fn server_that_answered_is_moved_to_the_front() {
        let good = GoodServers::default();
        let servers = || vec![located("a"), located("b"), located("c")];
        let put_first = |realm: &[u8], servers: &mut [Located]| {
            let by_tcp = good.put_first(realm, ServerKind::Kdc, servers);
            let names: Vec<_> = servers.iter().map(|one| one.server.to_string()).collect();
            (names.join(" "), by_tcp)
        };
        let udp = answered(Transport::Udp);
        let tcp = answered(Transport::Tcp);
        let unmoved = ("a:88 b:88 c:88".to_owned(), false);
        assert_eq!(put_first(b"R", &mut servers()), unmoved);

        good.remember(b"R", ServerKind::Kdc, &located("c"), &udp, false);
        let mut moved = servers();
        assert_eq!(
            put_first(b"R", &mut moved),
            ("c:88 a:88 b:88".to_owned(), false)
        );
        assert_eq!(moved[0].answered_at, Some(udp.endpoint.address.clone()));
        assert_eq!(put_first(b"Q", &mut servers()), unmoved);

        // Silent by UDP until it answers by UDP again.
        let check = |answered: &Answered, silent: bool, expected: bool| {
            good.remember(b"R", ServerKind::Kdc, &located("b"), answered, silent);
            let expected = ("b:88 a:88 c:88".to_owned(), expected);
            assert_eq!(put_first(b"R", &mut servers()), expected);
        };
        check(&tcp, false, false);
        check(&tcp, true, true);
        check(&tcp, false, true);
        check(&udp, false, false);

        // A server that krb5.conf or DNS no longer names is not asked.
        good.remember(b"R", ServerKind::Kdc, &located("gone"), &tcp, true);
        assert_eq!(put_first(b"R", &mut servers()), unmoved);
    }

    /// As SRV records name a server, for UDP and for TCP.
    #[test]
    fn all_entries_of_that_server_are_moved_to_the_front() {
        let good = GoodServers::default();
        let by = |host, transport| Located {
            transport: Some(transport),
            ..located(host)
        };
        let (udp, tcp) = (Transport::Udp, Transport::Tcp);
        let mut servers = [by("a", udp), by("b", udp), by("a", tcp), by("b", tcp)];
        good.remember(b"R", ServerKind::Kdc, &servers[3], &answered(tcp), true);
        assert!(good.put_first(b"R", ServerKind::Kdc, &mut servers));
        let names = servers.each_ref().map(|one| one.server.to_string());
        assert_eq!(names, ["b:88", "b:88", "a:88", "a:88"]);
        let known = servers.each_ref().map(|one| one.answered_at.is_some());
        assert_eq!(known, [true, true, false, false]);
    }

    #[test]
    fn number_of_remembered_realms_is_bounded() {
        let good = GoodServers::default();
        for realm in 0..1_000_u32 {
            let (realm, udp) = (realm.to_be_bytes(), answered(Transport::Udp));
            good.remember(&realm, ServerKind::Kdc, &located("a"), &udp, false);
        }
        assert_eq!(good.known.lock().unwrap().len(), CAPACITY);
    }
}
