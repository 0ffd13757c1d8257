//! Checks in a program's ELF header whether it needs other files to run.

use elf::ElfBytes;
use elf::abi::{DT_NEEDED, PT_INTERP};
use elf::endian::AnyEndian;

use crate::process::Outcome;

/// What makes `program` need a loader or a library, if anything does. A static position-independent
/// program has a dynamic section, too, but without entries that need other files.
pub(crate) fn dynamic_part(program: &[u8]) -> Outcome<Option<&'static str>> {
    let file = ElfBytes::<AnyEndian>::minimal_parse(program)?;
    let segments = file.segments().ok_or("a program without segments")?;
    if segments.iter().any(|segment| segment.p_type == PT_INTERP) {
        return Ok(Some("program interpreter"));
    }
    let mut dynamic = file.dynamic()?.into_iter().flatten();
    Ok(dynamic
        .any(|entry| entry.d_tag == DT_NEEDED)
        .then_some("needed library"))
}
