//! What manual pages say beyond options: what a tool does, how it ends, which files and variables
//! it goes by. The long form is `docs/TOOLS.md`.

/// The facts of one tool.
pub(super) struct Facts {
    /// MIT's name of the tool, or the sidecar's own.
    tool: &'static str,
    pub(super) description: &'static str,
    /// Each exit status and what it means.
    pub(super) exit_status: &'static [Item],
    pub(super) files: &'static [Item],
    pub(super) environment: &'static [Item],
}

/// A term and what there is to say of it.
pub(super) type Item = (&'static str, &'static str);

impl Facts {
    /// Those of the tool with that name, which may be MIT's or ours.
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        let is_named =
            |facts: &&Self| name == facts.tool || name.strip_prefix('r') == Some(facts.tool);
        ALL.iter().find(is_named)
    }
}

const ALL: &[Facts] = &[
    Facts {
        tool: "kinit",
        description: "Logs in at the KDC of a realm, with a password or the keys of a keytab, and \
            stores the ticket in a credential cache. Behind -- it runs a command with a \
            ticket that is kept fresh for as long as that lives. With --check-config it \
            logs nobody in, and shows what each line of krb5.conf does and which KDCs \
            answer.",
        exit_status: &[
            (
                "0",
                "A ticket is stored; with --check-config: there is no mistake and a KDC \
                 answers.",
            ),
            ("1", "It is not."),
            WRONG_LINE,
            KERBEROS_4,
            ("141", "The reader of the document of --json went away."),
            (
                "other",
                "With a command, that one's; 128 and the number of the signal that ended it; \
                 127 if it is not there, 126 if it cannot be run.",
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
        description: "Shows the tickets of a credential cache, the caches of a collection (-l, \
            -A), or the keys of a keytab (-k), without their secrets unless those are asked \
            for.",
        exit_status: &[
            (
                "0",
                "What there is was listed; with -s: the cache has a ticket that is valid.",
            ),
            ("1", "It was not, or is not; or the command line is wrong."),
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
            ("LC_ALL, LC_TIME, LANG", "How times are shown."),
            ("TZ, TZDIR", "The time zone in which they are shown."),
        ],
    },
    Facts {
        tool: "kvno",
        description: "Gets tickets for services, from the cache where that has them and else from \
            the KDC, caches them, and shows the version of each service's key. With a \
            keytab it says whether the service could read its ticket.",
        exit_status: &[
            ("0", "There is a ticket for every name."),
            ("1", "There is not, or the command line is wrong."),
            READER_WENT_AWAY,
        ],
        files: OF_CACHES,
        environment: FOR_CACHES,
    },
    Facts {
        tool: "kdestroy",
        description: "Destroys a credential cache with its tickets: the primary one, that of a \
            principal (-p), or all of a collection (-A).",
        exit_status: &[
            ("0", "The cache is destroyed, or there was none."),
            (
                "1",
                "It is still there; with -A that is said, and the status is 0, as with MIT's.",
            ),
            WRONG_LINE,
            KERBEROS_4,
        ],
        files: OF_CACHES,
        environment: FOR_CACHES,
    },
    Facts {
        tool: "kswitch",
        description: "Makes another cache of a collection (DIR, KEYRING or KCM) the primary one, \
            which every program uses that names none.",
        exit_status: &[
            ("0", "The cache is the primary one."),
            ("1", "It is not."),
            WRONG_LINE,
        ],
        files: OF_CACHES,
        environment: FOR_CACHES,
    },
    Facts {
        tool: "kpasswd",
        description: "Asks for the password of a principal and twice for a new one, and has the \
            service kpasswd of the realm change it.",
        exit_status: &[
            ("0", "The password is changed."),
            ("1", "It is not, or the command line is wrong."),
            ("2", "The service rejects the new password."),
        ],
        files: OF_CACHES,
        environment: FOR_CACHES,
    },
    Facts {
        tool: "ktutil",
        description: "Without arguments it is an interactive shell, which collects keys in a list \
            and writes them to a keytab; ? shows what it can do. With arguments it does \
            one command on one keytab.",
        exit_status: &[
            ("0", "The input of the shell ended, or the command is done."),
            ("1", "The command is not done, or standard output failed."),
            WRONG_LINE,
            READER_WENT_AWAY,
        ],
        files: &[CONFIGURATION, KEYTAB],
        environment: &[KRB5_CONFIG, KRB5_KTNAME, KRB5_TRACE],
    },
    Facts {
        tool: "rekinit",
        description: "Logs in and keeps the ticket fresh, renewed or by another login, for as long \
            as it runs or, behind --, for as long as the application runs that it starts. \
            Secrets are read for each login, so that they may change under it.",
        exit_status: &[
            (
                "0",
                "It was ended by TERM, INT or QUIT; with --once: tickets are stored; with --check: \
                 they last.",
            ),
            ("1", "They are not, or do not."),
            (
                "2",
                "The command line, the file of --config or krb5.conf is wrong.",
            ),
            (
                "other",
                "With an application, that one's; 128 and the number of a signal that ends it \
                 before there is one, or with --once before the tickets are stored.",
            ),
        ],
        files: &[
            CONFIGURATION,
            CACHE,
            KEYTAB,
            CLIENT_KEYTAB,
            (
                "/krb5/client.keytab, /krb5/krb5.keytab",
                "The keytab, if neither the command line nor OPTIONS names a secret.",
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
                "Words of the command line, if that names neither a principal nor a secret.",
            ),
            (
                "PERIOD_SECONDS, DELAY_SECONDS",
                "As --period, in the same case.",
            ),
            (
                "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID",
                "Set by systemd for services that tell how they are.",
            ),
        ],
    },
];

const CONFIGURATION: Item = ("/etc/krb5.conf", "The configuration.");
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
    "Files and folders with the configuration, with colons between.",
);
const KRB5CCNAME: Item = (
    "KRB5CCNAME",
    "The credential cache or the collection, as TYPE:NAME.",
);
const KRB5_KTNAME: Item = ("KRB5_KTNAME", "The keytab.");
const KRB5_CLIENT_KTNAME: Item = ("KRB5_CLIENT_KTNAME", "The client keytab.");
const TMPDIR: Item = (
    "TMPDIR",
    "Where the cache of a command is, instead of /tmp.",
);
const KRB5_TRACE: Item = (
    "KRB5_TRACE",
    "A file to which each step is written, as /dev/stderr.",
);

/// Those of tools that work on caches.
const OF_CACHES: &[Item] = &[CONFIGURATION, CACHE];
const FOR_CACHES: &[Item] = &[KRB5_CONFIG, KRB5CCNAME, KRB5_TRACE];
const OF_CACHES_AND_KEYTABS: &[Item] = &[CONFIGURATION, CACHE, KEYTAB, CLIENT_KEYTAB];

const WRONG_LINE: Item = ("2", "The command line is wrong.");
const KERBEROS_4: Item = ("3", "-4 was given: Kerberos 4 is no longer supported.");
const READER_WENT_AWAY: Item = ("141", "The reader of its output went away.");
