//! A file that exists in memory only, for readers that stream.

use std::fs::File;
use std::io::{Seek, Write};

use rustix::fs::{MemfdFlags, memfd_create};

/// A file that holds `bytes` and stands at its beginning.
pub fn holding(bytes: &[u8]) -> File {
    let file = memfd_create("input", MemfdFlags::CLOEXEC).expect("the kernel has memory files");
    let mut file = File::from(file);
    file.write_all(bytes).expect("memory takes it");
    file.rewind().expect("a file can be rewound");
    file
}
