#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("date"),
    |data: &[u8]| (targets::target("date").run)(data)
);
