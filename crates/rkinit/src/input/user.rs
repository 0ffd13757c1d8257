//! The name of the user who runs the tool.

use std::ffi::OsString;

/// The login name of the real user.
///
/// `/etc/passwd` is parsed here, because no C library is used. Users that it does not list, such as
/// those of a directory service, are taken from `LOGNAME` or `USER`, as set by the login program.
/// That is safe because the name is only a proposal for whom to ask for a password.
pub(crate) fn name() -> Option<String> {
    let file = std::fs::read("/etc/passwd").unwrap_or_default();
    let uid = rustix::process::getuid().as_raw();
    let listed = name_of(&String::from_utf8_lossy(&file), uid);
    listed.or_else(|| ["LOGNAME", "USER"].into_iter().find_map(from_env))
}

fn from_env(variable: &str) -> Option<String> {
    std::env::var_os(variable)
        .filter(|name: &OsString| !name.is_empty())?
        .into_string()
        .ok()
}

/// The name in the line `name:password:uid:…` for `uid`.
fn name_of(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_name_is_looked_up_by_uid_in_passwd() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n+::::::\nbroken\nalice:x:1000:1000::/:\n";
        let check = |uid, expected: Option<&str>| {
            assert_eq!(name_of(passwd, uid).as_deref(), expected);
        };
        check(0, Some("root"));
        check(1000, Some("alice"));
        check(1, None);
    }
}
