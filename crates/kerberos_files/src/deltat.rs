//! Durations in the formats that people write: `10h`, `1d 12h`, `8:30`.
//!
//! [`parse_deltat`] implements MIT's grammar for durations (`x-deltat.y`), used by
//! `ticket_lifetime` and `kinit -l`.

use thiserror::Error;

/// The text is not a duration, or the duration does not fit into 32 bits of seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("not a duration; write 36000, 10h, 1d12h30m or 10:00:00")]
pub struct DeltatError;

/// Parses a duration into seconds.
///
/// The forms are `N` (seconds), `NdNhNmNs` (any part may be omitted, and there may be blanks
/// between parts), `h:m`, `h:m:s` and `d-h:m:s`. In the first two forms numbers may be negative. As
/// in MIT's parser, a character that belongs to no form ends the text, so `10h # ten hours` is
/// `10h`.
///
/// # Errors
/// [`DeltatError`] for any other text, and if the sum does not fit into 32 bits.
///
/// # Example
/// ```
/// use kerberos_files::deltat::parse_deltat;
/// assert_eq!(parse_deltat("1d 12h"), Ok(36 * 3600));
/// assert_eq!(parse_deltat("10:30"), Ok(37_800));
/// assert!(parse_deltat("soon").is_err());
/// ```
pub fn parse_deltat(text: &str) -> Result<i32, DeltatError> {
    let mut tokens = Tokens {
        rest: text.as_bytes(),
    };
    tokens.skip_blanks();
    let first = tokens.signed()?;
    let total = match tokens.next()? {
        Token::End => first,
        Token::Mark(b'd') => add(
            times(first, DAY)?,
            tokens.tail(&[(b'h', HOUR), (b'm', MINUTE), SECONDS])?,
        )?,
        Token::Mark(b'h') => add(
            times(first, HOUR)?,
            tokens.tail(&[(b'm', MINUTE), SECONDS])?,
        )?,
        Token::Mark(b'm') => add(times(first, MINUTE)?, tokens.tail(&[SECONDS])?)?,
        Token::Mark(b's') => {
            tokens.end()?;
            first
        }
        Token::Mark(b':') => {
            let minutes = tokens.two_digits()?;
            let seconds = match tokens.next()? {
                Token::End => 0,
                Token::Mark(b':') => {
                    let seconds = tokens.two_digits()?;
                    tokens.end()?;
                    seconds
                }
                _ => return Err(DeltatError),
            };
            add(add(times(first, HOUR)?, times(minutes, MINUTE)?)?, seconds)?
        }
        Token::Mark(b'-') => {
            let hours = tokens.two_digits()?;
            tokens.mark(b':')?;
            let minutes = tokens.two_digits()?;
            tokens.mark(b':')?;
            let seconds = tokens.two_digits()?;
            tokens.end()?;
            let hours = add(times(first, DAY)?, times(hours, HOUR)?)?;
            add(add(hours, times(minutes, MINUTE)?)?, seconds)?
        }
        Token::Mark(_) | Token::Number { .. } | Token::Blank => return Err(DeltatError),
    };
    Ok(total)
}

const MINUTE: i32 = 60;
const HOUR: i32 = 60 * MINUTE;
const DAY: i32 = 24 * HOUR;

/// The last unit of a sum. Nothing may follow it.
const SECONDS: (u8, i32) = (b's', 1);

struct Tokens<'t> {
    rest: &'t [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Number { value: i32, digits: usize },
    Mark(u8),
    Blank,
    End,
}

impl Tokens<'_> {
    fn next(&mut self) -> Result<Token, DeltatError> {
        let Some((&byte, rest)) = self.rest.split_first() else {
            return Ok(Token::End);
        };
        match byte {
            b'-' | b':' | b'd' | b'h' | b'm' | b's' => {
                self.rest = rest;
                Ok(Token::Mark(byte))
            }
            b'0'..=b'9' => {
                let digits = self
                    .rest
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
                let (number, rest) = self.rest.split_at(digits);
                self.rest = rest;
                let value = number.iter().try_fold(0_i32, |value, digit| {
                    value.checked_mul(10)?.checked_add(i32::from(digit - b'0'))
                });
                Ok(Token::Number {
                    value: value.ok_or(DeltatError)?,
                    digits,
                })
            }
            b' ' | b'\t' | b'\n' => {
                self.rest = trim_start(rest);
                Ok(Token::Blank)
            }
            _ => {
                self.rest = &[];
                Ok(Token::End)
            }
        }
    }

    /// A number with an optional sign.
    fn signed(&mut self) -> Result<i32, DeltatError> {
        let (negative, token) = match self.next()? {
            Token::Mark(b'-') => (true, self.next()?),
            token => (false, token),
        };
        match token {
            Token::Number { value, .. } => Ok(if negative { -value } else { value }),
            _ => Err(DeltatError),
        }
    }

    /// A number after a colon.
    fn two_digits(&mut self) -> Result<i32, DeltatError> {
        match self.next()? {
            Token::Number {
                value,
                digits: 1 | 2,
            } => Ok(value),
            _ => Err(DeltatError),
        }
    }

    fn mark(&mut self, expected: u8) -> Result<(), DeltatError> {
        if self.next()? == Token::Mark(expected) {
            Ok(())
        } else {
            Err(DeltatError)
        }
    }

    fn end(&mut self) -> Result<(), DeltatError> {
        if self.next()? == Token::End {
            Ok(())
        } else {
            Err(DeltatError)
        }
    }

    /// What follows a number and its unit: smaller units in order, each at most once.
    fn tail(&mut self, units: &[(u8, i32)]) -> Result<i32, DeltatError> {
        self.skip_blanks();
        if units.is_empty() || self.at_end() {
            return self.end().map(|()| 0);
        }
        let value = self.signed()?;
        let Token::Mark(mark) = self.next()? else {
            return Err(DeltatError);
        };
        if mark == b's' {
            self.end()?;
            return Ok(value);
        }
        let index = units
            .iter()
            .position(|&(unit, _)| unit == mark)
            .ok_or(DeltatError)?;
        let (&(_, seconds), smaller) = units
            .get(index..)
            .and_then(<[_]>::split_first)
            .ok_or(DeltatError)?;
        add(times(value, seconds)?, self.tail(smaller)?)
    }

    fn skip_blanks(&mut self) {
        if let Some(b' ' | b'\t' | b'\n') = self.rest.first() {
            self.rest = trim_start(self.rest);
        }
    }

    fn at_end(&self) -> bool {
        Tokens { rest: self.rest }.next() == Ok(Token::End)
    }
}

/// Removes leading blanks, which are those of C's `isspace`.
pub(crate) fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let Some((b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r', rest)) = bytes.split_first() {
        bytes = rest;
    }
    bytes
}

fn times(value: i32, unit: i32) -> Result<i32, DeltatError> {
    value.checked_mul(unit).ok_or(DeltatError)
}

fn add(left: i32, right: i32) -> Result<i32, DeltatError> {
    left.checked_add(right).ok_or(DeltatError)
}

#[cfg(test)]
mod tests;
