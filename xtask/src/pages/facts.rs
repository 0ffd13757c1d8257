//! The contents of manual pages besides options: what a tool does, its exit status, and the files
//! and variables it uses. The long form is `docs/TOOLS.md`.

/// The facts of one tool.
pub(super) struct Facts {
    /// MIT's name of the tool, or the sidecar's own name.
    tool: &'static str,
    pub(super) description: &'static str,
    /// What each signal does, if the tool itself handles some.
    pub(super) signals: &'static [Item],
    /// The meaning of each exit status.
    pub(super) exit_status: &'static [Item],
    pub(super) files: &'static [Item],
    pub(super) environment: &'static [Item],
}

/// A term and its description.
pub(super) type Item = (&'static str, &'static str);

impl Facts {
    /// The facts of the tool called `name`, which may be MIT's name or ours.
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        let is_named =
            |facts: &&Self| name == facts.tool || name.strip_prefix('r') == Some(facts.tool);
        ALL.iter().find(is_named)
    }
}

const ALL: &[Facts] = &[
    Facts {
        tool: "kinit",
        description: "Logs in at the KDC of a realm, with a password or the keys in a keytab, and \
            stores the ticket in a credential cache. With -- and a command, it runs that command \
            and keeps its ticket fresh until the command ends. With --check-config, it does not \
            log in, but shows what each line of krb5.conf does and which KDCs answer.",
        signals: &[],
        exit_status: &[
            (
                "0",
                "The ticket was stored. With --check-config: the configuration has no mistakes, \
                 and a KDC answers.",
            ),
            (
                "1",
                "The ticket was not obtained or stored. With --check-config: there is a mistake, or no \
                 KDC answers.",
            ),
            WRONG_LINE,
            KERBEROS_4,
            ("141", "The reader of the --json document closed the pipe."),
            (
                "other",
                "With a command: the command's exit status; 128 plus the number of the signal \
                 that ended it; 127 if it was not found; 126 if it cannot be run.",
            ),
        ],
        files: OF_CACHES_AND_KEYTABS,
        environment: &[
            KRB5_CONFIG,
            KRB5CCNAME,
            KRB5_KTNAME,
            KRB5_CLIENT_KTNAME,
            TMPDIR,
            KRB5_TRACE,
        ],
    },
    Facts {
        tool: "klist",
        description: "Shows the tickets in a credential cache, the caches in a collection (-l, \
            -A), or the keys in a keytab (-k). Secret keys are shown only with -K.",
        signals: &[],
        exit_status: &[
            (
                "0",
                "The list was printed. With -s: the cache has a valid ticket.",
            ),
            (
                "1",
                "The list could not be printed, or the command line is wrong. With -s: the cache \
                 has no valid ticket.",
            ),
            KERBEROS_4,
            READER_WENT_AWAY,
        ],
        files: OF_CACHES_AND_KEYTABS,
        environment: &[
            KRB5_CONFIG,
            KRB5CCNAME,
            KRB5_KTNAME,
            KRB5_CLIENT_KTNAME,
            KRB5_TRACE,
            (
                "LC_ALL, LC_TIME, LANG",
                "The format in which times are shown.",
            ),
            ("TZ, TZDIR", "The time zone in which times are shown."),
        ],
    },
    Facts {
        tool: "kvno",
        description: "Gets tickets for services, from the cache if it has them and otherwise from \
            the KDC, stores them in the cache, and shows the version number of each service's \
            key. With a keytab, it checks whether the service can read its ticket.",
        signals: &[],
        exit_status: &[
            ("0", "There is a ticket for every NAME."),
            (
                "1",
                "A ticket is missing or, with -k, cannot be read; or the command line is wrong.",
            ),
            READER_WENT_AWAY,
        ],
        files: OF_CACHES,
        environment: FOR_CACHES,
    },
    Facts {
        tool: "kdestroy",
        description: "Destroys a credential cache with its tickets: the primary cache, that of a \
            principal (-p), or every cache in the collection (-A).",
        signals: &[],
        exit_status: &[
            (
                "0",
                "The cache was destroyed, or did not exist. With -A also when some caches could \
                 not be destroyed, which is reported.",
            ),
            (
                "1",
                "The cache could not be destroyed or found, or (-p) that principal has none.",
            ),
            WRONG_LINE,
            KERBEROS_4,
        ],
        files: OF_CACHES,
        environment: FOR_CACHES,
    },
    Facts {
        tool: "kswitch",
        description: "Makes another cache of a collection (DIR, KEYRING or KCM) the primary one: \
            the cache that programs use unless they name another.",
        signals: &[],
        exit_status: &[
            ("0", "The cache is now the primary one."),
            ("1", "The primary cache could not be changed."),
            WRONG_LINE,
        ],
        files: OF_CACHES,
        environment: FOR_CACHES,
    },
    Facts {
        tool: "kpasswd",
        description: "Asks for a principal's password and, twice, for a new one, and changes the \
            password at the realm's kpasswd service.",
        signals: &[],
        exit_status: &[
            ("0", "The password was changed."),
            (
                "1",
                "The password was not changed, or the command line is wrong.",
            ),
            ("2", "The service rejected the new password."),
        ],
        files: OF_CACHES,
        environment: FOR_CACHES,
    },
    Facts {
        tool: "ktutil",
        description: "Without arguments, starts an interactive shell that collects keys in a list \
            and writes them to a keytab; ? lists its commands. With arguments, runs one \
            command on one keytab.",
        signals: &[],
        exit_status: &[
            (
                "0",
                "The command succeeded, or the shell reached the end of its input.",
            ),
            (
                "1",
                "The command failed, or standard output could not be written.",
            ),
            WRONG_LINE,
            READER_WENT_AWAY,
        ],
        files: &[CONFIGURATION, KEYTAB],
        environment: &[KRB5_CONFIG, KRB5_KTNAME, KRB5_TRACE],
    },
    Facts {
        tool: "rekinit",
        description: "Logs in and keeps the ticket fresh, by renewing it or logging in again, for \
            as long as it runs. With -- and a command, it starts that application once there are \
            tickets, and ends with it. Secrets are read again for each login, so they can be \
            replaced while it runs.",
        signals: &[
            ("ALRM, USR1", "Refresh the tickets now."),
            (
                "HUP",
                "Reload the configuration and the secrets. If they cannot be used, nothing changes.",
            ),
            ("TERM, INT, QUIT", "End."),
            (
                "With an application",
                "HUP, INT, QUIT, TERM, USR1 and USR2 are passed on to it. Until it is started, \
                 each of them ends rekinit.",
            ),
        ],
        exit_status: &[
            (
                "0",
                "It was ended by TERM, INT or QUIT. With --once: the tickets were stored. With \
                 --check: the tickets last.",
            ),
            (
                "1",
                "There is no ticket: --timeout passed, --once or -x failed, a --service ticket is \
                 missing with --once, the address of --listen cannot be used, or --check found no \
                 ticket that lasts or could not look.",
            ),
            (
                "2",
                "There is a mistake in the command line, the file of --config or krb5.conf.",
            ),
            (
                "other",
                "With an application: the application's exit status; 128 plus the number of the \
                 signal that ended it; 127 if it was not found; 126 if it cannot be run. Also 128 \
                 plus the number of a signal that ends rekinit before the application is started \
                 or, with --once, before the tickets are stored.",
            ),
        ],
        files: &[
            CONFIGURATION,
            CACHE,
            KEYTAB,
            CLIENT_KEYTAB,
            (
                "/krb5/client.keytab, /krb5/krb5.keytab",
                "The keytab, if the command line names neither a principal, a secret nor --config, \
                 and OPTIONS is empty: the first of the two that exists.",
            ),
        ],
        environment: &[
            KRB5_CONFIG,
            KRB5CCNAME,
            KRB5_KTNAME,
            KRB5_CLIENT_KTNAME,
            KRB5_TRACE,
            (
                "OPTIONS, APPEND_OPTIONS",
                "Further options, if the command line names neither a principal, a secret nor \
                 --config.",
            ),
            (
                "PERIOD_SECONDS, DELAY_SECONDS",
                "The value of --period, under the same condition.",
            ),
            (
                "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID",
                "Set by systemd for services that report their state.",
            ),
        ],
    },
];

const CONFIGURATION: Item = ("/etc/krb5.conf", "The configuration file.");
const CACHE: Item = (
    "/tmp/krb5cc_UID",
    "The credential cache, unless default_ccache_name in krb5.conf names another.",
);
const KEYTAB: Item = (
    "/etc/krb5.keytab",
    "The keytab, unless default_keytab_name in krb5.conf names another.",
);
const CLIENT_KEYTAB: Item = (
    "/var/lib/krb5/user/EUID/client.keytab",
    "The client keytab, unless default_client_keytab_name in krb5.conf names another.",
);

const KRB5_CONFIG: Item = (
    "KRB5_CONFIG",
    "The configuration files and directories, separated by colons.",
);
const KRB5CCNAME: Item = (
    "KRB5CCNAME",
    "The credential cache or collection, as TYPE:NAME.",
);
const KRB5_KTNAME: Item = ("KRB5_KTNAME", "The keytab.");
const KRB5_CLIENT_KTNAME: Item = ("KRB5_CLIENT_KTNAME", "The client keytab.");
const TMPDIR: Item = (
    "TMPDIR",
    "The directory for the cache of a command, instead of /tmp.",
);
const KRB5_TRACE: Item = (
    "KRB5_TRACE",
    "A file to which each step is written, such as /dev/stderr.",
);

/// The files and variables of tools that work on caches.
const OF_CACHES: &[Item] = &[CONFIGURATION, CACHE];
const FOR_CACHES: &[Item] = &[KRB5_CONFIG, KRB5CCNAME, KRB5_TRACE];
const OF_CACHES_AND_KEYTABS: &[Item] = &[CONFIGURATION, CACHE, KEYTAB, CLIENT_KEYTAB];

const WRONG_LINE: Item = ("2", "The command line is wrong.");
const KERBEROS_4: Item = ("3", "-4 was given: Kerberos 4 is no longer supported.");
const READER_WENT_AWAY: Item = ("141", "The reader of its output closed the pipe.");
