//! What is measured: the rows of the table, and how costs grow.

use test_support::free_port;

use super::contender::Contender;
use super::contest::{Contest, MANY};
use crate::process::Outcome;

/// A line of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The ratio to MIT's median that we want to stay below.
    pub(crate) goal: Option<f64>,
    /// The peak memory, in KiB, that we want to stay below.
    pub(crate) memory_limit: Option<u64>,
    /// How often a command that takes seconds runs at most.
    pub(crate) rounds: Option<usize>,
    /// What our time goes to, by profile.
    pub(crate) bound: &'static str,
    pub(crate) contenders: Vec<Contender>,
}

/// What grows, and the commands at each size.
pub(crate) struct Growth {
    /// The name of the plot's file.
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    /// What is counted.
    pub(crate) unit: &'static str,
    pub(crate) steps: Vec<(u32, Vec<Contender>)>,
}

impl Contest {
    /// All rows.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let keytab = self.realm.keytab("aes256").display().to_string();
        let last = self.place.text("last.keytab");
        let many_keys = self.place.text("many.keytab");
        let row = |name, goal, contenders| Row {
            name,
            goal: Some(goal),
            memory_limit: None,
            rounds: None,
            contenders,
        };
        let floor = Row {
            name: "/bin/true",
            goal: None,
            memory_limit: None,
            rounds: None,
            contenders: vec![Contender {
                who: "MIT",
                program: "/bin/true".into(),
                arguments: Vec::new(),
                stdin: None,
                environment: Vec::new(),
                start: None,
            }],
        };
        vec![
            floor,
            Row {
                memory_limit: Some(3 * 1024),
                ..row("kinit -k, aes256", 0.45, self.login_by_keytab(&keytab))
            },
            row(
                "kinit, password, aes256",
                0.35,
                self.login_by_password("aes256"),
            ),
            row(
                "kinit, password, aes256-sha2",
                0.5,
                self.login_by_password("aes256-sha2"),
            ),
            row("klist, 1 ticket", 0.5, self.list_cache("one")),
            Row {
                memory_limit: Some(4 * 1024),
                ..row("klist, 10 000 tickets", 0.1, self.list_cache("many"))
            },
            row(
                "klist -k, 10 000 entries",
                0.2,
                self.list_keytab(&many_keys),
            ),
            row(
                "kinit -k, key last of 10 001",
                0.2,
                self.login_by_keytab(&last),
            ),
            row("kvno, one service", 0.5, self.one_service()),
            row(
                "kvno, 50 names, 10 000 tickets",
                0.02,
                self.cached_services(),
            ),
            row(
                "kinit -k, first KDC refuses",
                0.5,
                self.login_past(&format!("127.0.0.1:{}", free_port())),
            ),
            Row {
                rounds: Some(5),
                ..row(
                    "kinit -k, first KDC is silent",
                    1.0,
                    self.login_past(&self.silent_address()),
                )
            },
            row(
                "kinit -k, no route to the first KDC",
                1.0,
                self.login_past(UNROUTABLE),
            ),
        ]
    }
}
