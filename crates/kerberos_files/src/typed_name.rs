//! `TYPE:residual`: the common form of the names of caches and keytabs.

/// The type and the residual of `name`; `None` if all of it is a path.
///
/// As in MIT's library, a single letter before the colon is a drive and not a type. A name that
/// begins with `/` is always a path, even if it contains colons; MIT's library does that for
/// keytabs only.
pub(crate) fn split(name: &str) -> Option<(&str, &str)> {
    let (kind, residual) = name.split_once(':')?;
    let drive = kind.len() == 1 && kind.starts_with(|letter: char| letter.is_ascii_alphabetic());
    (!drive && !name.starts_with('/')).then_some((kind, residual))
}

/// The value for the type `kind`.
pub(crate) fn look_up<T: Copy>(kinds: &[(&str, T)], kind: &str) -> Option<T> {
    kinds
        .iter()
        .find(|(word, _)| *word == kind)
        .map(|(_, value)| *value)
}

/// The type for `value`; empty if there is none.
pub(crate) fn word_of<T: PartialEq>(kinds: &[(&'static str, T)], value: &T) -> &'static str {
    kinds
        .iter()
        .find(|(_, kind)| kind == value)
        .map_or("", |(word, _)| word)
}
