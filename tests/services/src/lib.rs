//! Whole programs that use Kerberos: `docs/EMBEDDING.md`, whose snippets are compiled here; the
//! programs in `bin`; and their tests with real peers in `tests`.
//!
//! It is a separate package because of the programs' dependencies: other builds should not include
//! axum and reqwest.
#![forbid(unsafe_code)]

mod wire;

pub use wire::Wire;

/// Compiles the page's snippets.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/EMBEDDING.md")]
struct Embedding;
