#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("period"),
    |data: &[u8]| (targets::target("period").run)(data)
);
