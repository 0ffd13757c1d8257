//! `rkinit`: the multi-call binary; everything happens in the library.
#![forbid(unsafe_code)]

/// The C library that the static binary links maps pages for each size of allocation, which is a
/// quarter of the system calls of a short run.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    rkinit::run(std::env::args_os())
}
