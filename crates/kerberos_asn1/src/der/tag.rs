//! Identifier octets (X.690 §8.1.2) with tag numbers up to 30, which is all that Kerberos uses.

use core::fmt;

/// An identifier octet: class, form and tag number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag(pub u8);

impl Tag {
    /// BOOLEAN.
    pub const BOOLEAN: Self = Self(0x01);
    /// INTEGER.
    pub const INTEGER: Self = Self(0x02);
    /// BIT STRING.
    pub const BIT_STRING: Self = Self(0x03);
    /// OCTET STRING.
    pub const OCTET_STRING: Self = Self(0x04);
    /// UTF8String.
    pub const UTF8_STRING: Self = Self(0x0c);
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: Self = Self(0x18);
    /// GeneralString.
    pub const GENERAL_STRING: Self = Self(0x1b);
    /// SEQUENCE and SEQUENCE OF.
    pub const SEQUENCE: Self = Self(0x30);

    /// `[APPLICATION number]` around another element.
    pub const fn application(number: u8) -> Self {
        Self(0x60 | low(number))
    }

    /// `[number]` around another element, which is an explicit tag.
    pub const fn context(number: u8) -> Self {
        Self(0xa0 | low(number))
    }

    /// The tag number.
    pub const fn number(self) -> u8 {
        self.0 & 0x1f
    }

    /// The number of an `[APPLICATION n]` tag around another element, otherwise `None`.
    pub const fn application_number(self) -> Option<u8> {
        if self.0 & 0xe0 == 0x60 {
            Some(self.number())
        } else {
            None
        }
    }

    /// The number of an explicit `[n]` tag, otherwise `None`.
    pub const fn context_number(self) -> Option<u8> {
        if self.0 & 0xe0 == 0xa0 {
            Some(self.number())
        } else {
            None
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (*self, self.application_number(), self.context_number()) {
            (Self::BOOLEAN, ..) => f.write_str("BOOLEAN"),
            (Self::INTEGER, ..) => f.write_str("INTEGER"),
            (Self::BIT_STRING, ..) => f.write_str("BIT STRING"),
            (Self::OCTET_STRING, ..) => f.write_str("OCTET STRING"),
            (Self::GENERALIZED_TIME, ..) => f.write_str("GeneralizedTime"),
            (Self::GENERAL_STRING, ..) => f.write_str("GeneralString"),
            (Self::SEQUENCE, ..) => f.write_str("SEQUENCE"),
            (_, Some(number), _) => write!(f, "[APPLICATION {number}]"),
            (_, _, Some(number)) => write!(f, "[{number}]"),
            (Self(octet), ..) => write!(f, "tag {octet:#04x}"),
        }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `number`, which must fit into a low tag number.
const fn low(number: u8) -> u8 {
    assert!(
        number < 31,
        "a tag number above 30 takes more than one octet"
    );
    number
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::Tag;

    #[track_caller]
    fn check(tag: Tag, octet: u8, text: &str) {
        assert_eq!((tag.0, tag.to_string().as_str()), (octet, text));
    }

    #[test]
    fn tags_have_expected_octet_and_display_name() {
        check(Tag::application(11), 0x6b, "[APPLICATION 11]");
        check(Tag::context(12), 0xac, "[12]");
        check(Tag::SEQUENCE, 0x30, "SEQUENCE");
        check(Tag(0x05), 0x05, "tag 0x05");
        assert_eq!(Tag::context(3).application_number(), None);
        assert_eq!(Tag::application(3).application_number(), Some(3));
    }
}
