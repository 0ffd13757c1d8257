//! What this machine provides: the time, and random numbers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use kerberos_crypto::CryptoRng;
use kerberos_proto::Timestamp;

use crate::ClientError;

/// The system's random numbers.
///
/// # Errors
/// [`ClientError::Random`] when the system has none yet; once it has some, it always does.
pub fn system_rng() -> Result<impl CryptoRng, ClientError> {
    static HAS_SOME: AtomicBool = AtomicBool::new(false);
    if !HAS_SOME.load(Ordering::Relaxed) {
        getrandom::fill(&mut [0; 1]).map_err(ClientError::Random)?;
        HAS_SOME.store(true, Ordering::Relaxed);
    }
    Ok(UnwrapErr(SysRng))
}

/// The system's time.
pub fn now() -> Timestamp {
    let (seconds, microseconds) = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => (
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            since.subsec_micros(),
        ),
        // The KDC will refuse a clock before 1970.
        Err(_) => (0, 0),
    };
    Timestamp::new(seconds, microseconds)
}
