//! `Application`: reads a cache continuously, with tools that people use.

use crate::docker::Container;

/// An application that reads the cache continuously.
#[derive(Debug)]
pub struct Application(Container);

/// How often an application looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readings {
    /// Runs of klist on the cache.
    pub looks: usize,
    /// Pages that curl received.
    pub pages: usize,
}

impl Application {
    /// Starts an application in Debian; `words` are the options of `docker run`, followed by the
    /// image.
    pub(crate) fn start(mut words: Vec<String>) -> Self {
        words.extend(["/bin/sh", "-c", SCRIPT].map(str::to_owned));
        Self(Container::start("application", words))
    }

    /// Waits until `pages` pages were received.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn wait_for_pages(&self, pages: usize) {
        self.0.wait_for("page", pages);
    }

    /// Ends it.
    ///
    /// # Panics
    /// When it has ever found a fault.
    #[track_caller]
    pub fn end(self) -> Readings {
        self.0.signal("KILL");
        let log = self.0.log();
        assert!(!log.contains("FAILED"), "the application failed");
        Readings {
            looks: log.matches("looks").count() * 20,
            pages: log.matches("page").count(),
        }
    }
}

/// Checks the cache and the page until it is killed.
const SCRIPT: &str = "\
if [ -n \"$URL\" ]; then
    while :; do
        code=$(curl --silent --output /dev/null --write-out '%{http_code}' --negotiate --user : \"$URL\")
        if [ \"$code\" = 200 ]; then echo page; else echo \"FAILED: curl got $code\"; fi
        sleep 0.2
    done &
fi
count=0
while :; do
    klist -s || echo \"FAILED: $(klist 2>&1)\"
    count=$((count + 1))
    [ $((count % 20)) = 0 ] && echo looks
done
";
