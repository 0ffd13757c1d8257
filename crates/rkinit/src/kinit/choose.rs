//! Whose ticket to get and which cache to put it in, when the command line leaves it open.
//!
//! The principal is the one named; else the first of the client keytab (`-i`), `host/` and this
//! host's name (`-k`), that of the cache, or the user's own name.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use kerberos_files::ccache::CcacheFile;
use kerberos_files::ccache::CcacheName;
use kerberos_files::keytab::KeytabFile;
use kerberos_proto::Principal;

use crate::ccache_select;
use crate::ccache_select::SelectError;
use crate::configuration;
use crate::keytab_select;
use crate::kinit::plan::Action;
use crate::kinit::plan::Keytab;
use crate::kinit::plan::Plan;
use crate::kinit::refusal::Refusal;
use crate::messages::line;
use crate::user;

/// Who logs in, and where the ticket goes.
pub(super) struct Choice {
    pub(super) principal: Principal,
    pub(super) cache_name: CcacheName,
    pub(super) cache: CcacheFile,
}

/// Why there is no choice.
#[derive(Debug)]
pub(super) enum Unchosen {
    Refused(Refusal),
    /// Nothing says who the user is.
    NoUser,
}

impl From<Refusal> for Unchosen {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Chooses, saying what is chosen if the user wants to know.
///
/// # Errors
/// When a name is wrong, or none can be found.
pub(super) fn choose(plan: &Plan) -> Result<Choice, Unchosen> {
    let (cache_name, cache) = cache(plan)?;
    let from_cache = || {
        cache
            .open()
            .ok()
            .map(|reader| reader.default_principal().clone())
    };
    let mut cache_is_chosen = plan.cache.is_some();
    let principal = if let Some(text) = &plan.principal {
        parse(text, plan.enterprise)?
    } else if let Action::Keytab(Keytab::Client) = plan.action {
        first_of_client_keytab()?
    } else if let Action::Keytab(_) = plan.action {
        host_principal()
            .map_err(|error| error.into_refusal("when creating default server principal name"))?
    } else if let Some(principal) = from_cache() {
        cache_is_chosen = true;
        principal
    } else {
        let name = user::name().ok_or(Unchosen::NoUser)?;
        parse(OsStr::new(&name), plan.enterprise)?
    };
    if plan.verbose {
        if !cache_is_chosen {
            line(format_args!(
                "Using default cache: {}",
                cache_name.residual()
            ));
        }
        if let Some(input) = &plan.input_cache {
            line(format_args!(
                "Using specified input cache: {}",
                input.display()
            ));
        }
        line(format_args!("Using principal: {principal}"));
    }
    Ok(Choice {
        principal,
        cache_name,
        cache,
    })
}

fn cache(plan: &Plan) -> Result<(CcacheName, CcacheFile), Refusal> {
    let context = match &plan.cache {
        Some(name) => format!("resolving ccache {}", name.display()),
        None => "while getting default ccache".into(),
    };
    let name = ccache_select::cache(plan.cache.as_deref())
        .map_err(|error| error.into_refusal(&context))?;
    let cache = ccache_select::file(&name).map_err(|error| error.into_refusal(""))?;
    if let (true, Some(text)) = (plan.verbose, &plan.cache) {
        line(format_args!("Using specified cache: {}", text.display()));
    }
    if let Some(input) = &plan.input_cache {
        ccache_select::cache(Some(input)).map_err(|error| {
            error.into_refusal(&format!("resolving ccache {}", input.display()))
        })?;
    }
    Ok((name, cache))
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
        .map_err(|error| Refusal::new(error, context))?;
    let first = KeytabFile::new(path)
        .open()
        .and_then(|mut reader| Ok(reader.next()?.map(|entry| entry.principal().to_principal())))
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
