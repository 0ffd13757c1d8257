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
        let facts = status.facts();
        // A later login may have been tried by another name. Without any login, an earlier process
        // has written the ticket.
        let ours = facts.owner.or(facts.principal);
        let destroy = Ccache::resolve(&cache, &options).and_then(|cache| {
            // Somebody else may have put their ticket there.
            let is_anothers = |ours| cache.principal().is_ok_and(|owner| owner != ours);
            if ours.is_some_and(is_anothers) {
                return Ok(());
            }
            cache.destroy()
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
