//! That no two tickets have the same place.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kerberos_client::Client;
use kerberos_files::ccache::{CcacheKind, CcacheName};

use crate::rekinit::target::Target;

/// Two tickets in one file, or of one principal in one collection, would overwrite each other again
/// and again.
pub(super) fn no_cache_twice(client: &Client, targets: &[Arc<Target>]) -> Result<(), String> {
    let mut places = HashSet::new();
    for target in targets {
        let name = &target.cache;
        let single = name.is_single().then(|| name.to_string().into());
        if let Some(cache) = target.file().or(single)
            && !places.insert((cache, None))
        {
            return Err(format!(
                "two tickets have the cache {name}: give each its own cache"
            ));
        }
        if name.kind() == CcacheKind::File {
            continue;
        }
        if let Some(owner) = target.owner(client)
            && !places.insert((collection(name), Some(owner.clone())))
        {
            return Err(format!(
                "two tickets of {owner} are in {name}: make them one, or give each its own cache"
            ));
        }
    }
    Ok(())
}

/// The collection that the cache is in, or the folder of a DIR collection.
fn collection(name: &CcacheName) -> PathBuf {
    let residual = name.residual();
    let folder = match (name.kind(), residual.strip_prefix(':')) {
        (CcacheKind::Dir, Some(file)) => Path::new(file).parent().unwrap_or(Path::new(file)),
        (CcacheKind::Dir, None) => Path::new(residual),
        _ => return name.to_string().into(),
    };
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}
