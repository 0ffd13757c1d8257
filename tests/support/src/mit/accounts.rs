//! The accounts of MIT.TEST, as commands for kadmin.local.

use std::fmt::Write as _;

/// All etypes that both MIT 1.20 and we support: the name of their accounts, and MIT's name for
/// them.
pub const ETYPES: [(&str, &str); 8] = [
    ("aes256", "aes256-cts-hmac-sha1-96"),
    ("aes128", "aes128-cts-hmac-sha1-96"),
    ("aes256-sha2", "aes256-cts-hmac-sha384-192"),
    ("aes128-sha2", "aes128-cts-hmac-sha256-128"),
    ("camellia256", "camellia256-cts-cmac"),
    ("camellia128", "camellia128-cts-cmac"),
    ("rc4", "arcfour-hmac"),
    ("des3", "des3-cbc-sha1"),
];

/// Accounts with a password: name, password, and further arguments for kadmin. All of them require
/// preauthentication.
const USERS: &[(&str, &str, &str)] = &[
    // The ordinary user.
    ("alice", "wonderland", ""),
    // Salts other than the principal's name.
    (
        "salt-norealm",
        "pw-salt",
        "-e aes256-cts-hmac-sha1-96:norealm",
    ),
    (
        "salt-onlyrealm",
        "pw-salt",
        "-e aes128-cts-hmac-sha1-96:onlyrealm",
    ),
    (
        "salt-special",
        "pw-salt",
        "-e aes256-cts-hmac-sha384-192:special",
    ),
    // Names and passwords beyond ASCII, and separators within a name.
    ("jürgen", "pässwörd-ß€", ""),
    ("a\\/slash", "pw-slash", ""),
    ("an\\@at", "pw-at", ""),
    ("alice/admin", "pw-admin", ""),
    // States in which the KDC refuses.
    ("gone", "pw-gone", "-expire 2001-01-01"),
    ("disabled", "pw-disabled", "-allow_tix"),
    ("stale", "pw-stale", "-pwexpire 2001-01-01"),
    ("must-change", "pw-must", "+needchange"),
    ("lockable", "pw-lockable", "-policy three-strikes"),
    ("hardware", "pw-hardware", "+requires_hwauth"),
    // Limits.
    (
        "brief",
        "pw-brief",
        "-maxlife 10minutes -maxrenewlife 1hour",
    ),
    (
        "plain",
        "pw-plain",
        "-allow_forwardable -allow_renewable -allow_proxiable -allow_postdated",
    ),
    // No service tickets are issued for it: only user-to-user.
    ("u2u-only", "pw-u2u-only", "-allow_svr"),
    // Nobody gets a user-to-user ticket for it, which would be encrypted in a session key.
    ("no-u2u", "pw-no-u2u", "-allow_dup_skey"),
    // Expires in two days: kinit warns.
    ("soon", "pw-soon", "-pwexpire 2days"),
];

/// Accounts with random keys of all etypes: name, keytab, and further arguments for kadmin.
/// A service with `+requires_preauth` also requires preauthentication of its users.
const MACHINES: &[(&str, &str, &str)] = &[
    ("robot", "robot", "+requires_preauth"),
    ("batch/one.mit.test", "batch", "+requires_preauth"),
    ("host/a.mit.test", "services", ""),
    ("host/b.mit.test", "services", ""),
    ("HTTP/a.mit.test", "services", ""),
    // For servers on this machine.
    ("HTTP/localhost", "localhost", ""),
    ("postgres/localhost", "localhost", ""),
    ("host/localhost", "localhost", ""),
    ("ldap/localhost", "localhost", ""),
    // Services with flags that affect their clients' tickets.
    ("host/delegate.mit.test", "services", "+ok_as_delegate"),
    ("host/preauth.mit.test", "services", "+requires_preauth"),
    ("host/no-forward.mit.test", "services", "-allow_forwardable"),
    ("host/locked.mit.test", "services", "-allow_tix"),
    // S4U2Self tickets for `trusted` are forwardable, those for `front` are not.
    ("HTTP/trusted.mit.test", "s4u", "+ok_to_auth_as_delegate"),
    ("HTTP/front.mit.test", "s4u", ""),
];

/// All commands. Keytabs are written to the working folder.
pub(super) fn script() -> String {
    let mut script = String::new();
    let mut say =
        |command: String| writeln!(script, "{command}").expect("writing to a String cannot fail");
    say(
        "addpol -maxfailure 3 -lockoutduration 1hour -failurecountinterval 1hour three-strikes"
            .into(),
    );
    for (name, password, more) in USERS {
        say(format!(
            "addprinc -pw {password} +requires_preauth {more} \"{name}\""
        ));
        say(format!("ktadd -norandkey -k users.keytab \"{name}\""));
    }
    for (short, etype) in ETYPES {
        let key = format!("-e {etype}:normal");
        say(format!(
            "addprinc -pw pw-{short} {key} +requires_preauth {short}"
        ));
        say(format!(
            "addprinc -pw pw-{short} {key} -requires_preauth {short}-open"
        ));
        say(format!("ktadd -norandkey -k {short}.keytab {short}"));
        say(format!("ktadd -norandkey -k {short}.keytab {short}-open"));
        say(format!("addprinc -randkey {key} only/{short}"));
        say(format!("ktadd -norandkey -k only.keytab only/{short}"));
    }
    for (name, keytab, more) in MACHINES {
        say(format!("addprinc -randkey {more} {name}"));
        say(format!("ktadd -norandkey -k {keytab}.keytab {name}"));
    }
    // A key that was changed: the old keytab has only the first version, the other has both.
    say("addprinc -randkey +requires_preauth rotated".into());
    say("ktadd -norandkey -k rotated-old.keytab rotated".into());
    say("ktadd -norandkey -k rotated.keytab rotated".into());
    say("cpw -randkey rotated".into());
    say("ktadd -norandkey -k rotated.keytab rotated".into());
    // A service with three versions of its key, of which the KDC uses the last one.
    let many = "host/many-versions.mit.test";
    say(format!("addprinc -randkey {many}"));
    for _ in 0..2 {
        say(format!("ktadd -norandkey -k versions.keytab {many}"));
        say(format!("cpw -randkey -keepold {many}"));
    }
    say(format!("ktadd -norandkey -k versions.keytab {many}"));
    // A service whose tickets are encrypted with aes256, but whose session keys are aes128-sha2.
    say("addprinc -randkey host/session.mit.test".into());
    say("setstr host/session.mit.test session_enctypes aes128-cts-hmac-sha256-128".into());
    // Heimdal's realm and this one trust each other. Both databases derive the keys from these
    // passwords.
    for (from, to) in [("MIT.TEST", "HEIMDAL.TEST"), ("HEIMDAL.TEST", "MIT.TEST")] {
        let key = "-e aes256-cts-hmac-sha1-96:normal";
        say(format!(
            "addprinc -pw trust-{from} {key} krbtgt/{to}@{from}"
        ));
    }
    // A service that requires login by PKINIT, which no ticket of this realm can have.
    say("addprinc -randkey host/indicator.mit.test".into());
    say("setstr host/indicator.mit.test require_auth pkinit".into());
    script
}
