//! Warnings after a login with a password, on standard output as in MIT.

use kerberos_crypto::EncryptionType;
use kerberos_proto::Login;

use crate::output;
use crate::output::time_format::TimeFormat;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Prints the warnings that `login` gives reason for; `now` is in seconds since 1970.
pub(super) fn print(login: &Login, now: i64) {
    let expiry = login.password_expiration.and_then(|time| {
        expiry_text(time.unix() - now, login.expiration_is_warning).map(|text| {
            let when = u32::try_from(time.unix()).unwrap_or(u32::MAX);
            format!("{text} on {}", TimeFormat::from_env().long(when))
        })
    });
    let session_etype = login.credential.session_key.etype();
    let deprecated = [login.reply_key_etype, session_etype]
        .into_iter()
        .find(|etype| etype.is_deprecated())
        .map(etype_text);
    for warning in deprecated.into_iter().chain(expiry) {
        output::tell(format!("Warning: {warning}\n").as_bytes());
    }
}

fn etype_text(etype: EncryptionType) -> String {
    format!("encryption type {etype} used for authentication is deprecated and will be disabled")
}

/// When the password expires, if that is worth a warning: always if the KDC put the time into
/// `last-req`, where it belongs; otherwise within the last week.
fn expiry_text(left: i64, is_warning: bool) -> Option<String> {
    if !is_warning && !(1..=7 * DAY).contains(&left) {
        return None;
    }
    let left = left.max(0);
    let how_long = match left {
        ..HOUR => "less than one hour".into(),
        HOUR..7200 => "1 hour".into(),
        7200..172_800 => format!("{} hours", left / HOUR),
        _ => format!("{} days", left / DAY),
    };
    Some(format!("Your password will expire in {how_long}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_expiry_warning_depends_on_time_left() {
        let check = |left, is_warning, expected: Option<&str>| {
            let text = expiry_text(left, is_warning);
            let said = text
                .as_deref()
                .map(|t| t.trim_start_matches("Your password will expire in "));
            assert_eq!(said, expected, "{left}");
        };
        check(0, false, None);
        check(-5, false, None);
        check(7 * DAY + 1, false, None);
        check(7 * DAY, false, Some("7 days"));
        check(30 * DAY, true, Some("30 days"));
        check(-5, true, Some("less than one hour"));
        check(3599, false, Some("less than one hour"));
        check(3600, false, Some("1 hour"));
        check(7200, false, Some("2 hours"));
        check(2 * DAY - 1, false, Some("47 hours"));
        check(2 * DAY, false, Some("2 days"));
    }
}
