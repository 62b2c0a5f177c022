//! The `hissab` binary: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    hissab::cli::main()
}
