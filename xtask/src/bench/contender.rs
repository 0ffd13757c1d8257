//! A command that takes part in a comparison: how to run it, and what a run costs in time, memory,
//! system calls and packets.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::stats::Cost;
use crate::process::{self, Outcome};

/// A command that takes part in a row.
#[derive(Clone)]
pub(crate) struct Contender {
    /// `ours`, `MIT` or `Heimdal`.
    pub(crate) who: &'static str,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) stdin: Option<PathBuf>,
    pub(super) environment: Vec<(&'static str, PathBuf)>,
    /// A file that is copied to its cache before each run; copying is not measured.
    pub(super) start: Option<PathBuf>,
    /// How many instances run at once, each with its own cache.
    pub(super) at_once: usize,
}

/// What one run requests from the system.
#[derive(Clone, Copy, Default)]
pub(crate) struct Calls {
    /// All system calls.
    pub(crate) system: usize,
    /// System calls that sent or received a packet.
    pub(crate) packets: usize,
}

impl Contender {
    /// A program that does nothing: no program can be faster.
    pub(super) fn floor() -> Self {
        Self {
            who: "MIT",
            program: "/bin/true".into(),
            arguments: Vec::new(),
            stdin: None,
            environment: Vec::new(),
            start: None,
            at_once: 1,
        }
    }

    /// Runs the command once, or as many instances at once as configured, and returns the costs.
    ///
    /// # Errors
    /// When it fails.
    pub(crate) fn run(&self) -> Outcome<Cost> {
        self.prepare()?;
        let mut commands = Vec::with_capacity(self.at_once);
        for number in 0..self.at_once {
            commands.push(self.command(number)?);
        }
        let cpu_before = cpu_of_children()?;
        let start = Instant::now();
        let children: Vec<Child> = commands
            .iter_mut()
            .map(Command::spawn)
            .collect::<Result<_, _>>()
            .map_err(|error| self.failed(&error))?;
        for mut child in children {
            let status = child.wait().map_err(|error| self.failed(&error))?;
            if !status.success() {
                return Err(self.failed(&status).into());
            }
        }
        let wall = start.elapsed();
        let cpu = cpu_of_children()?.saturating_sub(cpu_before);
        Ok(Cost { wall, cpu })
    }

    /// Runs the command once and returns its peak memory in KiB, as reported by `time`.
    ///
    /// # Errors
    /// When it fails or `/usr/bin/time` is missing.
    pub(crate) fn peak_memory(&self) -> Outcome<u64> {
        self.prepare()?;
        let mut command = Command::new("/usr/bin/time");
        command
            .args(["-f", "%M"])
            .arg(&self.program)
            .args(&self.arguments);
        self.surround(&mut command)?;
        let output = command.stderr(Stdio::piped()).output().map_err(|error| {
            format!("cannot run /usr/bin/time: {error}\n`cargo xtask install` installs it")
        })?;
        let text = String::from_utf8(output.stderr)?;
        let peak = text
            .lines()
            .last()
            .and_then(|line| line.trim().parse().ok());
        peak.filter(|_| output.status.success())
            .ok_or_else(|| self.failed(&text).into())
    }

    /// Runs the command once under strace and counts its system calls; `None` without strace.
    ///
    /// # Errors
    /// When the command fails.
    pub(crate) fn calls(&self, log: &Path) -> Outcome<Option<Calls>> {
        if !process::in_path("strace") {
            return Ok(None);
        }
        self.prepare()?;
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o"]).arg(log);
        command.arg(&self.program).args(&self.arguments);
        self.surround(&mut command)?;
        let status = command.status().map_err(|error| self.failed(&error))?;
        if !status.success() {
            return Err(self.failed(&status).into());
        }
        Ok(Some(Calls::of(&fs::read_to_string(log)?)))
    }

    /// Restores the cache that the command will find.
    fn prepare(&self) -> Outcome {
        if let (Some(start), Some((_, cache))) = (&self.start, self.cache()) {
            fs::copy(start, cache)?;
        }
        Ok(())
    }

    /// The command, as instance `number` of those that run at once.
    fn command(&self, number: usize) -> Outcome<Command> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        self.surround(&mut command)?;
        if let Some((name, cache)) = self.cache().filter(|_| number > 0) {
            let mut own = cache.as_os_str().to_owned();
            own.push(format!("-{number}"));
            command.env(name, own);
        }
        Ok(command)
    }

    /// The variable that names the cache, and the cache.
    fn cache(&self) -> Option<&(&'static str, PathBuf)> {
        self.environment
            .iter()
            .find(|(name, _)| *name == "KRB5CCNAME")
    }

    fn surround(&self, command: &mut Command) -> Outcome {
        let stdin = match &self.stdin {
            Some(path) => File::open(path)?.into(),
            None => Stdio::null(),
        };
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(stdin).stdout(Stdio::null());
        Ok(())
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> String {
        let arguments = self.arguments.join(" ");
        format!(
            "{}: `{} {arguments}` failed: {why}",
            self.who,
            self.program.display()
        )
    }
}

impl Calls {
    /// Counts the calls in strace's output. It has a line `PID name(arguments) = result` per call,
    /// and lines for other events. A call that another thread interrupts has a second line,
    /// `<... name resumed>`.
    fn of(log: &str) -> Self {
        let mut calls = Self::default();
        for line in log.lines() {
            let Some((_, call)) = line.trim_start().split_once(' ') else {
                continue;
            };
            let call = call.trim_start();
            let Some((name, _)) = call.split_once('(') else {
                continue;
            };
            if !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            {
                continue;
            }
            calls.system += 1;
            let is_packet = matches!(name, "sendto" | "sendmsg" | "recvfrom" | "recvmsg");
            // Messages to the kernel, asking for the machine's addresses, are not packets.
            let is_local = call.contains("AF_NETLINK");
            if is_packet && !is_local && !call.contains(" = -1 ") {
                calls.packets += 1;
            }
        }
        calls
    }
}

/// The processor time of all children that have ended, which excludes the KDC.
fn cpu_of_children() -> Outcome<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let total = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(total.num_microseconds().try_into()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_packets_are_counted() {
        let calls = Calls::of(
            "7 openat(AT_FDCWD, \"/etc/krb5.conf\", O_RDONLY) = 3\n\
             7 sendto(3, \"j\"..., 171, MSG_NOSIGNAL, NULL, 0) = 171\n\
             8 recvfrom(3, \"~\"..., 65536, 0, NULL, NULL) = -1 EAGAIN (not yet)\n\
             7 recvfrom(3, <unfinished ...>\n\
             7 <... recvfrom resumed>\"~\"..., 65536, 0, NULL, NULL) = 700\n\
             7 sendto(4, [{nlmsg_type=RTM_GETADDR}], 20, 0, {sa_family=AF_NETLINK}, 12) = 20\n\
             7 --- SIGALRM {si_signo=SIGALRM} ---\n\
             7 +++ exited with 0 +++\n",
        );
        assert_eq!((calls.system, calls.packets), (5, 2));
    }
}
