#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("tools"),
    |data: &[u8]| (targets::target("tools").run)(data)
);
