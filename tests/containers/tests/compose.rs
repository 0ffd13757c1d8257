//! docs/deploy/compose.yaml, unchanged except that the application is another one and a KDC is
//! added.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use containers::{Site, docker, name, sidecar};
use test_support::Tool;

/// A Compose project in a folder, taken down on drop.
struct Project {
    name: String,
    folder: PathBuf,
}

impl Project {
    fn compose(&self, arguments: &str) -> Tool {
        Tool::new("/usr/bin/docker-compose")
            .args(["--project-name", &self.name])
            .line("--file compose.yaml --file test.yaml")
            .line(arguments)
            .current_dir(&self.folder)
            .limit(Duration::from_secs(120))
    }

    /// Waits until the log of `service` contains `text` the given number of times.
    fn wait_for(&self, service: &str, text: &str, times: usize) -> String {
        let start = Instant::now();
        loop {
            let logs = self.compose("logs --no-color").arg(service).run().success();
            let log = logs.stdout();
            if log.matches(text).count() >= times {
                return log;
            }
            let late = start.elapsed() > Duration::from_secs(60);
            assert!(!late, "timed out waiting for {text}: {log}");
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        self.compose("down --volumes --timeout 1").run();
    }
}

#[test]
#[cfg_attr(
    not(all(docker, mit, apache)),
    ignore = "needs Docker with Compose, MIT's KDC and Apache: cargo xtask install"
)]
fn compose_recipe_works_and_follows_a_rotated_keytab() {
    let site = Site::start();
    site.give_keytab();
    let folder = site.path("project");
    for inner in ["conf", "secrets"] {
        fs::create_dir_all(folder.join(inner)).expect("the folder is writable");
    }
    let conf = fs::read_to_string(site.path("krb5.conf")).expect("krb5.conf exists");
    let default = "[libdefaults]\n    default_ccache_name = FILE:/krb5/cc/ccache\n";
    let conf = conf.replacen("[libdefaults]\n", default, 1);
    fs::write(folder.join("conf/krb5.conf"), conf).expect("the folder is writable");
    let keytab = folder.join("secrets/svc.keytab");
    fs::copy(site.path("krb5/svc.keytab"), &keytab).expect("the folder is writable");
    std::os::unix::fs::chown(&keytab, Some(65_532), None).expect("the test runs as root");

    // The image has the same name as in the recipe.
    let build = site.path("build");
    fs::create_dir(&build).expect("the folder is writable");
    fs::copy(site.path("krb5.conf"), build.join("krb5.conf")).expect("the folder is writable");
    let image = sidecar(&build, "ENTRYPOINT [\"/rekinit\"]\n");

    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/deploy/compose.yaml");
    let shipped = fs::read_to_string(deploy).expect("the recipe exists");
    // Compose 1.29 does not support this line, with which later versions start the application
    // sooner.
    let (old, new) = (
        "      start_interval: 1s\n      interval: 60s\n",
        "      interval: 1s\n",
    );
    assert!(shipped.contains(old), "{shipped}");
    let recipe = shipped.replace(old, new);
    let recipe = recipe.replace("rkinit:0.1.0", image.name());
    fs::write(folder.join("compose.yaml"), recipe).expect("the folder is writable");
    fs::write(
        folder.join("test.yaml"),
        format!(
            "services:\n\
             \x20 application:\n\
             \x20   image: {}\n\
             \x20   user: \"1654\"\n\
             \x20   read_only: true\n\
             \x20   volumes: [\"/usr:/usr:ro\"]\n\
             \x20   command: [\"/bin/sh\", \"-c\", {:?}]\n\
             networks:\n\
             \x20 default:\n\
             \x20   external: true\n\
             \x20   name: {}\n",
            site.debian_image(),
            APPLICATION,
            site.network(),
        ),
    )
    .expect("the folder is writable");

    let project = Project {
        name: name("compose"),
        folder,
    };
    project.compose("config --quiet").run().success();
    project.compose("up --detach").run().success();
    // The application starts when the sidecar is healthy, so its first attempt succeeds.
    let log = project.wait_for("application", "looked", 3);
    assert!(!log.contains("FAILED"), "{log}");
    assert!(log.contains("Default principal: svc@EXAMPLE.COM"), "{log}");
    let healthy = docker(["ps", "--filter=health=healthy", "--format={{.Names}}"]);
    let healthy = healthy.run().success().stdout();
    assert!(
        healthy.contains(&format!("{}_kerberos", project.name)),
        "{healthy}"
    );

    // Compose mounts the file itself, and does not follow its replacement, so the keytab is
    // rewritten in place.
    site.administer("cpw -randkey svc");
    site.give_keytab();
    let new = fs::read(site.path("krb5/svc.keytab")).expect("the keytab is readable");
    fs::write(&keytab, new).expect("the folder is writable");
    project.wait_for("kerberos", "ticket obtained", 2);
    project.wait_for("application", "looked", 6);
    let log = project.wait_for("application", "looked", 1);
    assert!(!log.contains("FAILED"), "{log}");
}

const APPLICATION: &str = "klist; while :; do \
     if klist -s && curl --silent --fail --output /dev/null --negotiate --user : http://www.example.com/; \
     then echo looked; else echo FAILED; fi; sleep 0.2; done";
