//! The `hissab` binary: parse, run, exit code.

fn main() {}
