//! The two images: an empty one with our binary, and a Debian that uses this machine's `/usr`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use test_support::{TempDir, Tool};

use crate::docker::{docker, name};

/// An image, removed on drop.
#[derive(Debug)]
pub struct Image(String);

impl Image {
    /// Its name in Docker.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        docker(["image", "rm", &self.0]).run();
    }
}

/// An image with Debian's folders, for containers with the option `--volume=/usr:/usr:ro`.
///
/// # Panics
/// When it cannot be created.
pub fn debian() -> Image {
    let root = TempDir::new();
    for folder in [
        "dev", "etc", "proc", "root", "run", "sys", "tmp", "usr", "var/log",
    ] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for link in ["bin", "lib", "lib64", "sbin"] {
        symlink(format!("usr/{link}"), root.join(link)).unwrap();
    }
    root.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    root.write("etc/group", "root:x:0:\n");
    let tar = Tool::new("tar").args(["-c", "-C"]).arg(root.path());
    let tar = tar.args(["--owner=0", "--group=0", "."]).run().success();
    let image = Image(name("debian"));
    let import = docker(["import", "-", &image.0]).stdin(tar.stdout);
    import.run().success();
    image
}

/// The image of the README's Dockerfile, extended by `more`: our binary in an otherwise empty file
/// system, and the `krb5.conf` in `folder`.
///
/// # Panics
/// When it cannot be created.
pub fn sidecar(folder: &Path, more: &str) -> Image {
    let image = Image(name("sidecar"));
    fs::copy(test_support::static_rkinit(), folder.join("rkinit")).unwrap();
    fs::write(folder.join("Dockerfile"), readme_dockerfile() + more).unwrap();
    let build = docker(["build", "--quiet", "--network=none", "--label=rkinit-test"])
        .args(["--tag", &image.0])
        .arg(folder);
    build.env("DOCKER_BUILDKIT", "0").run().success();
    image
}

/// The Dockerfile in the README.
///
/// # Panics
/// When there is none.
pub fn readme_dockerfile() -> String {
    let readme = repository().join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let shown = readme
        .split_once("```dockerfile\n")
        .expect("README.md has a Dockerfile")
        .1;
    shown
        .split_once("```")
        .expect("the Dockerfile in README.md ends")
        .0
        .to_owned()
}

/// The folder of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
