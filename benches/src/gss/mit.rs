//! MIT's library, in a small C program that measures itself. The linker that Rust needs compiles it.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::world::{SERVER, World};

pub(super) struct Mit {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Mit {
    /// Compiles and starts the program with the files of `world`.
    pub(super) fn start(world: &World) -> Result<Self, Box<dyn Error>> {
        let (source, program) = (world.folder.join("mit.c"), world.folder.join("mit"));
        std::fs::write(&source, include_str!("mit.c"))?;
        let mut compile = Command::new("cc");
        compile.args(["-O2", "-o"]).arg(&program).arg(&source);
        // The name of the library itself: Debian's package for development is not needed.
        let compiled = compile.arg("-l:libgssapi_krb5.so.2").status()?;
        if !compiled.success() {
            return Err("MIT's libgssapi_krb5.so.2 is not here: cargo xtask install".into());
        }
        let at = |name: &str| world.folder.join(name);
        let mut child = Command::new(program)
            .arg(SERVER)
            .env("KRB5_CONFIG", at("krb5.conf"))
            .env("KRB5CCNAME", at("cache"))
            .env("KRB5_KTNAME", at("keytab"))
            .env("KRB5RCACHENAME", "none:")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self {
            requests: child.stdin.take().ok_or("no pipe")?,
            answers: BufReader::new(child.stdout.take().ok_or("no pipe")?),
            child,
        })
    }

    /// How long `request` took: a verb, a size and a count.
    pub(super) fn measure(&mut self, request: &str) -> Duration {
        let mut ask = || -> Result<Duration, Box<dyn Error>> {
            writeln!(self.requests, "{request}")?;
            let mut line = String::new();
            self.answers.read_line(&mut line)?;
            Ok(Duration::from_nanos(line.trim().parse()?))
        };
        // A wrong measurement would be worse than none.
        ask().unwrap_or_else(|error| {
            eprintln!("MIT's library, {request}: {error}");
            std::process::exit(1)
        })
    }
}

impl Drop for Mit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
