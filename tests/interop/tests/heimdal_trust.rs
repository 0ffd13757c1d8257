//! From MIT's realm to Heimdal's and back: our kvno compared with MIT's.

use interop::kvno::{check, log_in};
use test_support::{HeimdalRealm, Krb5Conf, MitRealm, Place};

const DOMAINS: &str =
    "[domain_realm]\n    .mit.test = MIT.TEST\n    .heimdal.test = HEIMDAL.TEST\n";

/// Extends `conf`, which contains one of the realms, to both of them.
fn with_both(conf: Krb5Conf, mit: &MitRealm, heimdal: &HeimdalRealm) -> Place {
    // Heimdal 7.8 does not support camellia, which MIT's client would request, too.
    let conf = conf
        .set(
            "permitted_enctypes",
            "aes256-cts aes128-cts aes256-sha2 aes128-sha2",
        )
        .kdc("MIT.TEST", mit.address())
        .kdc("HEIMDAL.TEST", heimdal.address())
        .text(DOMAINS);
    Place::new(&conf)
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn tickets_across_mit_and_heimdal_realms_match_mit() {
    let (mit, heimdal) = (MitRealm::start(), HeimdalRealm::start());
    for (realm, near, far) in [
        ("MIT.TEST", "a.mit.test", "a.heimdal.test"),
        ("HEIMDAL.TEST", "a.heimdal.test", "a.mit.test"),
    ] {
        let place = with_both(Krb5Conf::new(realm), &mit, &heimdal);
        log_in(&place, "alice", "wonderland");
        let other = if realm == "MIT.TEST" {
            "HEIMDAL.TEST"
        } else {
            "MIT.TEST"
        };
        for arguments in [
            format!("host/{near}"),
            format!("host/{far}@{other}"),
            format!("-S host {far}"),
            format!("krbtgt/{other}"),
            format!("-e aes128-cts host/{far}@{other}"),
        ] {
            check(&place, &arguments).success();
        }
        check(&place, &format!("host/nobody@{other}")).exits(1);
    }
}
