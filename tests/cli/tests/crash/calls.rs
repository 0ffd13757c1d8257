//! At which system calls a program is killed, and what they say that fail.

/// Calls that change something, or stand between two that do.
pub(crate) const KILLED_AT: &[&str] = &[
    "openat",
    "write",
    "pwrite64",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "fchmod",
    "fchown",
    "fcntl",
    "flock",
    "close",
    "lseek",
    "exit_group",
];

/// What calls may say.
pub(crate) const ERRORS: &[(&str, &[&str])] = &[
    (
        "ENOSPC",
        &[
            "openat",
            "write",
            "pwrite64",
            "fallocate",
            "fsync",
            "fdatasync",
            "rename",
            "renameat2",
            "mkdir",
        ],
    ),
    (
        "EIO",
        &[
            "openat",
            "read",
            "pread64",
            "write",
            "pwrite64",
            "fsync",
            "fdatasync",
            "rename",
            "renameat2",
            "close",
            "fstat",
            "statx",
            "lseek",
            "ftruncate",
        ],
    ),
    ("EMFILE", &["openat", "socket"]),
    (
        "EINTR",
        &[
            "openat",
            "read",
            "pread64",
            "write",
            "pwrite64",
            "fsync",
            "fdatasync",
            "ftruncate",
            "fallocate",
            "fcntl",
            "flock",
            "close",
            "poll",
            "ppoll",
            "connect",
            "sendto",
            "recvfrom",
        ],
    ),
];

/// Those of them that may fail where there are threads: the others also read and write what wakes a
/// thread, which no kernel refuses, and close a folder, of which Rust's library takes the same for
/// granted.
pub(crate) const TOLD_WITH_THREADS: &[&str] = &[
    "openat",
    "rename",
    "renameat2",
    "socket",
    "connect",
    "sendto",
    "recvfrom",
    "fstat",
    "statx",
];
