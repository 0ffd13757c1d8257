//! PACTYPE and PAC_INFO_BUFFER: the list of a PAC's buffers and their positions (MS-PAC §2.3,
//! §2.4).
//!
//! Nothing is copied: the list is checked once, and read from the bytes again when needed.

use core::ops::Range;

use super::cursor::Cursor;
use super::{Pac, PacBuffer, PacBufferType, PacError};

/// Parses a PAC and checks the positions of its buffers.
pub(super) fn parse(bytes: &[u8]) -> Result<Pac<'_>, PacError> {
    let mut cursor = Cursor::new(bytes);
    let truncated = |_| PacError::Truncated;
    let count = cursor.u32().map_err(truncated)?;
    let version = cursor.u32().map_err(truncated)?;
    if version != 0 {
        return Err(PacError::Version(version));
    }
    let length = usize::try_from(count).ok().filter(|_| count <= MAX_BUFFERS);
    let Some(length @ 1..) = length else {
        let limit = MAX_BUFFERS;
        return Err(PacError::BufferCount { count, limit });
    };
    let infos = cursor.take(length * INFO_LENGTH).map_err(truncated)?;
    let pac = Pac { bytes, infos };

    let header_end = HEADER_LENGTH + infos.len();
    for (index, info) in entries(infos).enumerate() {
        let range = info.range(header_end, bytes.len())?;
        // The list is short enough to compare all pairs.
        for earlier in entries(infos).take(index) {
            if earlier.buffer_type == info.buffer_type && info.buffer_type.name().is_some() {
                return Err(PacError::Duplicate(info.buffer_type));
            }
            let other = earlier.range(header_end, bytes.len())?;
            if range.start < other.end && other.start < range.end {
                return Err(PacError::Overlap(earlier.buffer_type, info.buffer_type));
            }
        }
    }
    Ok(pac)
}

/// The buffers of a parsed PAC.
pub(super) fn buffers<'a>(
    bytes: &'a [u8],
    infos: &'a [u8],
) -> impl Iterator<Item = PacBuffer<'a>> + use<'a> {
    let header_end = HEADER_LENGTH + infos.len();
    entries(infos).filter_map(move |info| {
        Some(PacBuffer {
            buffer_type: info.buffer_type,
            data: bytes.get(info.range(header_end, bytes.len()).ok()?)?,
        })
    })
}

/// The position of the first buffer of a type in a parsed PAC.
pub(super) fn range(pac: &Pac<'_>, buffer_type: PacBufferType) -> Option<Range<usize>> {
    let header_end = HEADER_LENGTH + pac.infos.len();
    let info = entries(pac.infos).find(|info| info.buffer_type == buffer_type)?;
    info.range(header_end, pac.bytes.len()).ok()
}

struct Info {
    buffer_type: PacBufferType,
    size: u32,
    offset: u64,
}

impl Info {
    /// The buffer's position in a PAC of `length` bytes whose list of buffers ends at `header_end`.
    fn range(&self, header_end: usize, length: usize) -> Result<Range<usize>, PacError> {
        let outside = PacError::BufferRange {
            buffer_type: self.buffer_type,
            size: self.size,
            offset: self.offset,
        };
        let numbers = usize::try_from(self.offset).and_then(|start| {
            let size = usize::try_from(self.size)?;
            Ok((start, start.checked_add(size)))
        });
        let Ok((start, Some(end))) = numbers else {
            return Err(outside);
        };
        if start < header_end || end > length {
            return Err(outside);
        }
        // MS-PAC §2.4: the offset must be a multiple of eight.
        if !start.is_multiple_of(ALIGNMENT) {
            return Err(PacError::Alignment(self.buffer_type));
        }
        Ok(start..end)
    }
}

fn entries(infos: &[u8]) -> impl Iterator<Item = Info> + use<'_> {
    let (entries, _) = infos.as_chunks::<INFO_LENGTH>();
    entries.iter().filter_map(|entry| {
        let mut cursor = Cursor::new(entry);
        Some(Info {
            buffer_type: PacBufferType(cursor.u32().ok()?),
            size: cursor.u32().ok()?,
            offset: cursor.u64().ok()?,
        })
    })
}

/// Far more than the number of types.
const MAX_BUFFERS: u32 = 256;

/// cBuffers and Version.
const HEADER_LENGTH: usize = 8;

/// ulType, cbBufferSize and Offset.
const INFO_LENGTH: usize = 16;

const ALIGNMENT: usize = 8;
