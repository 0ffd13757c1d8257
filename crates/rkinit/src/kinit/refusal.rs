//! Why there is no initial ticket: what `kinit` prints.

pub(super) use crate::refusal::Refusal;

/// What `kinit` says most failures happened in.
pub(super) const CONTEXT: &str = "while getting initial credentials";
