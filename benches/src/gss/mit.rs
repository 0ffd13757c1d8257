//! MIT's library, in a small C program that measures itself. It is compiled by the C compiler that
//! Rust uses as its linker.

use std::error::Error;
use std::process::Command;

use super::world::{SERVER, World};
use crate::remote::Remote;

/// Compiles and starts the program with the files of `world`.
pub(super) fn start(world: &World) -> Result<Remote, Box<dyn Error>> {
    let (source, program) = (world.folder.join("mit.c"), world.folder.join("mit"));
    std::fs::write(&source, include_str!("mit.c"))?;
    let mut compile = Command::new("cc");
    compile.args(["-O2", "-o"]).arg(&program).arg(&source);
    // The file name of the library itself, so that Debian's development package is not needed.
    let compiled = compile.arg("-l:libgssapi_krb5.so.2").status()?;
    if !compiled.success() {
        return Err("MIT's libgssapi_krb5.so.2 is not here: cargo xtask install".into());
    }
    let at = |name: &str| world.folder.join(name);
    Remote::start(
        Command::new(program)
            .arg(SERVER)
            .env("KRB5_CONFIG", at("krb5.conf"))
            .env("KRB5CCNAME", at("cache"))
            .env("KRB5_KTNAME", at("keytab"))
            .env("KRB5RCACHENAME", "none:"),
    )
}
