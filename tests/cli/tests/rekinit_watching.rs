//! The sidecar from the view of people who monitor it: systemd, probes and metrics by HTTP, a log
//! that nobody reads, and how few resources it uses.
#![allow(clippy::expect_used, reason = "tests may panic")]

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cli::sidecar::{get, rekinit, start, wait_until, write_keytab};
use cli::{PASSWORD, REALM, realm};
use kerberos_testkdc::{Fault, TestKdc};
use test_support::{Place, Sidecar};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn systemd_is_notified_of_state_changes() {
    let (kdc, place) = realm();
    write_keytab(&kdc, "alice", &place, "keytab");
    let path = place.path("notify");
    let socket = UnixDatagram::bind(&path).expect("the folder is writable");
    socket
        .set_read_timeout(Some(SECOND * 30))
        .expect("the read timeout can be set");
    let hears = |what: &str| {
        let mut bytes = [0; 4096];
        let count = socket.recv(&mut bytes).expect("a notification arrives");
        let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default());
        assert!(text.contains(what), "expected {what}: {text}");
    };
    let ticket = "[[ticket]]\nprincipal = \"alice\"\nkeytab = \"keytab\"\n";
    place.write("tickets.toml", ticket);
    let tool = rekinit(&place, "--log json --config tickets.toml").env("NOTIFY_SOCKET", &path);
    let mut sidecar = Sidecar::start(tool, place.path("log"));
    hears("READY=1\nSTATUS=1 of 1 tickets are valid; next refresh at ");
    // A reload always ends, even if it fails or a ticket is not available.
    place.write("tickets.toml", "nonsense");
    sidecar.signal("HUP");
    hears("RELOADING=1\nMONOTONIC_USEC=");
    hears("READY=1\n");
    hears("STATUS=1 of 1 ");
    let missing = ticket.replace("\"keytab\"", "\"none\"") + "cache = \"other\"\n";
    place.write("tickets.toml", ticket.to_owned() + &missing);
    sidecar.signal("HUP");
    hears("RELOADING=1\nMONOTONIC_USEC=");
    hears("READY=1\n");
    hears("STATUS=1 of 2 ");
    sidecar.signal("TERM");
    assert_eq!(sidecar.wait(SECOND * 5), 0);
    let mut last = String::new();
    while !last.contains("STOPPING=1") {
        let mut bytes = [0; 4096];
        let count = socket.recv(&mut bytes).expect("a notification arrives");
        last = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned();
        assert!(
            last.contains("STATUS") || last.contains("STOPPING"),
            "{last}"
        );
    }
}

/// The total number of times that the threads of a process have gone to sleep.
fn sleeps(id: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).expect("the process is running");
    let of_task = |task: fs::DirEntry| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        // A thread may have ended meanwhile.
        line.and_then(|count| count.trim().parse::<u64>().ok())
            .unwrap_or(0)
    };
    let sleeps = tasks.flatten().map(of_task).sum();
    assert!(sleeps > 0, "the kernel counts no context switches");
    sleeps
}

#[test]
fn http_probes_and_metrics_work_and_idle_sidecar_sleeps() {
    let (kdc, place) = realm();
    write_keytab(&kdc, "alice", &place, "keytab");
    kdc.set_fault(Fault::Silence);
    let mut sidecar = start(&place, "-k --listen 127.0.0.1:0 alice");
    sidecar.wait_for("/\"", 1);
    let log = sidecar.log();
    let address = log
        .split("http://")
        .nth(1)
        .and_then(|rest| rest.split('/').next());
    let address = address.expect("the log names the address").to_owned();
    let check = |path: &str, status: &str, text: &str| {
        let (line, body) = get(&address, path);
        assert_eq!(line, format!("HTTP/1.1 {status}"), "{path}: {body}");
        assert!(body.contains(text), "{path}: no {text} in {body}");
    };
    check("/livez", "200 OK", "ok");
    check("/readyz", "503 Service Unavailable", "not ready");
    kdc.clear_faults();
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    check("/readyz", "200 OK", &format!("ready alice@{REALM} FILE:"));
    check(
        "/metrics",
        "200 OK",
        "rekinit_ready{principal=\"alice@CLI.TEST\"",
    );
    check("/elsewhere", "404 Not Found", "/readyz");
    // Clients that send nothing do not block others.
    let idle: Vec<_> = (0..40).map(|_| TcpStream::connect(&address)).collect();
    check("/livez", "200 OK", "ok");
    drop(idle);
    std::thread::sleep(SECOND);
    // Closing the idle connections may still cause work during the first period.
    let stirs_nothing = || {
        let before = sleeps(sidecar.id());
        std::thread::sleep(SECOND * 2);
        sleeps(sidecar.id()) == before
    };
    assert!(
        (0..3).any(|_| stirs_nothing()),
        "the idle sidecar was woken up in each period"
    );
}

/// A process that is killed at the end of the test.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn unread_log_does_not_block_the_sidecar() {
    let (kdc, place) = realm();
    write_keytab(&kdc, "alice", &place, "keytab");
    let (reader, writer) = std::io::pipe().expect("a pipe can be created");
    let mut filling = writer.try_clone().expect("the pipe can be cloned");
    std::thread::spawn(move || while filling.write_all(&[b'\n'; 4096]).is_ok() {});
    let address = format!("127.0.0.1:{}", test_support::free_port());
    let mut tool = rekinit(&place, "-k --hook /bin/false --listen")
        .arg(&address)
        .arg("alice");
    let command = tool.command();
    command.stdin(Stdio::null()).stderr(writer);
    let child = command.spawn().expect("the sidecar starts");
    let mut child = Killed(child);
    wait_until("the sidecar listens", || {
        TcpStream::connect(&address).is_ok()
    });
    wait_until("the cache exists", || place.cache().exists());
    let kill = |name: &str| {
        let mut kill = std::process::Command::new("/bin/kill");
        let kill = kill.arg(format!("-{name}")).arg(child.0.id().to_string());
        assert!(kill.status().expect("kill can be run").success());
    };
    // The log lines of all refreshes and hooks are much longer than the queue.
    let refreshed = |count: u32| {
        let line = format!("}} {count}\n");
        let metrics = get(&address, "/metrics").1;
        let counts = metrics
            .lines()
            .filter(|line| line.starts_with("rekinit_attempts_total"));
        counts
            .map(|count| format!("{count}\n"))
            .any(|count| count.ends_with(&line))
    };
    for count in 2..500 {
        kill("USR1");
        wait_until("the refresh is counted", || refreshed(count));
    }
    assert_eq!(get(&address, "/livez").0, "HTTP/1.1 200 OK");
    let start = Instant::now();
    kill("TERM");
    let status = child.0.wait().expect("the child can be waited for");
    assert!(start.elapsed() < SECOND * 5, "{:?}", start.elapsed());
    assert_eq!(status.code(), Some(0));
    drop(reader);
}

#[test]
#[ignore = "measures a release binary: RKINIT_BINARY=… cargo nextest run --run-ignored only figures"]
fn figures() {
    let mut builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    for number in 0..100 {
        builder = builder.service(&format!("svc{number}"));
    }
    let kdc = builder.start().expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    write_keytab(&kdc, "alice", &place, "keytab");
    let mut ready: Vec<Duration> = (0..20)
        .map(|_| {
            let _ = fs::remove_file(place.cache());
            let start_time = Instant::now();
            let mut sidecar = Sidecar::start(rekinit(&place, "-k alice"), place.path("log"));
            while !place.cache().exists() {
                std::thread::sleep(Duration::from_micros(200));
            }
            let took = start_time.elapsed();
            sidecar.kill();
            took
        })
        .collect();
    ready.sort();
    let ready = *ready.get(10).expect("there are twenty measurements");

    let mut sidecar = start(&place, "-k --listen 127.0.0.1:0 alice");
    sidecar.wait_for("\"event\":\"refreshed\"", 1);
    std::thread::sleep(SECOND);
    let one = sidecar.kib("VmRSS");
    drop(sidecar);

    let tickets: Vec<String> = (0..100)
        .map(|number| {
            let name = format!("svc{number}");
            write_keytab(&kdc, &name, &place, &format!("{name}.keytab"));
            format!("[[ticket]]\nkeytab = \"{name}.keytab\"\ncache = \"{name}.cc\"\n")
        })
        .collect();
    place.write("many.toml", tickets.concat());
    let mut sidecar = start(&place, "--config many.toml --listen 127.0.0.1:0");
    sidecar.wait_for("\"event\":\"refreshed\"", 100);
    sidecar.signal("USR1");
    sidecar.wait_for("\"event\":\"refreshed\"", 200);
    std::thread::sleep(SECOND);
    let hundred = sidecar.kib("VmRSS");
    let before = sleeps(sidecar.id());
    std::thread::sleep(SECOND * 5);
    let stirs = sleeps(sidecar.id()) - before;
    println!("ready after {ready:?}; RSS {one} KiB, with 100 tickets {hundred} KiB; {stirs} stirs");
    assert!(ready <= Duration::from_millis(50), "{ready:?}");
    assert!(
        one <= 4 * 1024 && hundred <= 12 * 1024,
        "{one} and {hundred} KiB"
    );
    assert_eq!(stirs, 0);
}
