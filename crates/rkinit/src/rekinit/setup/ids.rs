//! Users and groups by number or by name.
//!
//! Numbers work without any file, because containers often have no `/etc/passwd`. Names are looked
//! up by parsing it here, because no C library is used.

use serde::Deserialize;

/// A user or a group, as written by the user.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "it is neither the number of a user or group nor a name in quotes"
)]
pub(crate) enum Id {
    Number(u32),
    Name(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    User,
    Group,
}

impl Id {
    /// The number of the user or group.
    ///
    /// # Errors
    /// In words, when the system does not know the name, or the number is invalid.
    pub(crate) fn number(&self, kind: Kind) -> Result<u32, String> {
        // For chown(2), the highest number means "unchanged".
        let usable = |number: u32| match number {
            u32::MAX => Err(format!("{number} is not a valid user or group ID")),
            number => Ok(number),
        };
        let name = match self {
            Self::Number(number) => return usable(*number),
            Self::Name(name) => name,
        };
        if let Ok(number) = name.parse() {
            return usable(number);
        }
        let (path, what) = match kind {
            Kind::User => ("/etc/passwd", "user"),
            Kind::Group => ("/etc/group", "group"),
        };
        let text = std::fs::read(path).unwrap_or_default();
        let number = number_of(&String::from_utf8_lossy(&text), name).ok_or_else(|| {
            format!("there is no {what} {name} in {path}: name the {what} by its number")
        });
        number.and_then(usable)
    }
}

/// The number in the line `name:password:number:…` for `name`; passwd and group have the same
/// format.
fn number_of(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_resolve_from_numbers_and_names() {
        let check = |text: &str, name: &str, expected| assert_eq!(number_of(text, name), expected);
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\napp:x:1001:100::/:\n";
        check(passwd, "app", Some(1001));
        check(passwd, "broken", None);
        check("staff:x:50:app\n", "staff", Some(50));
        check("", "app", None);
        assert_eq!(Id::Name("1001".into()).number(Kind::User), Ok(1001));
        for unusable in [Id::Number(u32::MAX), Id::Name("4294967295".into())] {
            assert!(unusable.number(Kind::User).is_err(), "{unusable:?}");
        }
        assert_eq!(Id::Number(7).number(Kind::Group), Ok(7));
    }
}
