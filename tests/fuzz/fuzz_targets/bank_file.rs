#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("bank_file"),
    |data: &[u8]| (targets::target("bank_file").run)(data)
);
