#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("csv"),
    |data: &[u8]| (targets::target("csv").run)(data)
);
