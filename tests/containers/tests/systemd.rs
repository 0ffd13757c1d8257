//! docs/deploy/rekinit.service, unchanged except for the path of the binary, with systemd in a
//! container.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use containers::{Container, Site, docker};

/// Sets up mounts as systemd expects them, and executes it. Docker's mounts are not shared with
/// other namespaces, so that a service would not see its credentials.
const SYSTEMD: &str = "mount --make-rshared /; mount -o remount,rw /sys/fs/cgroup; \
     exec /usr/lib/systemd/systemd --unit=basic.target --log-target=console";

fn unit() -> String {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/deploy");
    let unit = fs::read_to_string(deploy.join("rekinit.service")).expect("the systemd unit exists");
    assert!(unit.contains("ExecStart=/usr/bin/rekinit "), "{unit}");
    unit.replace("/usr/bin/rekinit", "/opt/rekinit")
}

/// Waits until a property of the service starts with `value`.
fn wait_for(machine: &Container, property: &str, value: &str) {
    let start = Instant::now();
    loop {
        let show = machine.run([
            "systemctl",
            "show",
            "--value",
            "-p",
            property,
            "rekinit.service",
        ]);
        if show.stdout().starts_with(value) {
            return;
        }
        let late = start.elapsed() > Duration::from_secs(60);
        assert!(
            !late,
            "timed out waiting for {property}={value}: {show}\n{}",
            journal(machine)
        );
        thread::sleep(Duration::from_millis(100));
    }
}

fn journal(machine: &Container) -> String {
    machine
        .run(["journalctl", "--no-pager", "--unit=rekinit.service"])
        .stdout()
}

#[test]
#[cfg_attr(
    not(all(docker, mit, apache)),
    ignore = "needs Docker, MIT's KDC and Apache: cargo xtask install"
)]
fn systemd_unit_notifies_reloads_and_restarts_on_hang() {
    let site = Site::start();
    site.give_keytab();
    let etc = site.path("machine");
    fs::create_dir(&etc).expect("the folder is writable");
    let write = |name: &str, text: &str| fs::write(etc.join(name), text);
    write("rekinit.service", &unit()).expect("the folder is writable");
    write("group", "root:x:0:\ntickets:x:900:\n").expect("the folder is writable");
    write("machine-id", "0123456789abcdef0123456789abcdef\n").expect("the folder is writable");
    // A shorter time than anyone would use.
    let drop_in = "[Service]\nWatchdogSec=2s\nRestartSec=0\n";
    write("soon.conf", drop_in).expect("the folder is writable");
    let keytab = etc.join("krb5.keytab");
    fs::copy(site.path("kdc/svc.keytab"), &keytab).expect("the folder is writable");

    let mut words = site.connected();
    words.extend(site.debian());
    let binary = test_support::static_rkinit().display();
    let (at, conf) = (etc.display(), site.path("krb5.conf"));
    let units = "/etc/systemd/system/rekinit.service";
    words.extend([
        "--cap-add=SYS_ADMIN".to_owned(),
        "--security-opt=seccomp=unconfined".to_owned(),
        "--security-opt=apparmor=unconfined".to_owned(),
        "--cgroupns=private".to_owned(),
        "--tmpfs=/run".to_owned(),
        "--tmpfs=/tmp".to_owned(),
        format!("--volume={binary}:/opt/rekinit:ro"),
        format!("--volume={}:/etc/krb5.conf:ro", conf.display()),
        format!("--volume={at}/krb5.keytab:/etc/krb5.keytab:ro"),
        format!("--volume={at}/group:/etc/group:ro"),
        format!("--volume={at}/machine-id:/etc/machine-id:ro"),
        format!("--volume={at}/rekinit.service:{units}:ro"),
        format!("--volume={at}/soon.conf:{units}.d/soon.conf:ro"),
        site.debian_image().to_owned(),
    ]);
    words.extend(["/bin/sh", "-c", SYSTEMD].map(str::to_owned));
    let machine = Container::start("systemd", words);

    let deadline = Instant::now() + Duration::from_secs(30);
    let start = ["systemctl", "start", "--no-block", "rekinit.service"];
    while machine.run(start).code() != 0 {
        assert!(Instant::now() < deadline, "{}", machine.log());
        thread::sleep(Duration::from_millis(100));
    }
    // The service is active once it has reported that it is ready.
    wait_for(&machine, "ActiveState", "active\n");
    wait_for(&machine, "StatusText", "1 of 1 tickets are valid");
    // Its readers have a group in common.
    let reader = docker([
        "exec",
        "--user=1001:900",
        "--env=KRB5CCNAME=FILE:/run/tickets/ccache",
    ]);
    let listed = reader.args([machine.name(), "klist"]).run().success();
    assert!(listed.stdout().contains("svc@EXAMPLE.COM"), "{listed}");
    let stranger = docker(["exec", "--user=1001:1001", machine.name()]);
    stranger.args(["cat", "/run/tickets/ccache"]).run().exits(1);

    let reload = ["systemctl", "reload", "rekinit.service"];
    machine.run(reload).success();
    wait_for(&machine, "SubState", "running");
    wait_for(&machine, "NRestarts", "0");
    // When it hangs, systemd kills it and starts it again.
    let hang = ["systemctl", "kill", "--signal=STOP", "rekinit.service"];
    machine.run(hang).success();
    wait_for(&machine, "NRestarts", "1");
    wait_for(&machine, "StatusText", "1 of 1 tickets are valid");
    machine
        .run(["systemctl", "stop", "rekinit.service"])
        .success();
    wait_for(&machine, "Result", "success");
}
