//! `Step`: the next step in establishing a context.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::Context;

/// The next step in establishing a context.
#[derive(Debug)]
#[must_use = "the token is to be sent, or the context to be used"]
pub enum Step {
    /// Send this to the peer, and pass its answer to the next step.
    Continue(Vec<u8>),
    /// The context is established.
    Done {
        /// A token to send to the peer before anything else.
        send: Option<Vec<u8>>,
        /// The context.
        context: Box<Context>,
    },
}
