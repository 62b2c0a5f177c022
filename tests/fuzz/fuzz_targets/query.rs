#![no_main]
#[path = "../targets.rs"]
mod targets;
libfuzzer_sys::fuzz_target!(
    init: targets::plant("query"),
    |data: &[u8]| (targets::target("query").run)(data)
);
