//! `Path`: the realms from the client's to the service's, and how far along them the chase is.

use alloc::{vec, vec::Vec};

use super::Route;

/// The realms of a walk: which one's TGT is at hand, and which one's is asked for.
///
/// As in MIT's library the last realm is tried first, then the one before it, and so on: a KDC may
/// know a shorter way than the one laid down.
#[derive(Debug)]
pub(super) struct Path {
    /// Two at least, the first being where the walk starts.
    realms: Vec<Vec<u8>>,
    at: usize,
    aim: usize,
    /// Whether nothing but the realms' names speaks for the way.
    pub(super) guessed: bool,
}

impl Path {
    /// The path from `start` to `goal`: as `routes` lay it down, else by the hierarchy; directly,
    /// where not even the goal is certain.
    pub(super) fn new(start: &[u8], goal: &[u8], routes: &[Route], certain: bool) -> Self {
        let route = routes.iter().find(|route| route.realm == goal);
        let between = match route {
            Some(route) => route.through.clone(),
            None if certain => hierarchy(start, goal),
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

    /// The realm whose TGT to ask for.
    pub(super) fn aim(&self) -> &[u8] {
        self.realms
            .get(self.aim)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Lowers the aim to the realm before it; false when that is where the walk stands.
    pub(super) fn lower(&mut self) -> bool {
        self.aim = self.aim.saturating_sub(1);
        self.aim > self.at
    }

    /// Whether `realm` lies ahead; the walk stands there then, and aims at the end again.
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

    /// Whether the walk is over.
    pub(super) fn at_goal(&self) -> bool {
        self.at == self.realms.len() - 1
    }
}

/// RFC 4120 §1.2: realms whose names are domains form a hierarchy, and the path leads up from one
/// to the realm above both, and down to the other. The ends are left out; realms with nothing above
/// both have no such path.
fn hierarchy(start: &[u8], goal: &[u8]) -> Vec<Vec<u8>> {
    let (up, down): (Vec<_>, Vec<_>) = (suffixes(start).collect(), suffixes(goal).collect());
    let common = up.iter().rev().zip(down.iter().rev());
    let common = common.take_while(|(one, other)| one == other).count();
    let Some(top) = up.len().checked_sub(common).and_then(|at| up.get(at)) else {
        return Vec::new();
    };
    let rising = up.iter().take_while(|realm| *realm != top);
    let falling = down.iter().take_while(|realm| *realm != top);
    let mut path: Vec<&[u8]> = rising.copied().collect();
    path.push(top);
    path.extend(falling.collect::<Vec<_>>().into_iter().rev());
    path.retain(|realm| *realm != start && *realm != goal);
    path.into_iter().map(<[u8]>::to_vec).collect()
}

/// The realm and those above it.
fn suffixes(realm: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::successors(Some(realm), |realm| {
        let dot = realm.iter().position(|byte| *byte == b'.')?;
        realm.get(dot + 1..)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies() {
        let cases: [(&str, &str, &[&str]); 9] = [
            ("A.X.COM", "B.X.COM", &["X.COM"]),
            ("A.X.COM", "X.COM", &[]),
            ("X.COM", "A.X.COM", &[]),
            ("X.COM", "A.B.X.COM", &["B.X.COM"]),
            ("A.B.X.COM", "C.X.COM", &["B.X.COM", "X.COM"]),
            ("A.B.COM", "C.D.COM", &["B.COM", "COM", "D.COM"]),
            // A part of a word in common is nothing in common.
            ("ABC.X", "BC.X", &["X"]),
            ("A.COM", "B.NET", &[]),
            ("", "B.NET", &[]),
        ];
        for (start, goal, expected) in cases {
            let got = hierarchy(start.as_bytes(), goal.as_bytes());
            let expected: Vec<_> = expected
                .iter()
                .map(|realm| realm.as_bytes().to_vec())
                .collect();
            assert_eq!(got, expected, "{start} to {goal}");
        }
    }

    #[test]
    fn walks() {
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
