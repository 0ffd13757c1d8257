//! `kinit -R` and `kinit -v`: renews or validates the ticket in the cache. As with MIT's kinit, the
//! new ticket replaces everything in the cache. With a command, it goes to the command's cache
//! instead.
//!
//! As with MIT, options for lifetimes, flags, start time and addresses are ignored: the new ticket
//! has the properties of the old one.

use kerberos_asn1::ErrorCode;
use kerberos_client::{Client, ClientError, KeeperParams};
use kerberos_proto::{Credential, Login, MIT_ERROR_BASE, Principal};

use crate::kinit::choose::{Choice, Role};
use crate::kinit::command::Place;
use crate::kinit::plan::{Action, Plan};
use crate::kinit::{Got, request};
use crate::messages::line;
use crate::messages::refusal::Refusal;
use crate::{Tool, kvno};

/// The number in MIT's library for a cache or ticket that is not there: `KRB5_CC_NOTFOUND`.
const NOT_FOUND: i32 = MIT_ERROR_BASE + 141;

/// The context in `kinit`'s error messages.
const RENEWING: &str = "while renewing credentials";
const VALIDATING: &str = "while validating credentials";

/// Renews or validates the ticket, and replaces everything in the cache with it.
///
/// # Errors
/// When the cache has no such ticket, the KDC refuses, or the cache cannot be written.
pub(super) fn again(client: &Client, plan: &Plan, choice: &Choice) -> Result<Got, Refusal> {
    let validate = plan.action == Action::Validate;
    let context = if validate { VALIDATING } else { RENEWING };
    let ticket = get(client, plan, choice, context)?.map_err(|error| Refusal {
        message: kvno::message(&error),
        hint: advice(&error, validate),
        ..Refusal::of(&error, context)
    })?;
    if plan.verbose {
        line(format_args!("Initialized cache"));
    }
    let company = if plan.command.is_empty() {
        let stored = client.store_renewed(&ticket, choice.cache.name());
        stored.map_err(|error| {
            let name = plan.cache.as_deref().unwrap_or_default();
            Refusal::of(&error, &format!("while saving to cache {}", name.display()))
        })?;
        None
    } else {
        let source = choice.cache.open().ok();
        let kdc_offset = source.and_then(|cache| cache.kdc_offset());
        let login = Login::of_ticket(ticket.clone(), kdc_offset);
        let place = Place::take(plan, choice)?;
        Some(place.fill(client, &login, KeeperParams::renewing(login.clone()))?)
    };
    if plan.verbose {
        line(format_args!("Stored credentials"));
    }
    Ok(Got {
        credential: ticket,
        password_expiration: None,
        company,
    })
}

fn get(
    client: &Client,
    plan: &Plan,
    choice: &Choice,
    context: &str,
) -> Result<Result<Credential, ClientError>, Refusal> {
    let text = plan.service.as_deref();
    let service = text.map(|text| request::service(text, &choice.principal, context));
    let service = service.transpose()?;
    // Only tickets of the principal in the command line are used.
    if choice.role == Role::New {
        return Err(not_in_collection(&choice.principal, context));
    }
    let owner = match choice.cache.principal() {
        Ok(owner) => owner,
        Err(error) => return Ok(Err(error.into())),
    };
    if owner != choice.principal {
        let realm = choice.principal.realm();
        let error = ClientError::NoCredential {
            server: Principal::krbtgt(realm, realm),
            cache: choice.cache.name().clone(),
        };
        return Err(Refusal {
            hint: Some(format!("the cache belongs to {owner}")),
            ..Refusal::of(&error, context)
        });
    }
    Ok(match plan.action {
        Action::Validate => client.validate(choice.cache.name(), service),
        _ => client.renew(choice.cache.name(), service),
    })
}

/// The error for a collection that has no cache of `principal`. It does not name the new cache that
/// was meant for its ticket.
fn not_in_collection(principal: &Principal, context: &str) -> Refusal {
    let text = format!("Can't find client principal {principal} in cache collection");
    Refusal {
        hint: Some(format!("list the caches with {} -l", Tool::Klist)),
        code: Some(NOT_FOUND),
        ..Refusal::new(text, context)
    }
}

fn advice(error: &ClientError, validate: bool) -> Option<String> {
    let code = match error {
        ClientError::Exchange(error) => error.kdc_code(),
        _ => None,
    };
    let advice = match code {
        Some(ErrorCode::KDC_ERR_BADOPTION) if validate => {
            return Some(format!(
                "the ticket is already valid: {} -f shows the flag i for those that are not",
                Tool::Klist
            ));
        }
        Some(ErrorCode::KDC_ERR_BADOPTION) => {
            "the ticket is not renewable: log in again with -r LIFETIME to get one that is"
        }
        Some(ErrorCode::KRB_AP_ERR_TKT_EXPIRED) => {
            "the ticket has expired, or can no longer be renewed: log in again"
        }
        Some(ErrorCode::KRB_AP_ERR_TKT_NYV) => {
            let klist = Tool::Klist;
            return Some(format!(
                "the ticket is not valid yet: {klist} shows when it starts"
            ));
        }
        _ => {
            return match error {
                ClientError::NoCredential { server, .. } if !server.is_krbtgt() => Some(format!(
                    "the cache has no ticket for {server}: list its tickets with {}",
                    Tool::Klist
                )),
                error => kvno::advice::advice(error, false),
            };
        }
    };
    Some(advice.into())
}
