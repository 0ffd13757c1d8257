//! What is known about tickets from before a reload, and which of the new targets each belongs to.

use std::sync::Arc;

use kerberos_proto::Principal;

use crate::rekinit::keep::History;
use crate::rekinit::target::Target;

/// Assigns the facts in `before` to the targets. `owners` are the owners of the targets, as far as
/// they are known.
///
/// Several targets may share the name of a cache if it means a collection, so the owner decides. If
/// the secret that names the owner cannot be read now, the target comes last, and only gets facts
/// known by the same secret: any others may be somebody else's.
pub(super) fn take_over(
    targets: &[Arc<Target>],
    owners: &[Option<Principal>],
    mut before: Vec<(Arc<Target>, History)>,
) -> Vec<Option<History>> {
    let mut take = |is_same: &dyn Fn(&Target, &History) -> bool| {
        let place = before
            .iter()
            .position(|(old, history)| is_same(old, history))?;
        Some(before.swap_remove(place).1)
    };
    let mut known: Vec<_> = targets
        .iter()
        .zip(owners)
        .map(|(target, owner)| {
            let owner = owner.as_ref()?;
            let cache = target.cache.to_string();
            take(&|_, history| history.status.cache == cache && history.is_of(owner))
        })
        .collect();
    for ((target, owner), known) in targets.iter().zip(owners).zip(&mut known) {
        if owner.is_none() {
            let cache = target.cache.to_string();
            *known = take(&|old, history| {
                history.status.cache == cache && old.secret.is_at_place_of(&target.secret)
            });
        }
    }
    known
}
