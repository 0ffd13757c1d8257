//! Locales that this system may not have.

use std::path::PathBuf;

use crate::{Tool, cached};

/// A folder for `LOCPATH` with the locales `C.UTF-8` and `en_US.UTF-8`.
///
/// # Panics
/// When they cannot be created: `cargo xtask install` installs their sources.
pub fn locales() -> PathBuf {
    cached::folder("locales", ["C", "en_US"], |folder| {
        for name in ["C", "en_US"] {
            let path = folder.join(format!("{name}.UTF-8"));
            Tool::new("/usr/bin/localedef")
                .args(["--no-archive", "-i", name, "-f", "UTF-8"])
                .arg(path)
                .run()
                .success();
        }
    })
}
