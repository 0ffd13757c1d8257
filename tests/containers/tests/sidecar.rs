//! The sidecar in an empty image, with its KDC and its readers in other containers: short-lived
//! tickets, a KDC that dies, a rotated keytab and password, and a sidecar that is killed again and
//! again. The readers are another user with a read-only mount, and must never find a fault.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use containers::{Container, READER, Site, docker, sidecar};

const REFRESHED: &str = "\"event\":\"refreshed\"";
const PAGE: Option<&str> = Some("http://www.example.com/");
const SECOND: Duration = Duration::from_secs(1);

/// Starts the sidecar without privileges, with the cache `/tickets/ccache` and its log as JSON.
fn start(site: &Site, image: &containers::Image, arguments: &str) -> Container {
    let mut words = site.confined();
    words.push(image.name().to_owned());
    words.extend(["-c", "FILE:/tickets/ccache", "-m", "0440", "--log", "json"].map(str::to_owned));
    words.extend(arguments.split_whitespace().map(str::to_owned));
    Container::start("sidecar", words)
}

/// The README's image with the site's krb5.conf.
fn image(site: &Site) -> containers::Image {
    let folder = site.path("build");
    fs::create_dir_all(&folder).expect("the folder is writable");
    fs::copy(site.path("krb5.conf"), folder.join("krb5.conf")).expect("the folder is writable");
    sidecar(&folder, "")
}

#[test]
#[cfg_attr(
    not(all(docker, mit, apache)),
    ignore = "needs Docker, MIT's KDC and Apache: cargo xtask install"
)]
fn readme_image_keeps_short_lived_tickets_valid() {
    let site = Site::start();
    // Like in the README, with the keytab in the image: binary, krb5.conf, keytab.
    site.give_keytab();
    let folder = site.path("build");
    fs::create_dir(&folder).expect("the folder is writable");
    fs::copy(site.path("krb5.conf"), folder.join("krb5.conf")).expect("the folder is writable");
    fs::copy(site.path("kdc/svc.keytab"), folder.join("svc.keytab"))
        .expect("the folder is writable");
    let image = sidecar(&folder, "COPY svc.keytab /krb5/svc.keytab\n");
    let mut words = site.connected();
    words.extend(site.tickets("/dev/shm"));
    words.push("--health-interval=1s".to_owned());
    words.push(image.name().to_owned());
    // Six seconds instead of hours, for many lifetimes of a ticket.
    words.extend(["-l", "6", "--log", "json"].map(str::to_owned));
    words.extend(["--owner".to_owned(), READER.to_string()]);
    let sidecar = Container::start("sidecar", words);
    sidecar.wait_for(REFRESHED, 1);

    let application = site.application("/dev/shm", "ccache", PAGE);
    thread::sleep(SECOND * 30);
    sidecar.wait_for(REFRESHED, 6);
    let readings = application.end();
    assert!(readings.looks > 100 && readings.pages > 10, "{readings:?}");
    assert!(!sidecar.log().contains("\"level\":\"error\""));
    assert_eq!(sidecar.inspect("{{.State.Health.Status}}"), "healthy");
    sidecar.signal("TERM");
    let status = docker(["wait", sidecar.name()]).run().success();
    assert_eq!(status.stdout(), "0\n");
}

#[test]
#[cfg_attr(
    not(all(docker, mit, apache)),
    ignore = "needs Docker, MIT's KDC and Apache: cargo xtask install"
)]
fn sidecar_recovers_after_a_kdc_outage() {
    let site = Site::start();
    site.give_keytab();
    let image = image(&site);
    let sidecar = start(
        &site,
        &image,
        "-k -t /krb5/svc.keytab -l 180 --period 3 svc@EXAMPLE.COM",
    );
    sidecar.wait_for(REFRESHED, 2);
    let application = site.application("/tickets", "ccache", None);
    site.kdc().signal("KILL");
    // The address of a removed container: nothing refuses connections, so all attempts time out.
    sidecar.wait_for("\"reason\":\"kdc_unreachable\"", 1);
    let log = sidecar.log();
    assert!(
        log.contains("kdc.example.com"),
        "the log does not name the KDC: {log}"
    );
    let before = log.matches(REFRESHED).count();
    site.kdc().start_again();
    sidecar.wait_for(REFRESHED, before + 2);
    let readings = application.end();
    assert!(readings.looks > 100, "{readings:?}");
}

#[test]
#[cfg_attr(
    not(all(docker, mit, apache)),
    ignore = "needs Docker, MIT's KDC and Apache: cargo xtask install"
)]
fn rotated_keytab_key_is_picked_up() {
    let site = Site::start();
    site.give_keytab();
    let image = image(&site);
    let sidecar = start(&site, &image, "-k -t /krb5/svc.keytab svc@EXAMPLE.COM");
    sidecar.wait_for(REFRESHED, 1);
    let application = site.application("/tickets", "ccache", PAGE);
    // The KDC has a new key, but the keytab does not have it yet.
    site.administer("cpw -randkey svc");
    sidecar.signal("USR1");
    sidecar.wait_for("\"reason\":\"wrong_key\"", 1);
    assert!(sidecar.log().contains("\"kdc_kvno\":2"));
    site.give_keytab();
    sidecar.wait_for(REFRESHED, 2);
    application.wait_for_pages(5);
    application.end();
}

#[test]
#[cfg_attr(
    not(all(docker, mit, apache)),
    ignore = "needs Docker, MIT's KDC and Apache: cargo xtask install"
)]
fn rotated_password_is_picked_up() {
    let site = Site::start();
    let image = image(&site);
    // As mounted by Kubernetes: files behind a link to a folder, which is replaced.
    let mount = |version: &str, password: &str| {
        let folder = site.path("krb5");
        let json = format!("{{\"username\":\"alice\",\"password\":\"{password}\"}}");
        fs::create_dir(folder.join(version)).expect("the folder is writable");
        fs::write(folder.join(version).join("login.json"), json).expect("the folder is writable");
        symlink(version, folder.join("..new")).expect("the folder is writable");
        fs::rename(folder.join("..new"), folder.join("..data")).expect("the folder is writable");
        let _ = symlink("..data/login.json", folder.join("login.json"));
    };
    mount("..1", "wonderland");
    let sidecar = start(&site, &image, "--secret-file /krb5/login.json");
    sidecar.wait_for(REFRESHED, 1);
    let application = site.application("/tickets", "ccache", PAGE);
    // The secret is newer than the KDC's password.
    mount("..2", "looking-glass");
    sidecar.wait_for("\"reason\":\"old_secret\"", 1);
    sidecar.wait_for(REFRESHED, 2);
    site.administer("cpw -pw looking-glass alice");
    sidecar.signal("USR1");
    sidecar.wait_for(REFRESHED, 3);
    application.wait_for_pages(5);
    application.end();
    let log = sidecar.log();
    assert!(!log.contains("looking-glass") && !log.contains("wonderland"));
}

/// The options of kinit-sidecar's `rekinit.sh` and of the `renew.sh` in AWS's example, with the
/// image that we ship.
#[test]
#[cfg_attr(
    not(all(docker, mit, apache)),
    ignore = "needs Docker, MIT's KDC and Apache: cargo xtask install"
)]
fn environment_of_existing_sidecar_scripts_works() {
    let site = Site::start();
    site.give_keytab();
    site.give(&site.path("kdc/svc.keytab"), "krb5.keytab");
    let folder = site.path("build");
    fs::create_dir_all(&folder).expect("the folder is writable");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/src/dist/krb5.conf");
    fs::copy(shipped, folder.join("krb5.conf")).expect("the folder is writable");
    let image = sidecar(&folder, "");
    let realms = site.path("realms");
    fs::create_dir(&realms).expect("the folder is writable");
    fs::copy(site.path("krb5.conf"), realms.join("realms.conf")).expect("the folder is writable");
    let start = |more: &[&str], arguments: &[&str]| {
        let mut words = site.connected();
        words.extend(site.tickets("/dev/shm"));
        let krb5 = site.path("krb5");
        words.extend([
            format!("--user=65532:{READER}"),
            "--read-only".to_owned(),
            format!("--volume={}:/krb5:ro", krb5.display()),
            format!("--volume={}:/etc/krb5.conf.d:ro", realms.display()),
            "--entrypoint=/rekinit".to_owned(),
        ]);
        words.extend(more.iter().map(|&word| word.to_owned()));
        words.push(image.name().to_owned());
        words.extend(arguments.iter().map(|&word| word.to_owned()));
        Container::start("sidecar", words)
    };
    let options = "--env=OPTIONS=-V -m 0440 -k svc@EXAMPLE.COM";
    let sidecar = start(&["--env=PERIOD_SECONDS=2", options], &[]);
    sidecar.wait_for("ticket obtained", 3);
    let application = site.application("/dev/shm", "ccache", PAGE);
    application.wait_for_pages(2);
    application.end();
    drop(sidecar);

    fs::write(
        site.path("login.json"),
        "{\"username\":\"alice\",\"password\":\"wonderland\",\"engine\":\"sqlserver\"}",
    )
    .expect("the folder is writable");
    site.give(&site.path("login.json"), "login.json");
    let options = "--env=OPTIONS=--secret-file /krb5/login.json -m 0440";
    let sidecar = start(&["--env=DELAY_SECONDS=2", options], &[]);
    sidecar.wait_for("alice@EXAMPLE.COM: ticket obtained", 3);
    let application = site.application("/dev/shm", "ccache", PAGE);
    application.wait_for_pages(2);
    application.end();
}

/// Kills the sidecar with `docker kill`, which is slow. Then kills many processes that replace the
/// sidecar: they run in the namespaces and the file system of its container, as the same user.
#[test]
#[cfg_attr(
    not(all(docker, mit, apache)),
    ignore = "needs Docker, MIT's KDC and Apache: cargo xtask install"
)]
fn killed_two_hundred_times_while_others_read() {
    let site = Site::start();
    site.give_keytab();
    let image = image(&site);
    let options = "-k -t /krb5/svc.keytab -l 120 --period 1 svc@EXAMPLE.COM";
    let sidecar = start(&site, &image, options);
    sidecar.wait_for(REFRESHED, 1);
    let application = site.application("/tickets", "ccache", None);
    for _ in 0..5 {
        sidecar.signal("KILL");
        docker(["wait", sidecar.name()]).run().success();
        sidecar.start_again();
    }
    let before = sidecar.log().matches(REFRESHED).count();
    sidecar.wait_for(REFRESHED, before + 1);

    let id = sidecar.inspect("{{.State.Pid}}");
    let mut random = u64::from(std::process::id()) | 1;
    let mut refreshes = 0;
    for _ in 0..195 {
        // xorshift, because the quality of the random numbers does not matter.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut second = Command::new("/usr/bin/nsenter")
            .args([
                "--target", &id, "--mount", "--net", "--ipc", "--uts", "--root",
            ])
            .args(["--wd", "--setuid=65532"])
            .arg(format!("--setgid={READER}"))
            .args([
                "/rekinit",
                "-c",
                "FILE:/tickets/ccache",
                "-m",
                "0440",
                "--log",
                "json",
            ])
            .args(options.split(' '))
            .env_clear()
            .stderr(Stdio::piped())
            .spawn()
            .expect("root can enter a container");
        thread::sleep(Duration::from_micros(random % 60_000));
        second.kill().expect("the child can be killed");
        let output = second.wait_with_output().expect("the child can be killed");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!log.contains("\"level\":\"error\""), "{log}");
        refreshes += log.matches(REFRESHED).count();
    }
    let readings = application.end();
    assert!(readings.looks > 100, "{readings:?}");
    // Some were killed before they had written, and some after that.
    assert!((1..190).contains(&refreshes), "{refreshes}");
}
