//! The benchmarks: the rows of the table, and the growth of costs.

use test_support::free_port;

use super::contender::Contender;
use super::contest::{Contest, MANY};
use crate::process::Outcome;

/// A line of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The target: the ratio to MIT's median should stay below this.
    pub(crate) goal: Option<f64>,
    /// The peak memory, in KiB, should stay below this.
    pub(crate) memory_limit: Option<u64>,
    /// The maximum number of runs for a command that takes seconds.
    pub(crate) rounds: Option<usize>,
    /// Whether to count system calls; tracing makes each of them twenty times as slow.
    pub(crate) traced: bool,
    /// Where our time goes, according to a profile.
    pub(crate) bound: &'static str,
    pub(crate) contenders: Vec<Contender>,
}

/// A dimension of growth, and the commands at each size.
pub(crate) struct Growth {
    /// The name of the plot's file.
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    /// The unit of the size.
    pub(crate) unit: &'static str,
    pub(crate) steps: Vec<(u32, Vec<Contender>)>,
}

impl Contest {
    /// All rows.
    ///
    /// # Errors
    /// When a file cannot be created.
    pub(crate) fn rows(&self) -> Outcome<Vec<Row>> {
        let many_tickets = self.cache_of(MANY)?;
        let silent = self.silent_address();
        let refusing = format!("127.0.0.1:{}", free_port());
        let row = |name, goal, bound, contenders| Row {
            name,
            goal: Some(goal),
            memory_limit: None,
            rounds: None,
            traced: true,
            bound,
            contenders,
        };
        Ok(vec![
            Row {
                name: "/bin/true",
                goal: None,
                memory_limit: None,
                rounds: None,
                traced: true,
                bound: "the floor: a process that does nothing",
                contenders: vec![Contender::floor()],
            },
            Row {
                memory_limit: Some(3 * 1024),
                ..row(
                    "kinit -k, aes256",
                    0.45,
                    "one round trip to the KDC, then starting up",
                    self.login_by_keytab(&self.own_keytab()),
                )
            },
            row(
                "kinit, password, aes256",
                0.35,
                "PBKDF2 of 4 096 rounds, then two round trips",
                self.login_by_password("aes256"),
            ),
            row(
                "kinit, password, aes256-sha2",
                0.5,
                "PBKDF2 of 32 768 rounds",
                self.login_by_password("aes256-sha2"),
            ),
            row(
                "klist, 1 ticket",
                0.5,
                "starting up",
                self.list_cache(&self.cache_of(1)?),
            ),
            Row {
                memory_limit: Some(4 * 1024),
                ..row(
                    "klist, 10 000 tickets",
                    0.1,
                    "reading the entries and their tickets, in 64 KiB pieces",
                    self.list_cache(&many_tickets),
                )
            },
            row(
                "klist -k, 10 000 entries",
                0.2,
                "starting up, then reading the entries",
                self.list_keytab(&self.keytab_of(MANY)?),
            ),
            row(
                "kinit -k, key last of 10 001",
                0.2,
                "reading the entries",
                self.login_by_keytab(&self.keytab_with_last_key(MANY)?),
            ),
            row(
                "kvno, one service",
                0.5,
                "starting up, and waiting for the KDC, which takes as long for MIT's",
                self.one_service(),
            ),
            Row {
                // MIT's tool reads the cache once per name, which takes millions of system calls.
                traced: false,
                ..row(
                    "kvno, 50 names, 10 000 tickets",
                    0.02,
                    "reading the entries, once for all names",
                    self.cached_services(&many_tickets),
                )
            },
            row(
                "kinit -k, first KDC refuses",
                0.5,
                "as without that KDC",
                self.login_past(&refusing),
            ),
            Row {
                rounds: Some(5),
                ..row(
                    "kinit -k, first KDC is silent",
                    1.0,
                    "waiting a second before the next KDC is asked",
                    self.login_past(&silent),
                )
            },
            row(
                "kinit -k, no route to the first KDC",
                1.0,
                "as without that KDC",
                self.login_past(UNROUTABLE),
            ),
        ])
    }

    /// How costs grow with the amount of stored data, and with the number of concurrent programs.
    ///
    /// # Errors
    /// When a file cannot be created.
    pub(crate) fn growth(&self) -> Outcome<Vec<Growth>> {
        let sizes = [1, 10, 100, 1_000, 10_000, 50_000];
        let mut listing = Vec::new();
        let mut looking_up = Vec::new();
        for size in sizes {
            listing.push((size, self.list_cache(&self.cache_of(size)?)));
            let keytab = self.keytab_with_last_key(size)?;
            looking_up.push((size, self.login_by_keytab(&keytab)));
        }
        let logging_in = [1, 2, 4, 8, 16, 32, 64].map(|at_once| {
            let mut all = self.login_by_keytab(&self.own_keytab());
            for contender in &mut all {
                contender.at_once = at_once;
            }
            (u32::try_from(at_once).unwrap_or(u32::MAX), all)
        });
        Ok(vec![
            Growth {
                file: "tickets.svg",
                title: "klist, by the number of tickets",
                unit: "tickets in the cache",
                steps: listing,
            },
            Growth {
                file: "keytab.svg",
                title: "kinit -k with the last key, by the number of entries",
                unit: "entries in the keytab",
                steps: looking_up,
            },
            Growth {
                file: "logins.svg",
                title: "kinit -k at once, until all are done",
                unit: "logins at once, against one KDC",
                steps: logging_in.into(),
            },
        ])
    }
}

/// The loopback's broadcast address: for TCP the network is unreachable, and nothing leaves the
/// machine.
const UNROUTABLE: &str = "127.255.255.255:88";
