//! When a kept ticket is refreshed, whether by renewing, and how long to wait after a failure:
//! rules without a clock.
//!
//! A ticket is refreshed when a third of its life is left, so that a KDC may be away for that long,
//! or up to a twelfth earlier, by chance, so that services that were started together do not all
//! come together.

use std::time::Duration;

use kerberos_asn1::{ErrorCode, KerberosTime, TicketFlags};
use kerberos_proto::{ExchangeError, Login, Timestamp};

use crate::ClientError;

/// When `login`, which came at `now`, is to be refreshed, by this machine's clock: in time for its
/// end, or for `end` if that is earlier, and no later than after `pause`. `random` is any number.
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

/// Whether renewing gives a ticket that lasts: it must be good for two thirds of a whole life at
/// least, and for more than the one at hand.
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

/// How long to wait after failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    /// The last failure's kind, and how many of that kind there were in a row.
    kind: Option<Kind>,
    of_kind: u32,
    /// How often the secret was wrong, whatever else happened in between: for the KDC, which counts
    /// towards locking the account, that is a row.
    wrong_secrets: u32,
}

impl Backoff {
    /// How long to wait after one more failure; each time twice as long, up to a limit, and up to
    /// a quarter less by chance. A failure of another kind than the last begins anew: how long a
    /// KDC was silent says nothing of what it refuses.
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
        // Of 256 parts, 192 to 256.
        delay / 256 * (256 - u32::from(random) % 65)
    }

    /// How many failures there have been in a row, of whatever kinds.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

/// What a failure says of when it may be over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A wrong secret gets right by another secret, or by a replica that learns of it, and seldom
    /// soon; guessing locks accounts.
    WrongSecret,
    /// What a KDC refuses it will refuse for a while.
    Refused,
    /// A KDC comes back, a secret or a folder is mounted.
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

/// Whether the KDC says that it is the secret which is wrong.
pub(super) fn is_wrong_secret(error: &ExchangeError) -> bool {
    matches!(
        error,
        ExchangeError::WrongPassword(_) | ExchangeError::WrongKey { .. }
    ) || matches!(
        error.kdc_code(),
        // The second is what some KDCs say instead of the first.
        Some(ErrorCode::KDC_ERR_PREAUTH_FAILED | ErrorCode::KRB_AP_ERR_BAD_INTEGRITY)
    )
}

/// How much is left until the login's ticket ends, or until `end`, in microseconds.
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

/// Nothing is refreshed more often than this, in microseconds.
const SHORTEST: i64 = 1_000_000;

#[cfg(test)]
mod tests;
