//! `%{…}` tokens in file and cache names, as in `FILE:/tmp/krb5cc_%{uid}`.

use std::borrow::Cow;

use thiserror::Error;

/// The values of the tokens.
///
/// Nothing is looked up implicitly, except for the user's name: if a text contains `%{username}`
/// and no name is given, it is looked up in `/etc/passwd`.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PathTokens {
    /// `%{uid}` and `%{USERID}`: the real user id.
    pub uid: u32,
    /// `%{euid}`: the effective user id.
    pub euid: u32,
    /// `%{username}`: the name of the effective user.
    pub username: Option<String>,
    /// `%{TEMP}`: the folder for temporary files.
    pub temp_dir: String,
    /// `%{LIBDIR}`: the folder of installed libraries.
    pub lib_dir: String,
    /// `%{BINDIR}`: the folder of installed programs.
    pub bin_dir: String,
    /// `%{SBINDIR}`: the folder of installed administration programs.
    pub sbin_dir: String,
}

/// Why a text cannot be expanded.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// The token is unknown.
    #[error(
        "Invalid token %{{{0}}}; known are TEMP, uid, euid, USERID, username, null, LIBDIR, BINDIR and SBINDIR"
    )]
    UnknownToken(String),
    /// A `%{` is not closed.
    #[error("variable missing }}")]
    Unterminated,
    /// The user is not in `/etc/passwd`.
    #[error("Can't find username for uid {0}")]
    NoUsername(u32),
}

impl PathTokens {
    /// The tokens of this process. `temp_dir` is used for `%{TEMP}`; `None` means `/tmp`.
    pub fn of_process(temp_dir: Option<&str>) -> Self {
        Self {
            uid: rustix::process::getuid().as_raw(),
            euid: rustix::process::geteuid().as_raw(),
            username: None,
            temp_dir: temp_dir.unwrap_or("/tmp").to_owned(),
            lib_dir: "/usr/lib".to_owned(),
            bin_dir: "/usr/bin".to_owned(),
            sbin_dir: "/usr/sbin".to_owned(),
        }
    }

    /// Replaces all tokens in `text`.
    ///
    /// # Errors
    /// [`ExpandError`] for a token that is unknown, not closed, or has no value.
    ///
    /// # Example
    /// ```
    /// use kerberos_files::expand::PathTokens;
    /// let mut tokens = PathTokens::of_process(None);
    /// tokens.uid = 1000;
    /// assert_eq!(tokens.expand("FILE:/tmp/krb5cc_%{uid}")?, "FILE:/tmp/krb5cc_1000");
    /// # Ok::<(), kerberos_files::expand::ExpandError>(())
    /// ```
    pub fn expand(&self, text: &str) -> Result<String, ExpandError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once("%{") {
            out.push_str(literal);
            let (token, after) = after.split_once('}').ok_or(ExpandError::Unterminated)?;
            self.push_token(token, &mut out)?;
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// MIT's library accepts any prefix of a name (`%{u}` is the user id). Here only full names are
    /// accepted, because a prefix can only be a mistake.
    fn push_token(&self, token: &str, out: &mut String) -> Result<(), ExpandError> {
        match token {
            "TEMP" => out.push_str(&self.temp_dir),
            "uid" | "USERID" => out.push_str(&self.uid.to_string()),
            "euid" => out.push_str(&self.euid.to_string()),
            "null" => {}
            "LIBDIR" => out.push_str(&self.lib_dir),
            "BINDIR" => out.push_str(&self.bin_dir),
            "SBINDIR" => out.push_str(&self.sbin_dir),
            "username" => out.push_str(&self.username()?),
            _ => return Err(ExpandError::UnknownToken(token.to_owned())),
        }
        Ok(())
    }

    fn username(&self) -> Result<Cow<'_, str>, ExpandError> {
        if let Some(name) = &self.username {
            return Ok(Cow::Borrowed(name));
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = user_name(&users, self.euid).ok_or(ExpandError::NoUsername(self.euid))?;
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// The name of the user `uid` in the text of a passwd file.
fn user_name(passwd: &str, uid: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, ExpandError>) {
        let tokens = PathTokens {
            uid: 1000,
            euid: 0,
            username: Some("anna".to_owned()),
            temp_dir: "/var/tmp".to_owned(),
            ..PathTokens::of_process(None)
        };
        assert_eq!(tokens.expand(text), expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn known_tokens_are_replaced() {
        check("", Ok(""));
        check("FILE:/tmp/krb5cc_%{uid}", Ok("FILE:/tmp/krb5cc_1000"));
        check("%{USERID}.%{euid}", Ok("1000.0"));
        check("%{TEMP}/cc%{null}", Ok("/var/tmp/cc"));
        check("KEYRING:persistent:%{uid}", Ok("KEYRING:persistent:1000"));
        check("/home/%{username}/cc", Ok("/home/anna/cc"));
        check(
            "%{LIBDIR}:%{BINDIR}:%{SBINDIR}",
            Ok("/usr/lib:/usr/bin:/usr/sbin"),
        );
        check("100%", Ok("100%"));
        check("}{%", Ok("}{%"));
    }

    #[test]
    fn unknown_and_unterminated_tokens_are_errors() {
        let unknown = |token: &str| Err(ExpandError::UnknownToken(token.to_owned()));
        check("%{}", unknown(""));
        check("%{u}", unknown("u"));
        check("%{UID}", unknown("UID"));
        check("%{principal_name}", unknown("principal_name"));
        check("a%{uid", Err(ExpandError::Unterminated));
    }

    #[test]
    fn user_name_is_found_in_passwd_by_uid() {
        let passwd = "root:x:0:0::/root:/bin/sh\n\nbroken\nanna:x:1000:1000::/home/anna:/bin/sh\n";
        assert_eq!(user_name(passwd, 1000), Some("anna"));
        assert_eq!(user_name(passwd, 0), Some("root"));
        assert_eq!(user_name(passwd, 7), None);
    }
}
