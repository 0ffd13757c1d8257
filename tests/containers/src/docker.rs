//! Docker's command line: things that go with their owner, and those that a killed test left.

use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{process, thread};

use test_support::{Finished, Tool};

/// What marks all that the tests make.
const LABEL: &str = "rkinit-test";

/// Longer than anything takes, on a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(90);

/// Docker with these arguments, to be run.
pub fn docker<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Tool {
    Tool::new("/usr/bin/docker").args(arguments).limit(LIMIT)
}

/// A name for something of `kind`, which tells whose it is.
pub fn name(kind: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    static SWEPT: Once = Once::new();
    SWEPT.call_once(sweep);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{LABEL}-{}-{kind}-{count}", process::id())
}

/// A network that leads nowhere.
#[derive(Debug)]
pub struct Network(String);

impl Network {
    /// Makes it.
    ///
    /// # Panics
    /// When Docker does not.
    #[expect(clippy::new_without_default, reason = "making a network is no default")]
    pub fn new() -> Self {
        let name = name("network");
        let make = ["network", "create", "--internal", "--label", LABEL, &name];
        docker(make).run().success();
        Self(name)
    }

    /// What Docker calls it.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        docker(["network", "rm", &self.0]).run();
    }
}

/// A file system in memory, as `emptyDir` with `medium: Memory` is one.
#[derive(Debug)]
pub struct Volume(String);

impl Volume {
    /// Makes it, for user 65532 and group 1001.
    ///
    /// # Panics
    /// When Docker does not.
    #[expect(clippy::new_without_default, reason = "making a volume is no default")]
    pub fn new() -> Self {
        let name = name("volume");
        let options = ["volume", "create", "--label", LABEL]
            .into_iter()
            .chain(["--opt", "type=tmpfs", "--opt", "device=tmpfs"])
            .chain(["--opt", "o=size=1m,mode=0770,uid=65532,gid=1001", &name]);
        docker(options).run().success();
        Self(name)
    }

    /// What Docker calls it.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        docker(["volume", "rm", &self.0]).run();
    }
}

/// A container, removed on drop. Its log is printed when the test that owns it panics.
#[derive(Debug)]
pub struct Container(String);

impl Container {
    /// Starts one: `words` are what follows `docker run`, the options, the image and the command.
    ///
    /// # Panics
    /// When Docker does not.
    pub fn start<S: AsRef<str>>(kind: &str, words: impl IntoIterator<Item = S>) -> Self {
        let container = Self(name(kind));
        let mut run = docker(["run", "--detach", "--label", LABEL, "--name", &container.0]);
        for word in words {
            run = run.arg(word.as_ref());
        }
        run.run().success();
        container
    }

    /// What Docker calls it.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// What it has written to standard output and error so far.
    pub fn log(&self) -> String {
        let logs = docker(["logs", &self.0]).run();
        logs.stdout() + &logs.stderr()
    }

    /// Waits until it has written `text` so often.
    ///
    /// # Panics
    /// When it does not in time.
    #[track_caller]
    pub fn wait_for(&self, text: &str, times: usize) {
        let start = Instant::now();
        while self.log().matches(text).count() < times {
            assert!(start.elapsed() < LIMIT, "no {text} in time");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends it a signal, by its name without `SIG`.
    ///
    /// # Panics
    /// When it is gone.
    pub fn signal(&self, name: &str) {
        docker(["kill", "--signal", name, &self.0]).run().success();
    }

    /// Starts it again, after its end.
    ///
    /// # Panics
    /// When Docker does not.
    pub fn start_again(&self) {
        docker(["start", &self.0]).run().success();
    }

    /// Runs a command inside.
    pub fn run<S: AsRef<str>>(&self, command: impl IntoIterator<Item = S>) -> Finished {
        let mut exec = docker(["exec", &self.0]);
        for word in command {
            exec = exec.arg(word.as_ref());
        }
        exec.run()
    }

    /// What `docker inspect` tells of it, by a template.
    ///
    /// # Panics
    /// When it is gone.
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

/// Removes what tests left that were killed. What uses another thing goes before it.
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
                // Another test may be doing the same.
                docker(remove).arg(name).run();
            }
        }
    }
}
