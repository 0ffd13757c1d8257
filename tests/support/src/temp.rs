//! `TempDir`: a temporary folder that is removed when dropped, but kept when a test fails.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process, thread};

/// A new, empty folder below the system's temporary folder, removed on drop.
///
/// When the test panics, the folder is kept for inspection and its path is printed.
#[derive(Debug)]
pub struct TempDir {
    path: PathBuf,
}

impl TempDir {
    /// Creates the folder.
    ///
    /// # Panics
    /// When it cannot be created.
    #[expect(clippy::new_without_default, reason = "new creates a folder on disk")]
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = env::temp_dir().join(format!("rkinit-test-{}-{count}", process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Self { path },
                // Process ids are reused, and folders of failed tests are kept.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => panic!("mkdir {}: {error}", path.display()),
            }
        }
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in the folder.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file in the folder and returns its path.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// The path of a keytab in the folder; `name` is given without `.keytab`.
    ///
    /// # Panics
    /// When there is none of that name.
    pub(crate) fn keytab(&self, name: &str) -> PathBuf {
        let path = self.join(format!("{name}.keytab"));
        assert!(path.exists(), "no such keytab: {name}");
        path
    }

    /// The names in the folder, sorted.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn names(&self) -> Vec<String> {
        names_in(&self.path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("left for you to look at: {}", self.path.display());
        } else {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The names in `folder`, sorted.
///
/// # Panics
/// When it cannot be read, or a name is not UTF-8.
pub fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
