//! What the tests of containers share: a site with a KDC, a web server and an application, each in
//! a container of its own, into which a test puts the sidecar.
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
//! There is no registry to get images from, and none is needed: the sidecar's is made from the
//! Dockerfile of the README; a Debian is an image of empty folders and links, whose `/usr` is this
//! machine's, read-only.
//!
//! Containers, networks, volumes and images bear the process id of the test in their names and the
//! label `rkinit-test`. They go when the test ends; those of a test that was killed go when the
//! next one starts.
#![forbid(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "serves tests only"
)]

mod application;
mod docker;
mod image;
mod site;

pub use application::{Application, Readings};
pub use docker::{Container, Network, Volume, docker, name};
pub use image::{Image, debian, readme_dockerfile, sidecar};
pub use site::{READER, REALM, Site};
