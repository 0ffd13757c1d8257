//! `remove`, `rename`, `merge` and `purge`: the commands that move entries.
//!
//! New entries are written and synced before old ones are removed. So a crash in between may leave
//! an entry twice, but never loses one.

use std::collections::BTreeMap;

use kerberos_crypto::EncryptionType;
use kerberos_files::keytab::{KeytabEntry, KeytabEntryView};
use kerberos_proto::Principal;

use crate::input::ccache_select;
use crate::ktutil::commands::args::{MergeOptions, PurgeOptions, RemoveOptions, RenameOptions};
use crate::ktutil::commands::{Done, Target, age, same_slot};
use crate::messages::line;
use crate::messages::refusal::Refusal;

/// Removes the entries that match `options`. It is an error if there is none.
pub(super) fn remove(target: &Target, options: &RemoveOptions) -> Result<Done, Refusal> {
    let context = format!("while removing from keytab {}", target.name);
    let wanted = options.principal.as_deref();
    let wanted = wanted.map(|name| principal(name, &context)).transpose()?;
    let etype = match options.enctype.as_deref() {
        None => None,
        // Unsupported types are allowed, because it makes sense to remove such keys.
        Some(name) => Some(
            EncryptionType::from_name(name)
                .or_else(|| name.parse().ok().map(EncryptionType))
                .ok_or_else(|| Refusal::new("Bad encryption type", &context))?,
        ),
    };
    let removed = remove_where(target, |entry| {
        wanted
            .as_ref()
            .is_none_or(|principal| entry.principal().matches(principal))
            && options.kvno.is_none_or(|kvno| kvno == entry.kvno())
            && etype.is_none_or(|etype| etype == entry.etype())
    })?;
    if removed == 0 {
        return Err(not_found(&context));
    }
    Ok(Done::Count(removed, "removed"))
}

/// Changes the principal of entries.
pub(super) fn rename(target: &Target, options: &RenameOptions) -> Result<Done, Refusal> {
    let context = format!("while renaming in keytab {}", target.name);
    let from = principal(&options.from, &context)?;
    let to = principal(&options.to, &context)?;
    if from == to {
        return Err(Refusal::new("Both names are the same", &context));
    }
    let entries = target.entries()?;
    let old: Vec<&KeytabEntry> = entries
        .iter()
        .filter(|entry| entry.principal == from)
        .collect();
    if old.is_empty() {
        return Err(not_found(&context));
    }
    let mut new = Vec::new();
    for entry in &old {
        let renamed = KeytabEntry {
            principal: to.clone(),
            ..(*entry).clone()
        };
        match standing(&entries, &renamed) {
            Standing::Absent => new.push(renamed),
            Standing::Present => {}
            Standing::OtherKey => {
                return Err(Refusal::new(other_key(&renamed), &context));
            }
        }
    }
    target.add(&new)?;
    if !options.keep {
        // Entries that somebody else may have added meanwhile are kept.
        remove_where(target, |view| {
            old.iter().any(|entry| {
                view.principal().matches(&from)
                    && view.kvno() == entry.kvno
                    && view.etype() == entry.key.etype()
                    && view.expose_key() == entry.key.expose_bytes()
            })
        })?;
    }
    Ok(Done::Count(old.len(), "renamed"))
}

/// Adds the entries of the source that `target` does not have.
pub(super) fn merge(target: &Target, options: &MergeOptions) -> Result<Done, Refusal> {
    let source = Target::open(Some(&options.source))?;
    let mut entries = target.entries_if_any()?;
    let before = entries.len();
    let mut conflicts = 0;
    for entry in source.entries()? {
        match standing(&entries, &entry) {
            Standing::Present => {}
            Standing::OtherKey if !options.copy_duplicates => {
                line(format_args!("{}: {}", target.name, other_key(&entry)));
                conflicts += 1;
            }
            Standing::Absent | Standing::OtherKey => entries.push(entry),
        }
    }
    let new = entries.split_off(before);
    target.add(&new)?;
    if conflicts > 0 {
        return Ok(Done::Status(1));
    }
    Ok(Done::Count(new.len(), "added"))
}

/// Removes keys that have been superseded by a newer key for some time.
pub(super) fn purge(target: &Target, options: &PurgeOptions) -> Result<Done, Refusal> {
    let context = format!("while purging keytab {}", target.name);
    let age = age::parse(&options.age).ok_or_else(|| Refusal {
        hint: Some("write it as \"1 week\", \"36 hours\" or 2d12h".into()),
        ..Refusal::new(format_args!("Bad age {}", options.age), &context)
    })?;
    let mut newest: BTreeMap<Vec<u8>, KeytabEntry> = BTreeMap::new();
    for entry in target.entries()? {
        let mut name = Vec::new();
        entry.principal.unparse_into(&mut name);
        let newer = newest.get(&name).is_none_or(|known| {
            // Among entries of the same version, the one written last: the age counts from then.
            entry.is_newer_than(known)
                || (entry.kvno == known.kvno && entry.timestamp > known.timestamp)
        });
        if newer {
            newest.insert(name, entry);
        }
    }
    let now = crate::ktutil::now();
    newest.retain(|_, entry| entry.timestamp <= now && now.saturating_sub(entry.timestamp) >= age);
    let removed = remove_where(target, |view| {
        let mut name = Vec::new();
        view.principal().unparse_into(&mut name);
        newest.get(&name).is_some_and(|newest| {
            view.kvno() != newest.kvno && !view.to_entry().is_newer_than(newest)
        })
    })?;
    Ok(Done::Count(removed, "removed"))
}

/// Whether a keytab contains an entry.
pub(super) enum Standing {
    Absent,
    /// Yes, with the same key.
    Present,
    /// Yes, but with another key, which is unusual.
    OtherKey,
}

/// Whether `entries` contain `entry`.
pub(super) fn standing(entries: &[KeytabEntry], entry: &KeytabEntry) -> Standing {
    let mut standing = Standing::Absent;
    for there in entries.iter().filter(|there| same_slot(there, entry)) {
        if there.key.expose_bytes() == entry.key.expose_bytes() {
            return Standing::Present;
        }
        standing = Standing::OtherKey;
    }
    standing
}

/// The message about an entry that exists with another key.
pub(super) fn other_key(entry: &KeytabEntry) -> String {
    format!(
        "An entry with another key exists for {}, version {}, {}",
        entry.principal,
        entry.kvno,
        entry.key.etype()
    )
}

fn remove_where(
    target: &Target,
    matches: impl FnMut(&KeytabEntryView<'_>) -> bool,
) -> Result<usize, Refusal> {
    target
        .file
        .remove(matches)
        .map_err(|error| Refusal::of_keytab(&error, &target.rewriting(&error)))
}

fn principal(name: &str, context: &str) -> Result<Principal, Refusal> {
    ccache_select::principal(name.as_bytes(), false).map_err(|error| error.into_refusal(context))
}

fn not_found(context: &str) -> Refusal {
    Refusal {
        hint: Some("the command list shows the entries of the keytab".into()),
        ..Refusal::new("Key table entry not found", context)
    }
}
