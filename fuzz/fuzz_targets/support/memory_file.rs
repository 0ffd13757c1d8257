//! A file that exists only in memory, for readers that stream.

use std::fs::File;
use std::io::{Seek, Write};

use rustix::fs::{MemfdFlags, memfd_create};

/// A file that contains `bytes`, positioned at its start.
pub fn holding(bytes: &[u8]) -> File {
    let file = memfd_create("input", MemfdFlags::CLOEXEC).expect("the kernel has memory files");
    let mut file = File::from(file);
    file.write_all(bytes).expect("a file in memory is writable");
    file.rewind().expect("a file can be rewound");
    file
}
