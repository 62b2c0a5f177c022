//! Puts the functions that everyday commands run next to each other in the release binary: see `benches/near.py`.
//!
//! A page of the program counts as memory of each process that touches it, and is read in pieces of 64 KiB: a trial
//! balance runs 1.4 MB of functions, which otherwise lie in two thirds of the whole program.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=benches/near.ld");
    let is = |name: &str, value: &str| var(name).is_ok_and(|v| v == value);
    let usual = is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64");
    // Rust's own linker and GNU's read such a script. Somebody who chose another one is not asked to.
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let chosen = var("RUSTC_LINKER").is_ok() || flags.contains("link");
    if is("PROFILE", "release") && usual && !chosen {
        let folder = var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-T");
        println!("cargo:rustc-link-arg-bins={folder}/benches/near.ld");
    }
}
