//! Whole programs with Kerberos inside: `docs/EMBEDDING.md`, whose snippets are compiled here, the
//! programs in `bin`, and what they do with real peers in `tests`.
//!
//! It is a package of its own because of what the programs stand on: axum and reqwest have no place
//! in the build of anything else.
#![forbid(unsafe_code)]

mod wire;

pub use wire::Wire;

/// What the page says compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/EMBEDDING.md")]
struct Embedding;
