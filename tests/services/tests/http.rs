//! HTTP Negotiate: the client `reqwest_get` with Apache, and different clients with `axum_service`.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use test_support::parts::python_packages;
use test_support::{
    Apache, Krb5Conf, MitRealm, Place, SambaRealm, Server, TempDir, Tool, free_port,
};

/// The web service `axum_service` with the keys of `HTTP/localhost`.
struct Service {
    // Dropped first: the server must end before its folder is removed.
    _server: Server,
    _folder: TempDir,
    url: String,
}

impl Service {
    fn start(keytab: &Path, place: &Place) -> Self {
        let folder = TempDir::new();
        let port = free_port();
        let log = folder.join("service.out");
        let server = Server::start(
            Path::new(env!("CARGO_BIN_EXE_axum_service")),
            |command| {
                command.arg(format!("127.0.0.1:{port}")).env_clear();
                command.env("KRB5_CONFIG", place.path("krb5.conf"));
                command.env("KRB5_KTNAME", keytab);
                command.env("KRB5RCACHEDIR", folder.path());
            },
            &log,
            &[],
            || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("listening")),
        );
        Self {
            _server: server.unwrap_or_else(|logs| panic!("{logs}")),
            _folder: folder,
            url: format!("http://localhost:{port}/"),
        }
    }
}

fn log_in(place: &Place, options: &str) {
    let kinit = place.ours("kinit").line(options);
    kinit.stdin("wonderland\n").run().success();
}

fn reqwest_get(place: &Place, url: &str) -> Tool {
    place.program(env!("CARGO_BIN_EXE_reqwest_get")).arg(url)
}

fn curl(place: &Place, options: &str, url: &str) -> String {
    let curl = place.program("/usr/bin/curl");
    let curl = curl.line("--silent --include --noproxy * --negotiate --user :");
    curl.line(options).arg(url).run().success().stdout()
}

#[test]
#[cfg_attr(
    not(all(mit, apache)),
    ignore = "needs MIT's KDC and Apache: cargo xtask install"
)]
fn reqwest_client_authenticates_to_apache() {
    let realm = MitRealm::start();
    let place = realm.place();
    let apache = Apache::start(&realm.keytab("localhost"), &place.path("krb5.conf"));
    let refused = reqwest_get(&place, &apache.url()).run();
    assert!(refused.code() == 1, "{refused}");
    log_in(&place, "alice");
    let page = reqwest_get(&place, &apache.url()).run().success();
    assert_eq!(page.stdout(), "200 OK\nhello\n");
    // The ticket is cached, so the KDC is no longer needed.
    drop(realm);
    reqwest_get(&place, &apache.url()).run().success();
}

/// Apache as a proxy requests a ticket with status 407; the page behind it needs none.
#[test]
#[cfg_attr(
    not(all(mit, apache)),
    ignore = "needs MIT's KDC and Apache: cargo xtask install"
)]
fn reqwest_client_authenticates_to_a_proxy() {
    let realm = MitRealm::start();
    let place = realm.place();
    let proxy = Apache::start_proxy(&realm.keytab("localhost"), &place.path("krb5.conf"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let page = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            // The ticket is for the proxy and not for the servers behind it.
            let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
            assert!(!request.contains("negotiate"), "{request}");
            let answer =
                b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nbehind\n";
            stream.write_all(answer).unwrap();
        }
    });
    log_in(&place, "alice");
    let through = reqwest_get(&place, &page).arg("through").arg(proxy.url());
    assert_eq!(through.run().success().stdout(), "200 OK\nbehind\n");
}

#[test]
#[cfg_attr(
    not(all(mit, apache)),
    ignore = "needs MIT's KDC and curl: cargo xtask install"
)]
fn curl_authenticates_to_axum_service() {
    let realm = MitRealm::start();
    let place = realm.place();
    let service = Service::start(&realm.keytab("localhost"), &place);
    let refused = curl(&place, "", &service.url);
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    log_in(&place, "-f alice");
    let page = curl(&place, "", &service.url);
    assert!(page.contains("\r\n\r\nhello alice@MIT.TEST\n"), "{page}");
    // The service authenticates itself.
    assert!(page.contains("www-authenticate: Negotiate oY"), "{page}");
    let page = curl(&place, "--delegation always", &service.url);
    assert!(
        page.ends_with("you lent krbtgt/MIT.TEST@MIT.TEST\n"),
        "{page}"
    );
    // Our own client's SPNEGO with our own service.
    let page = reqwest_get(&place, &service.url)
        .arg("lend")
        .run()
        .success();
    let expected = "200 OK\nhello alice@MIT.TEST\nyou lent krbtgt/MIT.TEST@MIT.TEST\n";
    assert_eq!(page.stdout(), expected);
}

#[test]
#[cfg_attr(
    not(all(mit, python_requests)),
    ignore = "needs MIT's KDC, requests-kerberos and requests-gssapi: cargo xtask install"
)]
fn python_clients_authenticate_to_axum_service() {
    let realm = MitRealm::start();
    let place = realm.place();
    let service = Service::start(&realm.keytab("localhost"), &place);
    log_in(&place, "alice");
    for auth in [
        "requests_kerberos import HTTPKerberosAuth",
        "requests_gssapi import HTTPSPNEGOAuth",
    ] {
        let class = auth.rsplit(' ').next().unwrap_or_default();
        let script = format!(
            "import sys, requests\n\
             from {auth}, REQUIRED\n\
             page = requests.get(sys.argv[1], auth={class}(mutual_authentication=REQUIRED))\n\
             print(page.status_code, page.text, end='')\n"
        );
        let python = place.program("/usr/bin/python3").args(["-c", &script]);
        let page = python
            .env("NO_PROXY", "*")
            .env("PYTHONPATH", python_packages())
            .arg(&service.url)
            .run()
            .success();
        assert_eq!(page.stdout(), "200 hello alice@MIT.TEST\n", "{auth}");
    }
}

/// A service in Active Directory identifies its client by the SID.
#[test]
#[cfg_attr(not(samba), ignore = "needs Samba and root: cargo xtask install")]
fn axum_service_identifies_active_directory_clients_by_sid() {
    let realm = SambaRealm::start();
    let conf: Krb5Conf = realm.conf();
    let place = Place::new(&conf);
    let service = Service::start(&realm.keytab("svc-localhost"), &place);
    log_in(&place, "alice");
    let page = curl(&place, "", &service.url);
    assert!(
        page.contains("hello alice@AD.TEST\nyou are S-1-5-21-"),
        "{page}"
    );
    let page = reqwest_get(&place, &service.url).run().success().stdout();
    assert!(page.starts_with("200 OK\nhello alice@AD.TEST\n"), "{page}");
}
