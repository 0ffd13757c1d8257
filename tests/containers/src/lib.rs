//! Shared by the container tests: a site with a KDC, a web server and an application, each in its
//! own container. Tests add the sidecar.
//!
//! ```text
//!        network without a way out
//!   ┌────────────┬──────────────┬──────────────────┐
//!   kdc          web            application ─ reads │ the cache, read-only, as 1001
//!   MIT's, as    Apache, lets   MIT's klist and curl│
//!   in Debian    in by ticket   all the time        │
//!                               sidecar ─── writes ─┘ a volume in memory
//!                               our binary in an empty image
//! ```
//! No registry is available, and none is needed: the sidecar's image is built from the README's
//! Dockerfile, and the Debian image consists of empty folders and links, with this machine's `/usr`
//! mounted read-only.
//!
//! Containers, networks, volumes and images have the test's process id in their names and the label
//! `rkinit-test`. They are removed when the test ends. Those of a killed test are removed when the
//! next one starts.
#![forbid(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "only tests use this"
)]

mod application;
mod docker;
mod image;
mod site;

pub use application::{Application, Readings};
pub use docker::{Container, Network, Volume, docker, name};
pub use image::{Image, debian, readme_dockerfile, sidecar};
pub use site::{READER, REALM, Site};
