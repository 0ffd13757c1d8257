//! `Step`: what comes next while a context is established.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::Context;

/// What comes next.
#[derive(Debug)]
#[must_use = "the token is to be sent, or the context to be used"]
pub enum Step {
    /// Send this to the peer; the next step takes its answer.
    Continue(Vec<u8>),
    /// The context is established.
    Done {
        /// What the peer is to get before anything else.
        send: Option<Vec<u8>>,
        /// The context.
        context: Box<Context>,
    },
}
