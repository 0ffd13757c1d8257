//! Rules without a clock: when to refresh a ticket, when to do that by renewing it, and how long to
//! wait after a failure.
//!
//! A ticket is refreshed when a third of its life is left, so that a KDC may be away for that long;
//! or earlier by a random part of up to a twelfth, so that services that were started together do
//! not all ask at once.

use std::time::Duration;

use kerberos_asn1::{ErrorCode, KerberosTime, TicketFlags};
use kerberos_proto::{ExchangeError, Login, Timestamp};

use crate::ClientError;

/// When to refresh `login`, which was obtained at `now`, by this machine's clock: in time for its
/// end, or for `end` if that is earlier, and after `pause` at the latest. `random` is any number.
pub(super) fn refresh_at(
    login: &Login,
    end: Option<KerberosTime>,
    pause: Option<Duration>,
    now: Timestamp,
    random: u16,
) -> Timestamp {
    let left = micros_left(login, end, now);
    let jitter = (left / 12).saturating_mul(random.into()) / i64::from(u16::MAX);
    let pause = pause.map_or(i64::MAX, micros);
    let until = (left - left / 3 - jitter).min(pause);
    now + Duration::from_micros(until.max(SHORTEST).unsigned_abs())
}

/// Whether renewing is worth it: the renewed ticket must last for at least two thirds of a whole
/// life, and longer than the present one.
pub(super) fn renewable(login: &Login, now: Timestamp) -> bool {
    let credential = &login.credential;
    let times = &credential.times;
    let Some(renew_till) = times.renew_till.map(KerberosTime::unix) else {
        return false;
    };
    let now = login.by_kdc(now).seconds;
    let (start, end) = (times.starttime.unwrap_or(times.authtime), times.endtime);
    let life = end.unix().saturating_sub(start.unix());
    let renewed_until = renew_till.min(now.saturating_add(life));
    let ticket_is_good = now < end.unix();
    credential.flags.contains(TicketFlags::RENEWABLE)
        && ticket_is_good
        && renewed_until > end.unix()
        && renewed_until - now >= life / 3 * 2
}

/// How long to wait after consecutive failures.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    /// The kind of the last failure, and how many of that kind came in a row.
    kind: Option<Kind>,
    of_kind: u32,
    /// How often the secret was wrong, whatever else happened in between: the KDC counts these as
    /// consecutive failures towards locking the account.
    wrong_secrets: u32,
}

impl Backoff {
    /// How long to wait after one more failure. The wait doubles each time up to a limit, less a
    /// random quarter at most. A failure of another kind starts over: how long a KDC was silent
    /// says nothing about what it refuses.
    pub(super) fn delay(&mut self, error: &ClientError, random: u16) -> Duration {
        let kind = Kind::of(error);
        if self.kind.replace(kind) != Some(kind) {
            self.of_kind = 0;
        }
        let count = match kind {
            Kind::WrongSecret => &mut self.wrong_secrets,
            Kind::Refused | Kind::Passing => &mut self.of_kind,
        };
        let (first, limit) = kind.limits();
        let doubled = first.saturating_mul(2_u32.saturating_pow(*count));
        *count = count.saturating_add(1);
        self.failures = self.failures.saturating_add(1);
        let delay = doubled.min(limit);
        // 192 to 256 of 256 parts.
        delay / 256 * (256 - u32::from(random) % 65)
    }

    /// The number of consecutive failures, of whatever kinds.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

/// What a failure tells about when it may pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A wrong secret becomes right when it is replaced, or when a replica learns of it. That
    /// seldom happens soon, and guessing locks accounts.
    WrongSecret,
    /// What a KDC refuses now it will refuse for a while.
    Refused,
    /// The KDC may come back, or the secret or folder may be mounted.
    Passing,
}

impl Kind {
    fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Exchange(error) if is_wrong_secret(error) => Self::WrongSecret,
            ClientError::Exchange(_) if !error.is_transient() => Self::Refused,
            _ => Self::Passing,
        }
    }

    /// The first and the longest wait.
    fn limits(self) -> (Duration, Duration) {
        let (first, limit) = match self {
            Self::WrongSecret => (300, 3600),
            Self::Refused => (10, 600),
            Self::Passing => (1, 60),
        };
        (Duration::from_secs(first), Duration::from_secs(limit))
    }
}

/// Whether the KDC says that the secret is wrong.
pub(super) fn is_wrong_secret(error: &ExchangeError) -> bool {
    matches!(
        error,
        ExchangeError::WrongPassword(_) | ExchangeError::WrongKey { .. }
    ) || matches!(
        error.kdc_code(),
        // Some KDCs send the second code instead of the first.
        Some(ErrorCode::KDC_ERR_PREAUTH_FAILED | ErrorCode::KRB_AP_ERR_BAD_INTEGRITY)
    )
}

/// How long until the login's ticket ends, or until `end`, in microseconds.
fn micros_left(login: &Login, end: Option<KerberosTime>, now: Timestamp) -> i64 {
    let now = login.by_kdc(now);
    let end = end.map_or(i64::MAX, KerberosTime::unix);
    let end = end.min(login.credential.times.endtime.unix());
    let seconds = end.saturating_sub(now.seconds);
    seconds
        .saturating_mul(1_000_000)
        .saturating_sub(now.microseconds.into())
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Refreshes are at least this far apart, in microseconds.
const SHORTEST: i64 = 1_000_000;

#[cfg(test)]
mod tests;
