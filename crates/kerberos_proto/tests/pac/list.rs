//! The list of buffers: what is not a valid PAC, and why.

use kerberos_proto::pac::{Pac, PacBufferType, PacError};

use crate::sample::pactype;

/// A PAC of `length` bytes with arbitrary buffers: type, size, offset.
fn listed(length: usize, infos: &[(u32, u32, u64)]) -> Vec<u8> {
    let mut bytes = (infos.len() as u32).to_le_bytes().to_vec();
    bytes.extend([0; 4]);
    for (buffer_type, size, offset) in infos {
        bytes.extend(buffer_type.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
    }
    bytes.resize(length, 0);
    bytes
}

#[track_caller]
fn refused(bytes: &[u8], expected: PacError) {
    assert_eq!(Pac::parse(bytes).map(drop), Err(expected));
}

#[test]
fn unknown_buffers_are_kept() {
    let buffers = [
        (PacBufferType(99), b"one".to_vec()),
        (PacBufferType::LOGON_INFO, Vec::new()),
        (PacBufferType(99), b"two".to_vec()),
        (PacBufferType(u32::MAX), vec![7; 9]),
    ];
    let bytes = pactype(&buffers);
    let pac = Pac::parse(&bytes).unwrap();
    let read: Vec<_> = pac
        .buffers()
        .map(|one| (one.buffer_type, one.data.to_vec()))
        .collect();
    assert_eq!(read, buffers);
    assert_eq!(pac.buffer(PacBufferType(99)), Some(&b"one"[..]));
    assert_eq!(pac.buffer(PacBufferType(98)), None);
    assert_eq!(pac.as_bytes(), bytes);
}

#[test]
fn malformed_pac_headers_are_refused() {
    refused(b"", PacError::Truncated);
    refused(&[1, 0, 0, 0, 0, 0, 0], PacError::Truncated);
    refused(&[1, 0, 0, 0, 1, 0, 0, 0], PacError::Version(1));
    let count = |count: u32| PacError::BufferCount { count, limit: 256 };
    refused(&[0; 8], count(0));
    refused(&[1, 1, 0, 0, 0, 0, 0, 0], count(257));
    refused(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], count(u32::MAX));
    refused(&[0, 1, 0, 0, 0, 0, 0, 0], PacError::Truncated);
    refused(&listed(24, &[(1, 0, 24)])[..23], PacError::Truncated);
    assert!(Pac::parse(&listed(24, &[(1, 0, 24)])).is_ok());
}

#[test]
fn buffers_outside_the_pac_are_refused() {
    let check = |size, offset| {
        refused(
            &listed(64, &[(1, size, offset)]),
            PacError::BufferRange {
                buffer_type: PacBufferType::LOGON_INFO,
                size,
                offset,
            },
        );
    };
    check(1, 64);
    check(0, 72);
    check(41, 24);
    check(8, 16); // upon the list
    check(8, 0);
    check(u32::MAX, 24);
    check(8, u64::MAX);
    check(u32::MAX, u64::MAX - 7);
    check(8, (1 << 32) + 24);
    assert!(Pac::parse(&listed(64, &[(1, 40, 24)])).is_ok());
    assert!(Pac::parse(&listed(64, &[(1, 0, 64)])).is_ok());
}

#[test]
fn overlapping_buffers_are_refused() {
    let (logon, client) = (PacBufferType::LOGON_INFO, PacBufferType::CLIENT_INFO);
    let overlap = |a: (u32, u64), b: (u32, u64)| {
        Pac::parse(&listed(128, &[(1, a.0, a.1), (10, b.0, b.1)])).map(drop)
    };
    let refused = Err(PacError::Overlap(logon, client));
    assert_eq!(overlap((16, 40), (16, 40)), refused);
    assert_eq!(overlap((16, 40), (16, 48)), refused);
    assert_eq!(overlap((16, 48), (16, 40)), refused);
    assert_eq!(overlap((64, 40), (1, 80)), refused);
    assert_eq!(overlap((1, 80), (64, 40)), refused);
    // Adjacent buffers in any order, and empty ones anywhere, as made by Windows.
    assert_eq!(overlap((16, 40), (16, 56)), Ok(()));
    assert_eq!(overlap((16, 56), (16, 40)), Ok(()));
    assert_eq!(overlap((0, 56), (16, 56)), Ok(()));
}

#[test]
fn duplicate_and_misaligned_buffers_are_refused() {
    refused(
        &listed(64, &[(6, 8, 40), (6, 8, 48)]),
        PacError::Duplicate(PacBufferType::SERVER_CHECKSUM),
    );
    refused(
        &listed(64, &[(1, 8, 44)]),
        PacError::Alignment(PacBufferType::LOGON_INFO),
    );
}
