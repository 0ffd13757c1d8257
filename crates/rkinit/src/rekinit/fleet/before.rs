//! What is known of a ticket from before a reload, and which of the new targets it belongs to.

use std::sync::Arc;

use kerberos_proto::Principal;

use crate::rekinit::keep::History;
use crate::rekinit::target::Target;

/// The history of each target, taken from `before`. `owners` are the principals of the targets, as
/// far as they are known.
///
/// Several targets may have the same cache name, which then stands for a collection, so the owner
/// decides. A target whose principal is named by a secret that cannot be read now is served last,
/// and only gets the history of the same secret: any other may belong to somebody else.
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
