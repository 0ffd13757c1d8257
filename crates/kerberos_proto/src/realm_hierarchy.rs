//! The hierarchy of realms implied by their names (RFC 4120 §1.2, §3.3.3.2).

use alloc::vec::Vec;

/// The realms on the way from `start` to `goal`, up to their common ancestor and down again,
/// without the two ends; `None` if the names have nothing in common.
pub(crate) fn between<'a>(start: &'a [u8], goal: &'a [u8]) -> Option<Vec<&'a [u8]>> {
    let (up, down): (Vec<_>, Vec<_>) = (above(start).collect(), above(goal).collect());
    let common = up.iter().rev().zip(down.iter().rev());
    let common = common.take_while(|(one, other)| one == other).count();
    let top = up.len().checked_sub(common).and_then(|at| up.get(at))?;
    let rising = up.iter().take_while(|realm| *realm != top);
    let falling = down.iter().take_while(|realm| *realm != top);
    let mut path: Vec<&[u8]> = rising.copied().collect();
    path.push(top);
    path.extend(falling.collect::<Vec<_>>().into_iter().rev());
    path.retain(|realm| *realm != start && *realm != goal);
    Some(path)
}

/// The realm and its ancestors: `A.X.COM`, `X.COM`, `COM`, or in X.500 style `/COM/HP`, `/COM`.
pub(crate) fn above(realm: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::successors(Some(realm), |realm| {
        if realm.starts_with(b"/") {
            let end = realm.iter().rposition(|byte| *byte == b'/')?;
            return realm.get(..end).filter(|above| !above.is_empty());
        }
        let dot = realm.iter().position(|byte| *byte == b'.')?;
        realm.get(dot + 1..)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_between_realms_leads_over_the_common_ancestor() {
        let check = |start: &str, goal: &str, expected: Option<&[&str]>| {
            let got = between(start.as_bytes(), goal.as_bytes());
            let expected = expected.map(|path| path.iter().map(|realm| realm.as_bytes()).collect());
            assert_eq!(got, expected, "{start} to {goal}");
        };
        check("A.X.COM", "B.X.COM", Some(&["X.COM"]));
        check("A.X.COM", "X.COM", Some(&[]));
        check("X.COM", "A.X.COM", Some(&[]));
        check("X.COM", "X.COM", Some(&[]));
        check("X.COM", "A.B.X.COM", Some(&["B.X.COM"]));
        check("A.B.X.COM", "C.X.COM", Some(&["B.X.COM", "X.COM"]));
        check("A.B.COM", "C.D.COM", Some(&["B.COM", "COM", "D.COM"]));
        // Only whole components count as common.
        check("ABC.X", "BC.X", Some(&["X"]));
        check("A.COM", "B.NET", None);
        check("", "B.NET", None);
        check("/COM/HP/APOLLO", "/COM/DEC", Some(&["/COM/HP", "/COM"]));
        check("/COM", "/COM/HP/APOLLO", Some(&["/COM/HP"]));
        check("/COM", "/EDU", None);
        check("/COM", "COM", None);
    }
}
