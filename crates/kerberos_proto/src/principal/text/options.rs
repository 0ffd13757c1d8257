//! How to read and write the text form of a principal.

/// How to read a principal name. [`ParseOptions::default`] reads an ordinary name, which must have
/// a realm because there is no default.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ParseOptions<'a> {
    /// The realm for a name without one.
    pub default_realm: Option<&'a [u8]>,
    /// Whether the first `@` and every `/` belong to the name (RFC 6806 §5).
    pub enterprise: bool,
    /// How to treat the realm.
    pub realm: RealmRule,
}

impl<'a> ParseOptions<'a> {
    /// Options for an ordinary name whose realm defaults to `default_realm`.
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

/// How [`Principal::parse_bytes`](super::Principal::parse_bytes) treats the realm in a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum RealmRule {
    /// A missing realm is replaced by the default realm.
    #[default]
    Optional,
    /// A name without a realm is an error, even if there is a default.
    Required,
    /// A name with a realm is an error; the realm is left empty.
    Forbidden,
    /// A realm in the name is dropped and the default is not used; the realm is left empty.
    Ignored,
}

/// How to write a principal name. [`UnparseOptions::default`] is the full, escaped form.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct UnparseOptions<'a> {
    /// When to omit the realm.
    pub omit_realm: OmitRealm<'a>,
    /// Whether to omit all escapes: readable for people, but not for parsing again.
    pub display: bool,
}

impl<'a> UnparseOptions<'a> {
    /// The escaped form, without the realm if it is `default_realm`.
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
    /// If the realm is this one.
    If(&'a [u8]),
    /// Always; an `@` in a component is then not escaped.
    Always,
}
