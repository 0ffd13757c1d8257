//! Parses a single line of krb5.conf, and the value of a quoted string.

use super::super::tree::Span;
use super::super::{MAX_TEXT, ProfileErrorKind};

/// The contents of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Line {
    Nothing,
    Section {
        name: Span,
        is_final: bool,
    },
    Close {
        is_final: bool,
    },
    Open {
        name: Span,
        is_final: bool,
        on_next_line: bool,
    },
    Relation {
        name: Span,
        is_final: bool,
        value: Span,
        quoted: bool,
    },
}

/// Parses a line. `line` is a part of `text`, without its line feed.
pub(super) fn lex(text: &str, line: &str) -> Result<Line, ProfileErrorKind> {
    let line = strip_end(skip_blanks(line));
    let span = |part: &str| Span::within(text, part);
    match line.as_bytes().first() {
        None | Some(b'#' | b';') => return Ok(Line::Nothing),
        Some(b'[') => {
            let (name, rest) = line
                .get(1..)
                .and_then(|line| line.split_once(']'))
                .ok_or(ProfileErrorKind::SectionSyntax)?;
            let (is_final, rest) = match rest.strip_prefix('*') {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            if !skip_blanks(rest).is_empty() {
                return Err(ProfileErrorKind::SectionSyntax);
            }
            return Ok(Line::Section {
                name: span(name),
                is_final,
            });
        }
        Some(b'}') => {
            return Ok(Line::Close {
                is_final: line.starts_with("}*"),
            });
        }
        Some(_) => {}
    }
    let (tag, value) = line
        .split_once('=')
        .ok_or(ProfileErrorKind::RelationSyntax)?;
    let tag = tag.trim_end_matches(is_blank);
    if tag.is_empty() || tag.contains(is_blank) {
        return Err(ProfileErrorKind::RelationSyntax);
    }
    let (name, is_final) = match tag.split_once('*') {
        Some((name, _)) => (span(name), true),
        None => (span(tag), false),
    };
    let value = skip_blanks(value);
    if let Some(value) = value.strip_prefix('"') {
        return Ok(Line::Relation {
            name,
            is_final,
            value: span(value),
            quoted: true,
        });
    }
    if value.is_empty() {
        return Ok(Line::Open {
            name,
            is_final,
            on_next_line: true,
        });
    }
    if value
        .strip_prefix('{')
        .is_some_and(|rest| skip_blanks(rest).is_empty())
    {
        return Ok(Line::Open {
            name,
            is_final,
            on_next_line: false,
        });
    }
    let value = span(value.trim_end_matches(is_blank));
    Ok(Line::Relation {
        name,
        is_final,
        value,
        quoted: false,
    })
}

/// The value of a quoted string. `raw` is everything after the opening quote.
///
/// The value ends at the closing quote or at the end of the line. `\n`, `\t` and `\b` are control
/// characters; any other character after `\` stands for itself. Without escapes the result is a
/// part of `raw`, otherwise it is appended to `text`.
pub(super) fn unquote(text: &mut String, raw: Span) -> Result<Span, ProfileErrorKind> {
    let source = raw.of(text);
    let plain = source.find(['"', '\\']).unwrap_or(source.len());
    if source.as_bytes().get(plain) != Some(&b'\\') {
        let value = source.get(..plain).unwrap_or(source);
        return Ok(Span::within(text, value));
    }
    let mut value = String::with_capacity(source.len());
    let mut chars = source.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => value.push(match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('b') => '\x08',
                Some(other) => other,
                None => '\\',
            }),
            other => value.push(other),
        }
    }
    if text.len() + value.len() > 2 * MAX_TEXT {
        return Err(ProfileErrorKind::TooLarge);
    }
    let start = text.len();
    text.push_str(&value);
    Ok(Span::within(text, text.get(start..).unwrap_or("")))
}

/// What follows `word` and a blank at the start of `line`.
pub(super) fn argument<'t>(line: &'t str, word: &str) -> Option<&'t str> {
    let rest = line.strip_prefix(word)?;
    // A line feed also counts as the blank.
    (rest.is_empty() || rest.starts_with(is_blank)).then(|| strip_end(skip_blanks(rest)))
}

/// The blanks of C's `isspace`.
fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

pub(super) fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

/// Removes trailing carriage returns.
fn strip_end(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
}
