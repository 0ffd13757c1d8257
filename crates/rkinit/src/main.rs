//! `rkinit`: the multi-call binary; everything happens in the library.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    rkinit::run(std::env::args_os())
}
