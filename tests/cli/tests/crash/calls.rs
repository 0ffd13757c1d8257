//! The system calls at which a program is killed, and the errors that calls return.

/// Calls that change something, or lie between two that do.
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

/// Errors, and the calls that may return them.
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

/// The calls that may fail in a program with threads. Other calls also read and write what wakes a
/// thread, which no kernel refuses, or close a folder, which Rust's library expects to succeed as
/// well.
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
