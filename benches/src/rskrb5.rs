//! The peer rskrb5. It requires another pre-release of a crate that we use, so it is a separate
//! program in `benches/rskrb5`, built from there.

use std::cell::RefCell;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::remote::Remote;

/// Builds the program and starts it.
pub(crate) fn start() -> Result<RefCell<Remote>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rskrb5");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--release"]);
    if !build.current_dir(&folder).status()?.success() {
        return Err("benches/rskrb5 does not build".into());
    }
    let program = folder.join("target/release/rskrb5_peer");
    let program = fs::canonicalize(program)?;
    Ok(RefCell::new(Remote::start(&mut Command::new(program))?))
}
