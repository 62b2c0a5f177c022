#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("journal"),
    |data: &[u8]| (targets::target("journal").run)(data)
);
