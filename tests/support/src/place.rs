//! `Place`: the environment of a test user: a krb5.conf, a cache, a keytab, and the tools that use
//! them.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use crate::{TempDir, Tool};

/// A temporary folder with a krb5.conf. Tools run there without any other Kerberos settings in
/// their environment.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    cache: PathBuf,
}

impl Place {
    /// A place with this configuration, either a [`Krb5Conf`](crate::Krb5Conf) or text, in an
    /// otherwise empty folder.
    pub fn new(conf: &impl fmt::Display) -> Self {
        let folder = TempDir::new();
        folder.write("krb5.conf", conf.to_string());
        let cache = folder.join("cache");
        Self { folder, cache }
    }

    /// Replaces the configuration.
    pub fn configure(&self, conf: &impl fmt::Display) {
        self.folder.write("krb5.conf", conf.to_string());
    }

    /// The path of the default cache (`KRB5CCNAME`).
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A path in the folder, as text for a command line.
    ///
    /// # Panics
    /// When the path is not UTF-8.
    pub fn text(&self, name: &str) -> String {
        self.path(name)
            .to_str()
            .expect("temporary paths are UTF-8")
            .to_owned()
    }

    /// Writes a file in the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        self.folder.write(name, content)
    }

    /// Our tool, called by `name` (`kinit`, `rklist`, …) as through a symbolic link.
    pub fn ours(&self, name: &str) -> Tool {
        self.here(Tool::ours(name))
    }

    /// Our tool as a file of that name that anyone may execute, so that other programs can call it.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn ours_installed(&self, name: &str) -> Tool {
        let file = self.path("bin").join(name);
        if !file.exists() {
            fs::create_dir_all(self.path("bin")).expect("the folder is writable");
            fs::copy(crate::rkinit(), &file)
                .expect("the binary can be copied into the temporary folder");
        }
        self.here(Tool::new(file))
    }

    /// MIT's tool of that name.
    pub fn mit(&self, name: &str) -> Tool {
        self.here(Tool::mit(name))
    }

    /// Heimdal's tool of that name.
    pub fn heimdal(&self, name: &str) -> Tool {
        self.here(Tool::heimdal(name))
    }

    /// Any program, run with the configuration and the cache of this place.
    pub fn program(&self, path: &str) -> Tool {
        self.here(Tool::new(path))
    }

    fn here(&self, tool: Tool) -> Tool {
        tool.env("KRB5_CONFIG", self.folder.join("krb5.conf"))
            .env("KRB5CCNAME", &self.cache)
            .env("KRB5_KTNAME", self.folder.join("keytab"))
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir(self.folder.path())
    }
}
