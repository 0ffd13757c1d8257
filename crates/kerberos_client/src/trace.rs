//! The trace that users know from MIT's `KRB5_TRACE`: events of the target `krb5_trace`, with MIT's
//! wording.

/// Emits an event with MIT's wording; the arguments are formatted only when someone listens.
macro_rules! trace {
    ($($arg:tt)+) => { tracing::debug!(target: "krb5_trace", $($arg)+) };
}
pub(crate) use trace;
