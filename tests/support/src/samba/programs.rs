//! Which Samba is run: the installed one, or a newer one in its own Debian system.

use std::path::{Path, PathBuf};

use crate::parts;

/// The location of Samba's programs.
#[derive(Debug)]
pub(super) struct Programs {
    root: Option<PathBuf>,
}

impl Programs {
    pub(super) fn of_the_system() -> Self {
        assert!(
            parts::samba() && parts::root(),
            "Samba is not installed, or the test does not run as root: `cargo xtask install` installs it"
        );
        Self { root: None }
    }

    pub(super) fn newer() -> Self {
        let root = parts::newer_samba_root().unwrap_or_else(|| {
            panic!(
                "no Debian with a newer Samba in {}",
                parts::NEWER_SAMBA_VARIABLE
            )
        });
        Self { root: Some(root) }
    }

    /// The name of the folder for its domain.
    pub(super) fn name(&self) -> &'static str {
        match self.root {
            None => "samba",
            Some(_) => "samba-newer",
        }
    }

    pub(super) fn samba(&self) -> PathBuf {
        let root = self.root.as_deref().unwrap_or(Path::new("/"));
        root.join("usr/sbin/samba")
    }

    /// A command prefix for Samba's programs, which gives them their own mounts: `/run/samba`,
    /// where its processes find each other, is `run-samba` in `folder`; and `folder` has the same
    /// path as outside.
    pub(super) fn wrapper(&self, folder: &Path) -> Vec<String> {
        let script = match self.root {
            None => {
                "mkdir -p /run/samba \"$2/run-samba\" && \
                 mount --bind \"$2/run-samba\" /run/samba && shift 2 && exec \"$@\""
            }
            Some(_) => {
                "mount --bind \"$1\" \"$1\" && \
                 mkdir -p \"$1$2\" \"$1/run/samba\" \"$2/run-samba\" && \
                 mount --bind \"$2\" \"$1$2\" && mount -t proc proc \"$1/proc\" && \
                 mount --rbind /dev \"$1/dev\" && mount --bind \"$2/run-samba\" \"$1/run/samba\" && \
                 root=\"$1\" && shift 2 && exec /usr/sbin/chroot \"$root\" \"$@\""
            }
        };
        let root = self.root.as_deref().unwrap_or(Path::new("/"));
        ["sh", "-c", script, "sh"]
            .into_iter()
            .map(str::to_owned)
            .chain([root.display().to_string(), folder.display().to_string()])
            .collect()
    }
}
