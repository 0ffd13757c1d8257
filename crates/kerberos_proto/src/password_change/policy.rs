//! The password policy that Active Directory sends instead of a text: thirty bytes in network byte
//! order, of which the first two are zero.

use core::fmt;

/// Active Directory's requirements for a password. `Display` formats them in MIT's words.
///
/// # Example
/// ```
/// use kerberos_proto::PasswordPolicy;
/// let mut sent = [0; 30];
/// sent[5] = 7;
/// let policy = PasswordPolicy::parse(&sent).expect("a policy");
/// assert_eq!(policy.min_length, 7);
/// assert_eq!(policy.to_string(), "The password must contain at least 7 characters.");
/// assert_eq!(PasswordPolicy::parse(b"a text of thirty characters .."), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PasswordPolicy {
    /// The minimum number of characters.
    pub min_length: u32,
    /// The number of previous passwords from which it must differ.
    pub history: u32,
    /// `DOMAIN_PASSWORD_*` flags. Bit 0 requires several kinds of characters.
    pub properties: u32,
    /// After what time it expires, in units of 100 ns.
    pub max_age: u64,
    /// How long it must be kept, in units of 100 ns.
    pub min_age: u64,
}

impl PasswordPolicy {
    /// Parses `data`; `None` if it does not have the format of a policy.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let mut rest = data;
        let policy = [0, 0] == *take::<2>(&mut rest)?;
        let parsed = Self {
            min_length: u32::from_be_bytes(*take(&mut rest)?),
            history: u32::from_be_bytes(*take(&mut rest)?),
            properties: u32::from_be_bytes(*take(&mut rest)?),
            max_age: u64::from_be_bytes(*take(&mut rest)?),
            min_age: u64::from_be_bytes(*take(&mut rest)?),
        };
        (policy && rest.is_empty()).then_some(parsed)
    }
}

impl fmt::Display for PasswordPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        let mut sentence = |text: fmt::Arguments<'_>| {
            let result = write!(f, "{space}{text}");
            space = "  ";
            result
        };
        if self.properties & COMPLEX != 0 {
            sentence(format_args!(
                "The password must include numbers or symbols.  Don't include any part of your \
                 name in the password."
            ))?;
        }
        match self.min_length {
            0 => {}
            1 => sentence(format_args!(
                "The password must contain at least 1 character."
            ))?,
            more => sentence(format_args!(
                "The password must contain at least {more} characters."
            ))?,
        }
        match self.history {
            0 => {}
            1 => sentence(format_args!(
                "The password must be different from the previous password."
            ))?,
            more => sentence(format_args!(
                "The password must be different from the previous {more} passwords."
            ))?,
        }
        match (self.min_age, self.min_age / DAY) {
            (0, _) => Ok(()),
            (_, 0 | 1) => sentence(format_args!("The password can only be changed once a day.")),
            (_, days) => sentence(format_args!(
                "The password can only be changed every {days} days."
            )),
        }
    }
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(first)
}

/// `DOMAIN_PASSWORD_COMPLEX`.
const COMPLEX: u32 = 1;
/// In units of 100 ns.
const DAY: u64 = 24 * 60 * 60 * 10_000_000;

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn policy_is_described_in_the_words_of_mit() {
        fn check(policy: (u32, u32, u32, u64), sentences: &str) {
            let (min_length, history, properties, min_age) = policy;
            let policy = PasswordPolicy {
                min_length,
                history,
                properties,
                max_age: 9 * DAY,
                min_age,
            };
            assert_eq!(policy.to_string(), sentences);
        }
        let complex = "The password must include numbers or symbols.  Don't include any part of \
                       your name in the password.";
        check((0, 0, 0xfe, 0), "");
        check((0, 0, 1, 0), complex);
        let once = "The password can only be changed once a day.";
        check((0, 0, 0, 1), once);
        check((0, 0, 0, DAY), once);
        check(
            (0, 0, 0, 2 * DAY),
            "The password can only be changed every 2 days.",
        );
        check(
            (1, 0, 0, 0),
            "The password must contain at least 1 character.",
        );
        check(
            (13, 0, 0, 0),
            "The password must contain at least 13 characters.",
        );
        check(
            (0, 1, 0, 0),
            "The password must be different from the previous password.",
        );
        let all = [
            complex,
            "The password must contain at least 5 characters.",
            "The password must be different from the previous 13 passwords.",
            once,
        ];
        check((5, 13, 1, DAY), &all.join("  "));
    }

    #[test]
    fn policy_is_30_bytes_that_start_with_two_zeros() {
        assert!(PasswordPolicy::parse(&[0; 30]).is_some());
        assert!(PasswordPolicy::parse(&[0; 29]).is_none());
        assert!(PasswordPolicy::parse(&[0; 31]).is_none());
        assert!(PasswordPolicy::parse(&[1; 30]).is_none());
        let mut sent = [0; 30];
        let numbers = [
            &2_u32.to_be_bytes()[..],
            &3_u32.to_be_bytes(),
            &4_u32.to_be_bytes(),
        ];
        sent[2..14].copy_from_slice(&numbers.concat());
        sent[14..22].copy_from_slice(&5_u64.to_be_bytes());
        sent[22..].copy_from_slice(&6_u64.to_be_bytes());
        let expected = PasswordPolicy {
            min_length: 2,
            history: 3,
            properties: 4,
            max_age: 5,
            min_age: 6,
        };
        assert_eq!(PasswordPolicy::parse(&sent), Some(expected));
    }
}
