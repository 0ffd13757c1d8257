//! Chooses the principal and the cache for the ticket, if the command line does not name them.
//!
//! The principal is the one that is named; otherwise the first one in the client keytab (`-i`),
//! `host/` and this host's name (`-k`), the principal of the cache, or the user's own name. If
//! there can be several caches, the ticket goes to the one of the principal. If there is none and
//! the primary cache belongs to another principal, it goes to a new cache.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use kerberos_files::ccache::{Ccache, Collection};
use kerberos_files::keytab::KeytabFile;
use kerberos_proto::Principal;

use crate::input::ccache_select::SelectError;
use crate::input::{ccache_select, configuration, keytab_select, user};
use crate::kinit::plan::{Action, Keytab, Plan};
use crate::messages::line;
use crate::messages::refusal::Refusal;

/// Who logs in, and where the ticket goes.
pub(super) struct Choice {
    pub(super) principal: Principal,
    pub(super) cache: Ccache,
    pub(super) role: Role,
    /// The cache that records how the last login went.
    pub(super) last: Ccache,
}

/// The role of the cache in its collection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// The cache that was named, or the primary one. The primary cache does not change.
    Given,
    /// Another cache that already belongs to the principal. It becomes the primary one.
    Existing,
    /// A new cache, because the primary one belongs to another principal. It becomes the primary
    /// one.
    New,
    /// The cache with the ticket to renew, or with the record of the last login. The new ticket
    /// goes to a [`private`] cache.
    Private,
}

/// Why nothing could be chosen.
#[derive(Debug)]
pub(super) enum Unchosen {
    Refused(Refusal),
    /// The user's name is unknown.
    NoUser,
}

impl From<Refusal> for Unchosen {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Chooses, and in verbose mode prints the choice.
///
/// # Errors
/// When a name is wrong, or none can be found.
pub(super) fn choose(plan: &Plan) -> Result<Choice, Unchosen> {
    let (caches, cache) = default_or_named(plan)?;
    let named = named_principal(plan)?;
    // The cache is read only if the choice depends on it.
    let decides = named.is_none() || caches.as_ref().is_some_and(Collection::can_switch);
    let owner = decides.then(|| cache.principal().ok()).flatten();
    let (principal, is_owner) = match named {
        Some(principal) => (principal, false),
        None => match &owner {
            Some(owner) => (owner.clone(), true),
            None => (user_principal(plan)?, false),
        },
    };
    let (cache, role) = match caches {
        Some(caches) if plan.has_own_cache() => {
            let of_principal = || caches.of_principal(&principal).ok().flatten();
            let source = (!is_owner).then(of_principal).flatten();
            (source.unwrap_or(cache), Role::Private)
        }
        None if plan.has_own_cache() => (cache, Role::Private),
        Some(caches) if !is_owner => {
            in_collection(plan, &caches, cache, owner.is_some(), &principal)?
        }
        _ => (cache, Role::Given),
    };
    if plan.verbose {
        if let Some(input) = &plan.input_cache {
            line(format_args!(
                "Using specified input cache: {}",
                input.display()
            ));
        }
        line(format_args!("Using principal: {principal}"));
    }
    let last = input(plan).unwrap_or_else(|| cache.clone());
    Ok(Choice {
        principal,
        cache,
        role,
        last,
    })
}

/// The cache of `-I`, if it can be read.
fn input(plan: &Plan) -> Option<Ccache> {
    let name = ccache_select::cache(Some(plan.input_cache.as_deref()?)).ok()?;
    ccache_select::open(&name).ok()
}

/// The cache of `-c`; otherwise the collection and its primary cache.
fn default_or_named(plan: &Plan) -> Result<(Option<Collection>, Ccache), Refusal> {
    if let Some(name) = &plan.cache {
        let context = format!("resolving ccache {}", name.display());
        let cache = ccache_select::cache(Some(name))
            .and_then(|name| ccache_select::open(&name))
            .map_err(|error| error.into_refusal(&context))?;
        if plan.verbose {
            line(format_args!("Using specified cache: {}", name.display()));
        }
        check_input(plan)?;
        return Ok((None, cache));
    }
    let caches = ccache_select::collection(None);
    let found = caches.and_then(|caches| {
        let primary = caches.primary()?;
        Ok((Some(caches), primary))
    });
    check_input(plan)?;
    match found {
        // Nothing is needed from the default cache. It may be inaccessible: in a container, for
        // example, the kernel's keyrings are blocked, and a krb5.conf copied from the host may name
        // one.
        Err(_) if plan.has_own_cache() && plan.says_who() => {
            let nothing = ccache_select::cache(Some(OsStr::new("MEMORY:nothing")));
            let nothing = nothing.and_then(|name| ccache_select::open(&name));
            Ok((None, nothing.map_err(|error| error.into_refusal(""))?))
        }
        found => found.map_err(|error| error.into_refusal("while getting default ccache")),
    }
}

/// Checks that `-I` names a cache of a supported type.
fn check_input(plan: &Plan) -> Result<(), Refusal> {
    let Some(input) = &plan.input_cache else {
        return Ok(());
    };
    let name = ccache_select::cache(Some(input));
    name.map(drop)
        .map_err(|error| error.into_refusal(&format!("resolving ccache {}", input.display())))
}

/// The cache for `principal` in the default collection; `in_use` says whether its primary cache
/// belongs to somebody.
fn in_collection(
    plan: &Plan,
    caches: &Collection,
    primary: Ccache,
    in_use: bool,
    principal: &Principal,
) -> Result<(Ccache, Role), Refusal> {
    let say = |what: &str, cache: &Ccache| {
        if plan.verbose {
            line(format_args!(
                "Using {what} cache: {}",
                cache.name().residual()
            ));
        }
    };
    if caches.can_switch() {
        let found = caches.of_principal(principal).map_err(|error| {
            Refusal::of(
                &error,
                &format!("while searching for ccache for {principal}"),
            )
        })?;
        if let Some(cache) = found {
            say("existing", &cache);
            return Ok((cache, Role::Existing));
        }
        if in_use {
            let cache = caches.new_unique();
            let cache =
                cache.map_err(|error| Refusal::of(&error, "while generating new ccache"))?;
            say("new", &cache);
            return Ok((cache, Role::New));
        }
    }
    say("default", &primary);
    Ok((primary, Role::Given))
}

/// A cache outside of any collection, only for a command.
///
/// # Errors
/// When it cannot be created.
pub(super) fn private(plan: &Plan) -> Result<Ccache, Refusal> {
    let directory = configuration::variable("TMPDIR").unwrap_or_else(|| "/tmp".into());
    let cache = Ccache::new_private(Path::new(&directory))
        .map_err(|error| Refusal::of(&error, "while generating new ccache"))?;
    if plan.verbose {
        line(format_args!("Using new cache: {}", cache.name().residual()));
    }
    Ok(cache)
}

/// The principal that the command line names or, with a keytab, that follows from something else
/// than a cache.
fn named_principal(plan: &Plan) -> Result<Option<Principal>, Refusal> {
    if let Some(text) = &plan.principal {
        return parse(text, plan.enterprise).map(Some);
    }
    match plan.action {
        Action::Keytab(Keytab::Client) => first_of_client_keytab().map(Some),
        Action::Keytab(_) => host_principal()
            .map(Some)
            .map_err(|error| error.into_refusal("when creating default server principal name")),
        _ => Ok(None),
    }
}

/// The user's own name.
fn user_principal(plan: &Plan) -> Result<Principal, Unchosen> {
    let name = user::name().ok_or(Unchosen::NoUser)?;
    Ok(parse(OsStr::new(&name), plan.enterprise)?)
}

fn parse(text: &OsStr, enterprise: bool) -> Result<Principal, Refusal> {
    ccache_select::principal(text.as_bytes(), enterprise)
        .map_err(|error| error.into_refusal(&format!("when parsing name {}", text.display())))
}

fn first_of_client_keytab() -> Result<Principal, Refusal> {
    let context = "When determining client principal name from keytab";
    let name = keytab_select::keytab(None, keytab_select::Default::Client)
        .map_err(|error| error.into_refusal("When resolving the default client keytab"))?;
    let path = name
        .file_path()
        .map_err(|error| Refusal::of(&error, context))?;
    let first = KeytabFile::new(path)
        .first_principal()
        .map_err(|error| Refusal::of_keytab(&error, context))?;
    first.ok_or_else(|| {
        Refusal::new(
            format_args!("Keytab {name} is nonexistent or empty"),
            context,
        )
    })
}

/// `host/` and the canonical name of this host, in the realm of its domain or the default one.
fn host_principal() -> Result<Principal, SelectError> {
    let client = configuration::client()?;
    let named = client.service_principal("host", None)?;
    let canonical = client.service_candidates(&named)?.next();
    let principal = canonical.unwrap_or(named);
    if !principal.realm().is_empty() {
        return Ok(principal);
    }
    let realm = client.default_realm()?;
    Ok(principal.with_realm(realm))
}
