//! kvno across realms, compared with MIT's: through `[capaths]`, along the hierarchy, by referrals,
//! with and without the TGTs of earlier searches in the cache.

use interop::kvno::{check, log_in};
use test_support::MitRealms;

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn cross_realm_paths_match_mit() {
    let realms = MitRealms::start();
    let place = realms.place();
    log_in(&place, "alice", "wonderland");
    for arguments in [
        "host/a.east.hub.test",
        // With the realm given: one hop, two because of the realms' names, three by [capaths].
        "host/a.hub.test@HUB.TEST",
        "host/a.west.hub.test@WEST.HUB.TEST",
        "host/a.far.test@FAR.TEST",
        "--no-store host/a.far.test@FAR.TEST",
        "--out-cache out host/a.far.test@FAR.TEST",
        "krbtgt/FAR.TEST",
        "krbtgt/FAR.TEST@WEST.HUB.TEST",
        "host/a.hub.test@HUB.TEST host/a.west.hub.test@WEST.HUB.TEST",
        "host/nobody@FAR.TEST host/a.far.test@FAR.TEST",
        "alice@FAR.TEST",
        "nobody@NOWHERE.TEST",
        // The KDC sends a referral.
        "-C host/a.hub.test@",
        "-u host/a.hub.test@",
        "host/a.hub.test@",
        "host/a.west.hub.test@",
        "ldap/a.west.hub.test@",
        "host/nobody.hub.test@",
    ] {
        check(&place, arguments);
    }
    // A cache with a TGT of another realm contains the realm to start in.
    for arguments in [
        "krbtgt/HUB.TEST",
        "--out-cache out krbtgt/HUB.TEST",
        "--out-cache out krbtgt/HUB.TEST@HUB.TEST",
        "--out-cache out krbtgt/HUB.TEST host/a.east.hub.test",
    ] {
        check(&place, arguments).success();
    }
    let services = realms.keytab("services").display().to_string();
    for arguments in [
        "host/a.hub.test@HUB.TEST HTTP/a.west.hub.test@WEST.HUB.TEST",
        "-S host a.hub.test a.west.hub.test a.far.test",
        "-S HTTP a.far.test",
    ] {
        check(&place, &format!("-k {services} {arguments}"));
    }
    // Only the KDCs know domains and paths.
    place.configure(&realms.bare_conf());
    for arguments in [
        "-S host a.hub.test",
        "-S HTTP a.west.hub.test",
        "-S ldap a.far.test",
        "-S host nobody.hub.test",
        "host/a.west.hub.test@WEST.HUB.TEST",
        "host/a.far.test@FAR.TEST",
    ] {
        check(&place, arguments);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn cached_cross_realm_tgts_are_used_without_the_kdc() {
    let mut realms = MitRealms::start();
    let place = realms.place();
    log_in(&place, "alice", "wonderland");
    let ours = |line: &str| place.ours("kvno").line(line).run();
    ours("-c start --out-cache west krbtgt/WEST.HUB.TEST@WEST.HUB.TEST").success();
    ours("-c start host/a.far.test@FAR.TEST").success();
    realms.stop(MitRealms::EAST);
    realms.stop(MitRealms::HUB);
    check(&place, "HTTP/a.west.hub.test@WEST.HUB.TEST").success();
    // MIT's kvno only uses the start realm that ours wrote, and nothing else.
    place
        .mit("kvno")
        .line("-c west ldap/a.west.hub.test@WEST.HUB.TEST")
        .run()
        .success();
    ours("-c west HTTP/a.west.hub.test@WEST.HUB.TEST").success();
}
