#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("amount"),
    |data: &[u8]| (targets::target("amount").run)(data)
);
