//! `K5Identity`: a user's file `.k5identity`, which selects the client principal for each service.

use kerberos_asn1::NameType;
use kerberos_proto::{ParseOptions, Principal};

/// The lines of a `.k5identity` file.
///
/// A line consists of a principal and conditions on the service: `realm=`, `service=` and `host=`,
/// each with a shell pattern. The first line whose conditions all hold is used. The last two
/// conditions only hold for services on hosts (NT-SRV-HST).
///
/// # Example
/// ```
/// use kerberos_asn1::NameType;
/// use kerberos_files::ccache::K5Identity;
/// use kerberos_proto::{ParseOptions, Principal};
///
/// let identity = K5Identity::parse("# as whom\nadmin@A.TEST host=*.a.test service=[hH]*\n");
/// let web = Principal::parse("HTTP/www.a.test@A.TEST")?.with_name_type(NameType::SRV_HST);
/// let who = identity.principal_for(&web, &ParseOptions::default());
/// assert_eq!(who, Some(Principal::parse("admin@A.TEST")?));
/// # Ok::<(), kerberos_proto::PrincipalError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct K5Identity {
    text: String,
}

impl K5Identity {
    /// Parses the contents of a file. Malformed lines are ignored.
    pub fn parse(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The principal to use for `service`. A line whose principal cannot be parsed with `options`,
    /// for example because there is no default realm, is skipped.
    pub fn principal_for(
        &self,
        service: &Principal,
        options: &ParseOptions<'_>,
    ) -> Option<Principal> {
        self.text.lines().find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let principal = words.next().filter(|word| !word.starts_with('#'))?;
            words
                .all(|condition| holds(condition, service))
                .then(|| Principal::parse_bytes(principal.as_bytes(), options).ok())?
        })
    }
}

/// An unknown condition does not hold.
fn holds(condition: &str, service: &Principal) -> bool {
    let Some((field, pattern)) = condition.split_once('=') else {
        return false;
    };
    let mut components = service.components();
    let on_host = service.name_type() == NameType::SRV_HST && components.len() >= 2;
    let (name, host) = (components.next(), components.next());
    let value = match field {
        "realm" => return matches(pattern.as_bytes(), service.realm()),
        "service" => name.map(<[u8]>::to_vec),
        "host" => host.map(<[u8]>::to_ascii_lowercase),
        _ => None,
    };
    on_host && value.is_some_and(|value| matches(pattern.as_bytes(), &value))
}

/// Whether `text` matches the shell pattern with `*`, `?`, `[a-z]`, `[!a-z]` and `\`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut rest, mut text) = (pattern, text);
    // Where to continue after the last star if the rest does not match: the star then takes one
    // more byte.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', after @ ..] = rest {
            star = Some((after, text));
            rest = after;
            continue;
        }
        if let (Some(after), [_, text_after @ ..]) = (one(rest, text.first()), text) {
            (rest, text) = (after, text_after);
            continue;
        }
        if rest.is_empty() && text.is_empty() {
            return true;
        }
        let Some((after, [_, shorter @ ..])) = star else {
            return false;
        };
        star = Some((after, shorter));
        (rest, text) = (after, shorter);
    }
}

/// The rest of `pattern` after its first element, if that matches `byte`.
fn one<'p>(pattern: &'p [u8], byte: Option<&u8>) -> Option<&'p [u8]> {
    let byte = *byte?;
    match pattern {
        [b'?', rest @ ..] => Some(rest),
        [b'[', set @ ..] => match bracket(set, byte) {
            Some((true, rest)) => Some(rest),
            Some((false, _)) => None,
            // An unclosed bracket stands for itself.
            None => (byte == b'[').then_some(set),
        },
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (*literal == byte).then_some(rest),
        [] => None,
    }
}

/// Whether `byte` is in the set at the start of `pattern` (after its bracket), and the rest of the
/// pattern.
fn bracket(pattern: &[u8], byte: u8) -> Option<(bool, &[u8])> {
    let (negated, mut rest) = match pattern {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    let mut found = false;
    let mut first = true;
    loop {
        rest = match rest {
            [b']', rest @ ..] if !first => return Some((found != negated, rest)),
            [low, b'-', high, rest @ ..] if *high != b']' => {
                found |= (*low..=*high).contains(&byte);
                rest
            }
            [b'\\', literal, rest @ ..] | [literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
            [] => return None,
        };
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_like_shell_globs() {
        let check = |pattern: &str, yes: &[&str], no: &[&str]| {
            for (texts, expected) in [(yes, true), (no, false)] {
                for text in texts {
                    let found = matches(pattern.as_bytes(), text.as_bytes());
                    assert_eq!(found, expected, "{pattern} {text}");
                }
            }
        };
        check("", &[""], &["a"]);
        check("*", &["", "a", "a.b"], &[]);
        check("a*b*c", &["abc", "aXbXbYc"], &["ab", "acb", "abcd"]);
        check("?b", &["ab"], &["b", "aab"]);
        check("[ab]", &["a", "b"], &["c", "", "ab"]);
        check("[!a-c]x", &["dx"], &["ax", "x"]);
        check("[]]", &["]"], &["a"]);
        check("[a-]", &["a", "-"], &["b"]);
        check("[a", &["[a"], &["a"]);
        check("\\*", &["*"], &["a"]);
        check("*.A.TEST", &["X.A.TEST"], &["A.TEST", "X.a.test"]);
    }

    #[test]
    fn pathological_patterns_do_not_take_exponential_time() {
        let pattern = "*a".repeat(200);
        assert!(!matches(pattern.as_bytes(), &[b'a'; 190]));
        assert!(!matches("*a*a*a*a*a*b".as_bytes(), &vec![b'a'; 20_000]));
    }

    #[test]
    fn first_matching_k5identity_line_wins() {
        let identity = K5Identity::parse(
            "\n#all@A.TEST\nlost realm=B.TEST\nbroken@A.TEST host\n odd@A.TEST colour=red\n\
             web@A.TEST service=HTTP host=*.a.test\n\tb@B.TEST realm=B.*\nlast@A.TEST\n",
        );
        let check = |service: &str, name_type, expected: &str| {
            let service = Principal::parse(service).unwrap().with_name_type(name_type);
            let who = identity.principal_for(&service, &ParseOptions::default());
            assert_eq!(who.unwrap().to_string(), expected, "{service}");
        };
        check("HTTP/WWW.a.test@A.TEST", NameType::SRV_HST, "web@A.TEST");
        check("HTTP/www.a.test@A.TEST", NameType::PRINCIPAL, "last@A.TEST");
        check("host/www.b.test@B.TEST", NameType::SRV_HST, "b@B.TEST");
        check("krbtgt/A.TEST@A.TEST", NameType::SRV_INST, "last@A.TEST");
        let none = K5Identity::default();
        let service = Principal::parse("a@A.TEST").unwrap();
        assert_eq!(none.principal_for(&service, &ParseOptions::default()), None);
    }
}
