//! The sidecar in an empty image, with an Active Directory in another container.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;

use containers::{Container, Site, sidecar};
use test_support::{Krb5Conf, SambaRealm};

const REFRESHED: &str = "\"event\":\"refreshed\"";

#[test]
#[cfg_attr(
    not(all(docker, samba, mit, apache)),
    ignore = "needs Docker, Samba, MIT's tools and Apache: cargo xtask install"
)]
fn sidecar_keeps_active_directory_tickets_in_a_container() {
    let conf = Krb5Conf::new(SambaRealm::REALM)
        .kdc(SambaRealm::REALM, SambaRealm::HOST)
        .text("[domain_realm]\n    .ad.test = AD.TEST\n");
    let mut site = Site::without_servers(&conf);
    let domain = site.path("domain");
    fs::create_dir(&domain).expect("the folder is writable");
    SambaRealm::lay_out(&domain);

    // The sidecar starts first and waits for the controller.
    let build = site.path("build");
    fs::create_dir(&build).expect("the folder is writable");
    fs::copy(site.path("krb5.conf"), build.join("krb5.conf")).expect("the folder is writable");
    let image = sidecar(&build, "");
    let json = "{\"username\":\"alice\",\"password\":\"wonderland\",\"domainName\":\"ad.test\"}";
    fs::write(site.path("secret.json"), json).expect("the folder is writable");
    site.give(&site.path("secret.json"), "secret.json");
    let mut words = site.confined();
    words.push(image.name().to_owned());
    let arguments = "--secret-file /krb5/secret.json -c FILE:/tickets/ccache -m 0440 --log json \
                     -r 1d --period 5 --service HTTP/web.ad.test";
    words.extend(arguments.split_whitespace().map(str::to_owned));
    let sidecar = Container::start("sidecar", words);
    sidecar.wait_for("\"reason\":\"kdc_unreachable\"", 1);

    let mut words = site.connected();
    words.extend(site.debian());
    let at = domain.display();
    words.extend([
        format!("--network-alias={}", SambaRealm::HOST),
        format!("--volume={at}:{at}"),
        site.debian_image().to_owned(),
    ]);
    words.extend(["samba", "--interactive", "--model=single", "--debug-stdout"].map(str::to_owned));
    words.extend([
        format!("--configfile={at}/smb.conf"),
        "--option=server services=kdc".to_owned(),
        "--option=bind interfaces only=no".to_owned(),
    ]);
    let _controller = Container::start("samba", words);
    sidecar.wait_for(REFRESHED, 1);

    let keytab = domain.join("svc-web.keytab");
    site.start_web("web.ad.test", &keytab);
    let application = site.application("/tickets", "ccache", Some("http://web.ad.test/"));
    application.wait_for_pages(10);
    sidecar.wait_for("\"renewed\":true", 1);
    application.end();
}
