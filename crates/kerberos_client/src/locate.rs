//! Where the servers of a realm are.
//!
//! For now krb5.conf alone says so; DNS is to come after it, in the same list.

use kerberos_files::config::{Server, ServerKind};

use crate::error::shown;
use crate::{ClientError, Config};

/// The servers of `realm`, in the order in which to ask them; never empty.
pub(crate) fn locate(
    config: &Config,
    realm: &[u8],
    kind: ServerKind,
) -> Result<Vec<Server>, ClientError> {
    let servers = config
        .krb5()
        .servers(&String::from_utf8_lossy(realm), kind)?;
    if servers.is_empty() {
        return Err(ClientError::CannotFindKdc {
            realm: shown(realm),
        });
    }
    Ok(servers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_the_profile() {
        let config = Config::parse("[realms]\nR = {\nkdc = a\nkdc = b:89\n}\n").unwrap();
        let servers = locate(&config, b"R", ServerKind::Kdc).unwrap();
        let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["a:88", "b:89"]);
    }

    #[test]
    fn of_no_realm() {
        let error = locate(&Config::parse("").unwrap(), b"", ServerKind::Kdc).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Cannot find KDC for invalid realm name \"\""
        );
        assert!(!error.hint().unwrap().contains("krb5.conf"));
    }

    #[test]
    fn not_at_all() {
        let config = Config::parse("[realms]\nR = {\nadmin_server = a\n}\n").unwrap();
        let error = locate(&config, b"R", ServerKind::Kdc).unwrap_err();
        assert_eq!(error.to_string(), "Cannot find KDC for realm \"R\"");
        assert!(
            error
                .hint()
                .unwrap()
                .contains("[realms] R = { kdc = host }")
        );
    }

    #[test]
    fn a_forged_realm_cannot_drive_the_terminal() {
        let config = Config::parse("").unwrap();
        let check = |realm: &[u8], expected: &str| {
            let error = locate(&config, realm, ServerKind::Kdc).unwrap_err();
            let text = format!("Cannot find KDC for realm \"{expected}\"");
            assert_eq!(error.to_string(), text);
            assert!(!error.hint().unwrap().contains(char::is_control));
        };
        check(b"R\x1b]0;x\x07\n", r"R\u{1b}]0;x\u{7}\n");
        check("R\u{9b}2J".as_bytes(), r"R\u{9b}2J");
        check("R\u{e9}".as_bytes(), "R\u{e9}");
        check(b"R\xff", "R\u{fffd}");
    }
}
