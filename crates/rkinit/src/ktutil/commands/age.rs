//! Durations in the notation of MIT's tools (`1d12h`) and of Heimdal's (`1 week 2 days`).

/// The units. Each is recognised by its letter, and by the first three or more letters of its name.
const UNITS: [(&str, &str, u32); 7] = [
    ("s", "seconds", 1),
    ("m", "minutes", 60),
    ("h", "hours", 3600),
    ("d", "days", 86_400),
    ("w", "weeks", 7 * 86_400),
    ("", "months", 30 * 86_400),
    ("", "years", 365 * 86_400),
];

/// The duration `text` in seconds; a plain number is in seconds.
pub(super) fn parse(text: &str) -> Option<u32> {
    let mut rest = text.trim();
    if let Ok(seconds) = rest.parse() {
        return Some(seconds);
    }
    let mut sum = 0_u32;
    loop {
        let (digits, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after.trim_start(), |c| c.is_ascii_alphabetic());
        let count: u32 = digits.parse().ok()?;
        sum = sum.checked_add(count.checked_mul(seconds(&unit.to_ascii_lowercase())?)?)?;
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

fn seconds(unit: &str) -> Option<u32> {
    let known = |(letter, name, _): &&(&str, &str, u32)| {
        unit == *letter || (unit.len() >= 3 && name.starts_with(unit))
    };
    let known = UNITS.iter().filter(|_| !unit.is_empty()).find(known);
    known.map(|(_, _, seconds)| *seconds)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_parses_from_units_or_plain_seconds() {
        let check = |text: &str, seconds| assert_eq!(parse(text), seconds, "{text}");
        check("1 week", Some(604_800));
        check("2 weeks 1 day", Some(1_296_000));
        check("3Hours", Some(10_800));
        check(" 1 min ", Some(60));
        check("1d12h", Some(129_600));
        check("3600", Some(3600));
        check("0", Some(0));
        check("", None);
        check("week", None);
        check("1 m", Some(60));
        check("1 mon", Some(2_592_000));
        check("1 mo", None);
        check("5 1 day", None);
        check("1 fortnight", None);
        check("-1 day", None);
        check("-5", None);
        check("99999999999 days", None);
    }
}
