//! Which Samba is run: the one installed here, or a newer one in a Debian of its own.

use std::path::{Path, PathBuf};

use crate::parts;

/// Where Samba's programs are.
#[derive(Debug)]
pub(super) struct Programs {
    root: Option<PathBuf>,
}

impl Programs {
    pub(super) fn of_the_system() -> Self {
        assert!(
            parts::samba() && parts::root(),
            "Samba is not here, or we are not root: `cargo xtask install` installs it"
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

    /// The name of its domain's folder.
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

    /// What to put before a command of Samba, in mounts of its own: it gets a `/run/samba` of its
    /// own, because its processes find each other there, which is `run-samba` in `folder`; and it
    /// sees `folder` where we see it.
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
