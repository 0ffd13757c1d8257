//! `Path`: the realms from the client's to the service's, and how far the chase has come.

use alloc::vec;
use alloc::vec::Vec;

use super::Route;
use crate::realm_hierarchy;

/// The realms of a walk: the one whose TGT we have, and the one whose TGT to request.
///
/// As in MIT's library, the last realm is tried first, then the one before it, and so on: a KDC may
/// know a shorter way than the configured one.
#[derive(Debug)]
pub(super) struct Path {
    /// At least two, of which the first is the start of the walk.
    realms: Vec<Vec<u8>>,
    at: usize,
    aim: usize,
    /// Whether the path is based on the realms' names alone.
    pub(super) guessed: bool,
}

impl Path {
    /// The path from `start` to `goal`: as configured in `routes`, otherwise along the hierarchy of
    /// names, or directly if `certain` is false because the goal itself is a guess.
    pub(super) fn new(start: &[u8], goal: &[u8], routes: &[Route], certain: bool) -> Self {
        let route = routes.iter().find(|route| route.realm == goal);
        let between = match route {
            Some(route) => route.through.clone(),
            // RFC 4120 §1.2: there is no such path between realms without a common ancestor.
            None if certain => {
                let between = realm_hierarchy::between(start, goal).unwrap_or_default();
                between.into_iter().map(<[u8]>::to_vec).collect()
            }
            None => Vec::new(),
        };
        let mut realms = vec![start.to_vec()];
        realms.extend(between);
        realms.push(goal.to_vec());
        Self {
            at: 0,
            aim: realms.len() - 1,
            realms,
            guessed: route.is_none(),
        }
    }

    /// The realm whose TGT to request next.
    pub(super) fn aim(&self) -> &[u8] {
        self.realms
            .get(self.aim)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Aims at the previous realm instead. Returns false if that is the walk's current realm.
    pub(super) fn lower(&mut self) -> bool {
        self.aim = self.aim.saturating_sub(1);
        self.aim > self.at
    }

    /// Whether `realm` lies ahead. If so, makes it the current realm and aims at the end again.
    pub(super) fn advance_to(&mut self, realm: &[u8]) -> bool {
        let ahead = self.realms.iter().enumerate().skip(self.at + 1);
        match ahead
            .filter(|(_, one)| *one == realm)
            .map(|(at, _)| at)
            .next()
        {
            Some(at) => {
                self.at = at;
                self.aim = self.realms.len() - 1;
                true
            }
            None => false,
        }
    }

    /// Whether the walk has arrived.
    pub(super) fn at_goal(&self) -> bool {
        self.at == self.realms.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_lowers_its_aim_and_advances_to_reached_realm() {
        let routes = [Route::new("D", ["B", "C"]), Route::new("E", [""; 0])];
        let mut path = Path::new(b"A", b"D", &routes, false);
        assert!(!path.guessed);
        assert_eq!(path.aim(), b"D");
        assert!(path.lower());
        assert_eq!(path.aim(), b"C");
        assert!(!path.advance_to(b"X") && !path.advance_to(b"A"));
        assert!(path.advance_to(b"B"));
        assert_eq!(path.aim(), b"D");
        assert!(!path.at_goal() && path.lower() && !path.lower());
        assert!(path.advance_to(b"D") && path.at_goal());
        let mut direct = Path::new(b"X.A", b"E", &routes, true);
        assert!(!direct.guessed && !direct.lower());
        let mut guessed = Path::new(b"X.A", b"Y.A", &routes, true);
        assert!(guessed.guessed && guessed.lower());
        assert!(!Path::new(b"X.A", b"Y.A", &routes, false).lower());
    }
}
