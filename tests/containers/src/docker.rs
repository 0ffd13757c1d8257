//! Docker's command line: containers and other objects that are removed with their owners, and the
//! removal of those that killed tests left behind.

use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{process, thread};

use test_support::{Finished, Tool};

/// The label of everything that the tests create.
const LABEL: &str = "rkinit-test";

/// Longer than anything should take on a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(90);

/// A call of Docker with these arguments, which is not yet run.
pub fn docker<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Tool {
    Tool::new("/usr/bin/docker").args(arguments).limit(LIMIT)
}

/// A name for an object of this `kind`, which contains the process id of the test.
pub fn name(kind: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    static SWEPT: Once = Once::new();
    SWEPT.call_once(sweep);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{LABEL}-{}-{kind}-{count}", process::id())
}

/// A network without connection to the outside.
#[derive(Debug)]
pub struct Network(String);

impl Network {
    /// Creates the network.
    ///
    /// # Panics
    /// When Docker fails.
    #[expect(
        clippy::new_without_default,
        reason = "new creates a network in Docker"
    )]
    pub fn new() -> Self {
        let name = name("network");
        let make = ["network", "create", "--internal", "--label", LABEL, &name];
        docker(make).run().success();
        Self(name)
    }

    /// Its name in Docker.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        docker(["network", "rm", &self.0]).run();
    }
}

/// A file system in memory, like an `emptyDir` with `medium: Memory`.
#[derive(Debug)]
pub struct Volume(String);

impl Volume {
    /// Creates it for user 65532 and group 1001.
    ///
    /// # Panics
    /// When Docker fails.
    #[expect(clippy::new_without_default, reason = "new creates a volume in Docker")]
    pub fn new() -> Self {
        let name = name("volume");
        let options = ["volume", "create", "--label", LABEL]
            .into_iter()
            .chain(["--opt", "type=tmpfs", "--opt", "device=tmpfs"])
            .chain(["--opt", "o=size=1m,mode=0770,uid=65532,gid=1001", &name]);
        docker(options).run().success();
        Self(name)
    }

    /// Its name in Docker.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        docker(["volume", "rm", &self.0]).run();
    }
}

/// A container, removed on drop. If the test that owns it panics, its log is printed.
#[derive(Debug)]
pub struct Container(String);

impl Container {
    /// Starts a container; `words` are the arguments of `docker run`: options, image and command.
    ///
    /// # Panics
    /// When Docker fails.
    pub fn start<S: AsRef<str>>(kind: &str, words: impl IntoIterator<Item = S>) -> Self {
        let container = Self(name(kind));
        let mut run = docker(["run", "--detach", "--label", LABEL, "--name", &container.0]);
        for word in words {
            run = run.arg(word.as_ref());
        }
        run.run().success();
        container
    }

    /// Its name in Docker.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Its standard output and error so far.
    pub fn log(&self) -> String {
        let logs = docker(["logs", &self.0]).run();
        logs.stdout() + &logs.stderr()
    }

    /// Waits until its log contains `text` a number of times.
    ///
    /// # Panics
    /// When it does not in time.
    #[track_caller]
    pub fn wait_for(&self, text: &str, times: usize) {
        let start = Instant::now();
        while self.log().matches(text).count() < times {
            assert!(start.elapsed() < LIMIT, "timed out waiting for {text}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends a signal, given by its name without `SIG`.
    ///
    /// # Panics
    /// When the container has ended.
    pub fn signal(&self, name: &str) {
        docker(["kill", "--signal", name, &self.0]).run().success();
    }

    /// Starts the container again after its end.
    ///
    /// # Panics
    /// When Docker fails.
    pub fn start_again(&self) {
        docker(["start", &self.0]).run().success();
    }

    /// Runs a command in the container.
    pub fn run<S: AsRef<str>>(&self, command: impl IntoIterator<Item = S>) -> Finished {
        let mut exec = docker(["exec", &self.0]);
        for word in command {
            exec = exec.arg(word.as_ref());
        }
        exec.run()
    }

    /// The output of `docker inspect` for a template.
    ///
    /// # Panics
    /// When the container no longer exists.
    pub fn inspect(&self, template: &str) -> String {
        let inspect = docker(["inspect", "--format", template, &self.0]);
        inspect.run().success().stdout().trim().to_owned()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- {}\n{}", self.0, self.log());
        }
        docker(["rm", "--force", "--volumes", &self.0]).run();
    }
}

/// Removes what killed tests left behind, beginning with the users of other objects.
fn sweep() {
    let kinds = [
        (["ps", "--all", "--format={{.Names}}"], ["rm", "--force"]),
        (["network", "ls", "--format={{.Name}}"], ["network", "rm"]),
        (["volume", "ls", "--format={{.Name}}"], ["volume", "rm"]),
        (["image", "ls", "--format={{.Repository}}"], ["image", "rm"]),
    ];
    for (list, remove) in kinds {
        for name in docker(list).run().success().stdout().lines() {
            let of_a_test = name
                .strip_prefix(LABEL)
                .and_then(|name| name.strip_prefix('-'));
            let process = of_a_test.and_then(|name| name.split('-').next());
            if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
                // Another test may be doing the same, so errors are ignored.
                docker(remove).arg(name).run();
            }
        }
    }
}
