//! How to read and write the text form of a principal.

/// How to read a principal name; [`ParseOptions::default`] is an ordinary name, and without a
/// default realm the name must have one.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ParseOptions<'a> {
    /// The realm of a name that names none.
    pub default_realm: Option<&'a [u8]>,
    /// Whether the first `@` and every `/` belong to the name (RFC 6806 §5).
    pub enterprise: bool,
    /// What to make of the realm.
    pub realm: RealmRule,
}

impl<'a> ParseOptions<'a> {
    /// Options for an ordinary name in `default_realm` unless it says otherwise.
    pub fn with_default_realm(default_realm: &'a [u8]) -> Self {
        Self {
            default_realm: Some(default_realm),
            ..Self::default()
        }
    }

    /// The same options with `enterprise` set.
    pub fn enterprise(mut self, enterprise: bool) -> Self {
        self.enterprise = enterprise;
        self
    }

    /// The same options with `realm` as the rule.
    pub fn realm(mut self, realm: RealmRule) -> Self {
        self.realm = realm;
        self
    }
}

/// What [`Principal::parse_bytes`](super::Principal::parse_bytes) makes of the realm in a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum RealmRule {
    /// The default realm fills in for a missing one.
    #[default]
    Optional,
    /// A name without a realm is an error, whether or not there is a default.
    Required,
    /// A name with a realm is an error; the realm is left empty.
    Forbidden,
    /// A realm is dropped and the default does not fill in; the realm is left empty.
    Ignored,
}

/// How to write a principal name; [`UnparseOptions::default`] is the full, escaped form.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct UnparseOptions<'a> {
    /// When to leave out the realm.
    pub omit_realm: OmitRealm<'a>,
    /// Whether to leave out all escapes: good for people to read, not for parsing again.
    pub display: bool,
}

impl<'a> UnparseOptions<'a> {
    /// The escaped form without the realm when that is `default_realm`.
    pub fn short(default_realm: &'a [u8]) -> Self {
        Self {
            omit_realm: OmitRealm::If(default_realm),
            display: false,
        }
    }

    /// The form without a realm.
    pub fn no_realm() -> Self {
        Self {
            omit_realm: OmitRealm::Always,
            display: false,
        }
    }

    /// The same options with `display` set.
    pub fn display(mut self, display: bool) -> Self {
        self.display = display;
        self
    }
}

/// When the text form leaves out the realm.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OmitRealm<'a> {
    /// Never.
    #[default]
    Never,
    /// When it is this one.
    If(&'a [u8]),
    /// Always; an `@` in a component is then not escaped.
    Always,
}
