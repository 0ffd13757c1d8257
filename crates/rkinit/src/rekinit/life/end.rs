//! Ending the keepers, and destroying their caches.

use std::sync::Arc;

use kerberos_files::ccache::{Ccache, CcacheKind};

use super::Life;
use crate::rekinit::status::Status;
use crate::rekinit::status::systemd::Systemd;
use crate::rekinit::target::Target;

impl Life<'_> {
    /// Ends the keepers and hooks, and removes what has to be removed.
    pub(super) fn end(&mut self) {
        Systemd::stopping();
        self.processes.end_hooks();
        let tickets = self.fleet.tickets();
        self.fleet.let_go();
        for (target, status) in &tickets {
            self.destroy(target, status);
        }
    }

    /// Destroys the cache of a ticket that is no longer kept, if that is configured.
    pub(super) fn destroy(&self, target: &Target, status: &Arc<Status>) {
        let cache = match target.cache.kind() {
            CcacheKind::File => Some(target.cache.clone()),
            // Collections may contain other caches; only the one that we wrote may be destroyed.
            _ => status.facts().written,
        };
        let Some(cache) = cache.filter(|_| target.destroy) else {
            return;
        };
        let options = self.shared.client.config().krb5().ccache_options();
        let ours = status.facts().principal;
        let destroy = Ccache::resolve(&cache, &options).and_then(|cache| {
            // Somebody else may have put their ticket there.
            let is_anothers = cache.principal().is_ok_and(|owner| Some(owner) != ours);
            if is_anothers { Ok(()) } else { cache.destroy() }
        });
        if let Err(error) = destroy
            && !error.is_no_cache()
        {
            let text = format!("{cache} could not be destroyed: {error}");
            let event = self.setup.log.error(text).with("event", "destroy");
            event.with("cache", cache.to_string()).write();
        }
    }
}
