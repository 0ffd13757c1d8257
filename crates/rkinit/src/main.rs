//! `rkinit`: the multi-call binary; everything happens in the library.
#![forbid(unsafe_code)]

/// musl's allocator, which the static binary would use, maps pages for each size of allocation.
/// That would make up a quarter of the system calls of a short run.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    rkinit::run(std::env::args_os())
}
