//! x
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod acceptor;
mod authenticator;
mod channel_bindings;
mod context;
mod error;
mod flags;
mod initiator;
mod mechanism;
mod message;
mod name;
mod rfc4121;
mod rfc4178;
mod rfc4757;
mod sequence;
mod step;

pub use acceptor::{Acceptor, AcceptorOptions};
pub use channel_bindings::ChannelBindings;
pub use context::{Context, Details, PrfKey};
pub use error::{GssError, StepError};
pub use flags::ContextFlags;
pub use initiator::{Initiator, InitiatorOptions};
pub use kerberos_crypto::Part;
pub use mechanism::{Mechanism, TokenId};
pub use message::{Overhead, Pieces, Protection, Receiver, Sender, Unwrapped};
pub use name::{export_name, host_based_service, import_exported_name};
pub use rfc4178::{MechanismOrder, SpnegoAcceptor, SpnegoInitiator};
pub use sequence::OrderFault;
pub use step::Step;
